// Histogram and selection against a plain sort.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "quality/histogram.hpp"
#include "quality/series_quantiles.hpp"

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

TEST(SeriesQuantiles, EqualANaiveSort) {
    for (const double scale : {0.001, 5.0, 3e3, 1e6}) {
        for (const std::size_t n : {1U, 2U, 3U, 4U, 5U, 7U, 100U, 4096U}) {
            const auto exact = jitter_like(n, scale);
            for (const bool whole : {false, true}) {
                std::vector<float> values(exact.begin(), exact.end());
                if (whole)
                    for (float& v : values) v = std::round(v);
                const std::vector<double> same(values.begin(), values.end());
                std::vector<float> scratch(n);
                double got[std::size(kProbabilities)];
                series_quantiles(values, scratch, kProbabilities, got);
                for (std::size_t i = 0; i < std::size(kProbabilities); ++i)
                    EXPECT_NEAR(got[i], type7(same, kProbabilities[i]), 1e-12 * (1 + got[i])) << n << " " << kProbabilities[i];
            }
        }
    }
}

TEST(SeriesQuantiles, EqualValuesAndTheLargest) {
    const std::vector<float> values(1000, 16'000'000);
    std::vector<float> scratch(1000);
    double got[std::size(kProbabilities)];
    series_quantiles(values, scratch, kProbabilities, got);
    for (const double q : got) EXPECT_EQ(q, 16e6);
}

TEST(SeriesQuantiles, EmptyAndTooLittleScratch) {
    double got[std::size(kProbabilities)];
    series_quantiles({}, {}, kProbabilities, got);
    EXPECT_EQ(got[3], 0);
    const std::vector<float> two = {1, 2};
    series_quantiles(two, {}, kProbabilities, got);
    EXPECT_EQ(got[3], 0);
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
