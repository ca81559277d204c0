// Packets in an unbroken run, measured together with the state in registers.
#include <algorithm>
#include <cmath>

#include "probe/voip/rtp/rtp_stream.hpp"

namespace voipprobe::probe {

void RtpStream::record_run(std::span<const double> jitters, MediaPools& pools) {
    if (!folded && series_last != 0 && series_in_page + jitters.size() <= SeriesPool::kValues &&
        jitter_n + jitters.size() <= kExactJitterValues) [[likely]] {
        float* values = pools.series[series_last].values.data() + series_in_page;
        for (std::size_t i = 0; i < jitters.size(); ++i) values[i] = SeriesPool::kept(jitters[i]);
        series_in_page = static_cast<std::uint16_t>(series_in_page + jitters.size());
        jitter_n += jitters.size();
        return;
    }
    for (const double j : jitters) keep_jitter(j, pools);
}

// As many of the first packets as follow one another as RTP should: next number, no long gap, no jump of the
// clock. What is done is what measure() does to each, in the same order of additions, so that no figure
// depends on who waited with whom.
std::size_t RtpStream::measure_run(std::span<const WaitingPacket> waiting, MediaPools& pools) {
    if (!has_reference || after_noise || buffers == 0 || !sequence.continues(last_seq) ||
        pools.delays.wanted())
        return 0;
    std::array<double, WaitingLane::kRoom> transits, jitters;
    double sum = jitter_sum, sum2 = jitter_sum2, most = interval_jitter_max, j = jitter, y = transit;
    std::int64_t gap_most = max_gap, delta_most = max_delta;
    std::uint64_t all_octets = 0;
    std::uint32_t before_ts = last_ts, from_ts = reference_ts;
    wire::TimeNs before = last_time, from = reference_time;
    std::size_t n = 0;
    for (const WaitingPacket& w : waiting) {
        const auto ticks = static_cast<double>(static_cast<std::int32_t>(w.timestamp - from_ts));
        const double difference = static_cast<double>(w.time - from) - ticks * ns_per_tick;
        const double d = std::abs(difference);
        const std::int64_t gap = w.time - before;
        if (w.sequence != static_cast<std::uint16_t>(last_seq + n + 1) || d > kMaxClockStep ||
            gap > LongGaps::kLongNs)
            break;
        gap_most = std::max(gap_most, gap);
        if (!w.marker()) delta_most = std::max(delta_most, gap);
        all_octets += w.octets();
        vote_step(w.timestamp - before_ts);
        y += difference;
        j += (d - j) / 16;
        sum += j;
        sum2 += j * j;
        most = std::max(most, j);
        transits[n] = y;
        jitters[n++] = j;
        before_ts = from_ts = w.timestamp;
        before = from = w.time;
    }
    if (n == 0) return 0;
    packets += n;
    octets += all_octets;
    max_gap = gap_most;
    max_delta = delta_most;
    last_seq = static_cast<std::uint16_t>(last_seq + n);
    last_ts = highest_ts = reference_ts = from_ts;
    last_time = reference_time = from;
    transit = y;
    jitter = j;
    jitter_sum = sum;
    jitter_sum2 = sum2;
    interval_jitter_max = most;
    record_run(std::span(jitters).first(n), pools);
    skew.add_run(waiting.first(n), transits.data());
    const std::uint32_t late = pools.buffers[buffers].add_run(waiting.first(n), transits.data());
    sequence.advance(static_cast<std::uint32_t>(n));
    burst_gap.received_run(sequence.highest() - static_cast<std::int64_t>(n) + 1,
                           static_cast<std::uint32_t>(n), late);
    return n;
}

}  // namespace voipprobe::probe
