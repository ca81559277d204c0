// Log-linear histogram of a jitter series: medians and quartiles of streams too long to keep.
//
// Purpose:  quantiles with a stated bound in constant memory. 64 sub-buckets per octave: the value returned
// is
//           off by at most 1/64 = 1.56 % of itself (measured far less, thanks to interpolation), from the
//           first microseconds on, because the unit is one nanosecond and values below 64 ns are exact.
// Units:    integer nanoseconds in, nanoseconds (double) out. Values above 2^36 ns (68 s) count as 2^36 - 1.
// Memory:   a directory of 4-octet page numbers per histogram and 256-octet pages, one per octave touched,
// from
//           a pool the caller owns and bounds. A typical call touches 8 pages.
// Errors:   when the pool is empty, add() returns false and the value is counted in unrecorded(): quantiles
// then
//           describe the values that were recorded. Never an exception, never an allocation.
// Threads:  a histogram belongs to one thread; so does a pool until share() was called.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

#include "wire/optional_lock.hpp"

namespace voipprobe::quality {

inline constexpr std::uint32_t kHistogramSubBuckets = 64;

// One octave. Free pages use count[0] as a link.
struct HistogramPage {
    std::array<std::uint32_t, kHistogramSubBuckets> count;
};
static_assert(sizeof(HistogramPage) == 256);

// Hands out pages of memory that the caller provides and keeps alive.
class HistogramPagePool {
  public:
    static constexpr std::uint32_t kNone = 0;  // page numbers start at 1

    explicit HistogramPagePool(std::span<HistogramPage> pages) noexcept : pages_(pages) {}
    HistogramPagePool(const HistogramPagePool&) = delete;
    HistogramPagePool& operator=(const HistogramPagePool&) = delete;

    // A zeroed page's number, or kNone when none is left. O(1): a page is touched only when it is first used.
    std::uint32_t take() noexcept;
    void give_back(std::uint32_t number) noexcept;

    void share() noexcept { lock_.enable(); }  // between threads, from now on

    HistogramPage& page(std::uint32_t number) noexcept { return pages_[number - 1]; }
    const HistogramPage& page(std::uint32_t number) const noexcept { return pages_[number - 1]; }

    std::size_t capacity() const noexcept { return pages_.size(); }
    std::size_t in_use() const noexcept {
        const wire::OptionalLock::Guard guard(lock_);
        return in_use_;
    }
    std::uint64_t refused() const noexcept {
        const wire::OptionalLock::Guard guard(lock_);
        return refused_;
    }

  private:
    wire::OptionalLock lock_;
    std::span<HistogramPage> pages_;
    std::uint32_t fresh_ = 0;  // pages never handed out yet start here
    std::uint32_t free_list_ = kNone;
    std::size_t in_use_ = 0;
    std::uint64_t refused_ = 0;
};

class JitterHistogram {
  public:
    static constexpr std::uint32_t kOctaves = 31;  // [0,64), [64,128), ... up to 2^36 ns
    static constexpr std::uint64_t kMaxValue = (std::uint64_t{1} << 36) - 1;

    // Copying would share pages; the owner must call release() before the histogram goes.
    JitterHistogram() = default;
    JitterHistogram(const JitterHistogram&) = delete;
    JitterHistogram& operator=(const JitterHistogram&) = delete;

    bool add(std::uint64_t nanoseconds, HistogramPagePool& pool) noexcept {
        const std::uint64_t value = nanoseconds > kMaxValue ? kMaxValue : nanoseconds;
        const auto width = static_cast<std::uint32_t>(std::bit_width(value));
        const std::uint32_t octave = width > 6 ? width - 6 : 0;
        // Octave k > 0 holds [64 2^(k-1), 64 2^k): its buckets are 2^(k-1) wide.
        const std::uint32_t shift = octave > 0 ? octave - 1 : 0;
        const auto bucket = static_cast<std::uint32_t>(value >> shift) & (kHistogramSubBuckets - 1);
        std::uint32_t number = directory_[octave];
        if (number == HistogramPagePool::kNone) [[unlikely]] {
            number = directory_[octave] = pool.take();
            if (number == HistogramPagePool::kNone) {
                ++unrecorded_;
                return false;
            }
        }
        ++pool.page(number).count[bucket];
        ++count_;
        return true;
    }

    // Type 7 quantiles for ascending p in 0..1, written to out[i]; one pass. Zeros when nothing was recorded.
    void quantiles(std::span<const double> ascending_p, std::span<double> out,
                   const HistogramPagePool& pool) const noexcept;
    double quantile(double p, const HistogramPagePool& pool) const noexcept;

    void release(HistogramPagePool& pool) noexcept;

    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t unrecorded() const noexcept { return unrecorded_; }

  private:
    std::array<std::uint32_t, kOctaves> directory_{};
    std::uint32_t unrecorded_ = 0;
    std::uint64_t count_ = 0;
};

}  // namespace voipprobe::quality
