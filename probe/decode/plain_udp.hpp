// The packet that VoIP links are full of, in one look: Ethernet, IPv4 without options, UDP, whole, no tunnel.
// Says what decode() says, only sooner (a test compares them). Pure; no allocation.
#pragma once

#include <algorithm>

#include "probe/capture/packet.hpp"
#include "probe/decode/packet_view.hpp"
#include "probe/decode/tunnel_ports.hpp"

namespace voipprobe::probe {

// False: some other packet, `v` is as before. True: `v` describes it, if the fields that such a packet has not (VLAN,
// TCP, fragment, tunnel) are still those of a new PacketView.
inline bool decode_plain_udp(const RawPacket& raw, PacketView& v) {
    constexpr std::uint32_t kLink = 14, kIp = 20, kUdp = 8;
    const wire::Bytes d = raw.data;
    if (raw.link_type != 1 || d.size() < kLink + kIp + kUdp) return false;
    const std::uint8_t* ip = d.data() + kLink;
    const std::uint8_t* udp = ip + kIp;
    const std::uint32_t total = wire::load_be16(ip + 2);
    const std::uint32_t length = wire::load_be16(udp + 4);
    const std::uint16_t dst_port = wire::load_be16(udp + 2);
    const bool plain = wire::load_be16(d.data() + 12) == 0x0800 && ip[0] == 0x45 && ip[9] == kProtoUdp &&
                       (wire::load_be16(ip + 6) & 0x3fff) == 0 && length >= kUdp && kIp + length <= total;
    if (!plain || is_tunnel_port(dst_port)) return false;
    v.time = raw.time;
    v.src.set_v4_bytes(ip + 12);
    v.dst.set_v4_bytes(ip + 16);
    v.src_port = wire::load_be16(udp);
    v.dst_port = dst_port;
    v.protocol = kProtoUdp;
    v.ip_version = 4;
    v.tos = ip[1];
    v.ttl = ip[8];
    v.ip_id = wire::load_be16(ip + 4);
    v.ip_length = total;
    v.payload_length = length - kUdp;
    const wire::Bytes captured = d.subspan(kLink + kIp + kUdp);
    v.payload = captured.first(std::min<std::size_t>(captured.size(), v.payload_length));
    v.truncated = v.payload.size() < v.payload_length;
    return true;
}

}  // namespace voipprobe::probe
