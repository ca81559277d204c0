// Exact statistics of a series, and running moments.
//
// Purpose:  the six jitter statistics of the Tor-VoIP study and two tail quantiles, exactly, for streams
// whose
//           whole series is kept; running mean and deviation for those whose series is not.
// Units:    those of the series.
// Definitions: quantiles are type 7 of Hyndman & Fan (1996), linear between order statistics at (n - 1) p;
//           IQR = q(0.75) - q(0.25); standard deviation with n - 1.
// Errors:   an empty series gives n = 0 and all values 0; a deviation needs two values, see has_deviation().
// Threads:  pure; no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace voipprobe::quality {

struct SeriesStats {
    std::uint64_t n = 0;
    double mean = 0;
    double median = 0;
    double min = 0;
    double max = 0;
    double iqr = 0;
    double std_dev = 0;
    double p95 = 0;
    double p99 = 0;

    double range() const noexcept { return max - min; }
    bool has_deviation() const noexcept { return n > 1; }
};

// `scratch` must hold at least values.size() floats and is overwritten; it may be the same memory as `values`
// when the caller no longer needs their order. Selection, not sorting: O(n). NaN in the series is not
// allowed.
SeriesStats series_stats(std::span<const float> values, std::span<float> scratch) noexcept;

// Type 7 quantile by selection; reorders `values`. p is clamped to 0..1; an empty span gives 0.
double select_quantile(std::span<float> values, double p) noexcept;

// Running count, mean, deviation, minimum and maximum (Welford 1962): no series is kept.
class RunningStats {
  public:
    void add(double value) noexcept {
        ++n_;
        const double delta = value - mean_;
        mean_ += delta / static_cast<double>(n_);
        m2_ += delta * (value - mean_);
        min_ = n_ == 1 || value < min_ ? value : min_;
        max_ = n_ == 1 || value > max_ ? value : max_;
    }
    // As if the other's values had been added here (Chan et al. 1979).
    void merge(const RunningStats& other) noexcept;

    std::uint64_t count() const noexcept { return n_; }
    double mean() const noexcept { return mean_; }
    double min() const noexcept { return min_; }
    double max() const noexcept { return max_; }
    double std_dev() const noexcept;  // n - 1; 0 below two values

  private:
    std::uint64_t n_ = 0;
    double mean_ = 0;
    double m2_ = 0;
    double min_ = 0;
    double max_ = 0;
};

}  // namespace voipprobe::quality
