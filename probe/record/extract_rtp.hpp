// Extractors of RTP elements: ntop's biflow shape in ntop's units, and our streams in nanoseconds.
#pragma once

#include "probe/record/extract_call.hpp"

namespace voipprobe::probe {

// Of media without an RTP header: T.38 has sequence numbers, other media has none that are known.
inline Value of_image(const RecordSource& s, const Value& v) { return s.plain->image ? v : Value{}; }

// ---- ntop's shape: IN/OUT of a media biflow ----
inline const RtpStream* first_media(const RecordSource& s) {
    if (s.stream != nullptr) return s.stream;
    return s.media[0] != nullptr ? s.media[0] : s.media[1];
}
template <typename Get>
Value of_direction(const RecordSource& s, std::size_t direction, Get get) {
    const RtpStream* m = s.stream != nullptr && direction == 0 ? s.stream : s.media[direction];
    return m == nullptr ? Value{} : get(*m);
}
inline Value jitter_us(const RecordSource& s, std::size_t d) {
    return of_direction(s, d, [](const RtpStream& m) {
        return m.has_jitter() ? number(static_cast<std::uint64_t>(m.jitter / 1000 + 0.5)) : Value{};
    });
}
inline Value gap_10us(const RecordSource& s, std::size_t d) {
    return of_direction(s, d, [](const RtpStream& m) {
        return m.max_gap >= 0 ? number(static_cast<std::uint64_t>(m.max_gap / 10'000)) : Value{};
    });
}
inline Value lost(const RecordSource& s, std::size_t d) {
    return of_direction(s, d, [](const RtpStream& m) { return number(m.sequence.lost()); });
}
inline Value payload_type(const RecordSource& s, std::size_t d) {
    return of_direction(s, d, [](const RtpStream& m) { return number(m.main_payload_type()); });
}
inline Value hundredths(std::optional<double> v) { return v ? number(static_cast<std::uint64_t>(*v * 100 + 0.5)) : Value{}; }
inline Value mos(const RecordSource& s, std::size_t d) { return s.media[d] == nullptr ? Value{} : hundredths(s.score(d).mos_lq); }
inline Value r_factor(const RecordSource& s, std::size_t d) {
    if (s.media[d] == nullptr || !s.score(d).r_factor) return {};
    return hundredths(quality::nprobe_scaled_r(*s.score(d).r_factor, *s.score(d).scale));
}

EXTRACT(RTP_SSRC) { const RtpStream* m = first_media(s); return m ? number(m->ssrc) : Value{}; }
EXTRACT(RTP_FIRST_SSRC) { const RtpStream* m = first_media(s); return m ? number(m->ssrc) : Value{}; }
EXTRACT(RTP_LAST_SSRC) { const RtpStream* m = first_media(s); return m ? number(m->ssrc) : Value{}; }
EXTRACT(RTP_FIRST_SEQ) { if (s.plain != nullptr) return of_image(s, number(s.plain->first_seq)); const RtpStream* m = first_media(s); return m ? number(m->first_seq) : Value{}; }
EXTRACT(RTP_LAST_SEQ) { if (s.plain != nullptr) return of_image(s, number(s.plain->last_seq)); const RtpStream* m = first_media(s); return m ? number(m->last_seq) : Value{}; }
EXTRACT(RTP_FIRST_TS) { const RtpStream* m = first_media(s); return m ? number(m->first_ts) : Value{}; }
EXTRACT(RTP_LAST_TS) { const RtpStream* m = first_media(s); return m ? number(m->last_ts) : Value{}; }
EXTRACT(RTP_IN_JITTER) { return jitter_us(s, 0); }
EXTRACT(RTP_OUT_JITTER) { return jitter_us(s, 1); }
EXTRACT(RTP_IN_PKT_LOST) { return lost(s, 0); }
EXTRACT(RTP_OUT_PKT_LOST) { return lost(s, 1); }
EXTRACT(RTP_IN_PAYLOAD_TYPE) { return payload_type(s, 0); }
EXTRACT(RTP_OUT_PAYLOAD_TYPE) { return payload_type(s, 1); }
EXTRACT(RTP_IN_MAX_DELTA) { return gap_10us(s, 0); }
EXTRACT(RTP_OUT_MAX_DELTA) { return gap_10us(s, 1); }
EXTRACT(RTP_IN_MOS) { return mos(s, 0); }
EXTRACT(RTP_OUT_MOS) { return mos(s, 1); }
EXTRACT(RTP_MOS) { return hundredths(quality::combine(s.score(0), s.score(1)).mos_of_mean_r); }
EXTRACT(RTP_IN_R_FACTOR) { return r_factor(s, 0); }
EXTRACT(RTP_OUT_R_FACTOR) { return r_factor(s, 1); }
EXTRACT(RTP_R_FACTOR) {
    const auto& a = s.score(0);
    const auto& b = s.score(1);
    if (!a.scored() && !b.scored()) return {};
    if (a.scored() && b.scored()) {
        if (*a.scale != *b.scale) return {};
        return hundredths(quality::nprobe_scaled_r((*a.r_factor + *b.r_factor) / 2, *a.scale));
    }
    const auto& one = a.scored() ? a : b;
    return hundredths(quality::nprobe_scaled_r(*one.r_factor, *one.scale));
}
inline Value dropped(const RecordSource& s, std::size_t d) {
    return of_direction(s, d, [&](const RtpStream& m) {
        const JitterBuffers* b = m.jitter_buffers(s.tracker->pools());
        return b == nullptr ? Value{} : number(b->adaptive());
    });
}
EXTRACT(RTP_IN_PKT_DROP) { return dropped(s, 0); }
EXTRACT(RTP_OUT_PKT_DROP) { return dropped(s, 1); }
inline Value transit_10us(const RecordSource& s, std::size_t d) {
    return of_direction(s, d, [](const RtpStream& m) {
        const auto mean = m.transit_deviation();
        return mean ? number(static_cast<std::uint64_t>(*mean / 10'000 + 0.5)) : Value{};
    });
}
EXTRACT(RTP_IN_TRANSIT) { return transit_10us(s, 0); }
EXTRACT(RTP_OUT_TRANSIT) { return transit_10us(s, 1); }
EXTRACT(RTP_RTT) {
    const RtpStream* m = first_media(s);
    const auto trip = m == nullptr ? std::nullopt : s.tracker->round_trip(*m);
    return trip ? number(static_cast<std::uint64_t>(*trip / 1e6 + 0.5)) : Value{};
}
EXTRACT(RTP_DTMF_TONES) {
    for (const RtpStream* m : {s.stream, s.media[0], s.media[1]})  // of a biflow: the first direction that has some
        if (m != nullptr && !s.tracker->digits(*m).empty()) return Value::of_text(s.tracker->digits(*m));
    return {};
}
EXTRACT(rfc3550JitterMilliseconds) {
    return of_direction(s, 0, [](const RtpStream& m) { return m.has_jitter() ? number(static_cast<std::uint64_t>(m.jitter / 1e6 + 0.5)) : Value{}; });
}
EXTRACT(rfc3550JitterMicroseconds) { return jitter_us(s, 0); }
EXTRACT(rfc3550JitterNanoseconds) {
    return of_direction(s, 0, [](const RtpStream& m) { return m.has_jitter() && m.jitter < 4.2e9 ? number(static_cast<std::uint64_t>(m.jitter + 0.5)) : Value{}; });
}
EXTRACT(rtpSequenceNumber) { const RtpStream* m = first_media(s); return m ? number(m->last_seq) : Value{}; }
EXTRACT(TRANSPORT_RTP_SSRC) { const RtpStream* m = first_media(s); return m ? number(m->ssrc) : Value{}; }
EXTRACT(TRANSPORT_RTP_PAYLOAD_TYPE) { return payload_type(s, 0); }
EXTRACT(TRANSPORT_PACKETS_LOST) { return lost(s, 0); }
inline Value jitter_figure_us(const RecordSource& s, double JitterSummary::*figure) {
    if (s.stream != nullptr) return s.stream->has_jitter() ? number(static_cast<std::uint64_t>(s.jitter().*figure / 1000 + 0.5)) : Value{};
    if (s.media[0] == nullptr || !s.media[0]->has_jitter()) return {};
    return number(static_cast<std::uint64_t>(s.jitter(0).*figure / 1000 + 0.5));
}
EXTRACT(TRANSPORT_RTP_JITTER_MEAN) { return jitter_figure_us(s, &JitterSummary::mean); }
EXTRACT(TRANSPORT_RTP_JITTER_MIN) { return jitter_figure_us(s, &JitterSummary::min); }
EXTRACT(TRANSPORT_RTP_JITTER_MAX) { return jitter_figure_us(s, &JitterSummary::max); }
NOT_MEASURED(TRANSPORT_PACKETS_LOST_RATE)

// ---- our streams ----
inline Value jitter_ns(const RecordSource& s, double JitterSummary::*figure, std::uint64_t at_least = 1) {
    if (s.stream == nullptr || !s.stream->has_jitter() || s.stream->jitter_n < at_least) return {};
    return number(static_cast<std::uint64_t>(s.jitter().*figure + 0.5));
}
inline Value ns(std::int64_t v) { return v < 0 ? Value{} : number(static_cast<std::uint64_t>(v)); }
#define STREAM_FIELD(NAME, expression) \
    EXTRACT(NAME) { return s.stream == nullptr ? Value{} : Value(expression); }

// Also of media without an RTP header.
#define STREAM_OR_PLAIN(NAME, expression, plain_expression)               \
    EXTRACT(NAME) {                                                       \
        if (s.plain != nullptr) return Value(plain_expression);           \
        return s.stream == nullptr ? Value{} : Value(expression);         \
    }
#define PLAIN_FIELD(NAME, expression) \
    EXTRACT(NAME) { return s.plain == nullptr ? Value{} : Value(expression); }

STREAM_OR_PLAIN(STREAM_SIDE, s.stream->side == Side::none ? Value{} : number(static_cast<std::uint64_t>(s.stream->side)),
                s.plain->side == Side::none ? Value{} : number(static_cast<std::uint64_t>(s.plain->side)))
STREAM_OR_PLAIN(STREAM_MATCH, number(static_cast<std::uint64_t>(s.stream->match == StreamMatch::none ? StreamMatch::heuristic : s.stream->match)),
                number(static_cast<std::uint64_t>(s.plain->match == StreamMatch::none ? StreamMatch::heuristic : s.plain->match)))
STREAM_OR_PLAIN(STREAM_CODEC, Value::of_text(s.codec(*s.stream)),
                Value::of_text(s.plain->image ? "t38" : ""))
STREAM_FIELD(STREAM_CLOCK_RATE, s.stream->clock_rate() == 0 ? Value{} : number(s.stream->clock_rate()))
STREAM_FIELD(STREAM_PTIME, s.stream->ptime_us() == 0 ? Value{} : number(s.stream->ptime_us()))
STREAM_OR_PLAIN(STREAM_FIRST_TIME, number(static_cast<std::uint64_t>(s.stream->first_time / 1000)),
                number(static_cast<std::uint64_t>(s.plain->first_time / 1000)))
STREAM_OR_PLAIN(STREAM_LAST_TIME, number(static_cast<std::uint64_t>(s.stream->last_time / 1000)),
                number(static_cast<std::uint64_t>(s.plain->last_time / 1000)))
STREAM_OR_PLAIN(STREAM_PACKETS, number(s.stream->packets),
                number(s.plain->packets))
STREAM_OR_PLAIN(STREAM_OCTETS, number(s.stream->octets),
                number(s.plain->octets))
STREAM_OR_PLAIN(STREAM_EXPECTED, number(s.stream->sequence.expected()),
                of_image(s, number(s.plain->sequence.expected())))
STREAM_OR_PLAIN(STREAM_LOST, number(s.stream->sequence.lost()),
                of_image(s, number(s.plain->sequence.lost())))
STREAM_OR_PLAIN(STREAM_DUPLICATES, number(s.stream->sequence.duplicates()),
                of_image(s, number(s.plain->sequence.duplicates())))
STREAM_OR_PLAIN(STREAM_REORDERED, number(s.stream->sequence.reordered()),
                of_image(s, number(s.plain->sequence.reordered())))
STREAM_OR_PLAIN(STREAM_SEQUENCE_RESETS, number(s.stream->sequence.resets()),
                of_image(s, number(s.plain->sequence.resets())))
EXTRACT(STREAM_JITTER_LAST) { return jitter_ns(s, &JitterSummary::last); }
EXTRACT(STREAM_JITTER_MEAN) { return jitter_ns(s, &JitterSummary::mean); }
EXTRACT(STREAM_JITTER_MEDIAN) { return jitter_ns(s, &JitterSummary::median); }
EXTRACT(STREAM_JITTER_MIN) { return jitter_ns(s, &JitterSummary::min); }
EXTRACT(STREAM_JITTER_MAX) { return jitter_ns(s, &JitterSummary::max); }
EXTRACT(STREAM_JITTER_IQR) { return jitter_ns(s, &JitterSummary::iqr); }
EXTRACT(STREAM_JITTER_STD_DEV) { return jitter_ns(s, &JitterSummary::std_dev, 2); }
EXTRACT(STREAM_JITTER_P95) { return jitter_ns(s, &JitterSummary::p95); }
EXTRACT(STREAM_JITTER_P99) { return jitter_ns(s, &JitterSummary::p99); }
STREAM_FIELD(STREAM_MAX_DELTA, ns(s.stream->max_delta))
STREAM_OR_PLAIN(STREAM_MAX_GAP, ns(s.stream->max_gap),
                ns(s.plain->max_gap))
PLAIN_FIELD(STREAM_APPLICATION, Value::of_text(s.plain->application))
PLAIN_FIELD(STREAM_SIZE_MIN, number(s.plain->size_min))
PLAIN_FIELD(STREAM_SIZE_MAX, number(s.plain->size_max))
PLAIN_FIELD(STREAM_SIZE_STD_DEV, s.plain->sizes.n < 2 ? Value{} : Value::of_real(s.plain->sizes.std_dev()))
PLAIN_FIELD(STREAM_GAP_STD_DEV, s.plain->gaps.n < 2 ? Value{} : number(static_cast<std::uint64_t>(s.plain->gaps.std_dev() + 0.5)))
STREAM_FIELD(STREAM_DTMF_EVENTS, number(s.stream->dtmf_events))
STREAM_OR_PLAIN(STREAM_MEDIA, s.stream->media_kind == 0 ? Value{} : number(s.stream->media_kind),
                of_image(s, number(static_cast<std::uint64_t>(MediaKind::image))))
inline Value discarded(const RecordSource& s, std::uint64_t (JitterBuffers::*count)() const) {
    const JitterBuffers* b = s.stream == nullptr ? nullptr : s.stream->jitter_buffers(s.tracker->pools());
    return b == nullptr ? Value{} : number((b->*count)());
}
EXTRACT(STREAM_DISCARD_F60) { return discarded(s, &JitterBuffers::f60); }
EXTRACT(STREAM_DISCARD_F200) { return discarded(s, &JitterBuffers::f200); }
EXTRACT(STREAM_DISCARD_ADAPTIVE) { return discarded(s, &JitterBuffers::adaptive); }

// Lengths are packets times the packet time; unknown without one.
inline Value packets_as_ns(const RecordSource& s, double packets) {
    if (packets <= 0 || s.stream->ptime_us() == 0) return {};
    return number(static_cast<std::uint64_t>(packets * s.stream->ptime_us() * 1000 + 0.5));
}
STREAM_FIELD(STREAM_BURSTS, number(s.burst_gap().bursts))
STREAM_FIELD(STREAM_BURST_DENSITY, s.burst_gap().bursts == 0 ? Value{} : Value::of_real(s.burst_gap().burst_density))
STREAM_FIELD(STREAM_GAP_DENSITY, s.burst_gap().gap_packets <= 0 ? Value{} : Value::of_real(s.burst_gap().gap_density))
STREAM_FIELD(STREAM_BURST_LENGTH, packets_as_ns(s, s.burst_gap().burst_packets))
STREAM_FIELD(STREAM_GAP_LENGTH, packets_as_ns(s, s.burst_gap().gap_packets))
STREAM_FIELD(STREAM_BURST_RATIO, s.burst_gap().bad == 0 ? Value{} : Value::of_real(s.burst_gap().burst_ratio))
EXTRACT(STREAM_CLOCK_SKEW) {
    if (s.stream == nullptr || !s.stream->has_jitter()) return {};
    const auto ppm = s.stream->skew.ppm();
    return ppm ? Value::of_real(*ppm) : Value{};
}
EXTRACT(STREAM_RTT) {
    const auto trip = s.stream == nullptr ? std::nullopt : s.tracker->round_trip(*s.stream);
    return trip ? number(static_cast<std::uint64_t>(*trip + 0.5)) : Value{};
}
inline Value detail_real(const RecordSource& s, std::optional<float> ReportedDetail::*figure) {
    const ReportedDetail* d = s.stream == nullptr ? nullptr : s.tracker->reported_detail(*s.stream);
    return d == nullptr || !(d->*figure) ? Value{} : Value::of_real(static_cast<double>(*(d->*figure)));
}
inline Value detail_ns(const RecordSource& s, std::optional<float> ReportedDetail::*milliseconds) {
    const Value ms = detail_real(s, milliseconds);
    return ms.kind == Value::Kind::absent ? ms : number(static_cast<std::uint64_t>(ms.real * 1e6 + 0.5));
}
EXTRACT(STREAM_REPORTED_LOSS) {
    if (s.stream == nullptr) return {};
    if (s.stream->reported.expected == 0) return detail_real(s, &ReportedDetail::loss_pct);
    return Value::of_real(100.0 * std::max(s.stream->reported.lost, 0) / s.stream->reported.expected);
}
EXTRACT(STREAM_REPORTED_JITTER) {
    if (s.stream == nullptr) return {};
    if (s.stream->reported.reports == 0 || s.stream->clock_rate() == 0) return detail_ns(s, &ReportedDetail::jitter_ms);
    const ReportedFigures& r = s.stream->reported;
    return number(static_cast<std::uint64_t>(r.jitter_ticks / r.reports * 1e9 / s.stream->clock_rate() + 0.5));
}
inline Value reported_mos(std::uint16_t mos) { return mos == ReportedFigures::kNone ? Value{} : Value::of_real(mos / 100.0); }
STREAM_FIELD(STREAM_REPORTED_MOS_LQ, reported_mos(s.stream->reported.mos_lq))
STREAM_FIELD(STREAM_REPORTED_MOS_CQ, reported_mos(s.stream->reported.mos_cq))
STREAM_FIELD(STREAM_MOS_MIN_10S, s.stream->mos_min <= 0 ? Value{} : Value::of_real(static_cast<double>(s.stream->mos_min)))
STREAM_FIELD(STREAM_CODEC_MODE, s.stream->mode.mode == ModeVote::kNone ? Value{} : number(s.stream->mode.mode))

}  // namespace voipprobe::probe
