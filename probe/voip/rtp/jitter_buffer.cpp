#include "probe/voip/rtp/jitter_buffer.hpp"

#include <emmintrin.h>

#include <algorithm>
#include <limits>

namespace voipprobe::probe {

[[gnu::noinline]] void JitterBuffers::begin(wire::TimeNs t, float d) {
    floor_ = bucket_min_ = d;
    buckets_.fill(std::numeric_limits<float>::max());
    bucket_ = 0;
    bucket_end_ = t + kBucketNs;
    playout_ = d + kLeastMs;
    at_ = 0;
    until_review_ = kReview;
}

[[gnu::noinline]] void JitterBuffers::rotate(wire::TimeNs t) {
    std::int64_t steps = (t - bucket_end_) / kBucketNs + 1;
    bucket_end_ += steps * kBucketNs;
    buckets_[bucket_] = bucket_min_;
    for (steps = std::min<std::int64_t>(steps, kBuckets); steps > 0; --steps) {
        bucket_ = static_cast<std::uint8_t>((bucket_ + 1) % kBuckets);
        buckets_[bucket_] = std::numeric_limits<float>::max();
    }
    bucket_min_ = std::numeric_limits<float>::max();
    floor_ = *std::min_element(buckets_.begin(), buckets_.end());
}

[[gnu::noinline]] JitterBuffers::Extent JitterBuffers::extent() const {
    if (count_ < kHistory) {
        const auto [low, high] = std::minmax_element(history_.begin(), history_.begin() + count_);
        return {*low, *high};
    }
    static_assert(kHistory % 4 == 0);
    __m128 low = _mm_loadu_ps(history_.data()), high = low;
    for (std::size_t i = 4; i < kHistory; i += 4) {
        const __m128 v = _mm_loadu_ps(history_.data() + i);
        low = _mm_min_ps(low, v);
        high = _mm_max_ps(high, v);
    }
    std::array<float, 4> l, h;
    _mm_storeu_ps(l.data(), low);
    _mm_storeu_ps(h.data(), high);
    return {std::min(std::min(l[0], l[1]), std::min(l[2], l[3])), std::max(std::max(h[0], h[1]), std::max(h[2], h[3]))};
}

// The six largest are enough for 100 values: rank 94.05 lies between the sixth and the fifth.
float JitterBuffers::percentile95() const {
    std::array<float, 6> top;
    top.fill(std::numeric_limits<float>::lowest());
    for (std::size_t i = 0; i < count_; ++i) {
        const float v = history_[i];
        if (v <= top[5]) continue;
        std::size_t k = 5;
        for (; k > 0 && top[k - 1] < v; --k) top[k] = top[k - 1];
        top[k] = v;
    }
    const float rank = 0.95F * static_cast<float>(count_ - 1);
    const auto below = static_cast<std::size_t>(rank);
    const std::size_t from_top = count_ - 1U - below;
    if (from_top == 0) return top[0];
    return top[from_top] + (rank - static_cast<float>(below)) * (top[from_top - 1] - top[from_top]);
}

[[gnu::noinline]] void JitterBuffers::review() {
    until_review_ = kReview;
    const Extent d = extent();
    const float bottom = d.least + kLeastMs;
    if (playout_ < bottom) playout_ = bottom;
    const float target = std::max(bottom, playout_ - kFallMs);
    if (target >= playout_) return;
    const float p95 = d.most <= target ? d.most : percentile95();
    if (p95 < playout_) playout_ = std::max(p95, target);
}

}  // namespace voipprobe::probe
