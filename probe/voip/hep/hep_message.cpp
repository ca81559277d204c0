#include "probe/voip/hep/hep_message.hpp"

#include <algorithm>
#include <array>

namespace voipprobe::probe {
namespace {

constexpr std::size_t kHead = 6;  // "HEP3" and the length; of a chunk: vendor, type, length
constexpr std::array<std::uint8_t, 4> kMagic{'H', 'E', 'P', '3'};
enum Chunk : std::uint16_t {
    kFamily = 1, kProtocol = 2, kSource4 = 3, kDestination4 = 4, kSource6 = 5, kDestination6 = 6, kSourcePort = 7,
    kDestinationPort = 8, kSeconds = 9, kMicroseconds = 10, kType = 11, kAgent = 12, kPayload = 15, kCompressed = 16,
    kCorrelation = 17
};
constexpr std::uint8_t kFamily4 = 2, kFamily6 = 10;  // AF_INET, AF_INET6 of Linux

bool address_of(std::uint16_t type, wire::Bytes data, HepMessage& out) {
    const bool v4 = type == kSource4 || type == kDestination4;
    if (data.size() != (v4 ? 4U : 16U)) return false;
    wire::IpAddress& a = type == kSource4 || type == kSource6 ? out.src.address : out.dst.address;
    if (a.is_none()) a = v4 ? wire::IpAddress::from_v4_bytes(data.data()) : wire::IpAddress::from_v6_bytes(data.data());
    return true;
}

}  // namespace

std::string_view hep_defect_name(HepDefect d) {
    switch (d) {
        case HepDefect::no_hep: return "no_hep3";
        case HepDefect::length: return "bad_length";
        case HepDefect::no_address: return "no_addresses";
        case HepDefect::no_payload: return "no_payload";
        default: return "none";
    }
}

std::optional<std::size_t> hep_length(wire::Bytes data) {
    const std::size_t n = std::min(data.size(), kMagic.size());
    if (!std::equal(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(n), kMagic.begin())) return std::nullopt;
    if (data.size() < kHead) return 0;
    const std::size_t length = wire::load_be16(data.data() + 4);
    if (length < kHead) return std::nullopt;
    return length;
}

HepDefect parse_hep(wire::Bytes data, HepMessage& out) {
    out = HepMessage{};
    const auto length = hep_length(data);
    if (!length) return HepDefect::no_hep;
    if (*length == 0 || *length > data.size()) return HepDefect::length;
    wire::ByteReader r(data.subspan(kHead, *length - kHead));
    std::uint64_t seconds = 0, microseconds = 0;
    std::uint32_t seen = 0;
    while (!r.empty()) {
        const std::uint16_t vendor = r.u16(), type = r.u16(), octets = r.u16();
        if (r.failed() || octets < kHead) return HepDefect::length;
        const wire::Bytes value = r.take(octets - kHead);
        if (r.failed()) return HepDefect::length;
        if (vendor != 0 || type > kCorrelation) continue;
        if ((seen >> type & 1U) != 0) continue;
        seen |= 1U << type;
        wire::ByteReader v(value);
        switch (type) {
            case kProtocol: out.protocol = v.u8(); break;
            case kSource4: case kDestination4: case kSource6: case kDestination6:
                if (!address_of(type, value, out)) return HepDefect::length;
                continue;
            case kSourcePort: out.src.port = v.u16(); break;
            case kDestinationPort: out.dst.port = v.u16(); break;
            case kSeconds: seconds = v.u32(); break;
            case kMicroseconds: microseconds = v.u32(); break;
            case kType: out.type = static_cast<HepType>(v.u8()); break;
            case kAgent: out.agent = v.u32(); break;
            case kPayload: out.payload = value; continue;
            case kCompressed: out.compressed = true; continue;
            case kCorrelation: out.correlation_id = wire::as_text(value); continue;
            default: continue;
        }
        if (v.failed() || !v.empty()) return HepDefect::length;
    }
    if (out.src.address.is_none() || out.dst.address.is_none() || out.src.address.is_v4() != out.dst.address.is_v4())
        return HepDefect::no_address;
    if (out.payload.empty() && !out.compressed) return HepDefect::no_payload;
    if (seconds != 0) out.time = static_cast<wire::TimeNs>(seconds) * wire::kSecond +
                                 static_cast<wire::TimeNs>(std::min<std::uint64_t>(microseconds, 999'999)) * wire::kMicrosecond;
    return HepDefect::none;
}

void write_hep(const HepMessage& m, std::vector<std::uint8_t>& out) {
    const std::size_t start = out.size();
    wire::ByteWriter w(out);
    w.bytes(kMagic);
    w.u16(0);
    const auto chunk = [&w](std::uint16_t type, std::size_t octets) {
        w.u16(0);
        w.u16(type);
        w.u16(static_cast<std::uint16_t>(octets + kHead));
    };
    const auto number = [&](std::uint16_t type, std::uint64_t v, std::size_t octets) {
        chunk(type, octets);
        w.uint(v, octets);
    };
    const bool v4 = m.src.address.is_v4();
    number(kFamily, v4 ? kFamily4 : kFamily6, 1);
    number(kProtocol, m.protocol, 1);
    for (const auto& [type, a] : {std::pair{v4 ? kSource4 : kSource6, &m.src.address}, std::pair{v4 ? kDestination4 : kDestination6, &m.dst.address}}) {
        chunk(type, v4 ? 4 : 16);
        w.bytes(v4 ? a->v4_bytes() : wire::Bytes(a->octets));
    }
    number(kSourcePort, m.src.port, 2);
    number(kDestinationPort, m.dst.port, 2);
    number(kSeconds, static_cast<std::uint64_t>(m.time / wire::kSecond), 4);
    number(kMicroseconds, static_cast<std::uint64_t>(m.time % wire::kSecond / wire::kMicrosecond), 4);
    number(kType, static_cast<std::uint64_t>(m.type), 1);
    number(kAgent, m.agent, 4);
    if (!m.correlation_id.empty()) {
        const std::string_view id = m.correlation_id.substr(0, 1024);
        chunk(kCorrelation, id.size());
        w.text(id);
    }
    const std::size_t room = 65'535 - kHead - std::min<std::size_t>(out.size() - start, 65'535 - kHead);
    const wire::Bytes payload = m.payload.first(std::min(m.payload.size(), room));
    chunk(kPayload, payload.size());
    w.bytes(payload);
    w.patch16(start + 4, static_cast<std::uint16_t>(out.size() - start));
}

bool write_packet(const HepMessage& m, wire::Bytes payload, const TcpPlace& tcp, std::vector<std::uint8_t>& out) {
    const bool v4 = m.src.address.is_v4(), datagram = hep_is_datagram(m);
    const std::size_t inner = payload.size() + (datagram ? 8 : 20);
    if (inner + (v4 ? 20 : 0) > 65'535) return false;
    wire::ByteWriter w(out);
    if (v4) {
        w.u16(0x4500);
        w.u16(static_cast<std::uint16_t>(20 + inner));
        w.u32(0x00004000);  // no identification, not to be fragmented
        w.u8(64);
        w.u8(datagram ? 17 : 6);
        w.u16(0);
        w.bytes(m.src.address.v4_bytes());
        w.bytes(m.dst.address.v4_bytes());
    } else {
        w.u32(0x60000000);
        w.u16(static_cast<std::uint16_t>(inner));
        w.u8(datagram ? 17 : 6);
        w.u8(64);
        w.bytes(m.src.address.octets);
        w.bytes(m.dst.address.octets);
    }
    w.u16(m.src.port);
    w.u16(m.dst.port);
    if (datagram) {
        w.u16(static_cast<std::uint16_t>(inner));
        w.u16(0);
    } else {
        w.u32(tcp.first ? tcp.sequence - 1 : tcp.sequence);  // a SYN counts
        w.u32(0);
        w.u8(0x50);
        w.u8(tcp.first ? 0x1a : 0x18);
        w.u16(65'535);
        w.u32(0);
    }
    w.bytes(payload);
    return true;
}

}  // namespace voipprobe::probe
