// Extractors of stream-detail records: what does not fit into the stream record.
#pragma once

#include "probe/record/extract_rtp.hpp"

namespace voipprobe::probe {

STREAM_FIELD(STREAM_REORDER_DISTANCE, number(s.stream->sequence.max_distance()))
STREAM_FIELD(STREAM_STRAY, number(s.stream->sequence.stray()))
STREAM_FIELD(STREAM_GAPS_OVER_150MS, number(s.stream->long_gaps.over_150_ms))
STREAM_FIELD(STREAM_OUTAGES, number(s.stream->long_gaps.outages))
STREAM_FIELD(STREAM_OUTAGE_TIME, number(static_cast<std::uint64_t>(s.stream->long_gaps.outage_ns)))

inline Value delay_ns(const RecordSource& s, double DelaySummary::*figure) {
    if (s.stream == nullptr || !s.stream->has_jitter()) return {};
    const DelaySummary d = s.tracker->pools().delays.summary(s.stream->buffers, s.tracker->pools().histograms);
    return d.n == 0 ? Value{} : number(static_cast<std::uint64_t>(d.*figure + 0.5));
}
EXTRACT(STREAM_DELAY_MEDIAN) { return delay_ns(s, &DelaySummary::median); }
EXTRACT(STREAM_DELAY_P95) { return delay_ns(s, &DelaySummary::p95); }
EXTRACT(STREAM_DELAY_P99) { return delay_ns(s, &DelaySummary::p99); }
EXTRACT(STREAM_DELAY_MAX) { return delay_ns(s, &DelaySummary::max); }
EXTRACT(STREAM_TRANSIT_DEVIATION) {
    const auto mean = s.stream == nullptr ? std::nullopt : s.stream->transit_deviation();
    return mean ? number(static_cast<std::uint64_t>(*mean + 0.5)) : Value{};
}

inline Value one_side(const RecordSource& s, std::size_t side) {
    if (s.stream == nullptr) return {};
    const RoundTrips t = s.tracker->sides(*s.stream)[side];
    return t.count == 0 ? Value{} : number(static_cast<std::uint64_t>(t.mean() + 0.5));
}
EXTRACT(STREAM_RTT_TO_RECEIVER) { return one_side(s, 0); }
EXTRACT(STREAM_RTT_TO_SENDER) { return one_side(s, 1); }
EXTRACT(STREAM_RTT_COUNT) {
    if (s.stream == nullptr) return {};
    const auto sides = s.tracker->sides(*s.stream);
    return number(std::uint64_t{sides[0].count} + sides[1].count);
}

STREAM_FIELD(STREAM_REPORTED_BY, s.stream->reported.sources == 0 ? Value{} : number(s.stream->reported.sources))
EXTRACT(STREAM_REPORTED_DISCARD) { return detail_real(s, &ReportedDetail::discard_pct); }
EXTRACT(STREAM_REPORTED_BURST_DENSITY) { return detail_real(s, &ReportedDetail::burst_density); }
EXTRACT(STREAM_REPORTED_GAP_DENSITY) { return detail_real(s, &ReportedDetail::gap_density); }
EXTRACT(STREAM_REPORTED_RTT) { return detail_ns(s, &ReportedDetail::round_trip_ms); }
EXTRACT(STREAM_REPORTED_END_DELAY) { return detail_ns(s, &ReportedDetail::end_system_ms); }
EXTRACT(STREAM_REPORTED_R) { return detail_real(s, &ReportedDetail::r_factor); }
inline Value source_name(const RecordSource& s, std::string_view (SourceNames::*name)() const) {
    const SourceNames* names = s.stream == nullptr ? nullptr : s.tracker->source_names(*s.stream);
    return names == nullptr || (names->*name)().empty() ? Value{} : Value::of_text((names->*name)());
}
EXTRACT(STREAM_CNAME) { return source_name(s, &SourceNames::cname); }
EXTRACT(STREAM_TOOL) { return source_name(s, &SourceNames::tool); }
inline const SpeechActivity* speech(const RecordSource& s) { return s.stream == nullptr ? nullptr : s.tracker->speech(*s.stream); }
EXTRACT(STREAM_SPEECH_ACTIVITY) {
    const SpeechActivity* a = speech(s);
    return a == nullptr ? Value{} : Value::of_real(static_cast<double>(a->active) / static_cast<double>(a->judged));
}
EXTRACT(STREAM_LOST_IN_SPEECH) {
    const SpeechActivity* a = speech(s);
    return a == nullptr ? Value{} : number(a->lost_in_speech);
}

}  // namespace voipprobe::probe
