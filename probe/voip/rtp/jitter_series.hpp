// The values of one stream's jitter, kept exactly up to 4096 packets in pages from a bounded pool, then folded into
// the log-linear histogram of quality/. Pool empty: the histogram takes over at once, which is counted.
// Unit: whole microseconds. Thread rule: a stream's pages have one owner; the pool too, unless it is shared.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

#include "probe/flow/reserved_array.hpp"
#include "wire/optional_lock.hpp"

namespace voipprobe::probe {

// Pages of 256 values, linked by index; 0 = none.
class SeriesPool {
  public:
    static constexpr std::size_t kValues = 255;
    // The kept series has whole microseconds, as the study's has (it is where the resolution of most captures ends, too),
    // so that quartiles are the study's and not off by up to two halves of one. Mean, maximum and deviation are of J itself.
    static constexpr float kUnit = 1000;  // ns
    // Clocks that jump by years give more than series_quantiles() takes: at most the last float below 2^31 us (36 minutes).
    static float kept(double jitter_ns) {
        return std::min(static_cast<float>(std::lrint(std::min(jitter_ns / 1000, 2e9))), 2e9F);
    }
    struct Page {
        std::array<float, kValues> values;
        std::uint32_t next;
    };
    static_assert(sizeof(Page) == 1024);

    explicit SeriesPool(std::size_t octets) : pages_(octets / sizeof(Page) + 1) {}

    void share() { lock_.enable(); }
    std::uint32_t take() {
        const wire::OptionalLock::Guard guard(lock_);
        std::uint32_t i = free_;
        if (i != 0)
            free_ = pages_[i].next;
        else if (next_unused_ < pages_.capacity())
            i = next_unused_++;
        else
            return ++refused_, 0;
        pages_[i].next = 0;
        ++in_use_;
        return i;
    }
    void give_back(std::uint32_t first) {
        if (first == 0) return;
        const wire::OptionalLock::Guard guard(lock_);
        while (first != 0) {
            const std::uint32_t following = pages_[first].next;
            pages_[first].next = free_;
            free_ = first;
            first = following;
            --in_use_;
        }
    }
    Page& operator[](std::uint32_t i) { return pages_[i]; }
    const Page& operator[](std::uint32_t i) const { return pages_[i]; }
    std::size_t in_use() const {
        const wire::OptionalLock::Guard guard(lock_);
        return in_use_;
    }
    std::uint64_t refused() const {
        const wire::OptionalLock::Guard guard(lock_);
        return refused_;
    }

  private:
    wire::OptionalLock lock_;
    ReservedArray<Page> pages_;
    std::uint32_t free_ = 0;
    std::uint32_t next_unused_ = 1;
    std::size_t in_use_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace voipprobe::probe
