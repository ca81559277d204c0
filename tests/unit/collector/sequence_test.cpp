#include "collector/session/sequence.hpp"

#include <algorithm>
#include <random>

namespace voipprobe::collector {
namespace {

constexpr std::uint32_t kNow = 1700000000;

TEST(Sequence, CountsLoss) {
    SequenceTracker t;
    t.message(100, 5, kNow);
    t.message(105, 5, kNow);
    t.message(120, 5, kNow);
    EXPECT_EQ(t.counters().lost, 10U);
    EXPECT_EQ(t.counters().duplicates, 0U);
}

TEST(Sequence, WrapsAround) {
    SequenceTracker t;
    t.message(0xfffffffd, 5, kNow);
    t.message(2, 5, kNow);
    EXPECT_EQ(t.counters().lost, 0U);
    t.message(10, 1, kNow);
    EXPECT_EQ(t.counters().lost, 3U);
}

TEST(Sequence, ALateMessageGivesItsLossBack) {
    SequenceTracker t;
    t.message(0, 10, kNow);
    t.message(30, 10, kNow);
    EXPECT_EQ(t.counters().lost, 20U);
    t.message(20, 10, kNow);
    t.message(10, 10, kNow);
    EXPECT_EQ(t.counters().lost, 0U);
    EXPECT_EQ(t.counters().late, 20U);
    t.message(40, 10, kNow);
    EXPECT_EQ(t.counters().lost, 0U);
    EXPECT_EQ(t.counters().resets, 0U);
}

TEST(Sequence, DuplicatesDoNotHideLoss) {
    SequenceTracker t;
    t.message(0, 10, kNow);
    t.message(10, 10, kNow);
    t.message(10, 10, kNow);
    t.message(25, 5, kNow);
    EXPECT_EQ(t.counters().lost, 5U);
    EXPECT_EQ(t.counters().duplicates, 10U);
}

TEST(Sequence, ARestartIsNoLoss) {
    SequenceTracker t;
    t.message(50000, 10, kNow);
    t.message(50010, 10, kNow + 1);
    t.message(0, 10, kNow + 9);
    t.message(10, 10, kNow + 9);
    EXPECT_EQ(t.counters().lost, 0U);
    EXPECT_EQ(t.counters().resets, 1U);
    EXPECT_EQ(t.counters().duplicates, 0U);
}

TEST(Sequence, ARestartWithinOneSecondIsFoundOut) {
    SequenceTracker t;
    for (std::uint32_t i = 0; i < 100; ++i) t.message(i * 10, 10, kNow);
    for (std::uint32_t i = 0; i < 10; ++i) t.message(i * 10, 10, kNow);
    EXPECT_EQ(t.counters().resets, 1U);
    EXPECT_EQ(t.counters().duplicates, 0U);
    EXPECT_EQ(t.counters().lost, 0U);
}

TEST(Sequence, HugeJumpsAreRestarts) {
    SequenceTracker t;
    t.message(10, 1, kNow);
    t.message(10 + (1U << 31), 1, kNow);
    t.message(500, 1, kNow);
    EXPECT_EQ(t.counters().resets, 2U);
    EXPECT_EQ(t.counters().lost, 0U);
}

TEST(Sequence, WhatCouldNotBeDecodedSetsNoPace) {
    SequenceTracker t;
    t.message(0, 0, kNow, false);
    t.message(7, 3, kNow);
    t.message(10, 3, kNow);
    EXPECT_EQ(t.counters().lost, 0U);
}

// C09: a scripted trace with loss and reordering within a window of 16 messages is accounted exactly.
TEST(Sequence, ExactUnderLossAndReordering) {
    std::mt19937 random(7);
    std::vector<std::uint32_t> order;
    std::uint64_t lost = 0;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        if (i > 0 && i < 19999 && random() % 50 == 0)
            ++lost;
        else
            order.push_back(i);
    }
    for (std::size_t i = 1; i + 17 < order.size(); i += 16)
        std::shuffle(order.begin() + static_cast<std::ptrdiff_t>(i),
                     order.begin() + static_cast<std::ptrdiff_t>(i + 16), random);
    SequenceTracker t;
    for (const std::uint32_t i : order) t.message(0xffff0000U + i, 1, kNow);
    EXPECT_EQ(t.counters().lost, lost);
    EXPECT_EQ(t.counters().duplicates, 0U);
    EXPECT_EQ(t.counters().resets, 0U);
}

}  // namespace
}  // namespace voipprobe::collector
