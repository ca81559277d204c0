#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>

#include "probe/export/pacer.hpp"

namespace voipprobe::test {
namespace {

using probe::Pacer;
using namespace std::chrono_literals;

// Messages that are there at once, with a clock of their own: when each leaves, and how many sleeps that took.
struct Sent {
    std::deque<Pacer::Clock::time_point> at;
    int sleeps = 0;
};
Sent send(Pacer pacer, int messages) {
    Sent sent;
    Pacer::Clock::time_point now{1h};
    for (int i = 0; i < messages; ++i) {
        const auto wait = pacer.reserve(now);
        sent.sleeps += wait > 0ns ? 1 : 0;
        now += wait;
        sent.at.push_back(now);
    }
    return sent;
}

TEST(Pacer, KeepsTheRateAndTheBurst) {
    constexpr int kBurst = 32, kMessages = 20'000;
    const Sent sent = send(Pacer(20'000, kBurst, 0ms), kMessages);
    const auto took = sent.at.back() - sent.at.front();
    EXPECT_GE(took, 995ms);
    EXPECT_LE(took, 1001ms);
    std::size_t first = 0, most = 0;  // within 1 ms: what the rate allows and a burst
    for (std::size_t i = 0; i < sent.at.size(); ++i) {
        while (sent.at[i] - sent.at[first] > 1ms) ++first;
        most = std::max(most, i - first + 1);
    }
    EXPECT_LE(most, 20U + kBurst + 1U);
}

TEST(Pacer, ABurstSmallerThanThatIsKept) {
    const Sent sent = send(Pacer(1000, 4, 0ms), 1000);
    for (std::size_t i = 8; i < sent.at.size(); ++i) EXPECT_GT(sent.at[i], sent.at[i - 8]);
}

TEST(Pacer, FixedDelay) {
    EXPECT_EQ(send(Pacer(0, 32, 3ms), 100).sleeps, 100);
    EXPECT_EQ(send(Pacer(0, 32, 3ms, 10), 100).sleeps, 10);
    EXPECT_EQ(send(Pacer(), 100).sleeps, 0);
}

}  // namespace
}  // namespace voipprobe::test
