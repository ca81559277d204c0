// A record sink that keeps what tests look at, and a helper that runs a capture file through a pipeline.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "probe/capture/file_source.hpp"
#include "probe/pipeline.hpp"
#include "probe/record/record_sink.hpp"

namespace voipprobe::test {

struct SeenStream {
    wire::Endpoint src, dst;
    std::uint32_t ssrc = 0;
    std::string call_id, codec;
    probe::Side side = probe::Side::none;
    probe::StreamMatch match = probe::StreamMatch::none;
    std::uint64_t packets = 0, octets = 0, expected = 0, unique = 0, lost = 0, duplicates = 0, reordered = 0, resets = 0;
    double max_gap_ms = -1, max_delta_ms = -1;
    probe::JitterSummary jitter;
    std::uint32_t clock = 0;
    std::uint32_t reports = 0;  // RTCP reports about it
    int media_kind = 0;
    std::uint32_t dtmf_events = 0;
};

// Media without an RTP header.
struct SeenPlain {
    wire::Endpoint src, dst;
    std::string call_id;
    probe::PlainStream figures;
};

class CollectingSink : public probe::RecordSink {
  public:
    bool wants(templates::RecordKind kind) const override {
        using enum templates::RecordKind;
        return kind == flow || kind == call || kind == stream;
    }
    bool wants_snapshots(templates::RecordKind) const override { return snapshots; }
    void emit(const probe::RecordSource& s) override {
        using enum templates::RecordKind;
        if (s.kind == flow) {
            ++flows;
            flow_packets += s.packets[0] + s.packets[1];
            flow_octets += s.octets[0] + s.octets[1];
        } else if (s.kind == call && s.final) {
            calls.push_back(*s.call);
        } else if (s.kind == stream && s.plain != nullptr) {
            if (s.final) plain.push_back({s.src, s.dst, s.call ? s.call->call_id : "", *s.plain});
        } else if (s.kind == stream && s.final) {
            const probe::RtpStream& r = *s.stream;
            SeenStream o;
            o.src = s.src;
            o.dst = s.dst;
            o.ssrc = r.ssrc;
            o.call_id = s.call ? s.call->call_id : "";
            o.codec = s.codec(r);
            o.side = r.side;
            o.match = r.match;
            o.packets = r.packets;
            o.octets = r.octets;
            o.expected = r.sequence.expected();
            o.unique = r.sequence.unique();
            o.lost = r.sequence.lost();
            o.duplicates = r.sequence.duplicates();
            o.reordered = r.sequence.reordered();
            o.resets = r.sequence.resets();
            if (r.max_gap >= 0) o.max_gap_ms = static_cast<double>(r.max_gap) / 1e6;
            if (r.max_delta >= 0) o.max_delta_ms = static_cast<double>(r.max_delta) / 1e6;
            if (r.has_jitter()) o.jitter = s.jitter();
            o.clock = r.clock_rate();
            o.reports = static_cast<std::uint32_t>(r.reported.reports);
            o.media_kind = r.media_kind;
            o.dtmf_events = r.dtmf_events;
            streams.push_back(o);
        }
    }
    bool snapshots = false;
    std::uint64_t flows = 0, flow_packets = 0, flow_octets = 0;
    std::vector<probe::Call> calls;
    std::vector<SeenStream> streams;
    std::vector<SeenPlain> plain;
};

struct FileRun {
    probe::SourceState end = probe::SourceState::more;
    probe::PipelineCounters counters;
    std::string error;
};

inline FileRun run_file(const std::string& path, CollectingSink& sink, probe::PipelineConfig config = {}) {
    FileRun run;
    auto source = probe::FileSource::open(path);
    if (!source) {
        run.error = source.error().message;
        return run;
    }
    probe::Pipeline pipeline(config, sink);
    std::array<probe::RawPacket, 64> batch;
    while ((*source)->state() == probe::SourceState::more) {
        const std::size_t n = (*source)->read_batch(batch);
        pipeline.process(std::span(batch).first(n));
    }
    pipeline.finish();
    run.end = (*source)->state();
    run.counters = pipeline.counters();
    return run;
}

}  // namespace voipprobe::test
