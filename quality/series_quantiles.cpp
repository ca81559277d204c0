#include "quality/series_quantiles.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace voipprobe::quality {
namespace {

constexpr int kBucketBits = 10;
constexpr std::size_t kBuckets = std::size_t{1} << kBucketBits;

// The series in buckets, ascending; a bucket is put in order as far as a rank in it is asked for.
struct Buckets {
    std::array<std::uint32_t, kBuckets + 1> start{};
    std::span<float> values;

    double order_statistic(std::size_t rank) const {
        const auto after = std::upper_bound(start.begin(), start.end(), static_cast<std::uint32_t>(rank));
        const auto first = values.begin() + static_cast<std::ptrdiff_t>(*(after - 1));
        const auto last = values.begin() + static_cast<std::ptrdiff_t>(*after);
        const auto at = values.begin() + static_cast<std::ptrdiff_t>(rank);
        std::nth_element(first, at, last);
        return static_cast<double>(*at);
    }
};

}  // namespace

void series_quantiles(std::span<const float> values, std::span<float> scratch, std::span<const double> p,
                      std::span<double> out) noexcept {
    std::fill(out.begin(), out.end(), 0);
    if (values.empty() || scratch.size() < values.size()) return;
    const auto whole = [](float v) { return static_cast<std::uint32_t>(static_cast<std::int32_t>(v)); };
    std::uint32_t all = 0;
    for (const float v : values) all |= whole(v);
    const int shift = std::max(0, static_cast<int>(std::bit_width(all)) - kBucketBits);

    Buckets b;
    b.values = scratch.first(values.size());
    for (const float v : values) ++b.start[(whole(v) >> shift) + 1];
    for (std::size_t i = 1; i <= kBuckets; ++i) b.start[i] += b.start[i - 1];
    std::array<std::uint32_t, kBuckets> next;
    std::copy_n(b.start.begin(), kBuckets, next.begin());
    for (const float v : values) b.values[next[whole(v) >> shift]++] = v;

    for (std::size_t i = 0; i < out.size(); ++i) {
        const double rank = static_cast<double>(values.size() - 1) * p[i];
        const auto low = static_cast<std::size_t>(rank);
        const double part = rank - static_cast<double>(low);
        out[i] = b.order_statistic(low);
        if (part > 0 && low + 1 < values.size()) out[i] += part * (b.order_statistic(low + 1) - out[i]);
    }
}

}  // namespace voipprobe::quality
