// stream-details: what streams.csv has no column for; joined with it by record_id.
#include <array>

#include "collector/sink/columns.hpp"

namespace voipprobe::collector {
namespace {

using Row = DetailRow;

RowColumn<Row> count(const char* name, Count DetailFacts::*field) {
    return {name, [field](const Row& r) { return count_cell(r.facts.*field); }};
}
RowColumn<Row> ms(const char* name, Count DetailFacts::*field) {
    return {name, [field](const Row& r) { return scaled_cell(r.facts.*field, 1e-6, 6); }};
}
RowColumn<Row> real(const char* name, Real DetailFacts::*field, int places) {
    return {name, [field, places](const Row& r) { return decimal_cell(r.facts.*field, places); }};
}

// STREAM_REPORTED_BY
Cell reported_by(const Count& bits) {
    if (!bits) return {};
    constexpr std::array<const char*, 5> kNames{"rtcp", "xr", "vq-rtcpxr", "bye", "signalling"};
    std::string out;
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if ((*bits >> i & 1) != 0) out += (out.empty() ? "" : ";") + std::string(kNames[i]);
    return Literal{out};
}

}  // namespace

const Columns<DetailRow>& detail_columns() {
    static const Columns<Row> table{
        {"record_id", [](const Row& r) { return id_cell(r.facts.record_id); }},
        {"probe", [](const Row& r) { return Cell{Literal{r.probe.text()}}; }},
        {"call_record_id", [](const Row& r) { return id_cell(r.facts.call_record_id); }},
        count("reorder_distance", &DetailFacts::reorder_distance),
        count("stray", &DetailFacts::stray),
        count("gaps_over_150ms", &DetailFacts::gaps_over_150ms),
        count("outages", &DetailFacts::outages),
        ms("outage_ms", &DetailFacts::outage_ns),
        ms("delay_median", &DetailFacts::delay_median_ns),
        ms("delay_p95", &DetailFacts::delay_p95_ns),
        ms("delay_p99", &DetailFacts::delay_p99_ns),
        ms("delay_max", &DetailFacts::delay_max_ns),
        ms("transit_deviation", &DetailFacts::transit_deviation_ns),
        ms("rtt_to_receiver_ms", &DetailFacts::rtt_to_receiver_ns),
        ms("rtt_to_sender_ms", &DetailFacts::rtt_to_sender_ns),
        count("rtt_count", &DetailFacts::rtt_count),
        {"reported_by", [](const Row& r) { return reported_by(r.facts.reported_by); }},
        real("reported_discard_pct", &DetailFacts::reported_discard_pct, 3),
        real("reported_burst_density", &DetailFacts::reported_burst_density, 6),
        real("reported_gap_density", &DetailFacts::reported_gap_density, 6),
        ms("reported_rtt_ms", &DetailFacts::reported_rtt_ns),
        ms("reported_end_delay_ms", &DetailFacts::reported_end_delay_ns),
        real("reported_r", &DetailFacts::reported_r, 2),
        real("speech_activity", &DetailFacts::speech_activity, 6),
        count("lost_in_speech", &DetailFacts::lost_in_speech),
        {"dtmf_digits", [](const Row& r) { return text_cell(r.facts.dtmf_digits); }},
        {"cname", [](const Row& r) { return text_cell(r.facts.cname); }},
        {"tool", [](const Row& r) { return text_cell(r.facts.tool); }},
    };
    return table;
}

}  // namespace voipprobe::collector
