// Clock skew of the sender against the capture clock: the slope of the least-squares line through the relative
// transit over time, in streaming sums. Unit: ppm; positive when the sender's clock is fast (its media time runs
// ahead, the transit shrinks). Absent below 10 s or 100 packets, where jitter leaves the slope uncertain by
// more than 25 ppm (standard error), and above 1000 ppm: no crystal is that far off, the path's delay has changed. Thread rule: one owner.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <span>

#include "probe/voip/rtp/waiting_lane.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

class ClockSkew {
  public:
    static constexpr double kLeastSeconds = 10;
    static constexpr std::uint64_t kLeastPackets = 100;
    static constexpr double kMostPpm = 1000;
    static constexpr double kUncertainPpm = 25;

    void add(wire::TimeNs t, double transit_ns) {
        if (n_ == 0) origin_ = t;
        const double x = static_cast<double>(t - origin_) * 1e-9;
        ++n_;
        x_ += x;
        y_ += transit_ns;
        xx_ += x * x;
        xy_ += x * transit_ns;
        yy_ += transit_ns * transit_ns;
        last_ = x;
    }
    // Several, in order.
    void add_run(std::span<const WaitingPacket> packets, const double* transit_ns) {
        if (n_ == 0) origin_ = packets.front().time;
        double x = last_, sum_x = x_, sum_y = y_, xx = xx_, xy = xy_, yy = yy_;
        for (std::size_t i = 0; i < packets.size(); ++i) {
            x = static_cast<double>(packets[i].time - origin_) * 1e-9;
            const double y = transit_ns[i];
            sum_x += x;
            sum_y += y;
            xx += x * x;
            xy += x * y;
            yy += y * y;
        }
        n_ += packets.size();
        x_ = sum_x;
        y_ = sum_y;
        xx_ = xx;
        xy_ = xy;
        yy_ = yy;
        last_ = x;
    }
    // A new reference: the line may start at another height, its slope stays one.
    void restart() {
        fold(closed_xx_, closed_xy_, closed_yy_);
        total_ += n_;
        seconds_ += last_;
        n_ = 0;
        x_ = y_ = xx_ = xy_ = yy_ = last_ = 0;
    }
    std::optional<double> ppm() const {
        if (total_ + n_ < kLeastPackets || seconds_ + last_ < kLeastSeconds) return std::nullopt;
        double xx = closed_xx_, xy = closed_xy_, yy = closed_yy_;
        fold(xx, xy, yy);
        if (xx <= 0) return std::nullopt;
        const double rest = yy > xy * xy / xx ? yy - xy * xy / xx : 0;
        const double error = std::sqrt(rest / static_cast<double>(total_ + n_ - 2) / xx) * 1e-3;
        if (error > kUncertainPpm) return std::nullopt;
        const double ppm = -xy / xx * 1e-3;  // ns per s = 1e-3 ppm
        return ppm > -kMostPpm && ppm < kMostPpm ? std::optional(ppm) : std::nullopt;
    }

  private:
    void fold(double& xx, double& xy, double& yy) const {
        if (n_ == 0) return;
        const auto n = static_cast<double>(n_);
        xx += xx_ - x_ * x_ / n;
        xy += xy_ - x_ * y_ / n;
        yy += yy_ - y_ * y_ / n;
    }
    wire::TimeNs origin_ = 0;
    std::uint64_t n_ = 0;
    double x_ = 0, y_ = 0, xx_ = 0, xy_ = 0, yy_ = 0, last_ = 0;
    // Of the references before this one.
    double closed_xx_ = 0, closed_xy_ = 0, closed_yy_ = 0, seconds_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace voipprobe::probe
