// When the capture itself lost packets: windows of time, from one reading of the counters to the next. A record that
// overlaps one says so (CAPTURE_LOSS). Bounds: 4096 windows; beyond, the two oldest become one that covers both.
// Thread rule: one owner.
#pragma once

#include <cstdint>
#include <vector>

#include "wire/time.hpp"

namespace voipprobe::probe {

class CaptureLoss {
  public:
    static constexpr std::size_t kMost = 4096;

    // `lost` packets between two readings; windows come in order.
    void add(wire::TimeNs from, wire::TimeNs to, std::uint64_t lost) {
        if (lost == 0) return;
        total_ += lost;
        if (windows_.size() == kMost) {
            windows_[1] = {windows_[0].from, windows_[1].to, windows_[0].lost + windows_[1].lost};
            windows_.erase(windows_.begin());
        }
        windows_.push_back({from, to, lost});
    }
    // Lost in the windows that overlap [from, to]; 0: known to be none.
    std::uint64_t during(wire::TimeNs from, wire::TimeNs to) const {
        std::uint64_t sum = 0;
        for (auto w = windows_.rbegin(); w != windows_.rend() && w->to >= from; ++w)
            if (w->from <= to) sum += w->lost;
        return sum;
    }
    std::uint64_t total() const { return total_; }

  private:
    struct Window {
        wire::TimeNs from, to;
        std::uint64_t lost;
    };
    std::vector<Window> windows_;
    std::uint64_t total_ = 0;
};

}  // namespace voipprobe::probe
