#include "collector/receive/export_payload.hpp"

namespace voipprobe::collector {
namespace {

using wire::ByteReader;
using wire::IpAddress;

constexpr std::uint16_t kIpv4 = 0x0800, kIpv6 = 0x86dd;
constexpr std::uint8_t kUdp = 17;

bool is_vlan(std::uint16_t ethertype) {
    return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

std::uint16_t skip_tags(ByteReader& in, std::uint16_t ethertype) {
    for (int tags = 0; is_vlan(ethertype) && tags < 4; ++tags) {
        in.skip(2);
        ethertype = in.u16();
    }
    return ethertype;
}

// The IP packet's first nibble when the link layer does not name the protocol.
std::uint16_t by_version(const ByteReader& in) {
    const wire::Bytes rest = in.rest();
    if (rest.empty()) return 0;
    return rest[0] >> 4 == 4 ? kIpv4 : rest[0] >> 4 == 6 ? kIpv6 : std::uint16_t{0};
}

std::uint16_t skip_link(int link_type, ByteReader& in) {
    switch (link_type) {
        case 1:  // Ethernet
            in.skip(12);
            return skip_tags(in, in.u16());
        case 113:  // Linux cooked v1
            in.skip(14);
            return skip_tags(in, in.u16());
        case 276: {  // Linux cooked v2
            const std::uint16_t ethertype = in.u16();
            in.skip(18);
            return skip_tags(in, ethertype);
        }
        case 0:    // BSD loopback
        case 108:  // OpenBSD loopback
            in.skip(4);
            return by_version(in);
        case 12:  // raw IP, three spellings
        case 14:
        case 101:
            return by_version(in);
        case 228:
            return kIpv4;
        case 229:
            return kIpv6;
        default:
            return 0;
    }
}

bool read_ipv4(ByteReader& in, IpAddress& source) {
    const std::size_t header = std::size_t{in.u8()} % 16 * 4;
    in.skip(5);
    const std::uint16_t fragment = in.u16();
    in.skip(1);
    const std::uint8_t protocol = in.u8();
    in.skip(2);
    const wire::Bytes address = in.take(4);
    in.skip(4);
    if (in.failed() || header < 20 || (fragment & 0x3fff) != 0 || protocol != kUdp) return false;
    in.skip(header - 20);
    source = IpAddress::from_v4_bytes(address.data());
    return !in.failed();
}

bool read_ipv6(ByteReader& in, IpAddress& source) {
    in.skip(6);
    std::uint8_t next = in.u8();
    in.skip(1);
    const wire::Bytes address = in.take(16);
    in.skip(16);
    if (in.failed()) return false;
    for (int headers = 0; (next == 0 || next == 43 || next == 60) && headers < 8; ++headers) {  // RFC 8200 §4
        next = in.u8();
        in.skip(std::size_t{in.u8()} * 8 + 6);
    }
    source = IpAddress::from_v6_bytes(address.data());
    return next == kUdp && !in.failed();
}

}  // namespace

std::optional<ExportPayload> find_export_payload(int link_type, wire::Bytes packet) {
    ByteReader in(packet);
    const std::uint16_t ethertype = skip_link(link_type, in);
    ExportPayload out;
    const bool ip = ethertype == kIpv4   ? read_ipv4(in, out.source.address)
                    : ethertype == kIpv6 ? read_ipv6(in, out.source.address)
                                         : false;
    if (!ip) return std::nullopt;
    out.source.port = in.u16();
    in.skip(2);
    const std::uint16_t length = in.u16();
    in.skip(2);
    if (in.failed() || length < 8) return std::nullopt;
    out.message = in.take(std::size_t{length} - 8);
    if (in.failed() || out.message.size() < 2) return std::nullopt;
    const std::uint16_t version = wire::load_be16(out.message.data());
    if (version != 9 && version != 10) return std::nullopt;
    return out;
}

}  // namespace voipprobe::collector
