#include "probe/decode/decode.hpp"

#include <algorithm>

#include "probe/decode/layers.hpp"
#include "probe/decode/link.hpp"

namespace voipprobe::probe {
namespace {

using wire::Bytes;
using wire::load_be16;
using wire::load_be32;

constexpr std::uint8_t kProtoAuthentication = 51;

DropReason ip6_payload(std::uint8_t next, Bytes data, std::uint32_t length, PacketView& v, Nesting n);

// Tunnels fall back to an ordinary flow when what they carry does not decode; only a bomb is dropped.
bool entered(DropReason inner) { return inner == DropReason::none || inner == DropReason::depth_limit; }

// `length` is the transport payload by the IP header; `data` what was captured of it.
DropReason transport(Bytes data, std::uint32_t length, PacketView& v, Nesting n) {
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
            if (is_tunnel_port(v.dst_port) && !v.fragment) [[unlikely]] {
                const DropReason inner = enter_udp_tunnel(
                    v.payload.first(std::min<std::size_t>(v.payload.size(), v.payload_length)), v, n.deeper());
                if (entered(inner)) return inner;
            }
            break;
        }
        case kProtoTcp: {
            if (data.size() < 20) return DropReason::transport_cut;
            v.src_port = load_be16(data.data());
            v.dst_port = load_be16(data.data() + 2);
            v.tcp_sequence = load_be32(data.data() + 4);
            v.tcp_acknowledgement = load_be32(data.data() + 8);
            v.tcp_flags = data[13];
            const std::size_t header = static_cast<std::size_t>(data[12] >> 4) * 4;
            if (header < 20 || header > length) return DropReason::tcp_offset;
            v.payload_length = length - static_cast<std::uint32_t>(header);
            v.tcp_header = header <= data.size() ? static_cast<std::uint8_t>(header) : std::uint8_t{0};
            v.payload = data.subspan(std::min(header, data.size()));
            break;
        }
        case kProtoIcmp:
        case kProtoIcmp6:
            if (data.size() >= 2) v.dst_port = load_be16(data.data());
            [[fallthrough]];
        default:
            if (v.protocol == kProtoAuthentication && data.size() >= 8 && n.depth < kMaxNesting) {
                const std::size_t size = (static_cast<std::size_t>(data[1]) + 2) * 4;  // RFC 4302 §2.2
                if (size > data.size() || size > length) return DropReason::transport_cut;
                v.protocol = data[0];
                return transport(data.subspan(size), length - static_cast<std::uint32_t>(size), v, n.deeper());
            }
            v.payload_length = length;
            v.payload = data;
            if (is_tunnel_protocol(v.protocol) && !v.fragment) {
                const DropReason inner = enter_ip_tunnel(data, v, n.deeper());
                if (entered(inner)) return inner;
            }
            return DropReason::none;
    }
    if (v.payload.size() > v.payload_length) v.payload = v.payload.first(v.payload_length);
    v.truncated = v.payload.size() < v.payload_length;
    return DropReason::none;
}

// The first fragment has the ports, though a tiny one may have nothing else (RFC 1858).
DropReason first_fragment(Bytes data, std::uint32_t length, PacketView& v, Nesting n) {
    if (transport(data, length, v, n) == DropReason::none) return DropReason::none;
    const bool ports = (v.protocol == kProtoUdp || v.protocol == kProtoTcp) && data.size() >= 4;
    v.src_port = ports ? load_be16(data.data()) : std::uint16_t{0};
    v.dst_port = ports ? load_be16(data.data() + 2) : std::uint16_t{0};
    v.payload = {};
    v.payload_length = 0;
    v.truncated = data.size() < length;
    return DropReason::none;
}

DropReason ip4(Bytes data, PacketView& v, Nesting n) {
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
    v.ip_id = load_be16(data.data() + 4);
    v.src = wire::IpAddress::from_v4_bytes(data.data() + 12);
    v.dst = wire::IpAddress::from_v4_bytes(data.data() + 16);
    v.ip_length = total;
    const std::uint16_t fragment = load_be16(data.data() + 6);
    if (data.size() > total) data = data.first(total);  // Ethernet padding
    data = data.subspan(header);
    if ((fragment & 0x3fff) == 0) [[likely]] return transport(data, total - header, v, n);
    v.fragment = true;
    v.nesting = static_cast<std::uint8_t>(n.depth);
    v.part = {data, total - header, v.ip_id, static_cast<std::uint16_t>((fragment & 0x1fff) * 8),
              (fragment & 0x2000) != 0, v.protocol};
    if (v.part.offset == 0) return first_fragment(data, total - header, v, n);
    v.payload_length = total - header;  // no transport header here
    v.truncated = data.size() < v.payload_length;
    return DropReason::none;
}

DropReason ip6(Bytes data, PacketView& v, Nesting n) {
    if (data.size() < 40) return DropReason::ip_cut;
    std::uint32_t length = load_be16(data.data() + 4);
    if (length == 0) length = static_cast<std::uint32_t>(data.size() - 40);  // jumbogram, offload
    v.ip_version = 6;
    v.tos = static_cast<std::uint8_t>((data[0] & 0x0f) << 4 | data[1] >> 4);
    v.ttl = data[7];
    v.ip_id = 0;
    v.src = wire::IpAddress::from_v6_bytes(data.data() + 8);
    v.dst = wire::IpAddress::from_v6_bytes(data.data() + 24);
    v.ip_length = length + 40;
    const std::uint8_t next = data[6];
    if (data.size() > v.ip_length) data = data.first(v.ip_length);
    return ip6_payload(next, data.subspan(40), length, v, n);
}

// Extension headers, RFC 8200 §4.
DropReason ip6_payload(std::uint8_t next, Bytes data, std::uint32_t length, PacketView& v, Nesting n) {
    for (; n.depth < kMaxNesting; ++n.depth) {
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
            case 44: {  // fragment; one with nothing missing is a whole packet (RFC 6946)
                if (data.size() < 8) return DropReason::ip_cut;
                if (length < 8) return DropReason::ip6_extension_chain;
                const std::uint16_t offset = load_be16(data.data() + 2);
                size = 8;
                if ((offset & 0xfff9) == 0) break;
                v.fragment = true;
                v.protocol = data[0];
                v.nesting = static_cast<std::uint8_t>(n.depth);
                v.part = {data.subspan(8), length - 8, load_be32(data.data() + 4),
                          static_cast<std::uint16_t>(offset & 0xfff8), (offset & 1) != 0, data[0]};
                v.payload_length = length - 8;
                v.truncated = v.part.data.size() < v.payload_length;
                if (v.part.offset != 0) return DropReason::none;
                PacketView first = v;  // extension headers may follow in the first fragment
                if (ip6_payload(data[0], v.part.data, length - 8, first, n.deeper()) == DropReason::none) {
                    first.part = v.part;
                    first.nesting = v.nesting;
                    v = first;
                }
                return DropReason::none;
            }
            default:
                v.protocol = next;
                return v.fragment ? first_fragment(data, length, v, n) : transport(data, length, v, n);
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

DropReason decode_ip(Bytes data, PacketView& v, Nesting n) {
    if (data.empty()) return DropReason::ip_cut;
    switch (data[0] >> 4) {
        case 4: return ip4(data, v, n);
        case 6: return ip6(data, v, n);
        default: return DropReason::ip_version;
    }
}

DropReason decode(const RawPacket& raw, PacketView& v) {
    v.time = raw.time;
    int guesses = kMaxGuesses;
    const Nesting n{0, &guesses};
    if (raw.link_type == kLinkEthernet && raw.data.size() >= 14 && load_be16(raw.data.data() + 12) == kEtherIpv4)
        [[likely]] return decode_ip(raw.data.subspan(14), v, n);
    return decode_link(raw.link_type, raw.data, v, n);
}

DropReason decode_datagram(Bytes data, PacketView& v) {
    int guesses = kMaxGuesses;
    const Nesting n{v.nesting + 1, &guesses};
    const auto length = static_cast<std::uint32_t>(data.size());
    v.fragment = false;
    v.truncated = false;
    v.src_port = v.dst_port = 0;
    v.protocol = v.part.next_header;
    if (v.ip_version == 6) return ip6_payload(v.part.next_header, data, length, v, n);
    return transport(data, length, v, n);
}

}  // namespace voipprobe::probe
