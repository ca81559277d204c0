#include <gtest/gtest.h>

#include <random>

#include "probe/voip/rtp/burst_gap.hpp"

using namespace voipprobe::probe;

namespace {

// '1' received, '0' lost, 'X' received and discarded.
BurstGap run(std::string_view pattern, std::int64_t first = 0x10000) {
    BurstGap b;
    for (std::size_t i = 0; i < pattern.size(); ++i)
        if (pattern[i] != '0') b.received(first + static_cast<std::int64_t>(i), pattern[i] == 'X');
    return b;
}

// RFC 3611 §4.7.2: the pattern and its figures.
TEST(BurstGap, TheExampleOfRfc3611) {
    const BurstGapFigures f = run("11110111111111111111111X111X1011110111111111111111111X111111111").figures();
    EXPECT_EQ(f.total, 63U);
    EXPECT_EQ(f.bad, 6U);
    EXPECT_EQ(f.bursts, 1U);
    EXPECT_DOUBLE_EQ(f.burst_packets, 12);
    EXPECT_DOUBLE_EQ(f.burst_density, 4.0 / 12);
    EXPECT_EQ(static_cast<int>(f.burst_density * 256), 85) << "the RFC prints 84, from a rounded 0.33";
    EXPECT_DOUBLE_EQ(f.gap_density, 2.0 / 51);
    EXPECT_EQ(static_cast<int>(f.gap_density * 256), 10);
    EXPECT_DOUBLE_EQ(f.gap_packets, 51.0 / 2) << "one gap before the burst, one after it";
}

TEST(BurstGap, SixteenGoodPacketsEndABurstFifteenDoNot) {
    const std::string good15(15, '1'), good16(16, '1');
    EXPECT_EQ(run(good16 + "0" + good15 + "0" + good16).figures().bursts, 1U);
    EXPECT_EQ(run(good16 + "0" + good16 + "0" + good16).figures().bursts, 0U);
}

TEST(BurstGap, ALatePacketIsNoLossWithinTheWindow) {
    BurstGap b;
    for (std::int64_t n = 0; n < 200; ++n)
        if (n != 50 && n != 120) b.received(n, false);
    b.received(150, false);
    b.received(120, false);  // still within; 50 is long decided
    EXPECT_EQ(b.figures().bad, 2U);
    BurstGap c;
    for (std::int64_t n = 0; n < 100; ++n)
        if (n != 50) c.received(n, false);
    c.received(50, false);
    EXPECT_EQ(c.figures().bad, 0U);
}

TEST(BurstGap, FirstPacketsOutOfOrder) {
    BurstGap b;
    for (const std::int64_t n : {5, 3, 4, 6, 7}) b.received(n, false);
    EXPECT_EQ(b.figures().total, 5U);
    EXPECT_EQ(b.figures().bad, 0U);
}

TEST(BurstGap, LongOutagesAndRestarts) {
    BurstGap b;
    b.received(0, false);
    b.received(5000, false);
    EXPECT_EQ(b.figures().total, 5001U);
    EXPECT_EQ(b.figures().bad, 4999U);
    EXPECT_EQ(b.figures().bursts, 1U);
    b.restart(100);
    for (std::int64_t n = 100; n < 200; ++n) b.received(n, false);
    EXPECT_EQ(b.figures().total, 5101U);
    EXPECT_EQ(b.figures().bad, 4999U);
}

// Random loss has BurstR 1; a two-state chain 1 / (p01 + p10).
TEST(BurstGap, BurstRatioOfAGilbertChain) {
    std::mt19937 random(7);
    const auto ratio = [&](double to_bad, double to_good) {
        BurstGap b;
        bool bad = false;
        for (std::int64_t n = 0; n < 400'000; ++n) {
            bad = std::uniform_real_distribution<>(0, 1)(random) < (bad ? 1 - to_good : to_bad);
            if (!bad) b.received(n, false);
        }
        return b.figures().burst_ratio;
    };
    EXPECT_NEAR(ratio(0.05, 0.95), 1, 0.02);
    EXPECT_NEAR(ratio(0.01, 0.49), 2, 0.05);
}

}  // namespace
