#include "collector/session/sequence.hpp"

#include <algorithm>

namespace voipprobe::collector {
namespace {

constexpr std::size_t kMaxGaps = 256;
// A jump further than this is a restart: a million records lost in one go is an outage, not a sequence.
constexpr std::uint32_t kMaxJump = 1U << 20;
// So many consecutive messages from the past are an exporter that restarted within one second.
constexpr std::uint32_t kRestartRun = 3;

}  // namespace

void SequenceTracker::restart() {
    ++counters_.resets;
    gaps_.clear();
    behind_run_ = 0;
}

void SequenceTracker::forward(std::uint32_t sequence, std::uint32_t distance) {
    counters_.lost += distance;
    if (gaps_.size() == kMaxGaps) gaps_.erase(gaps_.begin());
    gaps_.push_back({sequence - distance, distance});
}

bool SequenceTracker::fill_gap(std::uint32_t sequence, std::uint32_t units) {
    if (units == 0) return false;
    for (std::size_t i = 0; i < gaps_.size(); ++i) {
        const Gap gap = gaps_[i];
        const std::uint32_t offset = sequence - gap.start;
        if (offset >= gap.length) continue;
        const std::uint32_t filled = std::min(units, gap.length - offset);
        counters_.lost -= filled;
        counters_.late += filled;
        counters_.duplicates += units - filled;
        gaps_.erase(gaps_.begin() + static_cast<std::ptrdiff_t>(i));
        if (offset > 0) gaps_.push_back({gap.start, offset});
        if (offset + filled < gap.length) gaps_.push_back({sequence + filled, gap.length - offset - filled});
        return true;
    }
    return false;
}

void SequenceTracker::message(std::uint32_t sequence, std::uint32_t units, std::uint32_t export_seconds,
                              bool units_known) {
    const std::uint32_t ahead = sequence - expected_;  // modulo 2^32
    const std::uint32_t behind = expected_ - sequence;
    if (!started_ || !paced_) {
        gaps_.clear();
    } else if (ahead != 0 && ahead <= kMaxJump) {
        forward(sequence, ahead);
    } else if (ahead != 0) {
        const bool newer = export_seconds > latest_export_;
        const bool late = behind <= kMaxJump && fill_gap(sequence, units);
        if (late) return;
        if (behind > kMaxJump || newer) {
            restart();
        } else {
            counters_.duplicates += units;
            behind_run_ = behind_run_ > 0 && behind_next_ == sequence && units > 0 ? behind_run_ + 1 : 1;
            behind_units_ = behind_run_ == 1 ? units : behind_units_ + units;
            behind_next_ = sequence + units;
            if (behind_run_ < kRestartRun) return;
            counters_.duplicates -= behind_units_;
            restart();
        }
    }
    started_ = true;
    paced_ = units_known;
    behind_run_ = 0;
    expected_ = sequence + units;
    latest_export_ = std::max(latest_export_, export_seconds);
}

}  // namespace voipprobe::collector
