#include "quality/histogram.hpp"

#include <algorithm>

namespace voipprobe::quality {

std::uint32_t HistogramPagePool::take() noexcept {
    const wire::OptionalLock::Guard guard(lock_);
    std::uint32_t number = free_list_;
    if (number != kNone) {
        free_list_ = page(number).count[0];
    } else if (fresh_ < pages_.size()) {
        number = ++fresh_;
    } else {
        ++refused_;
        return kNone;
    }
    page(number).count.fill(0);
    ++in_use_;
    return number;
}

void HistogramPagePool::give_back(std::uint32_t number) noexcept {
    if (number == kNone) return;
    const wire::OptionalLock::Guard guard(lock_);
    page(number).count[0] = free_list_;
    free_list_ = number;
    --in_use_;
}

void JitterHistogram::release(HistogramPagePool& pool) noexcept {
    for (auto& number : directory_) {
        pool.give_back(number);
        number = HistogramPagePool::kNone;
    }
    count_ = 0;
    unrecorded_ = 0;
}

namespace {

// Walks the buckets upwards once; asked for ascending ranks it answers each order statistic's value.
class Walker {
  public:
    Walker(std::span<const std::uint32_t> directory, const HistogramPagePool& pool) noexcept
        : directory_(directory), pool_(&pool) {
        settle();
    }

    // The value of the order statistic `rank` (0-based), placed inside its bucket as if the bucket's values
    // were spread evenly. Ranks must not fall below the bucket of an earlier call.
    double value_at(std::uint64_t rank) noexcept {
        while (rank >= before_ + here_) {
            before_ += here_;
            ++bucket_;
            settle();
        }
        if (octave_ == 0) return bucket_;  // one nanosecond wide: exact
        const double width = static_cast<double>(std::uint64_t{1} << (octave_ - 1));
        const double inside = (static_cast<double>(rank - before_) + 0.5) / static_cast<double>(here_);
        return (kHistogramSubBuckets + bucket_ + inside) * width;
    }

    // True when the rank lies in a bucket already passed; the caller then uses a fresh walker.
    bool passed(std::uint64_t rank) const noexcept { return rank < before_; }

  private:
    void settle() noexcept {
        for (; octave_ < directory_.size(); ++octave_, bucket_ = 0) {
            if (directory_[octave_] == HistogramPagePool::kNone) continue;
            const auto& counts = pool_->page(directory_[octave_]).count;
            for (; bucket_ < counts.size(); ++bucket_) {
                here_ = counts[bucket_];
                if (here_ != 0) return;
            }
        }
        here_ = ~std::uint64_t{0} - before_;  // past the end: never reached for ranks below count
    }

    std::span<const std::uint32_t> directory_;
    const HistogramPagePool* pool_;
    std::uint32_t octave_ = 0;
    std::uint32_t bucket_ = 0;
    std::uint64_t before_ = 0;  // values in earlier buckets
    std::uint64_t here_ = 0;    // values in this bucket
};

}  // namespace

void JitterHistogram::quantiles(std::span<const double> ascending_p, std::span<double> out,
                                const HistogramPagePool& pool) const noexcept {
    const std::size_t wanted = std::min(ascending_p.size(), out.size());
    if (count_ == 0) {
        std::fill_n(out.begin(), wanted, 0.0);
        return;
    }
    Walker low_walker(directory_, pool);
    Walker high_walker(directory_, pool);
    for (std::size_t i = 0; i < wanted; ++i) {
        const double p = std::clamp(ascending_p[i], 0.0, 1.0);
        const double rank = static_cast<double>(count_ - 1) * p;
        const auto low = std::min(static_cast<std::uint64_t>(rank), count_ - 1);
        const double part = rank - static_cast<double>(low);
        if (low_walker.passed(low)) low_walker = Walker(directory_, pool);
        out[i] = low_walker.value_at(low);
        if (part > 0 && low + 1 < count_) {
            if (high_walker.passed(low + 1)) high_walker = Walker(directory_, pool);
            out[i] += part * (high_walker.value_at(low + 1) - out[i]);
        }
    }
}

double JitterHistogram::quantile(double p, const HistogramPagePool& pool) const noexcept {
    double out = 0;
    quantiles({&p, 1}, {&out, 1}, pool);
    return out;
}

}  // namespace voipprobe::quality
