#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "probe/voip/rtp/rtp_sequence.hpp"

using namespace voipprobe::probe;

namespace {

constexpr auto kFits = [](std::int64_t) { return JumpFit{true, true}; };
constexpr auto kNoFit = [](std::int64_t) { return JumpFit{false, false}; };

RtpSequence after(std::initializer_list<int> numbers) {
    RtpSequence s;
    for (const int n : numbers) s.on_packet(static_cast<std::uint16_t>(n), kFits);
    return s;
}

TEST(RtpSequence, CountsLossOverTheSpan) {
    const RtpSequence s = after({10, 11, 14, 15});
    EXPECT_EQ(s.expected(), 6U);
    EXPECT_EQ(s.lost(), 2U);
}

TEST(RtpSequence, WrapsWithoutLoss) {
    RtpSequence s;
    for (int i = 0; i < 200'000; ++i) s.on_packet(static_cast<std::uint16_t>(65'000 + i), kFits);
    EXPECT_EQ(s.expected(), 200'000U);
    EXPECT_EQ(s.lost(), 0U);
    EXPECT_EQ(s.resets(), 0U);
}

TEST(RtpSequence, ReorderedIsNotLost) {
    const RtpSequence s = after({1, 3, 2, 4});
    EXPECT_EQ(s.lost(), 0U);
    EXPECT_EQ(s.reordered(), 1U);
}

TEST(RtpSequence, NumbersBelowTheFirstExtendTheSpan) {
    const RtpSequence s = after({5, 4, 6});
    EXPECT_EQ(s.expected(), 3U);
    EXPECT_EQ(s.lost(), 0U);
}

TEST(RtpSequence, ADuplicateHidesNoLoss) {
    const RtpSequence s = after({1, 1, 1, 4});
    EXPECT_EQ(s.duplicates(), 2U);
    EXPECT_EQ(s.lost(), 2U);
}

TEST(RtpSequence, AJumpThatFitsNothingIsAReset) {
    RtpSequence s;
    for (const int n : {1, 2, 3}) s.on_packet(static_cast<std::uint16_t>(n), kNoFit);
    EXPECT_EQ(s.on_packet(2500, kNoFit), SequenceStep::stray);
    EXPECT_EQ(s.on_packet(2501, kNoFit), SequenceStep::first);
    s.on_packet(2502, kNoFit);
    EXPECT_EQ(s.resets(), 1U);
    EXPECT_EQ(s.lost(), 0U);
    EXPECT_EQ(s.expected(), 6U);
    EXPECT_EQ(s.unique(), 6U);
    EXPECT_EQ(s.stray(), 0U);
}

// Numbers within the window that were seen already, or never: neither duplicates nor losses when the media went on.
TEST(RtpSequence, AJumpBackOfNewerPacketsIsAReset) {
    constexpr auto newer = [](std::int64_t) { return JumpFit{.timestamp = true, .time = true, .newer = true}; };
    for (const int to : {1100, 500}) {
        RtpSequence s;
        for (int n = 1000; n < 1500; ++n) s.on_packet(static_cast<std::uint16_t>(n), newer);
        EXPECT_EQ(s.on_packet(static_cast<std::uint16_t>(to), newer), SequenceStep::stray);
        EXPECT_EQ(s.on_packet(static_cast<std::uint16_t>(to + 1), newer), SequenceStep::first);
        for (int n = to + 2; n < to + 500; ++n) EXPECT_EQ(s.on_packet(static_cast<std::uint16_t>(n), newer), SequenceStep::in_order);
        EXPECT_EQ(s.resets(), 1U);
        EXPECT_EQ(s.expected(), 1000U);
        EXPECT_EQ(s.unique(), 1000U);
        EXPECT_EQ(s.duplicates() + s.reordered() + s.stray(), 0U);
    }
    RtpSequence late;  // a small step back is a late packet, whatever its timestamp (frames of video are not in order)
    for (const int n : {1, 2, 3, 70, 10, 11}) late.on_packet(static_cast<std::uint16_t>(n), newer);
    EXPECT_EQ(late.resets(), 0U);
    EXPECT_EQ(late.reordered(), 2U);
}

TEST(RtpSequence, OneStrayPacketChangesNothing) {
    RtpSequence s;
    for (const int n : {1, 2, 30'000, 3, 4}) s.on_packet(static_cast<std::uint16_t>(n), kNoFit);
    EXPECT_EQ(s.stray(), 1U);
    EXPECT_EQ(s.expected(), 4U);
    EXPECT_EQ(s.resets(), 0U);
}

TEST(RtpSequence, ALongOutageThatFitsIsLoss) {
    RtpSequence s;
    s.on_packet(1, kFits);
    s.on_packet(5001, kFits);
    EXPECT_EQ(s.lost(), 4999U);
}

// Against a set of numbers: any order within the window, with copies and losses.
TEST(RtpSequence, EqualsANaiveModel) {
    std::mt19937 random(7);
    for (int round = 0; round < 200; ++round) {
        std::vector<std::uint16_t> sent;
        for (int i = 0; i < 500; ++i) {
            const auto n = static_cast<std::uint16_t>(65'300 + i);
            if (random() % 20 != 0 || i == 0) sent.push_back(n);
            if (random() % 30 == 0) sent.push_back(n);
        }
        for (std::size_t i = 1; i < sent.size(); ++i)
            if (random() % 10 == 0) std::swap(sent[i], sent[i - std::min<std::size_t>(i - 1, random() % 5)]);
        RtpSequence s;
        std::set<int> seen;
        std::uint64_t copies = 0;
        for (const std::uint16_t n : sent) {
            s.on_packet(n, kFits);
            if (!seen.insert(n < 32'768 ? n + 65'536 : n).second) ++copies;
        }
        EXPECT_EQ(s.unique(), seen.size());
        EXPECT_EQ(s.duplicates(), copies);
        EXPECT_EQ(s.expected(), static_cast<std::uint64_t>(*seen.rbegin() - *seen.begin() + 1));
    }
}

}  // namespace
