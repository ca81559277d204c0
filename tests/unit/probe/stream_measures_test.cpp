// What RtpStream adds to jitter: late clocks, discards within bursts, intervals.
#include <gtest/gtest.h>

#include <random>

#include "probe/voip/rtp/rtp_stream.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

constexpr PayloadInfo kClock{8000, PayloadClass::media, true};
constexpr PayloadInfo kNoClock{};

class StreamMeasures : public ::testing::Test {
  protected:
    void TearDown() override {
        stream_.release(pools_);
        EXPECT_EQ(pools_.series.in_use(), 0U);
        EXPECT_EQ(pools_.buffers.in_use(), 0U);
    }
    static void send(RtpStream& s, MediaPools& pools, unsigned i, double late_ms, const PayloadInfo& info) {
        RtpHeader h;
        h.payload_type = 96;
        h.sequence = static_cast<std::uint16_t>(i);
        h.timestamp = 160 * i;
        h.payload_octets = 160;
        const auto t = wire::kSecond + static_cast<wire::TimeNs>((20.0 * i + late_ms) * 1e6);
        if (s.packets == 0) s.start(h, t);
        s.set_payload(96, info);
        s.on_packet(h, t, pools);
    }
    MediaPools pools_{8 << 20, 1 << 20};
    RtpStream stream_;
};

TEST_F(StreamMeasures, ALateClockGivesTheSameFigures) {
    RtpStream early;
    std::mt19937 random(4);
    for (unsigned i = 0; i < 400; ++i) {
        const double late = i == 30 ? 150 : std::uniform_real_distribution<>(0, 15)(random);
        send(early, pools_, i, late, kClock);
        send(stream_, pools_, i, late, i < 45 ? kNoClock : kClock);
    }
    const JitterSummary a = early.jitter_summary(pools_), b = stream_.jitter_summary(pools_);
    EXPECT_EQ(a.n, b.n);
    EXPECT_DOUBLE_EQ(a.mean, b.mean);
    EXPECT_DOUBLE_EQ(a.max, b.max);
    EXPECT_DOUBLE_EQ(a.iqr, b.iqr);
    EXPECT_EQ(early.jitter_buffers(pools_)->adaptive(), 1U);
    EXPECT_EQ(stream_.jitter_buffers(pools_)->adaptive(), 1U);
    EXPECT_EQ(early.burst_gap.figures().bad, 1U);
    EXPECT_EQ(stream_.burst_gap.figures().bad, 1U);
    early.release(pools_);
}

// Found by fuzzing: jitter of less than a microsecond must not be rounded above its own maximum.
TEST_F(StreamMeasures, QuantilesStayBelowTheMaximum) {
    for (unsigned i = 0; i < 40; ++i) send(stream_, pools_, i, i % 2 == 0 ? 0 : 0.0009, kClock);
    const JitterSummary j = stream_.jitter_summary(pools_);
    EXPECT_GT(j.max, 500);
    EXPECT_LT(j.max, 1000);
    for (const double q : {j.median, j.iqr, j.p95, j.p99}) EXPECT_LE(q, j.max);
    EXPECT_GT(j.p99, 500);
}

TEST_F(StreamMeasures, TheClockIsLearnedWithinASecondOrTwo) {
    for (unsigned i = 0; i < 70; ++i) send(stream_, pools_, i, i % 4, kNoClock);
    EXPECT_EQ(stream_.learned_rate, 8000U);
    EXPECT_EQ(stream_.learned_type, 96);
    EXPECT_FALSE(stream_.has_jitter()) << "nothing is measured before the tracker has looked it up";
}

TEST_F(StreamMeasures, IntervalsAreDeltas) {
    for (unsigned i = 0; i < 500; ++i)
        if (i != 100) send(stream_, pools_, i, 0, kClock);
    EXPECT_EQ(stream_.interval_end, 11 * wire::kSecond);
    const IntervalFigures first = stream_.interval_figures(pools_);
    EXPECT_EQ(first.packets, 499U);
    EXPECT_EQ(first.expected, 500U);
    EXPECT_EQ(first.lost, 1U);
    stream_.begin_interval(stream_.interval_end, pools_);
    for (unsigned i = 500; i < 600; ++i) send(stream_, pools_, i, i == 550 ? 300 : 0, kClock);
    const IntervalFigures second = stream_.interval_figures(pools_);
    EXPECT_EQ(second.packets, 100U);
    EXPECT_EQ(second.lost, 0U);
    EXPECT_EQ(second.discarded, 1U);
    EXPECT_GT(second.jitter_max, 0);
}

TEST_F(StreamMeasures, ARestartOfTheNumberingIsNoBurst) {
    for (unsigned i = 0; i < 100; ++i) send(stream_, pools_, i, 0, kClock);
    for (unsigned i = 0; i < 100; ++i) send(stream_, pools_, 40000 + i, -20.0 * 39900, kClock);
    EXPECT_EQ(stream_.sequence.resets(), 1U);
    EXPECT_EQ(stream_.sequence.lost(), 0U);
    EXPECT_EQ(stream_.burst_gap.figures().total, 200U);
    EXPECT_EQ(stream_.burst_gap.figures().bad, 0U);
}

// The numbers of the second half were all seen before; by its timestamps it is new.
TEST_F(StreamMeasures, NumbersThatFallBackWhileTheMediaGoesOnAreNoDuplicates) {
    for (unsigned i = 0; i < 400; ++i) send(stream_, pools_, 1000 + i, 0, kClock);
    for (unsigned i = 0; i < 400; ++i) {
        RtpHeader h;
        h.payload_type = 96;
        h.sequence = static_cast<std::uint16_t>(1100 + i);
        h.timestamp = 160 * (1400 + i);
        h.payload_octets = 160;
        stream_.on_packet(h, wire::kSecond + 20 * wire::kMillisecond * (1400 + i), pools_);
    }
    EXPECT_EQ(stream_.sequence.resets(), 1U);
    EXPECT_EQ(stream_.sequence.expected(), 800U);
    EXPECT_EQ(stream_.sequence.lost(), 0U);
    EXPECT_EQ(stream_.sequence.duplicates(), 0U);
}

}  // namespace
