// Quantiles of any series: exact ones equal those of a sort, the histogram's are within 1/64 of a neighbouring value.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "quality/histogram.hpp"
#include "quality/series_quantiles.hpp"

using namespace voipprobe::quality;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<float> values;
    for (std::size_t i = 0; i + 4 <= size && values.size() < 4096; i += 4) {
        std::uint32_t n = 0;
        std::memcpy(&n, data + i, 4);
        values.push_back(static_cast<float>(n >> (2 + n % 30)));
    }
    const std::array<double, 7> p{0, 0.05, 0.25, 0.5, 0.75, 0.95, 1};
    std::array<double, 7> got{};
    std::vector<float> scratch(values.size());
    series_quantiles(values, scratch, p, got);
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (sorted.empty()) {
            if (got[i] != 0) std::abort();
            continue;
        }
        const double at = p[i] * static_cast<double>(sorted.size() - 1);
        const auto low = static_cast<std::size_t>(at);
        const std::size_t high = std::min(low + 1, sorted.size() - 1);
        const double want = sorted[low] + (at - static_cast<double>(low)) * (static_cast<double>(sorted[high]) - sorted[low]);
        if (std::fabs(got[i] - want) > 1e-6 * std::max(1.0, want)) std::abort();
    }
    std::vector<HistogramPage> pages(40);
    HistogramPagePool pool(pages);
    JitterHistogram histogram;
    for (const float v : values)
        if (!histogram.add(static_cast<std::uint64_t>(v), pool)) std::abort();
    histogram.quantiles(p, got, pool);
    for (std::size_t i = 0; i < p.size() && !sorted.empty(); ++i) {
        const double at = p[i] * static_cast<double>(sorted.size() - 1);
        const double low = sorted[static_cast<std::size_t>(at)], high = sorted[std::min(static_cast<std::size_t>(at) + 1, sorted.size() - 1)];
        if (got[i] < low * (1 - 1.0 / 64) - 1 || got[i] > high * (1 + 1.0 / 64) + 1) std::abort();
        if (i > 0 && got[i] < got[i - 1]) std::abort();
    }
    histogram.release(pool);
    if (pool.in_use() != 0) std::abort();
    return 0;
}
