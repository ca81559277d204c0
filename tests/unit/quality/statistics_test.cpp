// Histogram and selection against a plain sort.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "quality/histogram.hpp"
#include "quality/series_stats.hpp"

namespace {

using namespace voipprobe::quality;

class Lcg {  // any reproducible spread will do here
  public:
    double next() {
        return static_cast<double>((state_ = state_ * 6364136223846793005U + 1442695040888963407U) >> 11) /
               9007199254740992.0;
    }

  private:
    std::uint64_t state_ = 42;
};

double type7(std::vector<double> v, double p) {
    std::sort(v.begin(), v.end());
    const double h = static_cast<double>(v.size() - 1) * p;
    const auto k = static_cast<std::size_t>(h);
    return k + 1 < v.size() ? v[k] + (h - static_cast<double>(k)) * (v[k + 1] - v[k]) : v[k];
}

// A jitter-like series in nanoseconds: the RFC 3550 estimator over random transit differences.
std::vector<double> jitter_like(std::size_t n, double scale_ns) {
    Lcg random;
    std::vector<double> out;
    double j = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double d = -scale_ns * std::log(1 - random.next());
        j += (d - j) / 16;
        out.push_back(j);
    }
    return out;
}

constexpr double kProbabilities[] = {0, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1};

TEST(SeriesStats, EqualsANaiveSort) {
    for (const std::size_t n : {1U, 2U, 3U, 4U, 5U, 7U, 100U, 4096U}) {
        const auto exact = jitter_like(n, 5);
        const std::vector<float> values(exact.begin(), exact.end());
        const std::vector<double> same(values.begin(), values.end());
        std::vector<float> scratch(n);
        const auto s = series_stats(values, scratch);
        double mean = 0;
        for (const double v : same) mean += v / static_cast<double>(n);
        double squares = 0;
        for (const double v : same) squares += (v - mean) * (v - mean);
        EXPECT_EQ(s.n, n);
        EXPECT_NEAR(s.mean, mean, 1e-9);
        EXPECT_NEAR(s.std_dev, n > 1 ? std::sqrt(squares / static_cast<double>(n - 1)) : 0, 1e-9);
        EXPECT_NEAR(s.median, type7(same, 0.5), 1e-12) << n;
        EXPECT_NEAR(s.iqr, type7(same, 0.75) - type7(same, 0.25), 1e-12) << n;
        EXPECT_NEAR(s.p95, type7(same, 0.95), 1e-12) << n;
        EXPECT_NEAR(s.p99, type7(same, 0.99), 1e-12) << n;
        EXPECT_EQ(s.min, type7(same, 0));
        EXPECT_EQ(s.max, type7(same, 1));
        EXPECT_EQ(s.range(), s.max - s.min);
        EXPECT_EQ(s.has_deviation(), n > 1);
    }
}

TEST(SeriesStats, EmptyAndTooLittleScratch) {
    std::vector<float> none;
    EXPECT_EQ(series_stats(none, none).n, 0U);
    const std::vector<float> two = {1, 2};
    EXPECT_EQ(series_stats(two, none).n, 0U);
    EXPECT_EQ(select_quantile(none, 0.5), 0);
}

TEST(SeriesStats, InPlaceAndQuantile) {
    std::vector<float> values = {4, 1, 3, 2};
    EXPECT_EQ(series_stats(values, values).median, 2.5);
    EXPECT_EQ(select_quantile(values, 0.5), 2.5);
    EXPECT_EQ(select_quantile(values, -1), 1);
    EXPECT_EQ(select_quantile(values, 2), 4);
}

TEST(RunningStats, MergesAsIfOne) {
    const auto values = jitter_like(1000, 3);
    RunningStats whole;
    RunningStats left;
    RunningStats right;
    for (std::size_t i = 0; i < values.size(); ++i) {
        whole.add(values[i]);
        (i < 300 ? left : right).add(values[i]);
    }
    left.merge(right);
    EXPECT_EQ(left.count(), whole.count());
    EXPECT_NEAR(left.mean(), whole.mean(), 1e-12);
    EXPECT_NEAR(left.std_dev(), whole.std_dev(), 1e-12);
    EXPECT_EQ(left.min(), whole.min());
    EXPECT_EQ(left.max(), whole.max());
    EXPECT_EQ(RunningStats().std_dev(), 0);
}

TEST(JitterHistogram, QuantilesWithinTheirBound) {
    for (const double scale_ns : {20.0, 3e3, 50e3, 2e6, 80e6}) {
        std::vector<HistogramPage> memory(64);
        HistogramPagePool pool(memory);
        JitterHistogram histogram;
        std::vector<double> values;
        for (const double v : jitter_like(20000, scale_ns)) {
            values.push_back(std::floor(v));
            EXPECT_TRUE(histogram.add(static_cast<std::uint64_t>(v), pool));
        }
        double got[std::size(kProbabilities)];
        histogram.quantiles(kProbabilities, got, pool);
        for (std::size_t i = 0; i < std::size(kProbabilities); ++i) {
            const double want = type7(values, kProbabilities[i]);
            EXPECT_NEAR(got[i], want, want / 64 + 1) << scale_ns << " p " << kProbabilities[i];
            EXPECT_EQ(got[i], histogram.quantile(kProbabilities[i], pool));
        }
        histogram.release(pool);
        EXPECT_EQ(pool.in_use(), 0U);
    }
}

TEST(JitterHistogram, SmallValuesAreExact) {
    std::vector<HistogramPage> memory(4);
    HistogramPagePool pool(memory);
    JitterHistogram histogram;
    for (std::uint64_t v = 0; v < 64; ++v) histogram.add(v, pool);
    EXPECT_EQ(histogram.quantile(0.5, pool), 31.5);
    EXPECT_EQ(histogram.quantile(0, pool), 0);
    EXPECT_EQ(histogram.quantile(1, pool), 63);
    EXPECT_EQ(pool.in_use(), 1U);
}

TEST(JitterHistogram, EveryBucketEdge) {
    std::vector<HistogramPage> memory(JitterHistogram::kOctaves);
    HistogramPagePool pool(memory);
    for (int bit = 0; bit < 40; ++bit) {
        for (const std::int64_t step : {-1, 0, 1}) {
            const auto value = static_cast<std::uint64_t>((std::int64_t{1} << bit) + step);
            JitterHistogram histogram;
            ASSERT_TRUE(histogram.add(value, pool));
            const auto want = static_cast<double>(std::min(value, JitterHistogram::kMaxValue));
            EXPECT_NEAR(histogram.quantile(0.5, pool), want, want / 64 + 1) << value;
            histogram.release(pool);
        }
    }
}

TEST(JitterHistogram, EmptyPoolIsCountedNotFatal) {
    std::vector<HistogramPage> memory(1);
    HistogramPagePool pool(memory);
    JitterHistogram histogram;
    EXPECT_TRUE(histogram.add(10, pool));
    EXPECT_FALSE(histogram.add(1000, pool));
    EXPECT_EQ(histogram.count(), 1U);
    EXPECT_EQ(histogram.unrecorded(), 1U);
    EXPECT_EQ(pool.refused(), 1U);
    EXPECT_EQ(histogram.quantile(0.9, pool), 10);
    histogram.release(pool);
    EXPECT_TRUE(histogram.add(1000, pool)) << "a page given back can be used again";
    histogram.release(pool);
    EXPECT_EQ(histogram.quantile(0.5, pool), 0);
}

}  // namespace
