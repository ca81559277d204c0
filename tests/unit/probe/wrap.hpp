// Packets by hand: headers around a payload, tunnels around a packet. Used by the tests of everything that a mirror
// may put around a call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "probe/capture/packet.hpp"
#include "probe/decode/link.hpp"
#include "wire/address.hpp"

namespace voipprobe::test {

using Octets = std::vector<std::uint8_t>;

inline void put16(Octets& o, std::size_t v) {
    o.push_back(static_cast<std::uint8_t>(v >> 8));
    o.push_back(static_cast<std::uint8_t>(v));
}
inline void put32(Octets& o, std::size_t v) {
    put16(o, v >> 16);
    put16(o, v & 0xffff);
}
inline Octets octets_of(std::string_view s) { return Octets(s.begin(), s.end()); }
inline Octets operator+(Octets a, const Octets& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
inline Octets hex(std::initializer_list<int> list) {
    Octets o;
    for (const int v : list) o.push_back(static_cast<std::uint8_t>(v));
    return o;
}

inline wire::IpAddress ip(const char* text) { return *wire::IpAddress::parse(text); }

struct IpHeader {
    std::uint16_t id = 0;
    std::uint8_t ttl = 64;
    std::size_t offset = 0;  // octets, of a fragment
    bool more = false;
};

inline Octets ip4_packet(const wire::IpAddress& src, const wire::IpAddress& dst, std::uint8_t protocol, const Octets& payload,
                         IpHeader h = {}) {
    Octets o = hex({0x45, 0});
    put16(o, 20 + payload.size());
    put16(o, h.id);
    put16(o, h.offset / 8 | (h.more ? 0x2000U : 0U));
    o.push_back(h.ttl);
    o.push_back(protocol);
    put16(o, 0);
    for (const auto* a : {&src, &dst}) o.insert(o.end(), a->octets.begin() + 12, a->octets.end());
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < 20; i += 2) sum += static_cast<std::uint32_t>(o[i] << 8 | o[i + 1]);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    o[10] = static_cast<std::uint8_t>(~sum >> 8);
    o[11] = static_cast<std::uint8_t>(~sum);
    return o + payload;
}

inline Octets ip6_packet(const wire::IpAddress& src, const wire::IpAddress& dst, std::uint8_t next, const Octets& payload,
                         std::uint8_t hop_limit = 64) {
    Octets o = hex({0x60, 0, 0, 0});
    put16(o, payload.size());
    o.push_back(next);
    o.push_back(hop_limit);
    for (const auto* a : {&src, &dst}) o.insert(o.end(), a->octets.begin(), a->octets.end());
    return o + payload;
}

// Of either family, by the addresses.
inline Octets ip_packet(const wire::IpAddress& src, const wire::IpAddress& dst, std::uint8_t protocol, const Octets& payload,
                        IpHeader h = {}) {
    if (src.is_v4()) return ip4_packet(src, dst, protocol, payload, h);
    return ip6_packet(src, dst, protocol, payload, h.ttl);
}

inline Octets udp(std::uint16_t src, std::uint16_t dst, const Octets& payload) {
    Octets o;
    put16(o, src);
    put16(o, dst);
    put16(o, 8 + payload.size());
    put16(o, 0);
    return o + payload;
}

inline Octets tcp(std::uint16_t src, std::uint16_t dst, std::uint32_t sequence, std::uint8_t flags, const Octets& payload) {
    Octets o;
    put16(o, src);
    put16(o, dst);
    put32(o, sequence);
    put32(o, 1);
    o.push_back(0x50);
    o.push_back(flags);
    put16(o, 65535);
    put32(o, 0);
    return o + payload;
}

// `packet` in fragments with at most `most` octets of payload each (a multiple of 8).
inline std::vector<Octets> fragments(const Octets& packet, std::size_t most, std::uint32_t id) {
    std::vector<Octets> out;
    const bool v6 = packet[0] >> 4 == 6;
    const std::size_t header = v6 ? 40 : 20;
    const Octets payload(packet.begin() + static_cast<std::ptrdiff_t>(header), packet.end());
    for (std::size_t at = 0; at < payload.size(); at += most) {
        const std::size_t n = std::min(most, payload.size() - at);
        const bool more = at + n < payload.size();
        const Octets part(payload.begin() + static_cast<std::ptrdiff_t>(at), payload.begin() + static_cast<std::ptrdiff_t>(at + n));
        if (v6) {
            Octets extension = hex({packet[6], 0});
            put16(extension, at | (more ? 1U : 0U));
            put32(extension, id);
            out.push_back(ip6_packet(wire::IpAddress::from_v6_bytes(&packet[8]), wire::IpAddress::from_v6_bytes(&packet[24]),
                                     44, extension + part));
        } else {
            out.push_back(ip4_packet(wire::IpAddress::from_v4_bytes(&packet[12]), wire::IpAddress::from_v4_bytes(&packet[16]),
                                     packet[9], part, {static_cast<std::uint16_t>(id), 64, at, more}));
        }
    }
    return out;
}

// ---- link layers ---------------------------------------------------------------------------------------------

inline std::uint16_t ethertype_of(const Octets& packet) { return packet[0] >> 4 == 6 ? 0x86dd : 0x0800; }
inline Octets typed(std::uint16_t ethertype, const Octets& rest) {
    Octets o;
    put16(o, ethertype);
    return o + rest;
}
inline Octets ethernet(std::uint16_t ethertype, const Octets& rest) {
    return hex({0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2}) + typed(ethertype, rest);
}
inline Octets ethernet(const Octets& packet) { return ethernet(ethertype_of(packet), packet); }
// A VLAN tag's contents and what follows, to be put behind its EtherType.
inline Octets vlan(std::uint16_t id, std::uint16_t ethertype, const Octets& rest) {
    Octets o;
    put16(o, id);
    return o + typed(ethertype, rest);
}
inline Octets mpls(std::initializer_list<std::uint32_t> labels, const Octets& rest) {
    Octets o;
    std::size_t left = labels.size();
    for (const std::uint32_t l : labels) put32(o, l << 12 | (--left == 0 ? 0x100U : 0U) | 64);
    return o + rest;
}
inline Octets ppp(const Octets& packet) { return typed(packet[0] >> 4 == 6 ? 0x0057 : 0x0021, packet); }
inline Octets pppoe(std::uint16_t session, const Octets& packet) {
    const Octets inner = ppp(packet);
    Octets o = hex({0x11, 0});
    put16(o, session);
    put16(o, inner.size());
    return o + inner;
}

// ---- tunnels: a packet (or frame) to a packet ------------------------------------------------------------------

inline const wire::IpAddress kOuter4a = ip("198.51.100.1"), kOuter4b = ip("198.51.100.2");
inline const wire::IpAddress kOuter6a = ip("2001:db8:ffff::1"), kOuter6b = ip("2001:db8:ffff::2");

inline Octets over_ip4(std::uint8_t protocol, const Octets& o) { return ip4_packet(kOuter4a, kOuter4b, protocol, o); }
inline Octets over_ip6(std::uint8_t protocol, const Octets& o) { return ip6_packet(kOuter6a, kOuter6b, protocol, o); }
inline Octets over_udp(std::uint16_t port, const Octets& o) { return over_ip4(17, udp(40000, port, o)); }

inline Octets gre(int flags, std::uint16_t type, const Octets& optional_part, const Octets& rest) {
    Octets o;
    put16(o, static_cast<std::size_t>(flags));
    return o + typed(type, optional_part + rest);
}
inline Octets vxlan(std::uint32_t vni, const Octets& frame) {
    Octets o = hex({0x08, 0, 0, 0});
    put32(o, vni << 8);
    return o + frame;
}
inline Octets geneve(std::uint32_t vni, std::size_t option_words, std::uint16_t type, const Octets& rest) {
    Octets o = hex({static_cast<int>(option_words), 0});
    put16(o, type);
    put32(o, vni << 8);
    return o + Octets(option_words * 4) + rest;
}
inline Octets gtp(std::uint32_t teid, const Octets& packet) {
    Octets o = hex({0x30, 0xff});
    put16(o, packet.size());
    put32(o, teid);
    return o + packet;
}
// With sequence number and `extensions` extension headers of 4 octets.
inline Octets gtp_extended(std::uint32_t teid, int extensions, const Octets& packet) {
    Octets o = hex({0x36, 0xff});
    put16(o, packet.size() + 4 + static_cast<std::size_t>(extensions) * 4);
    put32(o, teid);
    o = o + hex({0, 7, 0, extensions > 0 ? 0x85 : 0});
    for (int i = 0; i < extensions; ++i) o = o + hex({1, 0x10, 0, i + 1 < extensions ? 0x85 : 0});
    return o + packet;
}
inline Octets l2tp2(std::uint16_t tunnel, std::uint16_t session, bool length, const Octets& inner) {
    Octets o;
    put16(o, length ? 0x4002 : 0x0002);
    if (length) put16(o, 8 + inner.size());
    put16(o, tunnel);
    put16(o, session);
    return o + inner;
}

inline probe::RawPacket raw(wire::TimeNs time, const Octets& o, std::uint16_t link = probe::kLinkEthernet) {
    return {time, wire::Bytes(o), static_cast<std::uint32_t>(o.size()), link};
}

}  // namespace voipprobe::test
