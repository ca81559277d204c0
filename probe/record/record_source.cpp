#include "probe/record/record_source.hpp"

#include "templates/template_plan.hpp"

namespace voipprobe::probe {
namespace {

quality::JitterFigures figures_of(const JitterSummary& j) {
    return {j.mean / 1e6, j.median / 1e6, j.max / 1e6, j.iqr / 1e6, j.std_dev / 1e6, j.p95 / 1e6, j.p99 / 1e6};
}

}  // namespace

const JitterSummary& RecordSource::jitter() const {
    if (!jitter_[2]) jitter_[2] = stream->jitter_summary(tracker->pools());
    return *jitter_[2];
}

const JitterSummary& RecordSource::jitter(std::size_t direction) const {
    if (!jitter_[direction]) jitter_[direction] = media[direction]->jitter_summary(tracker->pools());
    return *jitter_[direction];
}

const quality::Score& RecordSource::score(std::size_t direction) const {
    if (score_[direction]) return *score_[direction];
    quality::StreamFigures f;
    if (const RtpStream* s = media[direction]) {
        f.codec = codec(*s);
        f.clock = s->clock_rate();
        f.variant.concealment = context->g711_plc;
        if (s->ptime_us() != 0) f.ptime_ms = s->ptime_us() / 1000.0;
        f.packets = s->packets;
        f.expected = s->sequence.expected();
        f.lost = s->sequence.lost();
        f.max_gap_ms = s->max_gap < 0 ? 0 : static_cast<double>(s->max_gap) / 1e6;
        if (s->has_jitter()) f.jitter = figures_of(jitter(direction));
    }
    score_[direction] = quality::score_stream(f);
    return *score_[direction];
}

std::string_view RecordSource::codec(const RtpStream& s) const {
    const std::uint8_t pt = s.main_payload_type();
    if (const CallFormat* f = tracker->format_of(s, pt)) return f->encoding;
    if (const RtpMapEntry* e = tracker->map_entry(pt)) return e->encoding;
    if (const auto* known = quality::find_static_payload_type(pt)) return known->name;
    return {};
}

const Call* RecordSource::call_of(const RtpStream& s) const {
    return s.call == 0 || calls == nullptr ? nullptr : calls->get(s.call, s.call_serial);
}

std::uint8_t RecordSource::present() const {
    namespace presence = templates::presence;
    std::uint8_t groups = 0;
    if (kind == templates::RecordKind::flow && tunnel.type != TunnelType::none) groups |= presence::kTunnel;
    if (kind == templates::RecordKind::stream && stream != nullptr) {
        if (stream->clock_rate() != 0) groups |= presence::kClock;
    }
    if (kind == templates::RecordKind::call && call != nullptr) {
        for (const CallEvent e : {CallEvent::ok, CallEvent::ack, CallEvent::bye, CallEvent::bye_ok})
            if (call->has(e)) groups |= presence::kAnswered;
        if (call->held_ns != 0 || call->holders != 0) groups |= presence::kAnswered;
        for (const CallEvent e : {CallEvent::cancel, CallEvent::cancel_ok, CallEvent::failure})
            if (call->has(e)) groups |= presence::kEnded;
    }
    return groups;
}

}  // namespace voipprobe::probe
