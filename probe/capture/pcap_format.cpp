#include "probe/capture/capture_format.hpp"

namespace voipprobe::probe {
namespace {
std::uint32_t raw32(const std::uint8_t* p) {
    std::uint32_t v;
    std::memcpy(&v, p, 4);
    return v;
}
}  // namespace

std::uint32_t PcapFormat::u32(const std::uint8_t* p) const { return swapped_ ? __builtin_bswap32(raw32(p)) : raw32(p); }

std::optional<PcapFormat> PcapFormat::parse_header(wire::Bytes header) {
    if (header.size() < kHeader) return std::nullopt;
    PcapFormat f;
    switch (raw32(header.data())) {
        case 0xa1b2c3d4: break;
        case 0xa1b23c4d: f.nanoseconds_ = true; break;
        case 0xd4c3b2a1: f.swapped_ = true; break;
        case 0x4d3cb2a1: f.swapped_ = f.nanoseconds_ = true; break;
        default: return std::nullopt;
    }
    f.link_type_ = static_cast<std::uint16_t>(f.u32(header.data() + 20));  // upper half: FCS length and flags
    return f;
}

ParseResult PcapFormat::next(wire::Bytes data, RawPacket& out) const {
    if (data.size() < 16) return {ParseStep::need_more, 16, 0, ""};
    const std::uint32_t captured = u32(data.data() + 8);
    if (captured > kMaxCaptured) return {ParseStep::damaged, 0, 0, "a packet claims more than 262144 captured octets"};
    if (data.size() < 16U + captured) return {ParseStep::need_more, 16U + captured, 0, ""};
    const wire::TimeNs fraction = u32(data.data() + 4);
    out.time = wire::TimeNs{u32(data.data())} * wire::kSecond + (nanoseconds_ ? fraction : fraction * 1000);
    out.data = data.subspan(16, captured);
    out.wire_length = u32(data.data() + 12);
    if (out.wire_length < captured) out.wire_length = captured;
    out.link_type = link_type_;
    return {ParseStep::packet, 0, 16U + captured, ""};
}

}  // namespace voipprobe::probe
