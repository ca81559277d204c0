// The running 10-second interval of a stream: the totals at its start, from which its deltas follow.
// Intervals count from the stream's first packet, in packet time; one without packets is skipped, what was lost
// meanwhile belongs to the interval in which the loss is noticed.
#pragma once

#include <cstdint>

#include "wire/time.hpp"

namespace voipprobe::probe {

inline constexpr std::int64_t kIntervalNs = 10 * wire::kSecond;

struct IntervalStart {
    wire::TimeNs time = 0;
    std::uint64_t packets = 0;
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;
    std::uint64_t discarded = 0;
    std::uint64_t jitter_n = 0;
    double jitter_sum = 0;
};

// What happened within one interval.
struct IntervalFigures {
    wire::TimeNs start = 0;
    std::uint64_t packets = 0;
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;
    std::uint64_t discarded = 0;
    std::uint64_t jitter_n = 0;  // 0: jitter is not claimed
    double jitter_mean = 0;      // ns
    double jitter_max = 0;
};

}  // namespace voipprobe::probe
