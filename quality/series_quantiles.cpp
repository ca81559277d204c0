#include "quality/series_quantiles.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace voipprobe::quality {
namespace {

constexpr int kMostBits = 10;
constexpr std::size_t kSorted = 64;  // as many are sorted: buckets cost more

// The series in buckets, ascending, about as many as values; a bucket is put in order as far as a rank in it is asked for.
struct Buckets {
    std::array<std::uint32_t, (std::size_t{1} << kMostBits) + 1> starts;  // of those that are used
    std::span<std::uint32_t> start;
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

template <typename Statistic>
void read_ranks(std::size_t size, std::span<const double> p, std::span<double> out, Statistic&& order_statistic) {
    for (std::size_t i = 0; i < out.size(); ++i) {
        const double rank = static_cast<double>(size - 1) * p[i];
        const auto low = static_cast<std::size_t>(rank);
        const double part = rank - static_cast<double>(low);
        out[i] = order_statistic(low);
        if (part > 0 && low + 1 < size) out[i] += part * (order_statistic(low + 1) - out[i]);
    }
}

}  // namespace

void series_quantiles(std::span<const float> values, std::span<float> scratch, std::span<const double> p,
                      std::span<double> out) noexcept {
    std::fill(out.begin(), out.end(), 0);
    if (values.empty() || scratch.size() < values.size()) return;
    if (values.size() <= kSorted) {
        const auto sorted = scratch.first(values.size());
        std::copy(values.begin(), values.end(), sorted.begin());
        std::sort(sorted.begin(), sorted.end());
        return read_ranks(sorted.size(), p, out, [sorted](std::size_t rank) { return static_cast<double>(sorted[rank]); });
    }
    const auto whole = [](float v) { return static_cast<std::uint32_t>(static_cast<std::int32_t>(v)); };
    std::uint32_t all = 0;
    for (const float v : values) all |= whole(v);
    const int bits = std::min({kMostBits, static_cast<int>(std::bit_width(values.size())), static_cast<int>(std::bit_width(all))});
    const int shift = static_cast<int>(std::bit_width(all)) - bits;
    const std::size_t buckets = std::size_t{1} << bits;

    Buckets b;
    b.start = std::span(b.starts).first(buckets + 1);
    b.values = scratch.first(values.size());
    std::fill(b.start.begin(), b.start.end(), 0);
    for (const float v : values) ++b.start[(whole(v) >> shift) + 1];
    std::array<std::uint32_t, std::size_t{1} << kMostBits> next;
    for (std::size_t i = 0; i < buckets; ++i) {
        next[i] = b.start[i];
        b.start[i + 1] += b.start[i];
    }
    for (const float v : values) b.values[next[whole(v) >> shift]++] = v;
    read_ranks(values.size(), p, out, [&b](std::size_t rank) { return b.order_statistic(rank); });
}

}  // namespace voipprobe::quality
