#include "probe/record/record_source.hpp"

#include <utility>

#include "probe/record/stream_score.hpp"
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
        f = stream_figures(*s, *tracker, context->g711_plc);
        if (s->has_jitter()) f.jitter = figures_of(jitter(direction));
    }
    score_[direction] = quality::score_stream(f);
    return *score_[direction];
}

std::string_view RecordSource::codec(const RtpStream& s) const { return tracker->codec_of(s); }

const BurstGapFigures& RecordSource::burst_gap() const {
    if (!burst_gap_) burst_gap_ = stream->burst_gap.figures();
    return *burst_gap_;
}

const Call* RecordSource::call_of(const RtpStream& s) const {
    return s.call == 0 || calls == nullptr ? nullptr : calls->get(s.call, s.call_serial);
}

RecordSource RecordSource::turn() const {
    RecordSource r = *this;
    r.turned = !turned;
    std::swap(r.src, r.dst);
    std::swap(r.octets[0], r.octets[1]);
    std::swap(r.packets[0], r.packets[1]);
    std::swap(r.media[0], r.media[1]);
    std::swap(r.jitter_[0], r.jitter_[1]);
    std::swap(r.score_[0], r.score_[1]);
    return r;
}

std::uint8_t RecordSource::present() const {
    namespace presence = templates::presence;
    std::uint8_t groups = 0;
    if (kind == templates::RecordKind::flow && tunnel.type != TunnelType::none) groups |= presence::kTunnel;
    if (kind == templates::RecordKind::flow && registers != nullptr) groups |= presence::kRegister;
    if (kind == templates::RecordKind::stream && plain != nullptr) return presence::kPlain;
    if (kind == templates::RecordKind::stream && stream != nullptr) {
        groups |= presence::kRtp;
        if (stream->clock_rate() != 0) groups |= presence::kClock;
        if (stream->reported.sources != 0 || tracker->round_trip(*stream))
            groups |= presence::kRtcp;
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
