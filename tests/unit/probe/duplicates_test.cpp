// Copies by a mirror are recognised whatever a hop changed, and nothing else is.
#include <random>

#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

struct Outcome {
    CollectingSink sink;
    probe::PipelineCounters counters;
};
Outcome run(const std::vector<std::pair<TimedPacket, std::uint16_t>>& packets, bool dedup = true) {
    Outcome out;
    probe::PipelineConfig config;
    config.dedup = dedup;
    probe::Pipeline pipeline(config, out.sink);
    for (const auto& [p, link] : packets) pipeline.process(raw(p.time, p.octets, link));
    pipeline.finish();
    out.counters = pipeline.counters();
    expect_conserved(out.counters);
    return out;
}
Octets other_ttl(Octets packet) {
    if (packet[0] >> 4 == 6) {
        --packet[7];
        return packet;
    }
    --packet[8];
    packet[1] = 0xb8;   // TOS
    packet[10] ^= 0x5a;  // checksum
    return packet;
}

class Mirrored : public testing::TestWithParam<bool> {};

// Plain, after a router in another VLAN, and in GTP-U: one packet.
TEST_P(Mirrored, copiesOnlyShowAsDuplicatesOfTheStream) {
    const CallEnds ends = GetParam() ? ends_v6() : CallEnds{};
    std::vector<std::pair<TimedPacket, std::uint16_t>> once, thrice;
    for (const TimedPacket& p : call_packets(ends)) {
        once.push_back({{p.time, ethernet(p.octets)}, probe::kLinkEthernet});
        thrice.push_back(once.back());
        const Octets routed = other_ttl(p.octets);
        thrice.push_back({{p.time + 100'000, ethernet(0x8100, vlan(9, ethertype_of(p.octets), routed))}, probe::kLinkEthernet});
        thrice.push_back({{p.time + 400'000, ethernet(over_udp(2152, gtp(1, routed)))}, probe::kLinkEthernet});
    }
    const Outcome a = run(once), b = run(thrice);
    EXPECT_EQ(b.counters.duplicates, 2 * once.size());
    EXPECT_EQ(b.counters.duplicate_octets, 2 * a.counters.flow_octets);
    EXPECT_EQ(b.sink.flows, a.sink.flows);
    EXPECT_EQ(b.sink.flow_packets, a.sink.flow_packets);
    EXPECT_EQ(b.sink.flow_octets, a.sink.flow_octets);
    ASSERT_EQ(b.sink.calls.size(), 1U);
    EXPECT_EQ(b.sink.calls[0].messages, a.sink.calls[0].messages);
    EXPECT_EQ(b.sink.calls[0].retransmissions, 0U);
    EXPECT_EQ(b.sink.calls[0].times, a.sink.calls[0].times);
    ASSERT_EQ(b.sink.streams.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        const SeenStream &s = a.sink.streams[i], &m = b.sink.streams[i];
        EXPECT_EQ(m.packets, 3 * s.packets);
        EXPECT_EQ(m.duplicates, 2 * s.packets);
        EXPECT_EQ(m.unique, s.unique);
        EXPECT_EQ(m.lost, s.lost);
        EXPECT_EQ(m.expected, s.expected);
        EXPECT_EQ(m.reordered, 0U);
        EXPECT_EQ(m.jitter.n, s.jitter.n);
        EXPECT_DOUBLE_EQ(m.jitter.mean, s.jitter.mean);
        EXPECT_NEAR(m.max_gap_ms, s.max_gap_ms - 0.4, 1e-9);  // measured from the last copy
    }
    const Outcome off = run(thrice, false);
    EXPECT_EQ(off.counters.duplicates, 0U);
    EXPECT_EQ(off.sink.flow_packets, 3 * a.sink.flow_packets);
    EXPECT_EQ(off.sink.streams[0].duplicates, 2 * a.sink.streams[0].packets);  // by their sequence numbers
}
INSTANTIATE_TEST_SUITE_P(Families, Mirrored, testing::Bool(), [](const auto& i) { return i.param ? "v6" : "v4"; });

TEST(Duplicates, aSipRetransmissionIsOne) {
    std::vector<std::pair<TimedPacket, std::uint16_t>> packets;
    for (const TimedPacket& p : call_packets({})) packets.push_back({p, probe::kLinkRaw});
    packets.insert(packets.begin() + 1, {{kCallStart + 15 * wire::kMillisecond, packets[0].first.octets}, probe::kLinkRaw});
    packets.push_back({{kCallStart + 3'100 * wire::kMillisecond, packets[packets.size() - 1].first.octets}, probe::kLinkRaw});
    const Outcome r = run(packets);
    EXPECT_EQ(r.counters.duplicates, 1U);
    EXPECT_EQ(r.sink.calls[0].retransmissions, 1U);
}

// Equal but for one thing that names a packet: two packets.
TEST(Duplicates, differentPacketsAreNotCopies) {
    const auto packet = [](std::uint16_t id, std::uint16_t port, const Octets& payload) {
        return ip4_packet(ip("10.0.0.1"), ip("10.0.0.2"), 17, udp(port, 2000, payload), {id});
    };
    Octets text = octets_of("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKxxxxxxxxxxxxxxxxxxxx-1\r\n");
    Octets other = text;
    other[text.size() - 3] = '2';  // the same first 64 octets and the same length
    std::vector<Octets> all{packet(0, 1000, text), packet(0, 1000, other), packet(1, 1000, text), packet(0, 1001, text),
                            packet(0, 1000, Octets(text.begin(), text.end() - 1)),
                            ip4_packet(ip("10.0.0.1"), ip("10.0.0.3"), 17, udp(1000, 2000, text)),
                            ip6_packet(ip("::1"), ip("::2"), 17, udp(1000, 2000, text)),
                            ip4_packet(ip("10.0.0.1"), ip("10.0.0.2"), 6, tcp(1000, 2000, 1, 16, {})),
                            ip4_packet(ip("10.0.0.1"), ip("10.0.0.2"), 6, tcp(1000, 2000, 2, 16, {}))};
    std::vector<std::pair<TimedPacket, std::uint16_t>> packets;
    for (const Octets& o : all) packets.push_back({{kCallStart, o}, probe::kLinkRaw});
    EXPECT_EQ(run(packets).counters.duplicates, 0U);
    const std::size_t n = packets.size();
    for (std::size_t i = 0; i < n; ++i) packets.push_back({{kCallStart + 900'000, all[i]}, probe::kLinkRaw});
    EXPECT_EQ(run(packets).counters.duplicates, n);
}

// What nothing numbers may repeat by itself, so only a copy at once is one.
TEST(Duplicates, theWindowIsShortForPacketsWithoutNumbers) {
    const auto at = [](wire::TimeNs t, std::uint16_t id) {
        return std::pair{TimedPacket{kCallStart + t, ip4_packet(ip("10.0.0.1"), ip("10.0.0.2"), 17, udp(1, 2, Octets(30)), {id})},
                         std::uint16_t{probe::kLinkRaw}};
    };
    constexpr auto ms = wire::kMillisecond;
    EXPECT_EQ(run({at(0, 0), at(ms / 2, 0), at(10 * ms, 0)}).counters.duplicates, 1U);
    EXPECT_EQ(run({at(0, 7), at(ms / 2, 7), at(10 * ms, 7), at(40 * ms, 7)}).counters.duplicates, 2U);
}

// A copy that is not cut says what the cut one could not.
TEST(Duplicates, aFullerCopyIsReadForItsSip) {
    std::vector<std::pair<TimedPacket, std::uint16_t>> packets;
    for (const TimedPacket& p : call_packets({})) {
        Octets cut = p.octets;
        if (cut.size() > 300) {
            cut.resize(160);
            // The first 64 octets of a message are not enough to tell that it is the same; IPv4's identification is.
            packets.push_back({{p.time - 50'000, cut}, probe::kLinkRaw});
        }
        packets.push_back({p, probe::kLinkRaw});
    }
    const Outcome r = run(packets);
    ASSERT_EQ(r.sink.calls.size(), 1U);
    EXPECT_EQ(r.sink.calls[0].codecs, "PCMU");
    ASSERT_EQ(r.sink.streams.size(), 2U);
    EXPECT_EQ(r.sink.streams[0].call_id, "wrapped@example.org");
}

// 2 million different packets: no false copy.
TEST(Duplicates, noFalseCopies) {
    probe::DuplicateFilter filter({3, 4});
    std::mt19937_64 random(5);
    probe::PacketView v;
    v.protocol = 17;
    v.src = ip("10.0.0.1");
    v.dst = ip("10.0.0.2");
    Octets rtp(172);
    rtp[0] = 0x80;
    v.payload = rtp;
    v.payload_length = 172;
    std::uint64_t copies = 0;
    for (std::uint32_t i = 0; i < 2'000'000; ++i) {
        v.time = i * 500;
        rtp[2] = static_cast<std::uint8_t>(i >> 8);
        rtp[3] = static_cast<std::uint8_t>(i);
        rtp[9] = static_cast<std::uint8_t>(i >> 16);
        copies += filter.look(v, 0) != probe::DuplicateFilter::Verdict::fresh ? 1 : 0;
        if (i % 100 == 0 && filter.look(v, 0) == probe::DuplicateFilter::Verdict::fresh) ADD_FAILURE() << i;
    }
    EXPECT_EQ(copies, 0U);
    EXPECT_GT(filter.displaced(), 0U);
}

}  // namespace
