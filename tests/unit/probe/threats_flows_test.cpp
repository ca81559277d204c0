// P05, P06, P08 and P14 of docs/reliability.md: tables under keys, floods and clocks made to hurt.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "tests/unit/probe/hostile_link.hpp"
#include "wire/nh_hash.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::DropReason;

namespace {

bool long_run() { return std::getenv("VOIPPROBE_LONG") != nullptr; }

probe::PacketView tuple(std::uint32_t source, std::uint16_t port) {
    probe::PacketView v;
    v.ip_version = 4;
    v.protocol = 17;
    v.src = wire::IpAddress::v4(source);
    v.dst = wire::IpAddress::v4(0xcb007109);
    v.src_port = port;
    v.dst_port = 5060;
    return v;
}

double cost_of(probe::FlowTable& table, const std::vector<probe::PacketView>& tuples) {
    return cpu_ns([&] {
        for (const probe::PacketView& v : tuples) table.find_or_add(table.key_of(v), v);
    }, 3) / static_cast<double>(tuples.size());
}

// An attacker who knows one process' key has made tuples that fall together there; under any other key they are as
// good as random.
TEST(Threats, P05_hashCollisionsNeedTheKey) {
    const wire::SipKey known{1, 2}, secret{3, 4};
    probe::FlowTable oracle(1'000'000, known);
    std::vector<probe::PacketView> attack, random;
    std::mt19937 dice(5);
    while (attack.size() < 20'000) {
        const probe::PacketView v = tuple(static_cast<std::uint32_t>(dice()), static_cast<std::uint16_t>(dice()));
        if (random.size() < 20'000) random.push_back(v);
        if ((oracle.key_of(v).hash & 127) == 0) attack.push_back(v);  // one of 128 groups of a table of this size
    }
    probe::FlowTable attacked(1'000'000, secret), ordinary(1'000'000, secret), known_key(1'000'000, known);
    const double baseline = cost_of(ordinary, random), hurt = cost_of(attacked, attack), worst = cost_of(known_key, attack);
    EXPECT_EQ(attacked.size(), attack.size());
    EXPECT_EQ(known_key.size(), attack.size());
    EXPECT_LE(hurt, baseline * 1.2 + 10) << "ns for each lookup; random tuples: " << baseline;
    EXPECT_GT(worst, hurt) << "the attack is none: with the known key it must hurt";
}

// Ports sprayed: the table keeps to its cap, what is given up is counted, and calls survive.
TEST(Threats, P06_flowFlood) {
    probe::PipelineConfig config;
    config.max_flows = 2000;
    HostileLink link(config);
    const CallEnds ends;
    for (const TimedPacket& p : call_packets(ends))
        if (p.time < kCallStart + 2 * wire::kSecond) link.send(raw(p.time - 102 * wire::kSecond, p.octets, probe::kLinkRaw));
    const int n = long_run() ? 10'000'000 : 200'000;
    for (int i = 0; i < n; ++i)
        link.udp_from("198.51." + std::to_string(i / 1000 % 200) + "." + std::to_string(i % 250), static_cast<std::uint16_t>(i), static_cast<std::uint16_t>(i * 7 + 1024), Octets(20));
    EXPECT_LE(link.pipeline().flows().size(), 2000U);
    EXPECT_GT(link.pipeline().counters().flows_evicted, static_cast<std::uint64_t>(n) * 9 / 10);
    EXPECT_EQ(link.dropped(DropReason::table_full), 0U);
    EXPECT_EQ(link.pipeline().media().counters().streams, 2U);  // opened before the flood, not again after it
    link.pipeline().finish();
    EXPECT_EQ(link.sink.calls.size(), 1U);
    EXPECT_EQ(link.sink.streams.size(), 2U);
    expect_conserved(link.pipeline().counters());
}

Octets rtp(std::uint32_t ssrc, std::uint16_t seq, std::uint32_t timestamp) {
    Octets o = hex({0x80, 0});
    put16(o, seq);
    put32(o, timestamp);
    put32(o, ssrc);
    o.resize(172);
    return o;
}

// A new SSRC in every packet, and RTP to every port: few streams, each packet beyond counted.
TEST(Threats, P08_ssrcAndPortSpraying) {
    HostileLink link;
    for (std::uint32_t i = 0; i < 100'000; ++i) link.udp_from("198.51.100.8", 4000, 4002, rtp(0x1000 + i, static_cast<std::uint16_t>(i), i * 160));
    EXPECT_LE(link.pipeline().media().counters().streams, 16U);
    for (std::uint32_t port = 0; port < 65'536; ++port)
        link.udp_from("198.51.100.8", 4000, static_cast<std::uint16_t>(port), rtp(7, static_cast<std::uint16_t>(port), port * 160));
    link.expect_the_next_call_intact();
    EXPECT_EQ(link.sink.streams.size(), 2U);  // the call's
}

TEST(Threats, P08_anAnnouncedFlowKeepsEightSsrcsAndCountsTheRest) {
    HostileLink link;
    link.sip_from("198.51.100.8", sip_message("INVITE sip:b@example.org SIP/2.0", "1 INVITE", sdp_of(ip("203.0.113.9"), 4002), false));
    for (std::uint32_t i = 0; i < 10'000; ++i) link.udp_from("198.51.100.8", 4000, 4002, rtp(0x1000 + i, static_cast<std::uint16_t>(i), i * 160));
    EXPECT_EQ(link.pipeline().media().counters().streams, 8U);
    EXPECT_EQ(link.pipeline().media().counters().ssrc_overflow, 9992U);
}

// Times go back an hour, forward ten years, are 0, 2038 or all the same.
TEST(Threats, P14_clocksThatJump) {
    const std::vector<wire::TimeNs> jumps{-3600 * wire::kSecond, 10LL * 365 * 86400 * wire::kSecond, -kCallStart, 0, (INT64_C(0x7fffffff) * wire::kSecond) - kCallStart,
                                          (INT64_C(0xffffffff) * wire::kSecond) - kCallStart, -1, 1};
    for (const wire::TimeNs jump : jumps) {
        CollectingSink sink;
        probe::Pipeline pipeline({}, sink);
        std::size_t n = 0;
        const auto packets = call_packets({});
        for (const TimedPacket& p : packets) {
            const wire::TimeNs t = ++n > packets.size() / 2 ? p.time + jump : p.time;
            pipeline.process(raw(std::max<wire::TimeNs>(t, 0), p.octets, probe::kLinkRaw));
        }
        pipeline.finish();
        expect_conserved(pipeline.counters());
        for (const SeenStream& s : sink.streams) {
            EXPECT_GE(s.max_gap_ms, -1) << jump;
            EXPECT_GE(s.jitter.mean, 0) << jump;
            EXPECT_LE(s.lost, 2U) << jump;
        }
        EXPECT_GE(sink.calls.size(), 1U) << jump;
    }
}

}  // namespace
