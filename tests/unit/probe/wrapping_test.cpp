// One call in every wrapping gives the same call, streams and flows.
#include <functional>

#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

using probe::TunnelType;

struct Wrapping {
    const char* name;
    std::uint16_t link;
    std::function<Octets(const Octets& packet)> wrap;
    TunnelType type = TunnelType::none;
    std::uint32_t id = 0;
    int depth = 0;
};

Octets over_gre(const Octets& o) { return over_ip4(47, gre(0, ethertype_of(o), {}, o)); }
Octets over_gtp(const Octets& o) { return over_udp(2152, gtp(7, o)); }
Octets over_vxlan(const Octets& o) { return over_udp(4789, vxlan(99, ethernet(o))); }
Octets with_option_tags(const Octets& frame) { return hex({1, 0, 0, 1, 0, 10, 1, 5, 1}) + frame; }
Octets pseudowire(const Octets& o) { return mpls({16, 17}, ethernet(o)); }

const std::vector<Wrapping>& wrappings() {
    using namespace voipprobe::probe;
    static const std::vector<Wrapping> list{
        {"raw", kLinkRaw, [](const Octets& o) { return o; }},
        {"ethernet", kLinkEthernet, [](const Octets& o) { return ethernet(o); }},
        {"ethernet_padded", kLinkEthernet, [](const Octets& o) { return ethernet(o) + Octets(9, 0xaa); }},
        {"vlan", kLinkEthernet, [](const Octets& o) { return ethernet(0x8100, vlan(5, ethertype_of(o), o)); }},
        {"qinq", kLinkEthernet, [](const Octets& o) { return ethernet(0x88a8, vlan(6, 0x8100, vlan(5, ethertype_of(o), o))); }},
        {"snap", kLinkEthernet, [](const Octets& o) { return ethernet(static_cast<std::uint16_t>(o.size() + 8), hex({0xaa, 0xaa, 3, 0, 0, 0}) + typed(ethertype_of(o), o)); }},
        {"null", kLinkNull, [](const Octets& o) { return hex({o[0] >> 4 == 6 ? 30 : 2, 0, 0, 0}) + o; }},
        {"loop", kLinkLoop, [](const Octets& o) { return hex({0, 0, 0, o[0] >> 4 == 6 ? 24 : 2}) + o; }},
        {"sll", kLinkSll, [](const Octets& o) { return Octets(14) + typed(ethertype_of(o), o); }},
        {"sll2", kLinkSll2, [](const Octets& o) { return typed(ethertype_of(o), Octets(18)) + o; }},
        {"ppp", kLinkPpp, [](const Octets& o) { return hex({0xff, 3}) + ppp(o); }},
        {"ppp_short", kLinkPpp, [](const Octets& o) { return hex({o[0] >> 4 == 6 ? 0x57 : 0x21}) + o; }},
        {"mpls", kLinkEthernet, [](const Octets& o) { return ethernet(0x8847, mpls({16, 17, 18}, o)); }, TunnelType::mpls, 18, 1},
        {"mpls_pseudowire", kLinkEthernet, [](const Octets& o) { return ethernet(0x8847, pseudowire(o)); }, TunnelType::mpls, 17, 1},
        {"mpls_pseudowire_control_word", kLinkEthernet, [](const Octets& o) { return ethernet(0x8847, mpls({16}, Octets(4) + ethernet(o))); }, TunnelType::mpls, 16, 1},
        {"pppoe", kLinkEthernet, [](const Octets& o) { return ethernet(0x8864, pppoe(0x1234, o)); }, TunnelType::pppoe, 0x1234, 1},
        {"vlan_pppoe", kLinkEthernet, [](const Octets& o) { return ethernet(0x88a8, vlan(7, 0x8100, vlan(8, 0x8864, pppoe(1, o)))); }, TunnelType::pppoe, 1, 1},
        {"pbb", kLinkEthernet, [](const Octets& o) { return ethernet(0x88e7, hex({0, 0, 3, 232}) + ethernet(o)); }, TunnelType::pbb, 1000, 1},
        {"gre", kLinkRaw, over_gre, TunnelType::gre, 0, 1},
        {"gre_over_ip6", kLinkRaw, [](const Octets& o) { return over_ip6(47, gre(0, ethertype_of(o), {}, o)); }, TunnelType::gre, 0, 1},
        {"gre_key_sequence_checksum", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0xb000, ethertype_of(o), hex({0, 0, 0, 0, 0, 0, 0, 77, 0, 0, 0, 1}), o)); }, TunnelType::gre, 77, 1},
        {"gre_pptp", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0x3081, 0x880b, hex({0, 9, 0, 5, 0, 0, 0, 1, 0, 0, 0, 1}), ppp(o))); }, TunnelType::gre, 5, 1},
        {"gre_bridging", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0, 0x6558, {}, ethernet(o))); }, TunnelType::gre, 0, 1},
        {"gre_mpls", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0, 0x8847, {}, mpls({30}, o))); }, TunnelType::mpls, 30, 2},
        {"nvgre", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0x2000, 0x6558, hex({0, 0, 42, 1}), ethernet(o))); }, TunnelType::nvgre, 42, 1},
        {"erspan1", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0, 0x88be, {}, ethernet(o))); }, TunnelType::erspan, 0, 1},
        {"erspan2", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0x1000, 0x88be, hex({0, 0, 0, 1, 0x10, 0, 0, 9, 0, 0, 0, 0}), ethernet(o))); }, TunnelType::erspan, 9, 1},
        {"erspan3", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0x1000, 0x22eb, hex({0, 0, 0, 1, 0x20, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0}), ethernet(o))); }, TunnelType::erspan, 9, 1},
        {"erspan3_platform", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0x1000, 0x22eb, hex({0, 0, 0, 1, 0x20, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}), ethernet(o))); }, TunnelType::erspan, 9, 1},
        {"ip_in_ip", kLinkRaw, [](const Octets& o) { return over_ip4(o[0] >> 4 == 6 ? 41 : 4, o); }, TunnelType::ip_in_ip, 0, 1},
        {"ip_in_ip6", kLinkRaw, [](const Octets& o) { return over_ip6(o[0] >> 4 == 6 ? 41 : 4, o); }, TunnelType::ip_in_ip, 0, 1},
        {"gtp", kLinkRaw, over_gtp, TunnelType::gtp_u, 7, 1},
        {"gtp_sequence", kLinkRaw, [](const Octets& o) { return over_udp(2152, gtp_extended(7, 0, o)); }, TunnelType::gtp_u, 7, 1},
        {"gtp_extensions", kLinkRaw, [](const Octets& o) { return over_udp(2152, gtp_extended(7, 3, o)); }, TunnelType::gtp_u, 7, 1},
        {"vxlan", kLinkRaw, over_vxlan, TunnelType::vxlan, 99, 1},
        {"vxlan_linux", kLinkRaw, [](const Octets& o) { return over_udp(8472, vxlan(98, ethernet(0x8100, vlan(3, ethertype_of(o), o)))); }, TunnelType::vxlan, 98, 1},
        {"vxlan_over_ip6", kLinkRaw, [](const Octets& o) { return over_ip6(17, udp(1, 4789, vxlan(97, ethernet(o)))); }, TunnelType::vxlan, 97, 1},
        {"geneve", kLinkRaw, [](const Octets& o) { return over_udp(6081, geneve(88, 0, 0x6558, ethernet(o))); }, TunnelType::geneve, 88, 1},
        {"geneve_options", kLinkRaw, [](const Octets& o) { return over_udp(6081, geneve(88, 5, ethertype_of(o), o)); }, TunnelType::geneve, 88, 1},
        {"l2tp2", kLinkRaw, [](const Octets& o) { return over_udp(1701, l2tp2(2, 3, true, hex({0xff, 3}) + ppp(o))); }, TunnelType::l2tp, 0x20003, 1},
        {"l2tp2_short", kLinkRaw, [](const Octets& o) { return over_udp(1701, l2tp2(2, 3, false, ppp(o))); }, TunnelType::l2tp, 0x20003, 1},
        {"l2tp3_udp", kLinkRaw, [](const Octets& o) { return over_udp(1701, hex({0, 3, 0, 0, 0, 0, 1, 0}) + ethernet(o)); }, TunnelType::l2tp, 256, 1},
        {"l2tp3_ip_cookie_sublayer", kLinkRaw, [](const Octets& o) { return over_ip4(115, hex({0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0}) + ethernet(o)); }, TunnelType::l2tp, 256, 1},
        {"tzsp", kLinkRaw, [](const Octets& o) { return over_udp(37008, with_option_tags(ethernet(o))); }, TunnelType::tzsp, 0, 1},
        {"etherip", kLinkRaw, [](const Octets& o) { return over_ip4(97, hex({0x30, 0}) + ethernet(o)); }, TunnelType::ip_in_ip, 0, 1},
        {"mpls_in_ip", kLinkRaw, [](const Octets& o) { return over_ip4(137, mpls({55}, o)); }, TunnelType::mpls, 55, 1},
        {"authentication_header", kLinkRaw, [](const Octets& o) { return over_ip4(51, hex({o[0] >> 4 == 6 ? 41 : 4, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 9}) + o); }, TunnelType::ip_in_ip, 0, 1},
        {"gtp_in_gre_in_vlan", kLinkEthernet, [](const Octets& o) { const Octets g = over_gre(over_gtp(o)); return ethernet(0x8100, vlan(4, 0x0800, g)); }, TunnelType::gtp_u, 7, 2},
        {"vxlan_in_gtp", kLinkRaw, [](const Octets& o) { return over_gtp(over_vxlan(o)); }, TunnelType::vxlan, 99, 2},
        {"erspan_of_mpls_of_gtp", kLinkRaw, [](const Octets& o) { return over_ip4(47, gre(0x1000, 0x88be, hex({0, 0, 0, 1, 0x10, 0, 0, 9, 0, 0, 0, 0}), ethernet(0x8847, mpls({16, 17}, over_gtp(o))))); }, TunnelType::gtp_u, 7, 3},
        {"pseudowire_in_pseudowire_in_vxlan", kLinkRaw, [](const Octets& o) { return over_udp(4789, vxlan(1, ethernet(0x8847, mpls({9}, ethernet(0x8847, pseudowire(o)))))); }, TunnelType::mpls, 17, 3},
        {"ip6_in_ip4_in_ip6_in_gre_in_pppoe", kLinkEthernet, [](const Octets& o) { return ethernet(0x8864, pppoe(3, over_gre(over_ip6(4, over_ip4(o[0] >> 4 == 6 ? 41 : 4, o))))); }, TunnelType::ip_in_ip, 0, 4},
    };
    return list;
}

class TunnelSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind == templates::RecordKind::flow) tunnels.push_back(s.tunnel);
    }
    std::vector<probe::TunnelInfo> tunnels;
};

class Wrapped : public testing::TestWithParam<std::tuple<std::size_t, bool>> {};

TEST_P(Wrapped, theCallIsTheSame) {
    const auto& [index, v6] = GetParam();
    const Wrapping& w = wrappings()[index];
    const CallEnds ends = v6 ? ends_v6() : CallEnds{};
    CollectingSink plain;
    TunnelSink wrapped;
    probe::PipelineCounters counters;
    {
        probe::Pipeline a({}, plain), b({}, wrapped);
        for (const TimedPacket& p : call_packets(ends)) {
            a.process(raw(p.time, p.octets, probe::kLinkRaw));
            const Octets o = w.wrap(p.octets);
            b.process(raw(p.time, o, w.link));
        }
        a.finish();
        b.finish();
        counters = b.counters();
    }
    ASSERT_EQ(plain.calls.size(), 1U);
    ASSERT_EQ(plain.streams.size(), 2U);
    EXPECT_EQ(plain.streams[0].lost, 1U);
    EXPECT_EQ(summary(wrapped, true), summary(plain, true));
    expect_conserved(counters);
    for (const probe::TunnelInfo& t : wrapped.tunnels) {
        EXPECT_EQ(t.type, w.type);
        EXPECT_EQ(t.has_id ? t.id : 0, w.id);
        EXPECT_EQ(t.depth, w.depth);
        const bool has_outer = w.link == probe::kLinkRaw && w.type != TunnelType::none;
        EXPECT_TRUE(!has_outer || t.src == kOuter4a || t.src == kOuter6a) << t.src.text();
    }
}

INSTANTIATE_TEST_SUITE_P(Wrapping, Wrapped,
                         testing::Combine(testing::Range(std::size_t{0}, wrappings().size()), testing::Bool()),
                         [](const auto& i) {
                             return std::string(wrappings()[std::get<0>(i.param)].name) + (std::get<1>(i.param) ? "_v6" : "_v4");
                         });

// ---- limits and doubts -----------------------------------------------------------------------------------------

probe::DropReason decode_one(const Octets& o, probe::PacketView& v, std::uint16_t link = probe::kLinkRaw) {
    v = {};
    return probe::decode(raw(kCallStart, o, link), v);
}

TEST(Wrapping, nestingIsBounded) {
    const Octets inner = ip4_packet(ip("10.0.0.1"), ip("10.0.0.2"), 17, udp(1000, 2000, octets_of("hello")));
    using Step = std::function<Octets(const Octets&)>;
    for (const Step& step : std::vector<Step>{over_gre, over_gtp, over_vxlan, [](const Octets& o) { return over_ip4(4, o); }}) {
        Octets o = inner;
        probe::PacketView v;
        bool limited = false;
        for (int depth = 1; depth <= 64; ++depth) {
            o = step(o);
            if (o.size() > 60000) break;
            const probe::DropReason r = decode_one(o, v);
            EXPECT_TRUE(limited || r != probe::DropReason::none || v.tunnel.depth == depth);
            if (r == probe::DropReason::depth_limit) limited = true;
            EXPECT_EQ(r == probe::DropReason::depth_limit, limited) << depth;
        }
        EXPECT_TRUE(limited);
    }
    for (const std::uint16_t type : std::initializer_list<std::uint16_t>{0x8100, 0x88a8, 0x8847}) {
        Octets tags;
        for (int i = 0; i < 64; ++i) tags = tags + (type == 0x8847 ? hex({0, 1, 0, 64}) : hex({0, 1}) + typed(type, {}));
        probe::PacketView v;
        EXPECT_EQ(decode_one(ethernet(type, tags), v, probe::kLinkEthernet), probe::DropReason::depth_limit) << type;
    }
    Octets chain;
    for (int i = 0; i < 100; ++i) chain = chain + hex({60, 0, 1, 4, 0, 0, 0, 0});
    probe::PacketView v;
    EXPECT_EQ(decode_one(ip6_packet(ip("::1"), ip("::2"), 60, chain), v), probe::DropReason::depth_limit);
}

TEST(Wrapping, whatDoesNotDecodeStaysAFlowOfItsOwn) {
    probe::PacketView v;
    for (const std::uint16_t port : std::initializer_list<std::uint16_t>{1701, 2152, 4789, 6081, 8472, 37008})
        for (const Octets& payload : {Octets{}, Octets(3), Octets(40, 0), Octets(40, 0xff), octets_of("INVITE sip:a SIP/2.0\r\n\r\n"),
                                      hex({0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 5, 5, 5, 5})}) {
            EXPECT_EQ(decode_one(over_udp(port, payload), v), probe::DropReason::none);
            EXPECT_EQ(v.dst_port, port);
            EXPECT_EQ(v.tunnel.type, TunnelType::none);
            EXPECT_EQ(v.payload_length, payload.size());
        }
    for (const std::uint8_t protocol : std::initializer_list<std::uint8_t>{4, 41, 47, 97, 115, 137}) {
        EXPECT_EQ(decode_one(over_ip4(protocol, Octets(30, 0x11)), v), probe::DropReason::none);
        EXPECT_EQ(v.protocol, protocol);
        EXPECT_EQ(v.tunnel.type, TunnelType::none);
    }
}

TEST(Wrapping, aMirrorThatCutsIsFlaggedNotFatal) {
    const Octets packet = ip4_packet(ip("10.0.0.1"), ip("10.0.0.2"), 17, udp(1000, 2000, Octets(500, 1)));
    Octets cut(packet.begin(), packet.begin() + 128);
    probe::PacketView v;
    EXPECT_EQ(decode_one(over_ip4(47, gre(0x1000, 0x88be, hex({0, 0, 0, 1, 0x10, 0, 0, 9, 0, 0, 0, 0}), ethernet(0x0800, cut))), v),
              probe::DropReason::none);
    EXPECT_EQ(v.src_port, 1000);
    EXPECT_TRUE(v.truncated);
    EXPECT_EQ(v.payload.size(), 100U);
    EXPECT_EQ(v.payload_length, 500U);
    EXPECT_EQ(v.ip_length, 528U);
}

// Every octet of every wrapping cut off or changed: no crash, and what the view shows lies in the packet.
TEST(Wrapping, everyCutAndEveryChangedOctetIsHarmless) {
    const Octets packet = call_packets({})[0].octets;
    for (const Wrapping& w : wrappings()) {
        const Octets whole = w.wrap(packet);
        const std::size_t headers = whole.size() - packet.size() + 60;
        for (std::size_t at = 0; at < std::min(headers, whole.size()); ++at)
            for (int change = 0; change < 4; ++change) {
                Octets o = whole;
                if (change == 0) o.resize(at);
                else o[at] = static_cast<std::uint8_t>(change == 1 ? o[at] + 1 : change == 2 ? 0xff : 0);
                probe::PacketView v;
                if (decode_one(o, v, w.link) != probe::DropReason::none || v.payload.empty()) continue;
                ASSERT_GE(v.payload.data(), o.data());
                ASSERT_LE(v.payload.data() + v.payload.size(), o.data() + o.size());
                ASSERT_LE(v.payload.size(), v.payload_length);
            }
    }
}

// ---- --flow-key --------------------------------------------------------------------------------------------------

struct KeyRun {
    std::uint64_t flows, streams, duplicates;
};
KeyRun run_twice(probe::FlowKey key, const std::function<Octets(const Octets&, int)>& wrap) {
    CollectingSink sink;
    probe::PipelineConfig config;
    config.flow_key = key;
    probe::Pipeline pipeline(config, sink);
    for (const TimedPacket& p : call_packets({}))
        for (int copy = 0; copy < 2; ++copy) {
            const Octets o = wrap(p.octets, copy);
            pipeline.process(raw(p.time + copy * 100'000, o));
        }
    pipeline.finish();
    expect_conserved(pipeline.counters());
    EXPECT_EQ(sink.calls.size(), 1U);
    EXPECT_EQ(pipeline.zones().size(), 0U);
    EXPECT_EQ(pipeline.tunnels().size(), 0U);
    return {sink.flows, sink.streams.size(), pipeline.counters().duplicates};
}

TEST(Wrapping, theFlowKeyMayNameVlanAndTunnel) {
    const auto in_vlan = [](const Octets& o, int n) {
        return ethernet(0x8100, vlan(static_cast<std::uint16_t>(10 + n), 0x0800, o));
    };
    const auto in_vxlan = [](const Octets& o, int n) {
        return ethernet(over_udp(4789, vxlan(static_cast<std::uint32_t>(500 + n), ethernet(o))));
    };
    const std::uint64_t packets = call_packets({}).size();
    using enum probe::FlowKey;
    for (const auto& [key, separate_vlans, separate_tunnels] :
         {std::tuple{addresses, false, false}, {vlan, true, false}, {tunnel, false, true}, {vlan_and_tunnel, true, true}}) {
        const KeyRun v = run_twice(key, in_vlan), t = run_twice(key, in_vxlan);
        EXPECT_EQ(v.duplicates, separate_vlans ? 0 : packets);
        EXPECT_EQ(v.streams, separate_vlans ? 4U : 2U);
        EXPECT_EQ(v.flows, separate_vlans ? 4U : 2U);
        EXPECT_EQ(t.duplicates, separate_tunnels ? 0 : packets);
        EXPECT_EQ(t.streams, separate_tunnels ? 4U : 2U);
    }
}

// The two directions of a GTP-U session have different TEIDs, and are one flow all the same.
TEST(Wrapping, directionsOfOneTunnelAreOneFlow) {
    CollectingSink sink;
    probe::PipelineConfig config;
    config.flow_key = probe::FlowKey::tunnel;
    probe::Pipeline pipeline(config, sink);
    for (const TimedPacket& p : call_packets({})) {
        const bool forward = p.octets[15] == 10;  // from 192.0.2.10
        const Octets g = udp(2152, 2152, gtp(forward ? 1 : 2, p.octets));
        const Octets o = forward ? ip4_packet(kOuter4a, kOuter4b, 17, g) : ip4_packet(kOuter4b, kOuter4a, 17, g);
        pipeline.process(raw(p.time, o, probe::kLinkRaw));
    }
    pipeline.finish();
    EXPECT_EQ(sink.flows, 2U);
    EXPECT_EQ(sink.streams.size(), 2U);
}

}  // namespace
