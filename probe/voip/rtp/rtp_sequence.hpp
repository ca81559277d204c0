// Sequence numbers of one SSRC: expected, lost, duplicates, reordering, restarts.
// Source: RFC 3550 A.1 and A.3, with a sliding bitmap instead of A.1's "received", so that a duplicate cannot hide
// a loss. Units: packets. Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>

#include "wire/prefetch.hpp"

namespace voipprobe::probe {

enum class SequenceStep : std::uint8_t {
    first,      // first packet of the stream or of a segment
    in_order,   // new highest number
    reordered,  // new number below the highest
    duplicate,
    stray       // outside the window; counted as a packet, believed only if the next one continues it
};

// What the sequence alone cannot tell: would a jump of `numbers` fit the elapsed time and the RTP timestamp?
struct JumpFit {
    bool timestamp = false;
    bool time = false;
    bool newer = false;  // backwards: the timestamp is ahead of the highest number's, so this is no old packet
};

class RtpSequence {
  public:
    static constexpr std::int64_t kWindow = 1024;      // numbers remembered below the highest
    static constexpr std::int64_t kFreeJump = 64;      // up to here a jump is loss, or late, without further question
    static constexpr std::int64_t kMaxDropout = 3000;  // RFC 3550 A.1

    // `fit` is asked only for jumps larger than kFreeJump, forwards or backwards.
    template <typename Fit>
    SequenceStep on_packet(std::uint16_t seq, Fit&& fit) {
        if (segments_ != 0) {
            const auto u = static_cast<std::int16_t>(static_cast<std::uint16_t>(seq - static_cast<std::uint16_t>(highest_)));
            if (u == 1) [[likely]] {
                ++highest_;
                clear(highest_);
                mark(highest_);
                ++unique_;
                return SequenceStep::in_order;
            }
            return jump(seq, u, u > kFreeJump || u < -kFreeJump ? fit(u) : JumpFit{});
        }
        open_segment(seq, 1);
        return SequenceStep::first;
    }

    // Is `last` the highest number, so that `last` + 1 is in_order whatever came before?
    bool continues(std::uint16_t last) const { return segments_ != 0 && static_cast<std::uint16_t>(highest_) == last; }
    // The next `n` numbers after the highest, n < 64: all in_order.
    void advance(std::uint32_t n) {
        const std::int64_t first = highest_ + 1;
        const std::uint64_t some = (std::uint64_t{1} << n) - 1;
        const auto shift = static_cast<std::uint32_t>(static_cast<std::uint64_t>(first) % 64);
        bits_[word(first)] |= some << shift;
        if (shift + n > 64) bits_[word(first + n)] |= some >> (64 - shift);
        highest_ = extended_ = highest_ + n;
        unique_ += n;
    }
    void prefetch() const {
        wire::prefetch(this);
        wire::prefetch(&bits_[word(highest_ + 1)]);
    }

    // A packet known to be a copy of one that was already counted here.
    void count_copy() { ++duplicates_; }

    std::uint64_t expected() const {
        return expected_closed_ + (segments_ == 0 ? 0 : static_cast<std::uint64_t>(highest_ - lowest_ + 1));
    }
    std::uint64_t unique() const { return unique_; }
    std::uint64_t lost() const { return expected() > unique_ ? expected() - unique_ : 0; }
    std::uint64_t duplicates() const { return duplicates_; }
    std::uint64_t reordered() const { return reordered_; }
    std::uint32_t max_distance() const { return max_distance_; }
    std::uint64_t stray() const { return stray_; }
    std::uint32_t resets() const { return segments_ == 0 ? 0 : segments_ - 1; }
    // Extended number of the packet last taken as first, in_order or reordered.
    std::int64_t extended() const { return extended_; }
    std::int64_t highest() const { return highest_; }

  private:
    SequenceStep jump(std::uint16_t seq, std::int16_t u, JumpFit fit);
    void open_segment(std::uint16_t seq, std::uint64_t packets);
    void clear(std::int64_t n) { bits_[word(n)] &= ~bit(n); }
    void mark(std::int64_t n) {
        bits_[word(n)] |= bit(n);
        extended_ = n;
    }
    bool marked(std::int64_t n) const { return (bits_[word(n)] & bit(n)) != 0; }
    static std::size_t word(std::int64_t n) { return (static_cast<std::uint64_t>(n) / 64) % (kWindow / 64); }
    static std::uint64_t bit(std::int64_t n) { return std::uint64_t{1} << (static_cast<std::uint64_t>(n) % 64); }

    static constexpr std::uint32_t kNoSuspect = 0x10000;
    std::int64_t highest_ = 0;
    std::int64_t extended_ = 0;
    std::uint64_t unique_ = 0;
    std::uint32_t segments_ = 0;
    std::uint32_t suspect_ = kNoSuspect;  // the number that would continue a suspicious jump
    std::int64_t lowest_ = 0;
    std::uint64_t duplicates_ = 0;
    std::uint64_t reordered_ = 0;
    std::uint64_t stray_ = 0;
    std::uint64_t expected_closed_ = 0;
    std::uint32_t max_distance_ = 0;
    std::array<std::uint64_t, kWindow / 64> bits_{};
};

}  // namespace voipprobe::probe
