// Distribution of the relative one-way delay: how much longer than the quickest packet of the last 28-30 s (the
// anchor of F60 and F200, which also takes clock skew out) each packet took. Log-linear histogram, each quantile
// within 1.56 %. Kept only when a template asks for it; one per jitter buffer, pages from the histogram pool.
// Unit: ns. Thread rule: one owner. No allocation.
#pragma once

#include <array>
#include <cstdint>
#include <new>

#include "probe/flow/reserved_array.hpp"
#include "quality/histogram.hpp"

namespace voipprobe::probe {

struct DelaySummary {  // ns
    double median = 0, p95 = 0, p99 = 0, max = 0;
    std::uint64_t n = 0;
};

class RelativeDelays {
  public:
    explicit RelativeDelays(std::size_t streams) : delays_(streams + 1) {}

    void want(bool on) { wanted_ = on; }
    bool wanted() const { return wanted_; }
    void add(std::uint32_t i, double ms, quality::HistogramPagePool& pages) {
        Delay& d = delays_[i];
        const double ns = ms > 0 ? ms * 1e6 : 0;
        d.max = ns > d.max ? ns : d.max;
        d.histogram.add(static_cast<std::uint64_t>(ns + 0.5), pages);
    }
    DelaySummary summary(std::uint32_t i, const quality::HistogramPagePool& pages) const {
        DelaySummary s;
        if (i == 0 || !wanted_) return s;
        constexpr std::array<double, 3> p{0.5, 0.95, 0.99};
        std::array<double, 3> q{};
        delays_[i].histogram.quantiles(p, q, pages);
        return {q[0], q[1], q[2], delays_[i].max, delays_[i].histogram.count()};
    }
    void release(std::uint32_t i, quality::HistogramPagePool& pages) {
        if (i == 0 || !wanted_) return;
        delays_[i].histogram.release(pages);
        delays_[i].max = 0;
    }

  private:
    struct Delay {
        quality::JitterHistogram histogram;
        double max = 0;
    };
    ReservedArray<Delay> delays_;
    bool wanted_ = false;
};

}  // namespace voipprobe::probe
