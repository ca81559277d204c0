#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

#include "probe/voip/rtp/clock_skew.hpp"
#include "probe/voip/rtp/jitter_buffer.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

// The definition, word by word, with sorting.
struct Definition {
    std::vector<double> all;
    double c = 0;
    std::uint64_t late = 0;
    void add(double d) {
        if (all.empty()) c = d + 40;
        all.push_back(d);
        const std::size_t n = std::min<std::size_t>(all.size(), 100);
        std::vector<double> last(all.end() - static_cast<std::ptrdiff_t>(n), all.end());
        std::sort(last.begin(), last.end());
        const double m = last[0];
        if (d > c) {
            ++late;
            c = std::max(std::min(d, m + 500), m + 40);
        } else if (d < c - 500) {
            ++late;
            c = d + 500;
        }
        if (all.size() % 10 != 0) return;
        c = std::max(c, m + 40);
        const double rank = 0.95 * static_cast<double>(n - 1);
        const auto i = static_cast<std::size_t>(rank);
        const double p95 = last[i] + (i + 1 < n ? (rank - std::floor(rank)) * (last[i + 1] - last[i]) : 0);
        if (p95 < c) c = std::max({p95, m + 40, c - 2});
    }
};

TEST(JitterBuffers, TheStreamingAdaptiveBufferIsTheDefinition) {
    std::mt19937 random(11);
    for (int run = 0; run < 30; ++run) {
        JitterBuffers b;
        Definition truth;
        double base = 0, wave = 0;
        for (int i = 0; i < 3000; ++i) {
            wave = 0.97 * wave + std::normal_distribution<>(0, 1.0 + run)(random);
            double d = base + std::abs(wave);
            if (random() % 97 == 0) d += std::exponential_distribution<>(1.0 / 80)(random);
            if (run % 5 == 4 && i == 1500) base += 400;
            if (run % 7 == 6 && i == 1800) base -= 700;
            d = static_cast<double>(static_cast<float>(d));
            b.add(wire::kSecond + i * 20 * wire::kMillisecond, d * 1e6);
            truth.add(d);
            ASSERT_NEAR(b.playout_ms(), truth.c, 0.01) << run << ' ' << i;
        }
        EXPECT_EQ(b.adaptive(), truth.late) << run;
    }
}

TEST(JitterBuffers, FixedBuffersCountFromTheSmallestTransitOf30Seconds) {
    JitterBuffers b;
    wire::TimeNs t = 0;
    const auto send = [&](double ms, int packets) {
        for (int i = 0; i < packets; ++i) b.add(t += 20 * wire::kMillisecond, ms * 1e6);
    };
    send(0, 100);
    send(59, 10);
    EXPECT_EQ(b.f60(), 0U);
    send(61, 10);
    EXPECT_EQ(b.f60(), 10U);
    EXPECT_EQ(b.f200(), 0U);
    send(201, 5);
    EXPECT_EQ(b.f60(), 15U);
    EXPECT_EQ(b.f200(), 5U);
    // The path became 100 ms longer: after 30 s that is the new floor.
    const std::uint64_t before = b.f60();
    send(100, 1500 + 100);
    EXPECT_GE(b.f60() - before, 1300U);
    const std::uint64_t after = b.f60();
    send(100, 500);
    EXPECT_EQ(b.f60(), after);
}

// Packets together give what they give one by one, whatever the transit does.
TEST(JitterBuffers, RunsAreTheSameAsSinglePackets) {
    std::mt19937 dice(5);
    for (int run = 0; run < 60; ++run) {
        JitterBuffers one, together;
        wire::TimeNs t = wire::kSecond;
        double base = 0;
        for (int batch = 0; batch < 200; ++batch) {
            std::array<probe::WaitingPacket, 32> packets{};
            std::array<double, 32> transits{};
            const std::size_t n = 1 + dice() % 32;
            std::uint32_t expected = 0;
            for (std::size_t i = 0; i < n; ++i) {
                if (dice() % 400 == 0) base += static_cast<double>(dice() % 1500) * 1e6 - 750e6;
                t += dice() % 300 == 0 ? 5 * wire::kSecond : 20 * wire::kMillisecond;
                packets[i].time = t;
                transits[i] = base + static_cast<double>(dice() % (run % 3 == 0 ? 1000 : 90'000)) * 1e3;
                expected |= (one.add(t, transits[i]) ? 1U : 0U) << i;
            }
            ASSERT_EQ(together.add_run(std::span(packets).first(n), transits.data()), expected) << run << ' ' << batch;
            ASSERT_EQ(together.f60(), one.f60());
            ASSERT_EQ(together.f200(), one.f200());
            ASSERT_EQ(together.adaptive(), one.adaptive());
            ASSERT_EQ(together.playout_ms(), one.playout_ms());
            ASSERT_EQ(together.above_minimum_ms(), one.above_minimum_ms());
            if (dice() % 50 == 0) one.restart(), together.restart();
        }
    }
}

TEST(JitterBuffers, ARestartForgetsTheTransitButNotTheCounts) {
    JitterBuffers b;
    b.add(0, 0);
    EXPECT_TRUE(b.add(1, 100e6));
    b.restart();
    EXPECT_FALSE(b.add(2, 5000e6));
    EXPECT_EQ(b.adaptive(), 1U);
}

TEST(ClockSkew, AFastSenderIsPositive) {
    ClockSkew skew;
    for (int i = 0; i < 1000; ++i)  // media time runs 50 ppm ahead: the transit shrinks by 50 us per second
        skew.add(wire::TimeNs{i} * 20 * wire::kMillisecond, -50e3 * 0.02 * i + (i % 7) * 1e4);
    ASSERT_TRUE(skew.ppm().has_value());
    EXPECT_NEAR(*skew.ppm(), 50, 0.5);
    skew.restart();
    for (int i = 0; i < 1000; ++i) skew.add(wire::TimeNs{i} * 20 * wire::kMillisecond, 7e9 - 50e3 * 0.02 * i);
    EXPECT_NEAR(*skew.ppm(), 50, 0.5);
    EXPECT_FALSE(ClockSkew().ppm().has_value());
}

}  // namespace
