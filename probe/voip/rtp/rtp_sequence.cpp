#include "probe/voip/rtp/rtp_sequence.hpp"

#include <algorithm>

namespace voipprobe::probe {

[[gnu::noinline]] void RtpSequence::open_segment(std::uint16_t seq, std::uint64_t packets) {
    if (segments_ != 0) expected_closed_ += static_cast<std::uint64_t>(highest_ - lowest_ + 1);
    bits_.fill(0);
    // Extended numbers start a full cycle up, so that numbers below the first one stay positive.
    highest_ = std::int64_t{0x10000} + seq;
    lowest_ = highest_ - static_cast<std::int64_t>(packets - 1);
    for (std::int64_t n = lowest_; n <= highest_; ++n) mark(n);
    unique_ += packets;
    suspect_ = kNoSuspect;
    ++segments_;
}

[[gnu::noinline]] SequenceStep RtpSequence::jump(std::uint16_t seq, std::int16_t u, JumpFit fit) {
    if (u > 0) {
        // A larger jump is loss only if it fits the elapsed time or the timestamp; beyond RFC 3550's limit only if
        // both do (a long outage). An SBC that re-anchors within one SSRC must not invent losses.
        const bool loss = u <= kFreeJump || (u < kMaxDropout ? fit.timestamp || fit.time : fit.timestamp && fit.time);
        if (loss) {
            const std::int64_t to = highest_ + u;
            for (std::int64_t n = std::max(highest_ + 1, to - kWindow + 1); n <= to; ++n) clear(n);
            highest_ = to;
            mark(to);
            ++unique_;
            suspect_ = kNoSuspect;
            return SequenceStep::in_order;
        }
    } else if (u > -kWindow && !fit.newer) {
        const std::int64_t n = highest_ + u;
        if (marked(n)) {
            ++duplicates_;
            return SequenceStep::duplicate;
        }
        mark(n);
        ++unique_;
        ++reordered_;
        lowest_ = std::min(lowest_, n);
        max_distance_ = std::max(max_distance_, static_cast<std::uint32_t>(-u));
        return SequenceStep::reordered;
    }
    if (suspect_ == seq) {  // the second packet in a row: the numbering has restarted
        --stray_;           // the first of them belongs to the new segment
        open_segment(seq, 2);
        return SequenceStep::first;
    }
    suspect_ = static_cast<std::uint16_t>(seq + 1);
    ++stray_;
    return SequenceStep::stray;
}

}  // namespace voipprobe::probe
