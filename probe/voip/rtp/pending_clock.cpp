#include "probe/voip/rtp/pending_clock.hpp"

#include <algorithm>
#include <cmath>

namespace voipprobe::probe {

std::uint32_t learn_clock_rate(const PendingPackets& packets, const SeriesPool& pool) {
    constexpr std::size_t kLeastPackets = 25;
    constexpr double kTolerance = 0.03;
    constexpr double kUncertain = 0.01;
    constexpr std::array<std::uint32_t, 10> kRates{8000,  11025, 12000, 16000, 22050,
                                                   24000, 32000, 44100, 48000, 90000};
    if (packets.size() < kLeastPackets) return 0;
    const PendingPacket first = packets.at(0, pool);
    double x = 0, y = 0, xx = 0, xy = 0, yy = 0, span = 0;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const PendingPacket p = packets.at(i, pool);
        const double seconds = static_cast<double>(p.time - first.time) * 1e-9;
        const auto ticks = static_cast<double>(static_cast<std::int32_t>(p.timestamp - first.timestamp));
        span = std::max(span, seconds);
        x += seconds;
        y += ticks;
        xx += seconds * seconds;
        xy += seconds * ticks;
        yy += ticks * ticks;
    }
    const auto n = static_cast<double>(packets.size());
    const double spread = xx - x * x / n;
    if (span < 1 || spread <= 0) return 0;
    const double slope = (xy - x * y / n) / spread;
    // A slope that jitter leaves uncertain by more than 1 % (standard error) says nothing.
    const double rest = std::max(yy - y * y / n - slope * (xy - x * y / n), 0.0);
    if (std::sqrt(rest / (n - 2) / spread) > kUncertain * slope) return 0;
    for (const std::uint32_t rate : kRates)
        if (std::abs(slope - rate) <= kTolerance * rate) return rate;
    return 0;
}

}  // namespace voipprobe::probe
