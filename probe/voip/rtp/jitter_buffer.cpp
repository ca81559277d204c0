#include "probe/voip/rtp/jitter_buffer.hpp"

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
    in_block_ = 0;
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

// Of the running block only its beginning is in block_least_: what it has not yet written over belongs to the
// last kHistory too.
[[gnu::noinline]] float JitterBuffers::least() const {
    if (count_ < kHistory) return *std::min_element(history_.begin(), history_.begin() + count_);
    const float whole = *std::min_element(block_least_.begin(), block_least_.end());
    if (in_block_ == kReview) return whole;
    const auto old = history_.begin() + at_;
    return std::min(whole, *std::min_element(old, old + (kReview - in_block_)));
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

// Called at the end of a block.
[[gnu::noinline]] void JitterBuffers::review() {
    in_block_ = 0;
    const std::size_t blocks = count_ / kReview;
    const float bottom = *std::min_element(block_least_.begin(), block_least_.begin() + blocks) + kLeastMs;
    if (playout_ < bottom) playout_ = bottom;
    const float target = std::max(bottom, playout_ - kFallMs);
    if (target >= playout_) return;
    const float most = *std::max_element(block_most_.begin(), block_most_.begin() + blocks);
    const float p95 = most <= target ? most : percentile95();
    if (p95 < playout_) playout_ = std::max(p95, target);
}

}  // namespace voipprobe::probe
