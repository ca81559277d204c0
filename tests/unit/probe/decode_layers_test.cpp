// Link layers and tunnels, one header at a time: what is read through, and the reason of each that is not.
#include <gtest/gtest.h>

#include "probe/decode/decode.hpp"
#include "probe/decode/layers.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {
namespace {

using probe::DropReason;
using probe::PacketView;

const wire::IpAddress kA = ip("192.0.2.1"), kB = ip("192.0.2.2"), kA6 = ip("2001:db8::1"), kB6 = ip("2001:db8::2");
const Octets kInner = ip4_packet(kA, kB, 17, udp(1111, 5060, Octets(40, 'x')));
const Octets kInner6 = ip6_packet(kA6, kB6, 17, udp(1111, 5060, Octets(40, 'x')));

struct Read {
    DropReason drop;
    PacketView view;
    bool inner() const { return drop == DropReason::none && view.src_port == 1111 && view.dst_port == 5060 && view.payload.size() == 40; }
};
Read read(const Octets& o, std::uint16_t link = probe::kLinkRaw) {
    Read r;
    r.drop = probe::decode(raw(1, o, link), r.view);
    return r;
}
Octets cut(Octets o, std::size_t n) {
    o.resize(n);
    return o;
}

// ---- link layers -----------------------------------------------------------------------------------------------

TEST(DecodeLayers, EveryLinkType) {
    const std::pair<std::uint16_t, Octets> links[] = {
        {probe::kLinkRaw, {}}, {probe::kLinkRawBsd, {}}, {probe::kLinkRawOpenBsd, {}}, {probe::kLinkIpv4, {}},
        {probe::kLinkSll, Octets(14) + hex({8, 0})}, {probe::kLinkSll2, hex({8, 0}) + Octets(18)},
        {probe::kLinkNull, hex({2, 0, 0, 0})}, {probe::kLinkLoop, hex({0, 0, 0, 2})},
        {probe::kLinkPpp, hex({0xff, 3, 0, 0x21})}, {probe::kLinkPpp, hex({0x21})}, {probe::kLinkPppHdlc, hex({0xff, 3, 0, 0x21})},
        {probe::kLinkPppDirection, hex({1, 0xff, 3, 0, 0x21})}, {probe::kLinkPppEther, hex({0x11, 0, 0, 7, 1, 0, 0, 0x21})},
        {probe::kLinkCiscoHdlc, hex({0x0f, 0, 8, 0})},
    };
    for (const auto& [link, head] : links) {
        EXPECT_TRUE(read(head + kInner, link).inner()) << link;
        for (std::size_t n = 0; n < head.size(); ++n) EXPECT_NE(read(cut(head, n), link).drop, DropReason::none) << link << " cut at " << n;
    }
    EXPECT_TRUE(read(kInner6, probe::kLinkIpv6).inner());
    for (const int family : {24, 28, 30}) EXPECT_TRUE(read(hex({family, 0, 0, 0}) + kInner6, probe::kLinkNull).inner()) << "IPv6 of a BSD";
    EXPECT_TRUE(read(hex({0, 0, 0, 10}) + kInner6, probe::kLinkLoop).inner());
    EXPECT_EQ(read(hex({7, 0, 0, 0}) + kInner, probe::kLinkNull).drop, DropReason::not_ip);
    EXPECT_EQ(read(kInner, 9999).drop, DropReason::link_type_unknown);
    EXPECT_EQ(read(Octets(), probe::kLinkPppDirection).drop, DropReason::link_cut);
}

TEST(DecodeLayers, EtherTypes) {
    const auto frame = [](std::uint16_t type, const Octets& rest) { return read(ethernet(type, rest), probe::kLinkEthernet); };
    for (const std::uint16_t tag : std::initializer_list<std::uint16_t>{0x8100, 0x88a8, 0x9100}) {
        const Read r = frame(tag, vlan(0x3123, 0x0800, kInner));
        EXPECT_TRUE(r.inner());
        EXPECT_EQ(r.view.vlan, 0x123);
        EXPECT_EQ(frame(tag, hex({0, 1})).drop, DropReason::link_cut);
    }
    EXPECT_TRUE(frame(0x8926, Octets(4) + typed(0x0800, kInner)).inner()) << "VN-tag";
    EXPECT_EQ(frame(0x8926, Octets(5)).drop, DropReason::link_cut);
    EXPECT_TRUE(frame(100, hex({0xaa, 0xaa, 3, 0, 0, 0, 8, 0}) + kInner).inner()) << "LLC with SNAP";
    EXPECT_EQ(frame(100, hex({0xaa, 0xaa, 3, 0, 0, 0, 8})).drop, DropReason::not_ip);
    EXPECT_EQ(frame(100, hex({0xaa, 0xaa, 3, 0, 1, 0, 8, 0}) + kInner).drop, DropReason::not_ip);
    EXPECT_EQ(frame(100, hex({0x42, 0x42, 3, 0, 0, 0, 8, 0}) + kInner).drop, DropReason::not_ip) << "spanning tree";
    EXPECT_EQ(frame(0x0806, Octets(28)).drop, DropReason::not_ip) << "ARP";
    EXPECT_EQ(frame(0x8847, hex({0, 0, 0x11})).drop, DropReason::link_cut);
    EXPECT_EQ(frame(0x8847, hex({0, 0, 0x11, 64})).drop, DropReason::link_cut) << "nothing behind the label";
    EXPECT_TRUE(frame(0x8847, mpls({17}, hex({0, 0, 0, 0}) + ethernet(kInner))).inner()) << "a control word";
    // MAC addresses that begin with 4 or 6 are taken for an IP packet only when one can be there.
    Octets odd = ethernet(kInner);
    odd[0] = 0x42;
    EXPECT_TRUE(frame(0x8847, mpls({17}, odd)).inner());
    EXPECT_EQ(frame(0x8864, hex({0x11, 9, 0, 1, 0, 9})).drop, DropReason::not_ip) << "PPPoE that is no session data";
    EXPECT_EQ(frame(0x8864, hex({0x21, 0, 0, 1, 0, 9})).drop, DropReason::not_ip);
    EXPECT_EQ(frame(0x8864, hex({0x11, 0, 0, 1, 0})).drop, DropReason::link_cut);
    EXPECT_EQ(frame(0x88e7, hex({0, 0, 1})).drop, DropReason::link_cut) << "a backbone service tag";
}

TEST(DecodeLayers, WhatPppCarries) {
    const auto ppp_frame = [](const Octets& o) { return read(o, probe::kLinkPpp); };
    EXPECT_TRUE(ppp_frame(hex({0, 0x57}) + kInner6).inner());
    EXPECT_TRUE(ppp_frame(hex({0x57}) + kInner6).inner()) << "a protocol of one octet";
    EXPECT_TRUE(ppp_frame(hex({2, 0x81}) + mpls({17}, kInner)).inner());
    EXPECT_TRUE(ppp_frame(hex({0, 0x31, 0, 1}) + ethernet(kInner)).inner()) << "bridging";
    EXPECT_EQ(ppp_frame(hex({0, 0x31, 0})).drop, DropReason::link_cut);
    EXPECT_EQ(ppp_frame(hex({0xc0, 0x21, 1, 1})).drop, DropReason::not_ip) << "LCP";
    EXPECT_EQ(ppp_frame(hex({0xff, 3, 0})).drop, DropReason::link_cut);
}

// ---- tunnels: what is read, and what leaves the packet a flow of its own ------------------------------------------

bool enters(const Octets& o) { return read(o).inner() && read(o).view.tunnel.depth > 0; }
bool stays(const Octets& o) { return read(o).drop == DropReason::none && read(o).view.tunnel.depth == 0 && !read(o).inner(); }

TEST(DecodeLayers, Gre) {
    const auto g = [](int flags, std::uint16_t type, const Octets& optional_part, const Octets& rest) { return over_ip4(47, gre(flags, type, optional_part, rest)); };
    EXPECT_TRUE(enters(g(0, 0x0800, {}, kInner)));
    EXPECT_TRUE(enters(g(0x8000, 0x0800, Octets(4), kInner))) << "a checksum";
    EXPECT_TRUE(enters(g(0xb000, 0x0800, Octets(12), kInner))) << "checksum, key, sequence";
    EXPECT_TRUE(enters(g(0x3081, 0x880b, hex({0, 0, 0, 9}) + Octets(8), hex({0x21}) + kInner))) << "PPTP with an acknowledgement";
    EXPECT_TRUE(enters(g(0x2001, 0x6400, Octets(4), ethernet(kInner)))) << "EoIP";
    EXPECT_TRUE(stays(g(0, 0x6400, {}, ethernet(kInner)))) << "EoIP is of version 1";
    EXPECT_TRUE(enters(g(0, 0x883e, {}, kInner))) << "WCCP 1";
    EXPECT_TRUE(enters(g(0, 0x883e, {}, hex({0, 0, 0, 0}) + kInner))) << "WCCP 2";
    EXPECT_TRUE(stays(g(0, 0x883e, {}, hex({0, 0, 0}))));
    EXPECT_TRUE(enters(g(0x2000, 0x6558, hex({0, 0, 7, 1}), ethernet(kInner)))) << "NVGRE";
    EXPECT_EQ(read(g(0x2000, 0x6558, hex({0, 0, 7, 1}), ethernet(kInner))).view.tunnel.id, 7U);
    EXPECT_TRUE(enters(g(0x3000, 0x6558, Octets(8), ethernet(kInner)))) << "no NVGRE";
    EXPECT_TRUE(stays(g(0x4000, 0x0800, Octets(8), kInner))) << "source routes";
    EXPECT_TRUE(stays(g(2, 0x0800, {}, kInner))) << "version 2";
    EXPECT_TRUE(stays(over_ip4(47, hex({0, 0, 8}))));
    EXPECT_TRUE(stays(over_ip4(47, hex({0x20, 0, 8, 0, 1, 2}))));
}

TEST(DecodeLayers, Erspan) {
    const auto g = [](int flags, std::uint16_t type, const Octets& rest) { return over_ip4(47, gre(flags, type, flags != 0 ? Octets(4) : Octets(), rest)); };
    EXPECT_TRUE(enters(g(0, 0x88be, ethernet(kInner)))) << "I";
    EXPECT_TRUE(enters(g(0x1000, 0x88be, hex({0x10, 0, 0x12, 5, 0, 0, 0, 0}) + ethernet(kInner)))) << "II";
    EXPECT_EQ(read(g(0x1000, 0x88be, hex({0x10, 0, 0x12, 5, 0, 0, 0, 0}) + ethernet(kInner))).view.tunnel.id, 0x205U);
    EXPECT_TRUE(stays(g(0x1000, 0x88be, hex({0x20, 0, 0, 5, 0, 0, 0, 0}) + ethernet(kInner)))) << "another version";
    EXPECT_TRUE(stays(g(0x1000, 0x88be, hex({0x10, 0, 0, 5, 0, 0, 0}))));
    EXPECT_TRUE(enters(g(0x1000, 0x22eb, hex({0x20, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0}) + ethernet(kInner)))) << "III";
    EXPECT_TRUE(enters(g(0x1000, 0x22eb, hex({0x20, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1}) + Octets(8) + ethernet(kInner)))) << "III with a platform's part";
    EXPECT_TRUE(enters(g(0x1000, 0x22eb, hex({0x20, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0x08, 0}) + kInner))) << "III with an IP packet";
    EXPECT_TRUE(stays(g(0x1000, 0x22eb, hex({0x20, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1}) + Octets(7))));
    EXPECT_TRUE(stays(g(0x1000, 0x22eb, hex({0x10, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0}) + ethernet(kInner))));
}

TEST(DecodeLayers, L2tp) {
    const auto two = [](const Octets& o) { return over_udp(1701, o); };
    EXPECT_TRUE(enters(two(l2tp2(1, 2, true, hex({0x21}) + kInner))));
    EXPECT_TRUE(enters(two(hex({0x08, 2, 0, 1, 0, 2, 0, 0, 0, 0, 0x21}) + kInner))) << "sequence numbers";
    EXPECT_TRUE(enters(two(hex({0x02, 2, 0, 1, 0, 2, 0, 3, 9, 9, 9, 0x21}) + kInner))) << "an offset";
    EXPECT_TRUE(stays(two(hex({0x02, 2, 0, 1, 0, 2, 0xff, 0xff, 9, 9, 9, 0x21}) + kInner))) << "an offset beyond the end";
    EXPECT_TRUE(stays(two(hex({0x40, 2, 0, 3, 0, 1, 0, 2, 0x21}) + kInner))) << "a length shorter than the header";
    EXPECT_TRUE(stays(two(hex({0xc8, 2, 0, 1, 0, 2, 0, 3, 0, 0}) + kInner))) << "control";
    EXPECT_TRUE(stays(two(hex({0x10, 2, 0, 1, 0, 2, 0, 3, 0, 0}) + kInner))) << "a reserved bit";
    EXPECT_TRUE(stays(two(hex({0, 4, 0, 1, 0, 2, 0, 3, 0, 0}) + kInner))) << "no version";
    EXPECT_TRUE(stays(two(hex({0, 2, 0, 1, 0, 2, 0}))));
    const Octets three = hex({0, 3, 0, 0, 0, 0, 0, 7});
    for (const std::size_t cookie : {0U, 4U, 8U, 12U}) {
        EXPECT_TRUE(enters(two(three + Octets(cookie, 1) + ethernet(kInner)))) << cookie;
        EXPECT_TRUE(enters(two(three + Octets(cookie, 1) + hex({0xff, 3, 0, 0x21}) + kInner))) << cookie;
    }
    EXPECT_TRUE(enters(two(three + hex({0xff, 3, 0, 0x57}) + kInner6)));
    EXPECT_TRUE(stays(two(three + hex({0xff, 3, 0xc0, 0x21}) + kInner))) << "LCP";
    Octets broken = kInner;
    broken[0] = 0x44;
    EXPECT_TRUE(stays(two(three + hex({0xff, 3, 0, 0x21}) + broken)));
    EXPECT_TRUE(stays(two(hex({0x80, 3, 0, 0, 0, 0, 0, 7}) + ethernet(kInner)))) << "control";
    EXPECT_TRUE(stays(two(hex({0, 3, 0, 0, 0, 0, 0, 0}) + ethernet(kInner)))) << "session 0 is control";
    EXPECT_TRUE(enters(over_ip4(115, hex({0, 0, 0, 7}) + ethernet(kInner)))) << "over IP";
    EXPECT_TRUE(stays(over_ip4(115, hex({0, 0, 0}))));
    EXPECT_TRUE(stays(over_ip4(115, hex({0, 0, 0, 0}) + ethernet(kInner))));
}

TEST(DecodeLayers, GtpTzspAndTheirKind) {
    const auto g = [](const Octets& o) { return over_udp(2152, o); };
    EXPECT_TRUE(enters(g(gtp(1, kInner))));
    EXPECT_TRUE(enters(g(gtp(1, ethernet(kInner))))) << "an Ethernet session";
    EXPECT_TRUE(stays(g(gtp(1, hex({0, 1, 2, 3})))));
    EXPECT_TRUE(stays(g(gtp(1, {}))));
    EXPECT_TRUE(stays(g(hex({0x32, 0xff, 0, 3, 0, 0, 0, 1, 0, 0, 0}))));
    EXPECT_TRUE(stays(g(hex({0x32, 0xff, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0}) + kInner))) << "a length shorter than the optional part";
    EXPECT_TRUE(stays(g(hex({0x34, 0xff, 0, 50, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0}) + kInner))) << "an extension without length";
    EXPECT_TRUE(stays(g(hex({0x34, 0xff, 0, 50, 0, 0, 0, 1, 0, 0, 0, 0x85, 90, 0, 0, 0}))));
    EXPECT_TRUE(stays(g(gtp_extended(1, 40, kInner)))) << "too many extensions";
    EXPECT_TRUE(stays(g(hex({0x30, 1, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0})))) << "an echo";
    const auto t = [](const Octets& o) { return over_udp(37008, o); };
    EXPECT_TRUE(enters(t(hex({1, 0, 0, 1, 0, 10, 1, 9, 1}) + ethernet(kInner))));
    for (const Octets& bad : {hex({1, 0, 0, 1}), hex({2, 0, 0, 1, 1}), hex({1, 2, 0, 1, 1}), hex({1, 0, 0, 2, 1}), hex({1, 0, 0, 1, 10}), hex({1, 0, 0, 1, 10, 9, 1}), hex({1, 0, 0, 1, 0, 0})})
        EXPECT_TRUE(stays(t(bad)));
    for (const Octets& bad : {hex({8, 0, 0, 0, 0, 0, 1}), hex({0, 0, 0, 0, 0, 0, 1, 0}), hex({8, 0, 0, 0, 0, 0, 1, 1})}) EXPECT_TRUE(stays(over_udp(4789, bad + ethernet(kInner))));
    for (const Octets& bad : {hex({0, 0, 0x65, 0x58, 0, 0, 1}), hex({0x40, 0, 0x65, 0x58, 0, 0, 1, 0}), hex({0, 1, 0x65, 0x58, 0, 0, 1, 0}), hex({0, 0, 0x65, 0x58, 0, 0, 1, 9})})
        EXPECT_TRUE(stays(over_udp(6081, bad + ethernet(kInner))));
    EXPECT_TRUE(stays(over_udp(6081, hex({5, 0, 0x65, 0x58, 0, 0, 1, 0}))));
    EXPECT_TRUE(enters(over_ip4(97, hex({0x30, 0}) + ethernet(kInner)))) << "EtherIP";
    EXPECT_TRUE(stays(over_ip4(97, hex({0x20, 0}) + ethernet(kInner))));
    EXPECT_TRUE(stays(over_ip4(97, hex({0x30}))));
    EXPECT_TRUE(enters(over_ip4(137, mpls({17}, kInner)))) << "MPLS over IP";
    EXPECT_TRUE(enters(over_ip4(4, kInner)) && enters(over_ip4(41, kInner6)));
    EXPECT_TRUE(stays(over_ip4(4, kInner6)) && stays(over_ip4(41, kInner)) && stays(over_ip4(4, {})));
}

// ---- what may be a packet (MPLS and L2TPv3 do not say) -------------------------------------------------------------

TEST(DecodeLayers, PlausiblePackets) {
    using probe::plausible_ethernet;
    using probe::plausible_ip;
    EXPECT_TRUE(plausible_ip(kInner) && plausible_ip(kInner6));
    const auto changed = [](Octets o, std::size_t at, int v) {
        o[at] = static_cast<std::uint8_t>(v);
        return o;
    };
    for (const auto& [at, v] : std::initializer_list<std::pair<std::size_t, int>>{{0, 0x44}, {0, 0x55}, {0, 0x4f}, {2, 0xff}, {10, 1}}) EXPECT_FALSE(plausible_ip(changed(kInner, at, v))) << at;
    EXPECT_FALSE(plausible_ip(changed(changed(kInner, 2, 0), 3, 19))) << "shorter than its header";
    Octets offload = changed(changed(kInner, 10, 0), 11, 0);
    EXPECT_TRUE(plausible_ip(offload)) << "a checksum that the card fills in";
    EXPECT_FALSE(plausible_ip(cut(offload, 30)));
    EXPECT_FALSE(plausible_ip(cut(kInner, 19)) || plausible_ip(cut(kInner6, 39)) || plausible_ip({}));
    for (const int next : {0, 6, 17, 41, 43, 44, 47, 50, 51, 58, 60}) EXPECT_TRUE(plausible_ip(changed(kInner6, 6, next))) << next;
    for (const int next : {1, 59, 99, 255}) EXPECT_FALSE(plausible_ip(changed(kInner6, 6, next))) << next;
    EXPECT_FALSE(plausible_ip(changed(kInner6, 4, 0x40))) << "longer than what is there";
    EXPECT_TRUE(plausible_ethernet(ethernet(kInner)) && plausible_ethernet(ethernet(kInner6)));
    for (const std::uint16_t tag : std::initializer_list<std::uint16_t>{0x8100, 0x88a8, 0x9100}) EXPECT_TRUE(plausible_ethernet(ethernet(tag, vlan(1, 0x0800, kInner))));
    EXPECT_TRUE(plausible_ethernet(ethernet(0x8847, {})) && plausible_ethernet(ethernet(0x8864, {})));
    EXPECT_FALSE(plausible_ethernet(ethernet(0x0806, Octets(28))));
    EXPECT_FALSE(plausible_ethernet(ethernet(0x0800, kInner6)) || plausible_ethernet(ethernet(0x86dd, kInner)) || plausible_ethernet(ethernet(0x0800, {})));
    Octets tags = kInner;
    for (int i = 0; i < 4; ++i) tags = vlan(1, i == 0 ? 0x0800 : 0x8100, tags);
    EXPECT_FALSE(plausible_ethernet(ethernet(0x8100, tags))) << "more tags than anybody has";
    EXPECT_FALSE(plausible_ethernet(Octets(13)));
}

// ---- IP and transport ------------------------------------------------------------------------------------------

TEST(DecodeLayers, TransportHeaders) {
    EXPECT_EQ(read(ip4_packet(kA, kB, 17, Octets(7))).drop, DropReason::transport_cut);
    EXPECT_EQ(read(ip4_packet(kA, kB, 17, hex({0, 1, 0, 2, 0, 7, 0, 0}))).drop, DropReason::udp_length);
    EXPECT_EQ(read(ip4_packet(kA, kB, 6, Octets(19))).drop, DropReason::transport_cut);
    Octets t = tcp(1, 2, 3, 0, Octets(4));
    t[12] = 0x40;
    EXPECT_EQ(read(ip4_packet(kA, kB, 6, t)).drop, DropReason::tcp_offset);
    t[12] = 0xf0;
    EXPECT_EQ(read(ip4_packet(kA, kB, 6, t)).drop, DropReason::tcp_offset) << "beyond the packet";
    Octets options = tcp(1, 2, 3, 0, Octets(40));
    options[12] = 0xf0;
    const Octets packet = ip4_packet(kA, kB, 6, options);
    EXPECT_EQ(read(packet).view.payload_length, 0U);
    const Read short_capture = read(cut(packet, 50));  // within the options
    EXPECT_EQ(short_capture.drop, DropReason::none);
    EXPECT_EQ(short_capture.view.tcp_header, 0) << "it was not captured whole";
    EXPECT_EQ(read(ip4_packet(kA, kB, 1, hex({8, 3, 0, 0}))).view.dst_port, 0x0803) << "ICMP: type and code";
    EXPECT_EQ(read(ip6_packet(kA6, kB6, 58, hex({128, 1}))).view.dst_port, 0x8001);
    EXPECT_EQ(read(ip4_packet(kA, kB, 1, hex({8}))).view.dst_port, 0);
}

TEST(DecodeLayers, AuthenticationHeaders) {
    const Octets ah = hex({17, 4}) + Octets(22);  // 24 octets
    const Octets inner = udp(1111, 5060, Octets(40, 'x'));
    EXPECT_TRUE(read(ip4_packet(kA, kB, 51, ah + inner)).inner());
    EXPECT_TRUE(read(ip6_packet(kA6, kB6, 51, ah + inner)).inner());
    EXPECT_EQ(read(ip4_packet(kA, kB, 51, ah)).drop, DropReason::transport_cut);
    EXPECT_EQ(read(ip4_packet(kA, kB, 51, cut(ah, 10))).drop, DropReason::transport_cut);
    EXPECT_EQ(read(ip6_packet(kA6, kB6, 51, cut(ah, 7))).drop, DropReason::ip_cut);
    EXPECT_EQ(read(ip6_packet(kA6, kB6, 51, cut(ah, 10))).drop, DropReason::ip6_extension_chain) << "longer than the packet";
    Octets chain = inner;
    for (int i = 0; i < 40; ++i) chain = hex({i == 0 ? 17 : 51, 0}) + Octets(6) + chain;
    const Read deep = read(ip4_packet(kA, kB, 51, chain));
    EXPECT_EQ(deep.drop, DropReason::none);
    EXPECT_EQ(deep.view.protocol, 51) << "after so many it stays what it is";
}

TEST(DecodeLayers, ExtensionHeadersOfIpv6) {
    const Octets inner = udp(1111, 5060, Octets(40, 'x'));
    for (const int header : {0, 43, 60, 135}) {
        const auto type = static_cast<std::uint8_t>(header);
        EXPECT_TRUE(read(ip6_packet(kA6, kB6, type, hex({17, 1}) + Octets(14) + inner)).inner()) << header;
        EXPECT_EQ(read(ip6_packet(kA6, kB6, type, hex({17, 1}))).drop, DropReason::ip_cut);
        EXPECT_EQ(read(ip6_packet(kA6, kB6, type, hex({17, 9}) + Octets(6))).drop, DropReason::ip6_extension_chain);
        EXPECT_EQ(read(cut(ip6_packet(kA6, kB6, type, hex({17, 9}) + Octets(200)), 60)).drop, DropReason::ip_cut);
    }
    EXPECT_EQ(read(ip6_packet(kA6, kB6, 44, Octets(7))).drop, DropReason::ip_cut);
    EXPECT_TRUE(read(ip6_packet(kA6, kB6, 44, hex({17, 0, 0, 0, 0, 0, 0, 1}) + inner)).inner()) << "an atomic fragment";
    Octets lying = ip6_packet(kA6, kB6, 44, hex({17, 0, 0, 1, 0, 0, 0, 1}) + inner);
    lying[4] = 0, lying[5] = 4;
    EXPECT_NE(read(lying).drop, DropReason::none);
    const Read first = read(ip6_packet(kA6, kB6, 44, hex({17, 0, 0, 1, 0, 0, 0, 1}) + inner));
    EXPECT_TRUE(first.view.fragment && first.view.src_port == 1111);
    const Read later = read(ip6_packet(kA6, kB6, 44, hex({17, 0, 0, 9, 0, 0, 0, 1}) + inner));
    EXPECT_TRUE(later.view.fragment && later.view.src_port == 0);
    const Read broken = read(ip6_packet(kA6, kB6, 44, hex({60, 0, 0, 1, 0, 0, 0, 1}) + hex({17, 50})));
    EXPECT_TRUE(broken.drop == DropReason::none && broken.view.fragment && broken.view.src_port == 0) << "a first fragment whose headers do not end";
}

TEST(DecodeLayers, FirstFragments) {
    const Octets whole = udp(1111, 5060, Octets(64, 'x'));
    IpHeader more;
    more.more = true;
    const Read eight = read(ip4_packet(kA, kB, 17, cut(whole, 8), more));
    EXPECT_TRUE(eight.drop == DropReason::none && eight.view.fragment && eight.view.src_port == 1111);
    const Read tiny = read(ip4_packet(kA, kB, 17, cut(whole, 4), more));  // RFC 1858
    EXPECT_TRUE(tiny.drop == DropReason::none && tiny.view.src_port == 1111 && tiny.view.payload.empty());
    const Read tcp_tiny = read(ip4_packet(kA, kB, 6, cut(tcp(7, 8, 1, 0, {}), 8), more));
    EXPECT_TRUE(tcp_tiny.drop == DropReason::none && tcp_tiny.view.src_port == 7 && tcp_tiny.view.dst_port == 8);
    const Read nothing = read(ip4_packet(kA, kB, 17, cut(whole, 2), more));
    EXPECT_TRUE(nothing.drop == DropReason::none && nothing.view.src_port == 0);
    const Read tunnel = read(ip4_packet(kA, kB, 47, gre(0, 0x0800, {}, kInner), more));
    EXPECT_TRUE(tunnel.drop == DropReason::none && tunnel.view.tunnel.depth == 0) << "a fragment is not entered";
    const Read authenticated = read(ip4_packet(kA, kB, 51, hex({17, 9}) + Octets(8), more));
    EXPECT_TRUE(authenticated.drop == DropReason::none && authenticated.view.src_port == 0);
}

TEST(DecodeLayers, HeadersOfIpv4) {
    Octets o = kInner;
    o[0] = 0x44;
    EXPECT_EQ(read(o).drop, DropReason::ip_header_length);
    o[0] = 0x4f;
    EXPECT_EQ(read(cut(o, 40)).drop, DropReason::ip_cut);
    o = kInner;
    o[2] = 0, o[3] = 19;
    EXPECT_EQ(read(o).drop, DropReason::ip_total_length);
    o[3] = 0;
    EXPECT_TRUE(read(o).inner()) << "left to the network card";
    o[0] = 0x55;
    EXPECT_EQ(read(o).drop, DropReason::ip_version);
    EXPECT_EQ(read({}).drop, DropReason::ip_cut);
    EXPECT_EQ(read(cut(kInner6, 39)).drop, DropReason::ip_cut);
    o = kInner6;
    o[4] = 0, o[5] = 0;
    EXPECT_TRUE(read(o).inner());
}

}  // namespace
}  // namespace voipprobe::test
