// Three simulated jitter buffers: which packets of a stream would have come too late to be heard.
//   F60, F200     fixed: late when more than 60 or 200 ms above the smallest transit of the last 30 s (kept
//   in
//                 buckets of 2 s: the last 28 to 30 s).
//   ADAPTIVE      40 to 500 ms: late when above the playout point c, which then moves to that packet, at most
//   to
//                 m + 500 ms (m: smallest transit of the last 100 packets). After every 10th packet c falls
//                 by up to 2 ms towards the 95th percentile (type 7) of the last 100, never below m + 40 ms.
//                 A packet more than 500 ms before c overflows the buffer and is discarded too. The scores
//                 are made from this one.
// Units: transit in nanoseconds against any fixed origin; inside milliseconds, float (error < 1 us up to 8
// s). Fed with packets whose clock is known, without telephone-event and duplicates, in arrival order. Thread
// rule: one owner. No allocation. Source: docs/metrics.md, "Discards".
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>

#include "probe/flow/reserved_array.hpp"
#include "probe/voip/rtp/waiting_lane.hpp"
#include "wire/optional_lock.hpp"
#include "wire/prefetch.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

class JitterBuffers {
  public:
    static constexpr std::size_t kHistory = 100;  // packets the adaptive buffer looks back
    static constexpr std::uint8_t kReview = 10;   // packets between two looks
    static constexpr float kFixedMs[2] = {60, 200};
    static constexpr float kLeastMs = 40;
    static constexpr float kMostMs = 500;
    static constexpr float kFallMs = 2;
    static constexpr std::size_t kBuckets = 15;
    static constexpr std::int64_t kBucketNs = 2 * wire::kSecond;

    // One packet; true when the adaptive buffer discards it.
    bool add(wire::TimeNs t, double transit_ns);
    // The same of several, at most 32; bit i: the adaptive buffer discards packet i.
    std::uint32_t add_run(std::span<const WaitingPacket> packets, const double* transit_ns);
    void prefetch() const {
        wire::prefetch(this);
        wire::prefetch(reinterpret_cast<const char*>(this) + 64);
        wire::prefetch(history_.data() + at_);
    }
    // The timestamps started anew: what was learned about the transit no longer holds. The counts stay.
    void restart() { count_ = 0; }

    std::uint64_t f60() const { return late_[0]; }
    std::uint64_t f200() const { return late_[1]; }
    std::uint64_t adaptive() const { return adaptive_; }
    // Of the packet added last: its transit above the smallest of the last 28-30 s.
    double above_minimum_ms() const {
        return count_ == 0 ? 0 : static_cast<double>(history_[(at_ + kHistory - 1U) % kHistory] - floor_);
    }
    double playout_ms() const { return static_cast<double>(playout_); }

  private:
    void begin(wire::TimeNs t, float d);
    void rotate(wire::TimeNs t);
    static constexpr std::size_t kBlocks = kHistory / kReview;
    float least() const;  // of the last kHistory
    float percentile95() const;
    void review();

    // ---- every packet ----
    wire::TimeNs bucket_end_ = 0;
    std::array<std::uint32_t, 2> late_{};
    std::uint32_t adaptive_ = 0;
    float floor_ = 0;       // smallest transit of the window
    float bucket_min_ = 0;  // of the running bucket
    float playout_ = 0;     // c
    std::uint8_t count_ = 0;
    std::uint8_t at_ = 0;
    std::uint8_t in_block_ = 0;  // at_ % kReview
    std::uint8_t bucket_ = 0;
    // Least and most of each kReview packets of the history, the running block as far as it goes: a look back
    // need not read all of it.
    std::array<float, kBlocks> block_least_{}, block_most_{};
    std::array<float, kBuckets> buckets_{};
    std::array<float, kHistory> history_{};
};

inline bool JitterBuffers::add(wire::TimeNs t, double transit_ns) {
    const auto d = static_cast<float>(transit_ns * 1e-6);
    if (count_ == 0) begin(t, d);
    if (t >= bucket_end_) rotate(t);
    bucket_min_ = std::min(bucket_min_, d);
    floor_ = std::min(floor_, d);
    late_[0] += d > floor_ + kFixedMs[0] ? 1U : 0U;
    late_[1] += d > floor_ + kFixedMs[1] ? 1U : 0U;

    history_[at_] = d;
    const std::size_t block = at_ / kReview;
    block_least_[block] = in_block_ == 0 ? d : std::min(block_least_[block], d);
    block_most_[block] = in_block_ == 0 ? d : std::max(block_most_[block], d);
    ++in_block_;
    at_ = at_ + 1U == kHistory ? std::uint8_t{0} : static_cast<std::uint8_t>(at_ + 1);
    if (count_ < kHistory) ++count_;
    bool discarded = false;
    if (d > playout_) [[unlikely]] {
        const float m = least();
        playout_ = std::max(std::min(d, m + kMostMs), m + kLeastMs);
        discarded = true;
    } else if (d < playout_ - kMostMs) [[unlikely]] {
        playout_ = d + kMostMs;
        discarded = true;
    }
    adaptive_ += discarded ? 1U : 0U;
    if (in_block_ == kReview) review();
    return discarded;
}

// With the state in registers, block by block; what is out of the ordinary is left to add().
inline std::uint32_t JitterBuffers::add_run(std::span<const WaitingPacket> packets, const double* transit_ns) {
    std::uint32_t discarded = 0;
    for (std::size_t i = 0; i < packets.size();) {
        const std::size_t block = at_ / kReview;
        const std::size_t room = std::min<std::size_t>(packets.size() - i, static_cast<std::size_t>(kReview - in_block_));
        const bool fresh = in_block_ == 0;
        const float playout = playout_, most_early = playout_ - kMostMs;
        const wire::TimeNs end = count_ == 0 ? wire::kNever : bucket_end_;
        const WaitingPacket* const packet = packets.data() + i;
        float* const history = history_.data() + at_;
        float floor = floor_, bucket_min = bucket_min_;
        float least = fresh ? std::numeric_limits<float>::max() : block_least_[block];
        float most = fresh ? std::numeric_limits<float>::lowest() : block_most_[block];
        std::uint32_t late60 = 0, late200 = 0;
        std::size_t n = 0;
        for (; n < room; ++n) {
            const auto d = static_cast<float>(transit_ns[i + n] * 1e-6);
            if (packet[n].time >= end || d > playout || d < most_early) break;
            bucket_min = std::min(bucket_min, d);
            floor = std::min(floor, d);
            late60 += d > floor + kFixedMs[0] ? 1U : 0U;
            late200 += d > floor + kFixedMs[1] ? 1U : 0U;
            least = std::min(least, d);
            most = std::max(most, d);
            history[n] = d;
        }
        if (n != 0) {
            floor_ = floor;
            bucket_min_ = bucket_min;
            block_least_[block] = least;
            block_most_[block] = most;
            late_[0] += late60;
            late_[1] += late200;
            at_ = at_ + n == kHistory ? std::uint8_t{0} : static_cast<std::uint8_t>(at_ + n);
            count_ = static_cast<std::uint8_t>(std::min(count_ + n, kHistory));
            in_block_ = static_cast<std::uint8_t>(in_block_ + n);
            i += n;
            if (in_block_ == kReview) review();
        }
        if (n < room) {
            discarded |= (add(packets[i].time, transit_ns[i]) ? 1U : 0U) << i;
            ++i;
        }
    }
    return discarded;
}

// Buffers are handed out when a stream's clock is known. Index 0 = none.
class JitterBufferPool {
  public:
    explicit JitterBufferPool(std::size_t streams) : buffers_(streams + 1) {}
    void share() { lock_.enable(); }
    std::uint32_t take() {
        const wire::OptionalLock::Guard guard(lock_);
        std::uint32_t i = free_;
        if (i != 0)
            free_ = buffers_[i].next;
        else if (next_ < buffers_.capacity())
            i = next_++;
        else
            return ++refused_, 0;
        buffers_[i].buffer = JitterBuffers{};
        ++in_use_;
        return i;
    }
    void give_back(std::uint32_t i) {
        if (i == 0) return;
        const wire::OptionalLock::Guard guard(lock_);
        buffers_[i].next = free_;
        free_ = i;
        --in_use_;
    }
    JitterBuffers& operator[](std::uint32_t i) { return buffers_[i].buffer; }
    const JitterBuffers& operator[](std::uint32_t i) const { return buffers_[i].buffer; }
    std::size_t in_use() const {
        const wire::OptionalLock::Guard guard(lock_);
        return in_use_;
    }
    std::uint64_t refused() const {
        const wire::OptionalLock::Guard guard(lock_);
        return refused_;
    }
    static constexpr std::size_t octets_each() { return sizeof(Slot); }

  private:
    struct Slot {
        JitterBuffers buffer;
        std::uint32_t next = 0;
    };
    wire::OptionalLock lock_;
    ReservedArray<Slot> buffers_;
    std::uint32_t free_ = 0;
    std::uint32_t next_ = 1;
    std::size_t in_use_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace voipprobe::probe
