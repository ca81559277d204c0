#include "probe/voip/rtp/burst_gap.hpp"

#include <algorithm>

namespace voipprobe::probe {

[[gnu::noinline]] void BurstGap::received_elsewhere(std::int64_t n, bool discarded) {
    if (!started_) {
        started_ = true;
        next_ = highest_ = n;
    } else if (n > highest_) {
        if (n - kWindow >= next_) decide_up_to(n - kWindow + 1);
        highest_ = n;
    } else if (n < next_) {
        if (decided_ || highest_ - n >= kWindow) return;
        next_ = n;  // the first packets came out of order
    }
    received_ |= bit(n);
    if (discarded) discarded_ |= bit(n);
}

void BurstGap::decide_up_to(std::int64_t end) {
    decided_ = true;
    const std::int64_t known = std::min(end, highest_ + 1);
    for (; next_ < known; ++next_) {
        const std::uint64_t b = bit(next_);
        if ((received_ & ~discarded_ & b) != 0) good();
        else bad(1);
        received_ &= ~b;
        discarded_ &= ~b;
    }
    if (next_ < end) {  // a jump beyond the window: all lost
        bad(static_cast<std::uint64_t>(end - next_));
        next_ = end;
    }
}

void BurstGap::restart(std::int64_t n) {
    if (started_) decide_up_to(highest_ + 1);
    started_ = true;
    decided_ = false;
    received_ = discarded_ = 0;
    next_ = n;
    highest_ = n - 1;
}

void BurstGap::bad(std::uint64_t in_a_row) {
    if (good_run_ > 0 || bad_ == 0) ++bad_runs_;
    if (cluster_length_ != 0 && good_run_ < kGmin) {
        cluster_length_ += good_run_ + in_a_row;
        cluster_bad_ += in_a_row;
    } else {
        close_cluster();
        cluster_length_ = cluster_bad_ = in_a_row;
    }
    good_run_ = 0;
    total_ += in_a_row;
    bad_ += in_a_row;
}

void BurstGap::close_cluster() {
    if (cluster_bad_ >= 2) {
        const std::uint64_t end = total_ - good_run_;
        if (bursts_++ == 0) first_burst_ = end - cluster_length_;
        burst_length_ += cluster_length_;
        burst_bad_ += cluster_bad_;
        last_burst_end_ = end;
    }
    cluster_length_ = cluster_bad_ = 0;
}

BurstGapFigures BurstGap::figures() const {
    BurstGap all = *this;
    if (all.started_) all.decide_up_to(all.highest_ + 1);
    all.close_cluster();
    BurstGapFigures f;
    f.total = all.total_;
    f.bad = all.bad_;
    f.bursts = all.bursts_;
    const std::uint64_t gap_length = all.total_ - all.burst_length_;
    std::uint64_t gaps = gap_length > 0 ? 1 : 0;
    if (all.bursts_ > 0) {
        gaps = all.bursts_ - 1U + (all.first_burst_ > 0 ? 1U : 0U) + (all.last_burst_end_ < all.total_ ? 1U : 0U);
        f.burst_density = static_cast<double>(all.burst_bad_) / static_cast<double>(all.burst_length_);
        f.burst_packets = static_cast<double>(all.burst_length_) / all.bursts_;
    }
    if (gap_length > 0) f.gap_density = static_cast<double>(all.bad_ - all.burst_bad_) / static_cast<double>(gap_length);
    if (gaps > 0) f.gap_packets = static_cast<double>(gap_length) / static_cast<double>(gaps);
    if (all.bad_ > 0) {
        const auto bad = static_cast<double>(all.bad_);
        f.burst_ratio = bad / static_cast<double>(all.bad_runs_) * (1 - bad / static_cast<double>(all.total_));
    }
    return f;
}

}  // namespace voipprobe::probe
