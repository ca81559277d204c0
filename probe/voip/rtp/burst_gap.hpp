// Bursts and gaps of loss and discard: RFC 3611 §4.7.2 with Gmin 16, in constant memory.
// A number's fate (received, lost, discarded by the adaptive buffer) is decided when it leaves a window of 64
// numbers below the highest, so that a late packet up to 63 numbers behind is no loss; later ones stay lost here
// (STREAM_LOST still takes them back). A bad packet with fewer than Gmin good ones since the last bad one continues
// its cluster; a cluster of two or more bad packets is a burst, a lone one is a loss within the gap.
// Units: packets (the record turns lengths into time by the packet time). Thread rule: one owner.
#pragma once

#include <bit>
#include <cstdint>

namespace voipprobe::probe {

struct BurstGapFigures {
    std::uint64_t total = 0;          // numbers looked at
    std::uint64_t bad = 0;            // lost or discarded
    std::uint32_t bursts = 0;
    double burst_density = 0;         // bad / all within bursts, 0..1; 0 without bursts
    double gap_density = 0;
    double burst_packets = 0;         // mean length; 0 without bursts
    double gap_packets = 0;           // mean length; 0 without gaps
    double burst_ratio = 0;           // BurstR: mean run of bad packets x (1 - share of bad); 0 when none is bad
};

class BurstGap {
  public:
    static constexpr std::int64_t kWindow = 64;
    static constexpr std::uint64_t kGmin = 16;

    // A packet with this extended sequence number, for the first time.
    void received(std::int64_t n, bool discarded) {
        const std::uint64_t b = bit(n);
        // Nearly always: the next number, and the one that leaves the window (its bit is the same) was heard.
        if (started_ && n == highest_ + 1 && n == next_ + kWindow && (received_ & ~discarded_ & b) != 0) [[likely]] {
            decided_ = true;
            good();
            ++next_;
            highest_ = n;
            if (discarded) discarded_ |= b;
            return;
        }
        received_elsewhere(n, discarded);
    }
    // `n` packets in sequence from `first` on; bit i of `late`: the i-th is discarded. n <= 32.
    void received_run(std::int64_t first, std::uint32_t n, std::uint32_t late) {
        const std::uint64_t b = std::rotl((std::uint64_t{1} << n) - 1, static_cast<int>(static_cast<std::uint64_t>(first) % 64));
        // As above: what leaves the window was heard, every bit of it.
        if (started_ && late == 0 && first == highest_ + 1 && first == next_ + kWindow &&
            (received_ & ~discarded_ & b) == b) [[likely]] {
            decided_ = true;
            total_ += n;
            good_run_ += n;
            next_ += n;
            highest_ += n;
            return;
        }
        for (std::uint32_t i = 0; i < n; ++i) received(first + i, (late >> i & 1) != 0);
    }
    // The packet with this number turns out to be discarded (its clock was learned later).
    void discard(std::int64_t n) {
        if (n >= next_ && n <= highest_) discarded_ |= bit(n);
    }
    // The numbering starts again at n.
    void restart(std::int64_t n);
    BurstGapFigures figures() const;

  private:
    static std::uint64_t bit(std::int64_t n) { return std::uint64_t{1} << (static_cast<std::uint64_t>(n) % 64); }
    void received_elsewhere(std::int64_t n, bool discarded);
    void decide_up_to(std::int64_t end);  // exclusive
    void good() {
        ++total_;
        ++good_run_;
    }
    void bad(std::uint64_t in_a_row);
    void close_cluster();

    // ---- every packet ----
    std::uint64_t received_ = 0;   // bit n % 64 for next_ <= n <= highest_
    std::uint64_t discarded_ = 0;
    std::int64_t next_ = 0;        // lowest undecided number
    std::int64_t highest_ = -1;
    std::uint64_t total_ = 0;
    std::uint64_t good_run_ = 0;   // since the last bad one
    bool started_ = false;
    bool decided_ = false;         // any number of this numbering
    // ---- losses and discards ----
    std::uint32_t bursts_ = 0;
    std::uint64_t bad_ = 0;
    std::uint64_t bad_runs_ = 0;
    std::uint64_t cluster_length_ = 0;   // 0: none open
    std::uint64_t cluster_bad_ = 0;
    std::uint64_t burst_length_ = 0;     // of all bursts
    std::uint64_t burst_bad_ = 0;
    std::uint64_t first_burst_ = 0;      // numbers before the first burst
    std::uint64_t last_burst_end_ = 0;
};

}  // namespace voipprobe::probe
