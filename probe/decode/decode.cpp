#include "probe/decode/decode.hpp"

#include <algorithm>

#include "probe/decode/link.hpp"

namespace voipprobe::probe {
namespace {

using wire::Bytes;
using wire::load_be16;
using wire::load_be32;

// `length` is the transport payload by the IP header; `data` what was captured of it.
DropReason transport(Bytes data, std::uint32_t length, PacketView& v) {
    switch (v.protocol) {
        case kProtoUdp: {
            if (data.size() < 8) return DropReason::transport_cut;
            v.src_port = load_be16(data.data());
            v.dst_port = load_be16(data.data() + 2);
            const std::uint32_t udp = load_be16(data.data() + 4);
            if (udp < 8 && udp != 0) return DropReason::udp_length;  // 0: jumbogram or offload, RFC 2675
            if (udp != 0 && udp <= length) length = udp;
            v.payload_length = length >= 8 ? length - 8 : 0;
            v.payload = data.subspan(8);
            break;
        }
        case kProtoTcp: {
            if (data.size() < 20) return DropReason::transport_cut;
            v.src_port = load_be16(data.data());
            v.dst_port = load_be16(data.data() + 2);
            v.tcp_sequence = load_be32(data.data() + 4);
            v.tcp_flags = data[13];
            const std::size_t header = static_cast<std::size_t>(data[12] >> 4) * 4;
            if (header < 20 || header > length) return DropReason::tcp_offset;
            v.payload_length = length - static_cast<std::uint32_t>(header);
            v.payload = data.subspan(std::min(header, data.size()));
            break;
        }
        case kProtoIcmp:
        case kProtoIcmp6:
            if (data.size() >= 2) v.dst_port = load_be16(data.data());
            [[fallthrough]];
        default:
            v.payload_length = length;
            v.payload = data;
            return DropReason::none;
    }
    if (v.payload.size() > v.payload_length) v.payload = v.payload.first(v.payload_length);
    v.truncated = v.payload.size() < v.payload_length;
    return DropReason::none;
}

DropReason ipv4(Bytes data, PacketView& v) {
    if (data.size() < 20) return DropReason::ip_cut;
    const std::uint32_t header = (data[0] & 0x0fU) * 4;
    if (header < 20) return DropReason::ip_header_length;
    std::uint32_t total = load_be16(data.data() + 2);
    if (total == 0) total = static_cast<std::uint32_t>(data.size());  // TCP segmentation offload
    if (total < header) return DropReason::ip_total_length;
    if (data.size() < header) return DropReason::ip_cut;
    v.ip_version = 4;
    v.tos = data[1];
    v.ttl = data[8];
    v.protocol = data[9];
    v.src = wire::IpAddress::from_v4_bytes(data.data() + 12);
    v.dst = wire::IpAddress::from_v4_bytes(data.data() + 16);
    v.ip_length = total;
    const std::uint16_t fragment = load_be16(data.data() + 6);
    v.fragment = (fragment & 0x3fff) != 0;
    if (data.size() > total) data = data.first(total);  // Ethernet padding
    if ((fragment & 0x1fff) != 0) {                     // not the first fragment: no transport header here
        v.payload_length = total - header;
        return DropReason::none;
    }
    return transport(data.subspan(header), total - header, v);
}

DropReason ipv6(Bytes data, PacketView& v) {
    if (data.size() < 40) return DropReason::ip_cut;
    std::uint32_t length = load_be16(data.data() + 4);
    if (length == 0) length = static_cast<std::uint32_t>(data.size() - 40);  // jumbogram, offload
    v.ip_version = 6;
    v.tos = static_cast<std::uint8_t>((data[0] & 0x0f) << 4 | data[1] >> 4);
    v.ttl = data[7];
    v.src = wire::IpAddress::from_v6_bytes(data.data() + 8);
    v.dst = wire::IpAddress::from_v6_bytes(data.data() + 24);
    v.ip_length = length + 40;
    std::uint8_t next = data[6];
    if (data.size() > v.ip_length) data = data.first(v.ip_length);
    data = data.subspan(40);
    for (int depth = 0; depth < kMaxNesting; ++depth) {
        std::size_t size = 0;
        switch (next) {
            case 0:    // hop-by-hop options
            case 43:   // routing
            case 60:   // destination options
            case 135:  // mobility
                if (data.size() < 8) return DropReason::ip_cut;
                size = (static_cast<std::size_t>(data[1]) + 1) * 8;
                break;
            case 51:  // authentication header, RFC 4302 §2.2: in 4-octet units, minus 2
                if (data.size() < 8) return DropReason::ip_cut;
                size = (static_cast<std::size_t>(data[1]) + 2) * 4;
                break;
            case 44: {  // fragment
                if (data.size() < 8) return DropReason::ip_cut;
                const std::uint16_t offset = load_be16(data.data() + 2);
                v.fragment = (offset & 0xfff9) != 0;
                size = 8;
                if ((offset & 0xfff8) != 0) {
                    v.protocol = data[0];
                    v.payload_length = length >= 8 ? length - 8 : 0;
                    return DropReason::none;
                }
                break;
            }
            default: v.protocol = next; return transport(data, length, v);
        }
        if (size > length) return DropReason::ip6_extension_chain;
        if (data.size() < size) return DropReason::ip_cut;
        next = data[0];
        data = data.subspan(size);
        length -= static_cast<std::uint32_t>(size);
    }
    return DropReason::depth_limit;
}

}  // namespace

DropReason decode(const RawPacket& raw, PacketView& v) {
    v.time = raw.time;
    Bytes data = raw.data;
    if (const DropReason r = decode_link(raw.link_type, data, v); r != DropReason::none) return r;
    if (data.empty()) return DropReason::ip_cut;
    switch (data[0] >> 4) {
        case 4: return ipv4(data, v);
        case 6: return ipv6(data, v);
        default: return DropReason::ip_version;
    }
}

}  // namespace voipprobe::probe
