#include "quality/series_stats.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace voipprobe::quality {
namespace {

// Selects the quantile and leaves everything below its lower order statistic before `first + returned index`,
// so that ascending quantiles each search only what is left.
struct Selection {
    double value;
    std::size_t index;
};

Selection select_from(std::span<float> values, std::size_t from, double p) noexcept {
    const double rank = static_cast<double>(values.size() - 1) * p;
    const auto low = static_cast<std::size_t>(rank);
    const double part = rank - static_cast<double>(low);
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(low);
    if (low >= from) std::nth_element(values.begin() + static_cast<std::ptrdiff_t>(from), at, values.end());
    double value = static_cast<double>(*at);
    if (part > 0 && low + 1 < values.size()) {
        const double next = static_cast<double>(*std::min_element(at + 1, values.end()));
        value += part * (next - value);
    }
    return {value, low};
}

}  // namespace

double select_quantile(std::span<float> values, double p) noexcept {
    if (values.empty()) return 0;
    return select_from(values, 0, p > 0 ? std::min(p, 1.0) : 0).value;
}

SeriesStats series_stats(std::span<const float> values, std::span<float> scratch) noexcept {
    SeriesStats out;
    if (values.empty() || scratch.size() < values.size()) return out;
    out.n = values.size();
    double sum = 0;
    float low = values[0];
    float high = values[0];
    for (const float value : values) {
        sum += static_cast<double>(value);
        low = std::min(low, value);
        high = std::max(high, value);
    }
    out.mean = sum / static_cast<double>(out.n);
    out.min = static_cast<double>(low);
    out.max = static_cast<double>(high);
    double squares = 0;
    for (const float value : values) {
        const double delta = static_cast<double>(value) - out.mean;
        squares += delta * delta;
    }
    if (out.has_deviation()) out.std_dev = std::sqrt(squares / static_cast<double>(out.n - 1));

    if (scratch.data() != values.data()) std::copy(values.begin(), values.end(), scratch.begin());
    const std::span<float> sorted = scratch.first(values.size());
    const auto q1 = select_from(sorted, 0, 0.25);
    const auto q2 = select_from(sorted, q1.index, 0.5);
    const auto q3 = select_from(sorted, q2.index, 0.75);
    const auto p95 = select_from(sorted, q3.index, 0.95);
    const auto p99 = select_from(sorted, p95.index, 0.99);
    out.median = q2.value;
    out.iqr = q3.value - q1.value;
    out.p95 = p95.value;
    out.p99 = p99.value;
    return out;
}

void RunningStats::merge(const RunningStats& other) noexcept {
    if (other.n_ == 0) return;
    if (n_ == 0) {
        *this = other;
        return;
    }
    const auto a = static_cast<double>(n_);
    const auto b = static_cast<double>(other.n_);
    const double delta = other.mean_ - mean_;
    mean_ += delta * b / (a + b);
    m2_ += other.m2_ + delta * delta * a * b / (a + b);
    n_ += other.n_;
    min_ = std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
}

double RunningStats::std_dev() const noexcept {
    return n_ > 1 ? std::sqrt(std::max(m2_, 0.0) / static_cast<double>(n_ - 1)) : 0;
}

}  // namespace voipprobe::quality
