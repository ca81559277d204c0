// Packets through a pipeline, and what its stream and detail records say.
#pragma once

#include <map>

#include "probe/record/extract.hpp"
#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::test {

// Values of the elements of every final stream and detail record, by SSRC and name.
class ValueSink : public probe::RecordSink {
  public:
    bool wants(templates::RecordKind kind) const override {
        return kind == templates::RecordKind::stream || kind == templates::RecordKind::detail;
    }
    bool wants_snapshots(templates::RecordKind) const override { return false; }
    void emit(const probe::RecordSource& s) override {
        for (const templates::ElementId id : kWanted) {
            const probe::Value v = probe::extractor_of(id)(s);
            const std::string key = std::to_string(s.stream->ssrc) + ' ' + std::string(templates::element(id).name);
            if (v.kind == probe::Value::Kind::number) {
                const auto n = static_cast<double>(v.number);
                values[key] = n;
                least[key] = least.contains(key) ? std::min(least[key], n) : n;
                most[key] = std::max(most[key], n);
            }
            else if (v.kind == probe::Value::Kind::real) values[key] = v.real;
            else if (v.kind == probe::Value::Kind::text || v.kind == probe::Value::Kind::bytes) texts[key] = std::string(v.text());
        }
    }
    static constexpr std::array kWanted{
        templates::ElementId::CALL_RECORD_ID,
        templates::ElementId::STREAM_DTMF_EVENTS, templates::ElementId::RTP_DTMF_TONES,
        templates::ElementId::STREAM_RTT, templates::ElementId::STREAM_RTT_TO_RECEIVER,
        templates::ElementId::STREAM_RTT_TO_SENDER, templates::ElementId::STREAM_REPORTED_LOSS,
        templates::ElementId::STREAM_REPORTED_JITTER, templates::ElementId::STREAM_REPORTED_MOS_LQ,
        templates::ElementId::STREAM_REPORTED_MOS_CQ, templates::ElementId::STREAM_REPORTED_BY,
        templates::ElementId::STREAM_REPORTED_RTT, templates::ElementId::STREAM_REPORTED_END_DELAY,
        templates::ElementId::STREAM_REPORTED_DISCARD, templates::ElementId::STREAM_REPORTED_BURST_DENSITY,
        templates::ElementId::STREAM_REPORTED_GAP_DENSITY, templates::ElementId::STREAM_REPORTED_R,
        templates::ElementId::STREAM_GAPS_OVER_150MS, templates::ElementId::STREAM_OUTAGES,
        templates::ElementId::STREAM_OUTAGE_TIME, templates::ElementId::STREAM_DELAY_MAX,
        templates::ElementId::STREAM_DELAY_MEDIAN, templates::ElementId::STREAM_TRANSIT_DEVIATION,
        templates::ElementId::STREAM_SPEECH_ACTIVITY, templates::ElementId::STREAM_LOST_IN_SPEECH,
        templates::ElementId::STREAM_CNAME, templates::ElementId::STREAM_TOOL};
    bool has(const char* key) const { return values.contains(key); }
    std::map<std::string, double> values, least, most;
    std::map<std::string, std::string> texts;
};

inline void run(std::vector<TimedPacket> packets, ValueSink& sink, probe::PipelineConfig config = {},
         probe::MediaCounters* counters = nullptr) {
    std::stable_sort(packets.begin(), packets.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    probe::Pipeline pipeline(config, sink);
    for (const TimedPacket& p : packets) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
    pipeline.finish();
    if (counters != nullptr) *counters = pipeline.media().counters();
}

}  // namespace voipprobe::test
