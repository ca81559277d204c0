#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "probe/voip/rtp/rtp_stream.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

constexpr PayloadInfo kPcmu{8000, PayloadClass::media, true};

struct Sent {
    double ms;  // arrival
    std::uint16_t seq;
    std::uint32_t ts;
    bool marker = false;
    std::uint8_t pt = 0;
};

class RtpStreamTest : public ::testing::Test {
  protected:
    void send(const Sent& p, PayloadInfo info = kPcmu) {
        RtpHeader h;
        h.marker = p.marker;
        h.payload_type = p.pt;
        h.sequence = p.seq;
        h.timestamp = p.ts;
        h.payload_octets = 160;
        const auto t = static_cast<wire::TimeNs>(p.ms * 1e6) + wire::kSecond;
        if (stream_.packets == 0) stream_.start(h, t);
        if (h.payload_type != stream_.payload_type) stream_.set_payload(h.payload_type, info);
        stream_.on_packet(h, t, pools_);
    }
    MediaPools pools_{8 << 20, 1 << 20};
    RtpStream stream_;
};

TEST_F(RtpStreamTest, AConstantStreamHasNoJitter) {
    for (int i = 0; i < 100; ++i) send({20.0 * i, static_cast<std::uint16_t>(i), 160U * static_cast<unsigned>(i)});
    const JitterSummary j = stream_.jitter_summary(pools_);
    EXPECT_EQ(j.n, 100U);
    EXPECT_NEAR(j.max, 0, 1e-6);
    EXPECT_EQ(stream_.max_gap, 20'000'000);
    EXPECT_EQ(stream_.max_delta, 20'000'000);
    EXPECT_EQ(stream_.ptime_us(), 20'000U);
}

// RFC 3550 A.8 by hand: transit differences 0, 16, -16 ms give J = 0, 1, 1.9375.
TEST_F(RtpStreamTest, JitterFollowsRfc3550) {
    send({0, 1, 0});
    send({36, 2, 160});
    send({40, 3, 320});
    const JitterSummary j = stream_.jitter_summary(pools_);
    EXPECT_NEAR(j.last / 1e6, 1.9375, 1e-9);
    EXPECT_NEAR(j.mean / 1e6, (0 + 1 + 1.9375) / 3, 1e-9);
    EXPECT_NEAR(j.median / 1e6, 1, 1e-6);
    EXPECT_NEAR(j.max / 1e6, 1.9375, 1e-9);
}

TEST_F(RtpStreamTest, DuplicatesAreLeftOutOfJitterButNotOfTheGap) {
    send({0, 1, 0});
    send({50, 1, 0});
    send({60, 2, 160});
    EXPECT_EQ(stream_.jitter_n, 2U);
    EXPECT_NEAR(stream_.jitter / 1e6, 40.0 / 16, 1e-9);
    EXPECT_EQ(stream_.max_gap, 50'000'000);
    EXPECT_EQ(stream_.max_delta, 10'000'000) << "the gap that ends at the copy does not count";
}

TEST_F(RtpStreamTest, TelephoneEventTouchesNeitherJitterNorMaxDelta) {
    const PayloadInfo event{8000, PayloadClass::telephone_event, true};
    send({0, 1, 0});
    send({20, 2, 160});
    for (unsigned i = 0; i < 3; ++i) send({40 + 20.0 * i, static_cast<std::uint16_t>(3 + i), 320, false, 101}, event);
    send({100, 6, 800}, kPcmu);
    EXPECT_NEAR(stream_.jitter_summary(pools_).max, 0, 1e-6);
    EXPECT_EQ(stream_.dtmf_events, 1U);
    EXPECT_EQ(stream_.packets, 6U);
    EXPECT_EQ(stream_.sequence.lost(), 0U);
}

TEST_F(RtpStreamTest, MarkersAndComfortNoiseEndNoDelta) {
    send({0, 1, 0});
    send({20, 2, 160});
    send({500, 3, 4000, true});
    EXPECT_EQ(stream_.max_gap, 480'000'000);
    EXPECT_EQ(stream_.max_delta, 20'000'000);
}

TEST_F(RtpStreamTest, WithoutAClockNoJitterIsClaimed) {
    for (int i = 0; i < 10; ++i)
        send({20.0 * i, static_cast<std::uint16_t>(i), 960U * static_cast<unsigned>(i), false, 120}, {0, PayloadClass::media, false});
    EXPECT_FALSE(stream_.has_jitter());
    EXPECT_EQ(stream_.packets, 10U);
    EXPECT_EQ(stream_.ptime_us(), 0U);
}

TEST_F(RtpStreamTest, LongStreamsKeepTheirQuartilesInTheHistogram) {
    std::mt19937 random(3);
    double late = 0;
    for (unsigned i = 0; i < 20'000; ++i) {
        late = std::uniform_real_distribution<>(0, 5)(random);
        send({20.0 * i + late, static_cast<std::uint16_t>(i), 160 * i});
    }
    EXPECT_TRUE(stream_.folded);
    EXPECT_EQ(pools_.series.in_use(), 0U) << "the pages went back to the pool";
    const JitterSummary j = stream_.jitter_summary(pools_);
    EXPECT_NEAR(j.median, j.mean, 0.1 * j.mean);
    EXPECT_GT(j.p99, j.p95);
    stream_.release(pools_);
    EXPECT_EQ(pools_.histograms.in_use(), 0U);
}

TEST_F(RtpStreamTest, AnEmptyPoolFallsBackToTheHistogram) {
    MediaPools none(0, 1 << 20);
    RtpStream s;
    RtpHeader h;
    for (unsigned i = 0; i < 50; ++i) {
        h.sequence = static_cast<std::uint16_t>(i);
        h.timestamp = 160 * i;
        const auto t = static_cast<wire::TimeNs>(i) * 21'000'000;
        if (i == 0) s.start(h, t);
        if (i == 0) s.set_payload(0, kPcmu);
        s.on_packet(h, t, none);
    }
    EXPECT_TRUE(s.folded);
    EXPECT_GT(none.series.refused(), 0U);
    EXPECT_EQ(s.jitter_summary(none).n, 50U);
    s.release(none);
}

}  // namespace
