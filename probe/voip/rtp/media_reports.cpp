// What endpoints say in signalling about the media they received: RFC 6035 reports and statistics in BYE and its
// response, and XR blocks of one RTCP compound, to the stream they describe.
#include <algorithm>

#include "probe/voip/rtcp/compound_blocks.hpp"
#include "probe/voip/rtcp/endpoint_statistics.hpp"
#include "probe/voip/rtcp/session_quality.hpp"
#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/sip/call_media.hpp"
#include "probe/voip/sip/dialog.hpp"
#include "probe/voip/sip/info_digits.hpp"
#include "probe/voip/sip/sip_message.hpp"

namespace voipprobe::probe {
namespace {

template <typename T>
void take(std::optional<T>& into, const std::optional<T>& from) {
    if (from) into = from;
}

// The last word counts, but one about an interval does not replace one about the whole stream.
bool may_replace(ReportedDetail& d, bool known, std::uint8_t bit, bool of_interval) {
    if (of_interval && known && (d.of_interval & bit) == 0) return false;
    if (of_interval) d.of_interval |= bit;
    else d.of_whole(bit);
    return true;
}

std::uint16_t hundredths(float mos) { return static_cast<std::uint16_t>(mos * 100 + 0.5F); }

}  // namespace

ReportedDetail& MediaTracker::detail_of(RtpStream& s, std::uint8_t source) {
    ReportedDetail& d = details_[index_of(s)];
    if ((s.reported.sources & ~report_source::kRtcp) == 0) d = ReportedDetail{};  // of an earlier stream in this slot
    s.reported.sources |= source;
    return d;
}

const ReportedDetail* MediaTracker::reported_detail(const RtpStream& s) const {
    return (s.reported.sources & ~report_source::kRtcp) == 0 ? nullptr : &details_[index_of(s)];
}

void MediaTracker::take_report(RtpStream& s, const SessionReport& r, std::uint8_t source) {
    ReportedDetail& d = detail_of(s, source);
    take(d.loss_pct, r.figures.loss_pct);
    take(d.discard_pct, r.figures.discard_pct);
    take(d.jitter_ms, r.figures.jitter_ms);
    take(d.burst_density, r.figures.burst_density);
    take(d.gap_density, r.figures.gap_density);
    take(d.round_trip_ms, r.figures.round_trip_ms);
    take(d.end_system_ms, r.figures.end_system_ms);
    take(d.r_factor, r.figures.r_factor);
    if (r.figures.discard_pct) d.of_whole(ReportedDetail::kDiscard);
    if (r.figures.burst_density) d.of_whole(ReportedDetail::kBurst);
    if (r.figures.gap_density) d.of_whole(ReportedDetail::kGap);
    if (r.mos_lq) s.reported.mos_lq = hundredths(*r.mos_lq), d.of_whole(ReportedDetail::kMosLq);
    if (r.mos_cq) s.reported.mos_cq = hundredths(*r.mos_cq), d.of_whole(ReportedDetail::kMosCq);
    ++counters_.rtcp.session_reports;
}

void MediaTracker::take_blocks(RtpStream& s, const StreamBlocks& blocks) {
    const BlockFigures f = figures_of(blocks);
    const auto keep = [&](std::optional<float> ReportedDetail::*figure, std::uint8_t bit, const std::optional<SpannedFigure>& said) {
        if (!said) return;
        ReportedDetail& d = detail_of(s, report_source::kExtended);
        if (may_replace(d, (d.*figure).has_value(), bit, said->of_interval)) d.*figure = said->value;
    };
    keep(&ReportedDetail::discard_pct, ReportedDetail::kDiscard, f.discard_pct);
    keep(&ReportedDetail::burst_density, ReportedDetail::kBurst, f.burst_density);
    keep(&ReportedDetail::gap_density, ReportedDetail::kGap, f.gap_density);
    if (f.round_trip_ms) detail_of(s, report_source::kExtended).round_trip_ms = f.round_trip_ms;
    if (f.end_system_ms) detail_of(s, report_source::kExtended).end_system_ms = f.end_system_ms;
    if (blocks.voip_metrics) return;
    for (const RtcpMos& m : blocks.scores)
        if (!take_score(s, m)) ++counters_.rtcp.scores_of_unknown_algorithm;
}

// RFC 7266 §3.2.1: what a score is, listening or conversational, and on which scale, is the algorithm's; its number means
// nothing but what SDP says. The algorithms known here all score speech from 1 to 5. False: not among them.
bool MediaTracker::take_score(RtpStream& s, const RtcpMos& m) {
    const Call* call = s.call == 0 ? nullptr : calls_.get(s.call, s.call_serial);
    const ScoreSense sense = call == nullptr ? ScoreSense::unknown : find_score(*call, s.side, s.line, m.algorithm);
    if (sense == ScoreSense::unknown) return false;
    // One channel of several, another codec than the stream's, or out of the scale: no score of this stream.
    if (m.channel || m.payload_type != s.main_payload_type() || !m.score || *m.score < 1 || *m.score > 5) return true;
    const bool listening = sense == ScoreSense::listening;
    std::uint16_t& mos = listening ? s.reported.mos_lq : s.reported.mos_cq;
    ReportedDetail& d = detail_of(s, report_source::kExtended);
    if (may_replace(d, mos != ReportedFigures::kNone, listening ? ReportedDetail::kMosLq : ReportedDetail::kMosCq, m.span == XrSpan::interval))
        mos = hundredths(*m.score);
    return true;
}

// By SSRC, else by where it is received, among the call's streams; the one with most packets of several hops.
RtpStream* MediaTracker::described_by(const Call& call, const std::optional<std::uint32_t>& ssrc, const wire::Endpoint& at) {
    RtpStream* best = nullptr;
    int best_rank = 0;
    for (const std::uint32_t n : call.streams) {
        RtpStream& s = stream(n);
        if (!s.confirmed || (ssrc && s.ssrc != *ssrc)) continue;
        const bool there = receiver(s) == at;
        const int rank = (ssrc ? 1 : 0) + (there ? 2 : 0);
        if (rank > best_rank || (rank != 0 && rank == best_rank && s.packets > best->packets)) {
            best = &s;
            best_rank = rank;
        }
    }
    return best;
}

void MediaTracker::take_quality_report(std::string_view body) {
    VqReport report;
    if (!parse_vq_report(body, report)) return void(++counters_.rtcp.session_reports_refused);
    const CallIndex call = calls_.find(report.call_id);
    if (call == 0) return void(++counters_.rtcp.session_report_orphans);
    const Call& c = calls_[call];
    RtpStream* local = report.heard_by_local ? described_by(c, report.remote.ssrc, report.local.endpoint) : nullptr;
    RtpStream* remote = report.heard_by_remote ? described_by(c, report.local.ssrc, report.remote.endpoint) : nullptr;
    if (local != nullptr) take_report(*local, *report.heard_by_local, report_source::kSession);
    if (remote != nullptr && remote != local) take_report(*remote, *report.heard_by_remote, report_source::kSession);
    if (local == nullptr && remote == nullptr) ++counters_.rtcp.session_report_orphans;
}

// Digits are heard by the other side, as those of RFC 4733 are.
void MediaTracker::take_info_digits(const SipMessage& m, const Call& call) {
    const std::string digits = info_digits(m.content_type, m.body);
    if (digits.empty()) return;
    const Side sender = sender_of(call, m, ids_of(m));
    RtpStream* const s = main_audio(call, sender == Side::caller ? Side::callee : Side::caller);
    if (s == nullptr) return void(++counters_.digits_without_stream);
    s->dtmf_events += static_cast<std::uint32_t>(digits.size());
    if (config_.dtmf)
        for (const char digit : digits) digits_[index_of(*s)].add(digit);
}

void MediaTracker::on_signalling(const SipMessage& m, std::string_view text, CallIndex call, bool fresh) {
    if (is_vq_report(m.content_type)) return take_quality_report(m.body);
    if (call == 0) return;
    if (m.method == SipMethod::info && m.is_request && fresh) return take_info_digits(m, calls_[call]);
    if (m.method != SipMethod::bye) return;
    const auto report = find_endpoint_statistics(text);
    if (!report) return;
    const Call& c = calls_[call];
    // The sender writes about what it heard.
    if (RtpStream* best = main_audio(c, sender_of(c, m, ids_of(m)))) take_report(*best, *report, report_source::kHeader);
    else ++counters_.rtcp.session_report_orphans;
}

RtpStream* MediaTracker::main_audio(const Call& call, Side hears) {
    RtpStream* best = nullptr;
    for (const std::uint32_t n : call.streams)
        if (streams_[n].side == hears && streams_[n].confirmed && streams_[n].media_kind <= 1 &&
            (best == nullptr || stream(n).packets > best->packets))
            best = &stream(n);
    return best;
}

void MediaTracker::on_report(const Call& call, Side hears, const SessionReport& report) {
    if (RtpStream* s = main_audio(call, hears)) take_report(*s, report, report_source::kSignalling);
    else ++counters_.rtcp.session_report_orphans;
}

}  // namespace voipprobe::probe
