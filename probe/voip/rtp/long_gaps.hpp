// Arrival gaps long enough to be heard, and outages.
//   gap over 150 ms   an arrival gap of more than 150 ms by the rule of max delta: not one that ends at a marker,
//                     comfort noise, the packet after it, telephone-event, a duplicate or an out-of-order packet
//   outage            an arrival gap of more than 2 s in talk: such a gap, or one over which packets were lost; a
//                     pause that the sender announces (marker, comfort noise) and over which nothing was lost is none
// Units: ns of packet time. Called for long gaps only. Thread rule: one owner.
#pragma once

#include <cstdint>

#include "wire/time.hpp"

namespace voipprobe::probe {

struct LongGaps {
    static constexpr std::int64_t kLongNs = 150 * wire::kMillisecond;
    static constexpr std::int64_t kOutageNs = 2 * wire::kSecond;

    std::uint32_t over_150_ms = 0;
    std::uint32_t outages = 0;
    std::int64_t outage_ns = 0;  // sum of the outages

    // `talk`: the rule of max delta holds; `lost`: sequence numbers are missing over the gap.
    void add(std::int64_t gap, bool talk, bool lost) {
        if (talk) ++over_150_ms;
        if (gap <= kOutageNs || !(talk || lost)) return;
        ++outages;
        outage_ns += gap;
    }
};

}  // namespace voipprobe::probe
