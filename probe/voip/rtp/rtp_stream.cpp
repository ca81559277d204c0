#include "probe/voip/rtp/rtp_stream.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "quality/series_quantiles.hpp"

namespace voipprobe::probe {
namespace {

// Packets whose timestamps are not the media's sampling times.
bool outside_timing(PayloadClass c) { return c == PayloadClass::telephone_event || c == PayloadClass::repair; }

}  // namespace

void RtpStream::start(const RtpHeader& h, wire::TimeNs t) {
    ssrc = h.ssrc;
    first_seq = h.sequence;
    first_ts = last_ts = highest_ts = h.timestamp;
    first_time = last_time = t;
    interval.time = t;
    interval_end = t + kIntervalNs;
    // Values start at J0 = 0, which is part of the series.
}

[[gnu::noinline]] void RtpStream::set_payload(std::uint8_t type, PayloadInfo info) {
    if (!outside_timing(info.kind)) {
        const double ns = info.clock_rate == 0 ? 0 : 1e9 / info.clock_rate;
        if (ns_per_tick != ns) has_reference = false;
        ns_per_tick = ns;
    }
    payload_type = type;
    payload = info;
}

SequenceStep RtpStream::on_packet(const RtpHeader& h, wire::TimeNs t, MediaPools& pools) {
    count_type(h.payload_type, outside_timing(payload.kind) ? 0 : payload.clock_rate, 1);
    return measure<false>(h, t, pools);
}

// Plain: media with a known clock, and no packet waits for one.
template <bool Plain>
[[gnu::always_inline]] inline SequenceStep RtpStream::measure(const RtpHeader& h, wire::TimeNs t,
                                                              MediaPools& pools) {
    const SequenceStep step = sequence.on_packet(h.sequence, [&](std::int64_t jump) {
        JumpFit fit{.timestamp = true, .time = true};
        if (jump < 0) {  // numbers fall back while the media goes on: an SBC re-anchored, or a sender began anew
            fit.newer = static_cast<std::int32_t>(h.timestamp - highest_ts) > 0;
            return fit;
        }
        if (step_votes <= 0 || step_candidate == 0) return fit;
        const auto advance = static_cast<double>(static_cast<std::int32_t>(h.timestamp - highest_ts));
        const double wanted = static_cast<double>(jump) * step_candidate;
        fit.timestamp = std::abs(advance - wanted) <= 0.5 * wanted;
        if (ns_per_tick == 0) return fit;
        const auto elapsed = static_cast<double>(t - last_time);
        const double time = wanted * ns_per_tick;
        fit.time = elapsed >= 0.5 * time && elapsed <= 2 * time + 1e9;
        return fit;
    });
    const bool counted = step != SequenceStep::duplicate && step != SequenceStep::stray;
    const bool noise = !Plain && payload.kind == PayloadClass::comfort_noise;
    const bool repair = !Plain && payload.kind == PayloadClass::repair;
    const bool event = !Plain && (repair || payload.kind == PayloadClass::telephone_event);  // outside the media's timing
    if (packets != 0) {
        const std::int64_t gap = t - last_time;
        max_gap = std::max(max_gap, gap);
        const bool in_sequence = step == SequenceStep::in_order || step == SequenceStep::first;
        const bool talk = in_sequence && !h.marker && !noise && !after_noise && !event;
        if (talk) max_delta = std::max(max_delta, gap);
        if (gap > LongGaps::kLongNs) [[unlikely]]
            long_gaps.add(gap, talk, static_cast<std::uint16_t>(h.sequence - last_seq) != 1);
    }
    ++packets;
    octets += h.payload_octets;
    last_time = t;
    after_noise = noise;
    if (step == SequenceStep::first && packets > 1) {  // the packet before opened the new numbering
        burst_gap.restart(sequence.extended() - 1);
        burst_gap.received(sequence.extended() - 1, false);
    }
    if (event) {
        if (!repair) count_event(h.timestamp);
        if (counted) burst_gap.received(sequence.extended(), false);
    } else if (counted) {
        if (step == SequenceStep::in_order && sequence.extended() == sequence.highest() &&
            h.sequence == static_cast<std::uint16_t>(last_seq + 1))
            vote_step(h.timestamp - last_ts);
        bool late = false;
        if (Plain || ns_per_tick != 0) {
            if (!Plain && !pending.empty()) replay(pools);
            late = update_jitter(h.timestamp, t, pools);
        } else {
            remember(h, t, pools);
        }
        burst_gap.received(sequence.extended(), late);
        if (step != SequenceStep::reordered) highest_ts = h.timestamp;
    }
    last_seq = h.sequence;
    last_ts = h.timestamp;
    return step;
}

void RtpStream::measure_batch(std::span<const WaitingPacket> waiting, MediaPools& pools) {
    const bool plain = payload.kind == PayloadClass::media && ns_per_tick != 0 && pending.empty();
    if (plain) count_type(payload_type, payload.clock_rate, static_cast<std::uint32_t>(waiting.size()));
    RtpHeader h;
    h.ssrc = ssrc;
    h.payload_type = payload_type;
    while (!waiting.empty()) {
        if (plain) [[likely]] {
            waiting = waiting.subspan(measure_run(waiting, pools));
            if (waiting.empty()) return;
        }
        const WaitingPacket& w = waiting.front();
        h.sequence = w.sequence;
        h.timestamp = w.timestamp;
        h.marker = w.marker();
        h.payload_octets = w.octets();
        if (plain) [[likely]]
            measure<true>(h, w.time, pools);
        else
            on_packet(h, w.time, pools);
        waiting = waiting.subspan(1);
    }
}

void RtpStream::on_copy(const RtpHeader& h, wire::TimeNs t) {
    sequence.count_copy();
    max_gap = std::max(max_gap, t - last_time);
    ++packets;
    octets += h.payload_octets;
    last_time = t;
    if (h.payload_type == payload_type)
        count_type(h.payload_type, outside_timing(payload.kind) ? 0 : payload.clock_rate, 1);
}

// RFC 3550 §6.4.1: J += (|D| - J) / 16 for every packet in arrival order. True: the adaptive buffer discards
// it.
[[gnu::always_inline]] inline bool RtpStream::update_jitter(std::uint32_t timestamp, wire::TimeNs t,
                                                            MediaPools& pools) {
    if (has_reference) {
        const auto ticks = static_cast<double>(static_cast<std::int32_t>(timestamp - reference_ts));
        const double difference = static_cast<double>(t - reference_time) - ticks * ns_per_tick;
        const double d = std::abs(difference);
        reference_ts = timestamp;
        reference_time = t;
        if (d > kMaxClockStep) {
            skew.restart();
            if (buffers != 0) pools.buffers[buffers].restart();
            transit = 0;
            return buffer(t, pools);
        }
        transit += difference;
        jitter += (d - jitter) / 16;
        record_jitter(pools);
        return buffer(t, pools);
    }
    has_reference = true;
    reference_ts = timestamp;
    reference_time = t;
    transit = 0;
    skew.restart();
    if (buffers != 0) pools.buffers[buffers].restart();
    if (jitter_n == 0) record_jitter(pools);  // J0 = 0 belongs to the series
    return buffer(t, pools);
}

[[gnu::always_inline]] inline bool RtpStream::buffer(wire::TimeNs t, MediaPools& pools) {
    skew.add(t, transit);
    if (buffers == 0 && (buffers = pools.buffers.take()) == 0) return false;
    const bool late = pools.buffers[buffers].add(t, transit);
    if (pools.delays.wanted()) [[unlikely]]
        pools.delays.add(buffers, pools.buffers[buffers].above_minimum_ms(), pools.histograms);
    return late;
}

[[gnu::noinline]] void RtpStream::remember(const RtpHeader& h, wire::TimeNs t, MediaPools& pools) {
    if (payload.kind != PayloadClass::media || pending.full()) return;
    pending.add({t, sequence.extended(), h.timestamp}, pools.series);
    // The slope is looked at where it may first be enough, and then seldom.
    if (pending.size() < 25 || (pending.size() % 8 != 1 && !pending.full())) return;
    learned_rate = learn_clock_rate(pending, pools.series);
    learned_type = learned_rate == 0 ? std::uint8_t{0xff} : h.payload_type;
}

[[gnu::noinline]] void RtpStream::replay(MediaPools& pools) {
    const PendingPackets kept = pending;
    pending = PendingPackets{};
    for (std::size_t i = 0; i < kept.size(); ++i) {
        const PendingPacket p = kept.at(i, pools.series);
        if (update_jitter(p.timestamp, p.time, pools)) burst_gap.discard(p.number);
    }
    PendingPackets(kept).clear(pools.series);
}

IntervalFigures RtpStream::interval_figures(const MediaPools& pools) const {
    const auto since = [](std::uint64_t now, std::uint64_t then) { return now > then ? now - then : 0; };
    IntervalFigures f;
    f.start = interval.time;
    f.packets = packets - interval.packets;
    f.expected = since(sequence.expected(), interval.expected);
    f.lost = since(sequence.lost(), interval.lost);
    f.discarded = since(discarded(pools), interval.discarded);
    if (has_jitter() && jitter_n > interval.jitter_n) {
        f.jitter_n = jitter_n - interval.jitter_n;
        f.jitter_mean = std::max(jitter_sum - interval.jitter_sum, 0.0) / static_cast<double>(f.jitter_n);
        f.jitter_max = interval_jitter_max;
    }
    return f;
}

void RtpStream::begin_interval(wire::TimeNs start, const MediaPools& pools) {
    jitter_max = std::max(jitter_max, std::exchange(interval_jitter_max, 0.0));
    interval = {start, packets, sequence.expected(), sequence.lost(), discarded(pools), jitter_n, jitter_sum};
    interval_end = start + kIntervalNs;
}

[[gnu::always_inline]] inline void RtpStream::record_jitter(MediaPools& pools) {
    jitter_sum += jitter;
    jitter_sum2 += jitter * jitter;
    interval_jitter_max = std::max(interval_jitter_max, jitter);
    keep_jitter(jitter, pools);
}

// The next value of the series: exact, or in the histogram.
void RtpStream::keep_jitter(double jitter_ns, MediaPools& pools) {
    ++jitter_n;
    if (folded) return void(histogram.add(static_cast<std::uint64_t>(jitter_ns + 0.5), pools.histograms));
    if (series_last == 0 || series_in_page == SeriesPool::kValues) {
        const std::uint32_t page = jitter_n > kExactJitterValues ? 0 : pools.series.take();
        if (page == 0) {
            fold(pools);
            histogram.add(static_cast<std::uint64_t>(jitter_ns + 0.5), pools.histograms);
            return;
        }
        if (series_last != 0) pools.series[series_last].next = page;
        if (series_first == 0) series_first = page;
        series_last = page;
        series_in_page = 0;
    }
    if (jitter_n > kExactJitterValues) {
        fold(pools);
        histogram.add(static_cast<std::uint64_t>(jitter_ns + 0.5), pools.histograms);
        return;
    }
    pools.series[series_last].values[series_in_page++] = SeriesPool::kept(jitter_ns);
}

[[gnu::noinline]] void RtpStream::fold(MediaPools& pools) {
    for (std::uint32_t p = series_first; p != 0; p = pools.series[p].next) {
        const std::size_t n = p == series_last ? series_in_page : SeriesPool::kValues;
        for (std::size_t i = 0; i < n; ++i)
            histogram.add(static_cast<std::uint64_t>(pools.series[p].values[i] * SeriesPool::kUnit),
                          pools.histograms);
    }
    pools.series.give_back(series_first);
    series_first = series_last = 0;
    series_in_page = 0;
    folded = true;
}

void RtpStream::count_type(std::uint8_t type, std::uint32_t clock_rate, std::uint32_t n) {
    std::size_t i = 0;
    while (i < type_slots && types[i] != type) ++i;
    if (i == types.size()) return;
    if (i == type_slots) {
        types[type_slots++] = type;
        type_count[i] = 0;
    }
    type_count[i] += n;
    type_clock[i] = clock_rate;
}

[[gnu::noinline]] void RtpStream::count_event(std::uint32_t ts) {
    if (event_seen && ts == event_ts) return;  // RFC 4733 §2.5.1.2: one timestamp for the whole event
    event_seen = true;
    event_ts = ts;
    ++dtmf_events;
}

std::size_t RtpStream::main_slot() const {
    std::size_t best = 0;
    for (std::size_t i = 1; i < type_slots; ++i)
        if (type_count[i] > type_count[best]) best = i;
    return best;
}

std::uint8_t RtpStream::main_payload_type() const {
    return type_slots == 0 ? payload_type : types[main_slot()];
}

std::uint32_t RtpStream::ptime_us() const {
    if (step_votes <= 0 || clock_rate() == 0) return 0;
    const double us = step_candidate * 1e6 / clock_rate();
    return us > 10e6 ? 0 : static_cast<std::uint32_t>(us + 0.5);
}

JitterSummary RtpStream::jitter_summary(const MediaPools& pools) const {
    JitterSummary s;
    s.n = jitter_n;
    if (jitter_n == 0) return s;
    const auto n = static_cast<double>(jitter_n);
    s.last = jitter;
    s.mean = jitter_sum / n;
    s.max = std::max(jitter_max, interval_jitter_max);
    s.min = 0;  // J0
    const double square = jitter_n > 1 ? (jitter_sum2 - jitter_sum * s.mean) / (n - 1) : 0;
    s.std_dev = square > 0 ? std::sqrt(square) : 0;
    constexpr std::array<double, 5> p{0.25, 0.5, 0.75, 0.95, 0.99};
    std::array<double, 5> q{};
    if (folded) {
        histogram.quantiles(p, q, pools.histograms);
        s.median = q[1];
        s.iqr = q[2] - q[0];
        s.p95 = q[3];
        s.p99 = q[4];
        return s;
    }
    static thread_local std::array<float, kExactJitterValues> values, scratch;
    std::size_t count = 0;
    for (std::uint32_t page = series_first; page != 0; page = pools.series[page].next) {
        const std::size_t in_page = page == series_last ? series_in_page : SeriesPool::kValues;
        std::copy_n(pools.series[page].values.begin(), in_page,
                    values.begin() + static_cast<std::ptrdiff_t>(count));
        count += in_page;
    }
    quality::series_quantiles(std::span(values).first(count), scratch, p, q);
    // Rounding must not lift a quantile above the maximum.
    const auto in_ns = [&s](double kept) {
        return std::min(kept * static_cast<double>(SeriesPool::kUnit), s.max);
    };
    s.median = in_ns(q[1]);
    s.iqr = in_ns(q[2] - q[0]);
    s.p95 = in_ns(q[3]);
    s.p99 = in_ns(q[4]);
    return s;
}

void RtpStream::release(MediaPools& pools) {
    pools.series.give_back(series_first);
    series_first = series_last = 0;
    histogram.release(pools.histograms);
    pending.clear(pools.series);
    pools.delays.release(buffers, pools.histograms);
    pools.buffers.give_back(buffers);
    buffers = 0;
}

}  // namespace voipprobe::probe
