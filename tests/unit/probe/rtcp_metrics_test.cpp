// XR blocks of the monitoring framework, octet by octet from the figures of their RFCs.
#include <gtest/gtest.h>

#include <array>
#include <initializer_list>
#include <vector>

#include "probe/voip/rtcp/rtcp_parser.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

struct Heard : RtcpHandler {
    void period(std::uint32_t, const RtcpPeriod& v) override { p = v, ++told; }
    void delay_variation(std::uint32_t, const RtcpDelayVariation& v) override { pdv = v, ++told; }
    void delay(std::uint32_t, const RtcpDelay& v) override { d = v, ++told; }
    void burst_summary(std::uint32_t, const RtcpBurstSummary& v) override { summary = v, ++told; }
    void frames(std::uint32_t, const RtcpFrames& v) override { f = v, ++told; }
    void bursts(std::uint32_t, const RtcpBursts& v) override { b = v, ++told; }
    void jitter_buffer(std::uint32_t, const RtcpJitterBuffer& v) override { jb = v, ++told; }
    void discard_count(std::uint32_t, const RtcpDiscardCount& v) override { discard = v, ++told; }
    void discarded_octets(std::uint32_t, const RtcpDiscardedOctets& v) override { octets = v, ++told; }
    void sync_delay(std::uint32_t, const RtcpSyncDelay& v) override { sync = v, ++told; }
    void sync_offset(std::uint32_t, const RtcpSyncOffset& v) override { offset = v, ++told; }
    void score(std::uint32_t, const RtcpMos& v) override { scores.push_back(v), ++told; }
    void concealment(std::uint32_t, const RtcpConcealment& v) override { c = v, ++told; }
    void concealed_seconds(std::uint32_t, const RtcpConcealedSeconds& v) override { cs = v, ++told; }
    void extended_block(std::uint8_t, bool ok) override { ++(ok ? understood : refused); }

    RtcpPeriod p;
    RtcpDelayVariation pdv;
    RtcpDelay d;
    RtcpBurstSummary summary;
    RtcpFrames f;
    RtcpBursts b;
    RtcpJitterBuffer jb;
    RtcpDiscardCount discard;
    RtcpDiscardedOctets octets;
    RtcpSyncDelay sync;
    RtcpSyncOffset offset;
    std::vector<RtcpMos> scores;
    RtcpConcealment c;
    RtcpConcealedSeconds cs;
    int told = 0, understood = 0, refused = 0;
};

// One XR packet of SSRC 7 with one block, given as octets.
Heard read(const std::vector<std::uint8_t>& block) {
    const std::size_t words = block.size() / 4 + 1;
    std::vector<std::uint8_t> packet{0x80, 207, static_cast<std::uint8_t>(words >> 8), static_cast<std::uint8_t>(words), 0, 0, 0, 7};
    packet.insert(packet.end(), block.begin(), block.end());
    Heard h;
    EXPECT_TRUE(parse_rtcp(packet, static_cast<std::uint32_t>(packet.size()), h));
    EXPECT_EQ(h.understood + h.refused, 1);
    return h;
}

// RFC 6776 §4.1
TEST(RtcpMetrics, MeasurementInformation) {
    const Heard h = read({14, 0, 0, 7, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xf0, 0, 1, 0, 5, 0, 2, 0, 7, 0, 5, 0x80, 0, 0, 0, 0, 0x3c, 0x40, 0, 0, 0});
    ASSERT_EQ(h.told, 1);
    EXPECT_EQ(h.p.ssrc, 9U);
    EXPECT_EQ(h.p.first, 0xfff0) << "after 16 reserved bits";
    EXPECT_EQ(h.p.interval_first, 0x10005U);
    EXPECT_EQ(h.p.last, 0x20007U);
    EXPECT_EQ(h.p.interval, 0x58000U) << "5.5 s";
    EXPECT_EQ(h.p.duration, 0x3c40000000ULL) << "60.25 s";
}

// RFC 6798 §3.1: S11:4 milliseconds, percentiles 8:8.
TEST(RtcpMetrics, PacketDelayVariation) {
    Heard h = read({15, 0x84, 0, 4, 0, 0, 0, 9, 0x03, 0x20, 0x5f, 0x4c, 0xfc, 0xe0, 0x62, 0x66, 0x00, 0x14, 0xaa, 0xaa});
    ASSERT_EQ(h.told, 1);
    EXPECT_EQ(h.pdv.ssrc, 9U);
    EXPECT_EQ(h.pdv.span, XrSpan::interval);
    EXPECT_EQ(h.pdv.kind, 1) << "2-point PDV";
    EXPECT_EQ(h.pdv.positive, 50 * 16);
    EXPECT_EQ(h.pdv.positive_percentile, 0x5f4c) << "95.3 %";
    EXPECT_EQ(h.pdv.negative, -50 * 16);
    EXPECT_EQ(h.pdv.negative_percentile, 0x6266);
    EXPECT_EQ(h.pdv.mean, 20) << "1.25 ms";
    h = read({15, 0x7c, 0, 4, 0, 0, 0, 9, 0x80, 0x00, 0xff, 0xff, 0x7f, 0xfe, 0xff, 0xfe, 0x7f, 0xff, 0, 0});
    EXPECT_EQ(h.pdv.span, XrSpan::sampled);
    EXPECT_EQ(h.pdv.kind, 15);
    EXPECT_FALSE(h.pdv.positive) << "out of range, negative";
    EXPECT_FALSE(h.pdv.negative) << "out of range, positive";
    EXPECT_FALSE(h.pdv.mean) << "unavailable";
    EXPECT_FALSE(h.pdv.positive_percentile);
    EXPECT_EQ(h.pdv.negative_percentile, 0xfffe) << "only all ones are reserved";
    h = read({15, 0xc0, 0, 4, 0, 0, 0, 9, 0x80, 0x01, 0, 0, 0x7f, 0xfd, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(h.pdv.positive, -0x7fff);
    EXPECT_EQ(h.pdv.negative, 0x7ffd);
}

// RFC 6843 §3.1
TEST(RtcpMetrics, Delay) {
    Heard h = read({16, 0xc0, 0, 6, 0, 0, 0, 9, 0, 0, 0x20, 0, 0, 0, 0x10, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0x20, 0, 0, 0});
    ASSERT_EQ(h.told, 1);
    EXPECT_EQ(h.d.span, XrSpan::cumulative);
    EXPECT_EQ(h.d.mean_round_trip, 0x2000U) << "125 ms";
    EXPECT_EQ(h.d.least_round_trip, 0x1000U);
    EXPECT_EQ(h.d.most_round_trip, 0x4000U);
    EXPECT_EQ(h.d.end_system, 0x20000000U) << "125 ms";
    h = read({16, 0x40, 0, 6, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
              0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    EXPECT_FALSE(h.d.mean_round_trip || h.d.least_round_trip || h.d.end_system);
    EXPECT_EQ(h.d.most_round_trip, 0xfffffffeU) << "only all ones are reserved";
}

// RFC 7004 §3.1.1, 3.2.1: 0x8000 is 1.
TEST(RtcpMetrics, SummariesOfBursts) {
    Heard h = read({17, 0xc0, 0, 3, 0, 0, 0, 9, 0x40, 0x00, 0x01, 0x47, 0x01, 0x2c, 0x02, 0x00});
    ASSERT_EQ(h.told, 1);
    EXPECT_FALSE(h.summary.of_discards);
    EXPECT_EQ(h.summary.ssrc, 9U);
    EXPECT_EQ(h.summary.span, XrSpan::cumulative);
    EXPECT_EQ(h.summary.burst_rate, 0x4000) << "0.5";
    EXPECT_EQ(h.summary.gap_rate, 0x147);
    EXPECT_EQ(h.summary.mean_ms, 300);
    EXPECT_EQ(h.summary.variance, 512);
    h = read({17, 0x40, 0, 3, 0, 0, 0, 9, 0x80, 0x01, 0x80, 0x00, 0xff, 0xff, 0xff, 0xfe});
    EXPECT_FALSE(h.summary.burst_rate) << "more than all";
    EXPECT_EQ(h.summary.gap_rate, 0x8000);
    EXPECT_FALSE(h.summary.mean_ms);
    EXPECT_EQ(h.summary.variance, 0xfffe);
    h = read({18, 0x80, 0, 2, 0, 0, 0, 9, 0x20, 0x00, 0xff, 0xff});
    ASSERT_EQ(h.told, 1);
    EXPECT_TRUE(h.summary.of_discards);
    EXPECT_EQ(h.summary.span, XrSpan::interval);
    EXPECT_EQ(h.summary.burst_rate, 0x2000);
    EXPECT_FALSE(h.summary.gap_rate) << "unavailable";
    EXPECT_FALSE(h.summary.mean_ms) << "not of this block";
}

// RFC 7004 §4.1.1
TEST(RtcpMetrics, FrameImpairment) {
    const Heard h = read({19, 0x80, 0, 6, 0, 0, 0, 9, 0, 5, 0, 50, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4});
    ASSERT_EQ(h.told, 1);
    EXPECT_TRUE(h.f.derived);
    EXPECT_EQ(h.f.begin, 5);
    EXPECT_EQ(h.f.end, 50);
    EXPECT_EQ(h.f.discarded, 1U);
    EXPECT_EQ(h.f.duplicates, 2U);
    EXPECT_EQ(h.f.lost, 3U);
    EXPECT_EQ(h.f.partly_lost, 4U);
    EXPECT_FALSE(read({19, 0, 0, 6, 0, 0, 0, 9, 0, 5, 0, 50, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4}).f.derived);
}

// RFC 6958 §3.1: 8, 24 | 24, 8+16 | 12, 4+32 bits.
TEST(RtcpMetrics, LossBursts) {
    Heard h = read({20, 0xe0, 0, 5, 0, 0, 0, 9, 16, 0x01, 0x02, 0x03, 0x00, 0x00, 0x2a, 0x00, 0x01, 0x00, 0x00, 0x35, 0x12, 0x34, 0x56, 0x78});
    ASSERT_EQ(h.told, 1);
    EXPECT_FALSE(h.b.of_discards);
    EXPECT_TRUE(h.b.combined);
    EXPECT_EQ(h.b.ssrc, 9U);
    EXPECT_EQ(h.b.span, XrSpan::cumulative);
    EXPECT_EQ(h.b.threshold, 16);
    EXPECT_EQ(h.b.duration_ms, 0x010203U);
    EXPECT_EQ(h.b.bad, 42U);
    EXPECT_EQ(h.b.expected, 256U);
    EXPECT_EQ(h.b.bursts, 3);
    EXPECT_EQ(h.b.squares, 0x512345678ULL);
    h = read({20, 0x80, 0, 5, 0, 0, 0, 9, 16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xef, 0xff, 0xff, 0xff, 0xff});
    EXPECT_FALSE(h.b.combined);
    EXPECT_EQ(h.b.span, XrSpan::interval);
    EXPECT_FALSE(h.b.duration_ms || h.b.bad || h.b.expected || h.b.bursts || h.b.squares);
    h = read({20, 0x80, 0, 5, 0, 0, 0, 9, 16, 0xff, 0xff, 0xfd, 0xff, 0xff, 0xfd, 0xff, 0xff, 0xfd, 0xff, 0xdf, 0xff, 0xff, 0xff, 0xfd});
    EXPECT_EQ(h.b.duration_ms, 0xfffffdU);
    EXPECT_EQ(h.b.bad, 0xfffffdU);
    EXPECT_EQ(h.b.expected, 0xfffffdU);
    EXPECT_EQ(h.b.bursts, 0xffd);
    EXPECT_EQ(h.b.squares, 0xffffffffdULL);
}

// RFC 7003 §3.1 prints type 20, IANA has 21: told from losses by the length.
TEST(RtcpMetrics, DiscardBursts) {
    for (const std::uint8_t type : {std::uint8_t{20}, std::uint8_t{21}}) {
        const Heard h = read({type, 0xc0, 0, 3, 0, 0, 0, 9, 16, 0, 0, 5, 0, 0, 40, 0xaa});
        ASSERT_EQ(h.told, 1) << int{type};
        EXPECT_TRUE(h.b.of_discards);
        EXPECT_EQ(h.b.ssrc, 9U);
        EXPECT_EQ(h.b.span, XrSpan::cumulative);
        EXPECT_EQ(h.b.threshold, 16);
        EXPECT_EQ(h.b.bad, 5U);
        EXPECT_EQ(h.b.expected, 40U);
        EXPECT_FALSE(h.b.duration_ms);
    }
    const Heard none = read({21, 0x80, 0, 3, 0, 0, 0, 9, 16, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0});
    EXPECT_EQ(none.told, 1);
    EXPECT_FALSE(none.b.bad || none.b.expected);
}

// RFC 7005 §4.1, RFC 7002 §3.1
TEST(RtcpMetrics, JitterBufferAndDiscards) {
    Heard h = read({23, 0x60, 0, 3, 0, 0, 0, 9, 0, 40, 0, 120, 0, 80, 0xff, 0xfe});
    EXPECT_TRUE(h.jb.adaptive);
    EXPECT_EQ(h.jb.nominal, 40);
    EXPECT_EQ(h.jb.maximum, 120);
    EXPECT_EQ(h.jb.high_water, 80);
    EXPECT_FALSE(h.jb.low_water) << "out of range";
    h = read({24, 0xd0, 0, 2, 0, 0, 0, 9, 0, 0, 1, 2});
    EXPECT_EQ(h.discard.span, XrSpan::cumulative);
    EXPECT_EQ(h.discard.kind, RtcpDiscardCount::kEarly);
    EXPECT_EQ(h.discard.packets, 258U);
    h = read({24, 0xa0, 0, 2, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xfe});
    EXPECT_EQ(h.discard.span, XrSpan::interval);
    EXPECT_EQ(h.discard.kind, RtcpDiscardCount::kLate);
    EXPECT_FALSE(h.discard.packets);
}

// RFC 7243 §3: no value is reserved.
TEST(RtcpMetrics, DiscardedOctets) {
    Heard h = read({26, 0xa0, 0, 2, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff});
    ASSERT_EQ(h.told, 1);
    EXPECT_EQ(h.octets.ssrc, 9U);
    EXPECT_EQ(h.octets.span, XrSpan::interval);
    EXPECT_TRUE(h.octets.early);
    EXPECT_EQ(h.octets.octets, 0xffffffffU);
    EXPECT_FALSE(read({26, 0xc0, 0, 2, 0, 0, 0, 9, 0, 0, 0, 1}).octets.early);
}

// RFC 7244 §3.1, 4.1
TEST(RtcpMetrics, Synchronization) {
    Heard h = read({27, 0, 0, 2, 0, 0, 0, 9, 0, 1, 0x80, 0});
    EXPECT_EQ(h.sync.ssrc, 9U);
    EXPECT_EQ(h.sync.initial, 0x18000U) << "1.5 s";
    EXPECT_FALSE(read({27, 0, 0, 2, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff}).sync.initial);
    h = read({28, 0x40, 0, 3, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xf0, 0, 0, 0});
    EXPECT_EQ(h.offset.span, XrSpan::sampled);
    EXPECT_EQ(h.offset.offset, -0x10000000) << "lags 62.5 ms";
    h = read({28, 0xc0, 0, 3, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
    EXPECT_EQ(h.told, 1);
    EXPECT_FALSE(h.offset.offset) << "unavailable";
}

// RFC 7266 §3.2.1: S 1, CAID 8, PT 7, MOS 7:9 bits.
TEST(RtcpMetrics, ScoresOfOneChannel) {
    const Heard h = read({29, 0xc0, 0, 3, 0, 0, 0, 9, 0x00, 0x88, 0x08, 0x33, 0x7f, 0xff, 0xff, 0xfe});
    ASSERT_EQ(h.scores.size(), 2U);
    EXPECT_EQ(h.scores[0].ssrc, 9U);
    EXPECT_EQ(h.scores[0].span, XrSpan::cumulative);
    EXPECT_EQ(h.scores[0].algorithm, 1);
    EXPECT_EQ(h.scores[0].payload_type, 8);
    EXPECT_FALSE(h.scores[0].channel);
    EXPECT_FLOAT_EQ(h.scores[0].score.value(), 2099.0F / 512) << "4.1";
    EXPECT_EQ(h.scores[1].algorithm, 255);
    EXPECT_EQ(h.scores[1].payload_type, 127);
    EXPECT_FALSE(h.scores[1].score) << "out of range";
    EXPECT_FALSE(read({29, 0xc0, 0, 2, 0, 0, 0, 9, 0, 0x88, 0xff, 0xff}).scores.at(0).score) << "unavailable";
}

// RFC 7266 §3.2.2: S 1, CAID 8, PT 7, CHID 3, MOS 7:6 bits.
TEST(RtcpMetrics, ScoresOfChannels) {
    const Heard h = read({29, 0x80, 0, 3, 0, 0, 0, 9, 0x81, 0x61, 0x21, 0x06, 0x81, 0x61, 0x5f, 0xff});
    ASSERT_EQ(h.scores.size(), 2U);
    EXPECT_EQ(h.scores[0].span, XrSpan::interval);
    EXPECT_EQ(h.scores[0].algorithm, 2);
    EXPECT_EQ(h.scores[0].payload_type, 97);
    EXPECT_EQ(h.scores[0].channel, 1);
    EXPECT_FLOAT_EQ(h.scores[0].score.value(), 262.0F / 64);
    EXPECT_EQ(h.scores[1].channel, 2);
    EXPECT_FALSE(h.scores[1].score) << "unavailable";
    EXPECT_EQ(read({29, 0x80, 0, 3, 0, 0, 0, 9, 0x81, 0x61, 0x21, 0x06, 0x01, 0x61, 0x21, 0x06}).refused, 1) << "both kinds";
}

// RFC 7294 §3.1, 4.1
TEST(RtcpMetrics, Concealment) {
    Heard h = read({30, 0xf0, 0, 6, 0, 0, 0, 9, 0, 1, 0, 0, 0, 0, 3, 0x20, 0, 0, 0, 0xa0, 0, 5, 0xaa, 0xaa, 0, 0, 1, 0x40});
    ASSERT_EQ(h.told, 1);
    EXPECT_EQ(h.c.ssrc, 9U);
    EXPECT_EQ(h.c.span, XrSpan::cumulative);
    EXPECT_EQ(h.c.method, 3);
    EXPECT_EQ(h.c.on_time, 65536U);
    EXPECT_EQ(h.c.loss, 800U);
    EXPECT_EQ(h.c.adjustment, 160U);
    EXPECT_EQ(h.c.interruptions, 5);
    EXPECT_EQ(h.c.mean_interruption, 320U);
    h = read({30, 0x80, 0, 6, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfd, 0xff, 0xfe, 0, 0,
              0xff, 0xff, 0xff, 0xff});
    EXPECT_FALSE(h.c.on_time || h.c.loss || h.c.interruptions || h.c.mean_interruption);
    EXPECT_EQ(h.c.adjustment, 0xfffffffdU);
    h = read({31, 0x90, 0, 4, 0, 0, 0, 9, 0, 0, 0, 50, 0, 0, 0, 10, 0, 3, 0xaa, 0x0d});
    ASSERT_EQ(h.told, 1);
    EXPECT_EQ(h.cs.span, XrSpan::interval);
    EXPECT_EQ(h.cs.method, 1);
    EXPECT_EQ(h.cs.unimpaired, 50U);
    EXPECT_EQ(h.cs.concealed, 10U);
    EXPECT_EQ(h.cs.severely, 3);
    EXPECT_EQ(h.cs.threshold, 0x0d) << "5 %";
    h = read({31, 0xc0, 0, 4, 0, 0, 0, 9, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0});
    EXPECT_FALSE(h.cs.unimpaired || h.cs.concealed || h.cs.severely);
}

// Block lengths in words and interval flags 0..3 that each RFC allows; whatever else is refused and says nothing.
TEST(RtcpMetrics, OtherLengthsAndFlagsAreRefused) {
    struct Rule {
        std::uint8_t type;
        std::vector<std::size_t> lengths;
        std::vector<int> flags;
    };
    const std::vector<int> any{0, 1, 2, 3}, not_zero{1, 2, 3}, over_time{2, 3};
    const std::array<Rule, 15> rules{{{14, {7}, any}, {15, {4}, not_zero}, {16, {6}, any}, {17, {3}, not_zero}, {18, {2}, not_zero},
                                      {19, {6}, any}, {20, {3, 5}, over_time}, {21, {3}, over_time}, {23, {3}, {1}},
                                      {24, {2}, over_time}, {26, {2}, over_time}, {27, {2}, any}, {28, {3}, not_zero},
                                      {30, {6}, over_time}, {31, {4}, over_time}}};
    const auto has = [](const auto& list, auto v) { return std::find(list.begin(), list.end(), v) != list.end(); };
    for (const Rule& r : rules)
        for (std::size_t words = 0; words < 12; ++words)
            for (int flag = 0; flag < 4; ++flag) {
                std::vector<std::uint8_t> block(4 + 4 * words);
                block[0] = r.type;
                block[1] = static_cast<std::uint8_t>(flag << 6);
                block[3] = static_cast<std::uint8_t>(words);
                const Heard h = read(block);
                const bool fits = has(r.lengths, words) && has(r.flags, flag);
                EXPECT_EQ(h.understood, fits ? 1 : 0) << int{r.type} << " of " << words << " words, flag " << flag;
                EXPECT_EQ(h.told, fits ? 1 : 0);
            }
    for (std::size_t words = 0; words < 12; ++words)  // type 29: as many segments as there are
        for (int flag = 0; flag < 4; ++flag) {
            std::vector<std::uint8_t> block(4 + 4 * words);
            block[0] = 29;
            block[1] = static_cast<std::uint8_t>(flag << 6);
            block[3] = static_cast<std::uint8_t>(words);
            const Heard h = read(block);
            EXPECT_EQ(h.told, words >= 2 && flag >= 2 ? static_cast<int>(words) - 1 : 0);
            EXPECT_EQ(h.understood, words >= 2 && flag >= 2 ? 1 : 0);
        }
}

// A block that the snaplen or a wrong length cuts says nothing.
TEST(RtcpMetrics, NothingIsReadBeyondThePacket) {
    const std::vector<std::uint8_t> block{20, 0xc0, 0, 5, 0, 0, 0, 9, 16, 1, 2, 3, 0, 0, 42, 0, 1, 0, 0, 0x35, 0x12, 0x34, 0x56, 0x78};
    std::vector<std::uint8_t> packet{0x80, 207, 0, 7, 0, 0, 0, 7};
    packet.insert(packet.end(), block.begin(), block.end());
    for (std::size_t cut = 8; cut < packet.size(); ++cut) {
        Heard h;
        EXPECT_TRUE(parse_rtcp(wire::Bytes(packet).first(cut), static_cast<std::uint32_t>(packet.size()), h));
        EXPECT_EQ(h.told + h.understood + h.refused, 0) << cut;
    }
    packet[11] = 6;  // longer than the packet
    Heard h;
    EXPECT_TRUE(parse_rtcp(packet, static_cast<std::uint32_t>(packet.size()), h));
    EXPECT_EQ(h.told + h.understood + h.refused, 0);
}

}  // namespace
