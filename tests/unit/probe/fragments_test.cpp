// IP reassembly: every order, overlaps as hosts resolve them, bounds under attack, accounting.
#include <numeric>
#include <random>

#include "probe/decode/fragment_table.hpp"
#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::FragmentTable;

namespace {

const wire::IpAddress kA = ip("10.0.0.1"), kB = ip("10.0.0.2"), k6A = ip("2001:db8::1"), k6B = ip("2001:db8::2");

probe::PacketView view_of(const Octets& packet, wire::TimeNs time = kCallStart) {
    probe::PacketView v;
    EXPECT_EQ(probe::decode(raw(time, packet, probe::kLinkRaw), v), probe::DropReason::none);
    EXPECT_TRUE(v.fragment);
    return v;
}

struct Table {
    explicit Table(probe::FragmentLimits limits = {})
        : table(limits, {1, 2}, [this](probe::Datagram& d) { gone_frames += d.all_frames; }) {}
    // The datagram's octets when `packet` makes it whole.
    std::optional<Octets> add(const Octets& packet, wire::TimeNs time = kCallStart) {
        const auto r = table.add(view_of(packet, time), 0);
        if (r.step != FragmentTable::Step::whole) return std::nullopt;
        const wire::Bytes o = table.octets(r.datagram);
        return Octets(o.begin(), o.end());
    }
    std::uint64_t gone_frames = 0;
    FragmentTable table;
};

Octets pattern(std::size_t n) {
    Octets o(n);
    for (std::size_t i = 0; i < n; ++i) o[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
    return o;
}
Octets part4(const Octets& payload, std::size_t from, std::size_t to, bool more, std::uint16_t id = 9) {
    return ip4_packet(kA, kB, 17, Octets(payload.begin() + static_cast<std::ptrdiff_t>(from), payload.begin() + static_cast<std::ptrdiff_t>(to)),
                      {id, 64, from, more});
}
Octets part6(const Octets& payload, std::size_t from, std::size_t to, bool more, std::uint32_t id = 9) {
    Octets extension = hex({17, 0});
    put16(extension, from | (more ? 1U : 0U));
    put32(extension, id);
    return ip6_packet(k6A, k6B, 44,
                      extension + Octets(payload.begin() + static_cast<std::ptrdiff_t>(from), payload.begin() + static_cast<std::ptrdiff_t>(to)));
}

// ---- every order ----------------------------------------------------------------------------------------------

// An INVITE in 7 fragments in all 5040 orders, one of them twice, gives the identical call.
class InviteInFragments : public testing::TestWithParam<bool> {};

TEST_P(InviteInFragments, everyOrderGivesTheSameCall) {
    const CallEnds ends = GetParam() ? ends_v6() : CallEnds{};
    const std::vector<TimedPacket> packets = call_packets(ends);
    const std::size_t payload = packets[0].octets.size() - (GetParam() ? 40 : 20);
    const std::vector<Octets> parts = fragments(packets[0].octets, (payload / 7 + 8) / 8 * 8, 77);
    ASSERT_EQ(parts.size(), 7U);
    probe::PipelineConfig config;
    config.media.max_streams = 16;
    const auto run = [&](const std::vector<std::size_t>* order, std::size_t twice, bool dedup) {
        CollectingSink sink;
        config.dedup = dedup;
        probe::Pipeline pipeline(config, sink);
        if (order == nullptr) pipeline.process(raw(kCallStart, packets[0].octets, probe::kLinkRaw));
        else
            for (std::size_t i = 0; i < order->size(); ++i) {
                const bool last = i + 1 == order->size();
                const wire::TimeNs t = kCallStart - (last ? 0 : 6 - static_cast<wire::TimeNs>(i)) * wire::kMicrosecond;
                pipeline.process(raw(t, parts[(*order)[i]], probe::kLinkRaw));
                if ((*order)[i] == twice) pipeline.process(raw(kCallStart, parts[twice], probe::kLinkRaw));
            }
        for (std::size_t i = 1; i < 9; ++i) pipeline.process(raw(packets[i].time, packets[i].octets, probe::kLinkRaw));
        pipeline.finish();
        expect_conserved(pipeline.counters());
        EXPECT_EQ(sink.flows, 2U);
        EXPECT_EQ(pipeline.fragments().octets_in_use(), 0U);
        return summary(sink, false);
    };
    const std::string plain = run(nullptr, 0, true);
    std::vector<std::size_t> order(7);
    std::iota(order.begin(), order.end(), 0U);
    std::size_t orders = 0;
    do {
        ASSERT_EQ(run(&order, orders % 7, orders % 2 == 0), plain) << "order " << orders;
        ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    EXPECT_EQ(orders, 5040U);
}
INSTANTIATE_TEST_SUITE_P(Families, InviteInFragments, testing::Bool(), [](const auto& i) { return i.param ? "v6" : "v4"; });

// Random cuts, orders and repetitions, both families, up to the largest datagram.
TEST(Fragments, randomCutsGiveTheOctetsBack) {
    std::mt19937 random(17);
    Table t;
    for (std::uint32_t round = 1; round <= 2000; ++round) {
        const bool v6 = round % 2 == 0;
        const Octets payload = pattern(round % 50 == 0 ? 65'000 : 64 + random() % 6000);
        std::vector<Octets> parts;
        for (std::size_t at = 0; at < payload.size();) {
            const std::size_t n = std::min(payload.size() - at, std::size_t{8} * (1 + random() % 180));
            const bool more = at + n < payload.size();
            parts.push_back(v6 ? part6(payload, at, at + n, more, round) : part4(payload, at, at + n, more, static_cast<std::uint16_t>(round)));
            at += n;
        }
        if (parts.size() == 1) continue;
        std::shuffle(parts.begin(), parts.end(), random);
        std::optional<Octets> whole;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const bool last = i + 1 == parts.size();
            const auto got = t.add(parts[i], kCallStart + round * wire::kMillisecond);
            ASSERT_EQ(got.has_value(), last);
            if (got) whole = got;
            if (!last && random() % 4 == 0) {
                ASSERT_FALSE(t.add(parts[i], kCallStart + round * wire::kMillisecond));
            }
        }
        ASSERT_EQ(*whole, payload) << round;
    }
    EXPECT_EQ(t.table.octets_in_use(), 0U);
    EXPECT_GT(t.table.counters().copies, 0U);
    EXPECT_EQ(t.table.counters().overlaps, 0U);
}

// ---- overlaps and nonsense --------------------------------------------------------------------------------------

TEST(Fragments, ip4KeepsWhatCameFirst) {
    const Octets first = pattern(64), second(64, 0xee);
    Table t;
    EXPECT_FALSE(t.add(part4(first, 16, 40, true)));
    EXPECT_FALSE(t.add(part4(second, 0, 48, true)));  // around it
    const auto whole = t.add(part4(first, 48, 64, false));
    ASSERT_TRUE(whole);
    for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ((*whole)[i], i >= 48 || (i >= 16 && i < 40) ? first[i] : 0xee) << i;
    EXPECT_EQ(t.table.counters().overlaps, 1U);
}

TEST(Fragments, ip6OverlapGivesTheDatagramUp) {
    const Octets payload = pattern(64);
    Table t;
    EXPECT_FALSE(t.add(part6(payload, 0, 24, true)));
    EXPECT_FALSE(t.add(part6(payload, 0, 24, true)));  // an exact copy is none
    EXPECT_FALSE(t.add(part6(payload, 16, 40, true)));
    EXPECT_FALSE(t.add(part6(payload, 24, 64, false)));
    EXPECT_EQ(t.table.counters().overlaps, 1U);
    EXPECT_EQ(t.table.counters().copies, 1U);
    EXPECT_EQ(t.table.octets_in_use(), 0U);
}

TEST(Fragments, teardropAndPingOfDeathAreCounted) {
    const Octets payload = pattern(65'535);
    Table t;
    EXPECT_FALSE(t.add(part4(payload, 0, 40, true, 1)));
    EXPECT_FALSE(t.add(part4(payload, 24, 28, false, 1)));  // ends inside the first: the datagram is given up
    EXPECT_EQ(t.table.counters().malformed, 1U);
    EXPECT_FALSE(t.add(ip4_packet(kA, kB, 17, Octets(400), {2, 64, 65'528, false})));  // beyond 64 KiB
    EXPECT_EQ(t.table.counters().malformed, 2U);
    EXPECT_FALSE(t.add(part4(payload, 0, 41, true, 3)));  // no multiple of 8
    EXPECT_EQ(t.table.counters().malformed, 3U);
    EXPECT_FALSE(t.add(part4(payload, 80, 120, false, 5)));
    EXPECT_FALSE(t.add(part4(payload, 120, 160, false, 5)));  // two ends
    EXPECT_EQ(t.table.counters().malformed, 4U);
}

TEST(Fragments, anAtomicIp6FragmentIsAWholePacket) {
    const Octets datagram = udp(1, 2, Octets(20));
    probe::PacketView v;
    EXPECT_EQ(probe::decode(raw(kCallStart, part6(datagram, 0, datagram.size(), false), probe::kLinkRaw), v), probe::DropReason::none);
    EXPECT_FALSE(v.fragment);
    EXPECT_EQ(v.dst_port, 2);
}

// ---- bounds -------------------------------------------------------------------------------------------------------

TEST(Fragments, timeAndRoomAreBounded) {
    const Octets payload = pattern(4000);
    Table t;
    // A flood of first fragments, each of its own datagram, 60 MB of data.
    std::uint32_t sent = 0;
    for (std::uint32_t id = 1; id <= 20'000; ++id, ++sent) {
        t.add(part6(payload, 0, 3000, true, id), kCallStart + id * wire::kMicrosecond);
        ASSERT_LE(t.table.datagrams(), 4096U);
        ASSERT_LE(t.table.octets_in_use(), std::size_t{4} << 20);
    }
    EXPECT_GT(t.table.counters().evicted, 15'000U);
    EXPECT_EQ(t.gone_frames + t.table.datagrams(), sent);
    // Honest datagrams come through meanwhile.
    EXPECT_FALSE(t.add(part6(payload, 0, 2000, true, 99'999), kCallStart + wire::kSecond));
    EXPECT_TRUE(t.add(part6(payload, 2000, 4000, false, 99'999), kCallStart + wire::kSecond));
    t.table.expire(kCallStart + 32 * wire::kSecond);
    EXPECT_EQ(t.table.datagrams(), 0U);
    EXPECT_EQ(t.table.octets_in_use(), 0U);
    EXPECT_EQ(t.gone_frames, sent + 2);
}

TEST(Fragments, tinyFragmentsCannotFillTheTable) {
    const Octets payload = pattern(65'528);
    Table t;
    for (std::size_t at = 0; at + 16 <= payload.size(); at += 16) t.add(part4(payload, at, at + 8, true));
    EXPECT_EQ(t.table.datagrams(), 1U);
    EXPECT_LE(t.table.octets_in_use(), std::size_t{1024} * 256);
    EXPECT_EQ(t.table.counters().evicted, 1U);
}

TEST(Fragments, theIdentificationMayComeRoundAgain) {
    const Octets one = pattern(100), two(100, 0x55);
    Table t;
    EXPECT_FALSE(t.add(part4(one, 0, 48, true)));
    EXPECT_TRUE(t.add(part4(one, 48, 100, false)));
    EXPECT_FALSE(t.add(part4(one, 0, 48, true), kCallStart + 500 * wire::kMillisecond));  // late copy
    EXPECT_FALSE(t.add(part4(two, 0, 48, true), kCallStart + 3 * wire::kSecond));
    const auto again = t.add(part4(two, 48, 100, false), kCallStart + 3 * wire::kSecond);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, two);
}

// ---- what they count for ---------------------------------------------------------------------------------------------

struct Accounted {
    CollectingSink sink;
    probe::PipelineCounters counters;
};
Accounted account(const std::vector<TimedPacket>& packets) {
    Accounted out;
    probe::Pipeline pipeline({}, out.sink);
    for (const TimedPacket& p : packets) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
    pipeline.finish();
    out.counters = pipeline.counters();
    expect_conserved(out.counters);
    return out;
}

TEST(Fragments, everyFragmentCountsOnceOnTheFlowOfItsDatagram) {
    const Octets packet = ip4_packet(kA, kB, 17, udp(1000, 2000, pattern(500)));
    std::vector<Octets> parts = fragments(packet, 128, 5);
    std::reverse(parts.begin(), parts.end());
    std::vector<TimedPacket> all;
    for (std::size_t i = 0; i < parts.size(); ++i) all.push_back({kCallStart + static_cast<wire::TimeNs>(i), parts[i]});
    const Accounted whole = account(all);
    EXPECT_EQ(whole.sink.flows, 1U);
    EXPECT_EQ(whole.sink.flow_packets, 4U);
    EXPECT_EQ(whole.sink.flow_octets, 508U + 4 * 20);
    EXPECT_EQ(whole.counters.fragments, 4U);
    // Never completed, ports known: the same flow. Ports never seen: a flow without ports.
    EXPECT_EQ(account({all[0], all[3]}).sink.flows, 1U);
    const Accounted lost = account({all[0], all[1]});
    EXPECT_EQ(lost.sink.flows, 1U);
    EXPECT_EQ(lost.sink.flow_packets, 2U);
}

TEST(Fragments, tunnelsInFragmentsAndFragmentsInTunnels) {
    const CallEnds ends;
    CollectingSink plain, both;
    probe::Pipeline a({}, plain), b({}, both);
    std::uint32_t id = 100;
    for (const TimedPacket& p : call_packets(ends)) {
        a.process(raw(p.time, p.octets, probe::kLinkRaw));
        // The packet in fragments, each in GTP-U over UDP that is fragmented again, in GRE.
        std::vector<Octets> frames;
        for (const Octets& inner : fragments(p.octets, 160, ++id))
            for (const Octets& outer : fragments(over_udp(2152, gtp(3, inner)), 96, ++id))
                frames.push_back(over_ip4(47, gre(0, 0x0800, {}, outer)));
        for (std::size_t i = frames.size(); i-- > 0;) b.process(raw(p.time - static_cast<wire::TimeNs>(i) * 1000, frames[i], probe::kLinkRaw));
    }
    a.finish();
    b.finish();
    EXPECT_EQ(summary(both, false), summary(plain, false));
    EXPECT_EQ(both.flows, 2U);
    EXPECT_GT(b.counters().joined, 100U);
    expect_conserved(b.counters());
}

}  // namespace
