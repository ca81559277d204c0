// When flows, calls and streams end, and the records they become.
#include <algorithm>

#include "probe/pipeline.hpp"
#include "probe/record/stream_score.hpp"
#include "probe/voip/sip/call_media.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::int64_t kAfterEnd = 5 * wire::kSecond;        // a call's last messages may be repeated
constexpr std::int64_t kAfterChallenge = 180 * wire::kSecond;  // another attempt may follow once someone typed a password
constexpr std::int64_t kNoAnswer = 200 * wire::kSecond;      // timer C and some (RFC 3261 §16.6)
constexpr std::int64_t kMediaGone = 300 * wire::kSecond;     // answered, media stopped, no BYE
constexpr std::int64_t kForgotten = 7200 * wire::kSecond;    // answered, media never seen or on hold
constexpr std::int64_t kStreamTail = 2 * wire::kSecond;      // media on its way when the call ends
constexpr std::int64_t kTcpTail = 1 * wire::kSecond;         // ACKs after FIN or RST
constexpr std::int64_t kHeldFlow = 5 * wire::kSecond;        // how often a silent flow of a running call is looked at

// Where a stream of either kind went, and when.
template <typename Stream>
void describe_path(RecordSource& r, const Stream& s, const FlowTable& flows) {
    const bool forward = s.direction == 0;
    r.src = forward ? flows.source(s.flow) : flows.destination(s.flow);
    r.dst = forward ? flows.destination(s.flow) : flows.source(s.flow);
    r.protocol = kProtoUdp;
    r.ip_version = FlowTable::ip_version(flows.hot(s.flow));
    r.start_us = s.first_time / wire::kMicrosecond;
    r.end_us = s.last_time / wire::kMicrosecond;
}

}  // namespace

using templates::RecordKind;

// ---- flows ---------------------------------------------------------------------------------------------------

// Decisions depend on the packets' times only, never on when the wheel came by, so that replay, live traffic and any
// number of workers give the same records.
Tick Pipeline::on_flow_due(FlowIndex i, wire::TimeNs now, bool arriving) {
    for (;;) {
        media_.count_waiting(i);
        FlowHot& h = flows_.hot(i);
        const FlowCold& c = flows_.cold(i);
        const bool has_delta = (h.packets[0] | h.packets[1]) != 0;
        const bool ended = (h.flags & kEnded) != 0;
        const wire::TimeNs last = h.last_us * wire::kMicrosecond;
        const wire::TimeNs idle = last + (ended ? std::min(kTcpTail, config_.idle_ns) : config_.idle_ns);
        const wire::TimeNs active =
            has_delta ? c.delta_start_us * wire::kMicrosecond + config_.active_ns : INT64_MAX;
        const wire::TimeNs snapshot = std::min(media_.next_snapshot(i), plain_.next_snapshot(i));
        const wire::TimeNs first = std::min({idle, active, snapshot});
        if (first > now) return next_due(i, now);
        if (snapshot == first) {
            // A clock that jumped ahead within a call owes one snapshot, not one for every boundary of the years between.
            const wire::TimeNs heard = std::min(last, now);
            const wire::TimeNs at = heard - first < config_.active_ns ? first : heard;
            media_.on_snapshot(i, at);
            plain_.on_snapshot(i, at);
            continue;
        }
        if (active == first && active < idle) {
            emit_flow(i, EndReason::active);
            continue;
        }
        end_sip_tcp(i);  // what it still held belongs to calls
        if ((h.packets[0] | h.packets[1]) != 0) emit_flow(i, ended ? EndReason::end_detected : EndReason::idle);
        plain_.end(i, now);
        if (media_.on_idle(i, now, false)) return flows_.to_tick(now + kHeldFlow);
        // What was learned of a TLS or WebSocket connection is not on the wire again.
        const bool kept = !ended && sip_tcp_.keeps(flows_.cold(i).sip_tcp, now);
        if (!arriving) {
            if (kept) return flows_.to_tick(now + kHeldFlow);
            forget_flow(i);
            return FlowTable::kGone;
        }
        // The packet that arrives starts the flow anew.
        if (!kept) close_sip_tcp(i);
        FlowCold& fresh = flows_.cold(i);
        fresh.start_us = now / wire::kMicrosecond;
        fresh.strikes = 0;
        registers_.forget(i);
        h.last_us = fresh.start_us;
        h.flags &= static_cast<std::uint8_t>(~(kEnded | kFinForward | kFinBackward));
        if (h.kind != FlowKind::signalling) h.kind = FlowKind::fresh;
        return flows_.to_tick(now + std::min(config_.idle_ns, config_.active_ns));
    }
}

Tick Pipeline::next_due(FlowIndex i, wire::TimeNs now) const {
    const FlowHot& h = flows_.hot(i);
    const bool ended = (h.flags & kEnded) != 0;
    wire::TimeNs due = h.last_us * wire::kMicrosecond + (ended ? kTcpTail : config_.idle_ns);
    if ((h.packets[0] | h.packets[1]) != 0)
        due = std::min(due, flows_.cold(i).delta_start_us * wire::kMicrosecond + config_.active_ns);
    due = std::min({due, media_.next_snapshot(i), plain_.next_snapshot(i)});
    return std::min(std::max(flows_.to_tick(due), flows_.to_tick(now)) + 1, FlowTable::kLastTick);
}

void Pipeline::emit_flow(FlowIndex i, EndReason reason) {
    media_.count_waiting(i);
    FlowHot& h = flows_.hot(i);
    const std::uint64_t packets = std::uint64_t{h.packets[0]} + h.packets[1];
    const RtpStream* in = media_.main_stream(i, 0);
    const RtpStream* out = media_.main_stream(i, 1);
    RecordKind kind = RecordKind::flow;
    if ((in != nullptr || out != nullptr) && sink_.wants(RecordKind::rtp)) kind = RecordKind::rtp;
    else if (h.kind == FlowKind::sip && sink_.wants(RecordKind::sip)) kind = RecordKind::sip;
    const bool voip = in != nullptr || out != nullptr || h.kind == FlowKind::sip || h.kind == FlowKind::signalling || plain_.counts(i);
    if (!sink_.wants(kind) || (config_.voip_only && !voip)) {
        counters_.unsent_packets += packets;
        counters_.unsent_octets += h.octets[0] + h.octets[1];
    } else {
        RecordSource s = source(kind);
        s.hot = &h;
        s.cold = &flows_.cold(i);
        s.src = flows_.source(i);
        s.dst = flows_.destination(i);
        s.protocol = FlowTable::protocol(h);
        s.ip_version = FlowTable::ip_version(h);
        s.octets = h.octets;
        s.packets = {h.packets[0], h.packets[1]};
        s.start_us = s.cold->delta_start_us;
        s.end_us = h.last_us;
        s.end_reason = reason;
        s.media = {in, out};
        s.tunnel = tunnels_[s.cold->tunnel];
        s.zone_key = zones_[FlowTable::zone(h)];
        s.tls = sip_tcp_.is_tls(s.cold->sip_tcp);
        s.server_name = sip_tcp_.server_name(s.cold->sip_tcp);
        s.classifier = classifier_.get();
        if (h.kind == FlowKind::sip || h.kind == FlowKind::signalling) s.registers = registers_.find(i);
        sink_.emit(s);
        if (s.registers != nullptr) registers_.sent(i);
        counters_.flow_packets += packets;
        counters_.flow_octets += h.octets[0] + h.octets[1];
    }
    h.packets = {};
    h.octets = {};
    media_.close_lanes(i);  // the next packet is a record's first
}

void Pipeline::forget_flow(FlowIndex i) {
    close_sip_tcp(i);
    if (flows_.hot(i).kind == FlowKind::sip || flows_.hot(i).kind == FlowKind::signalling) registers_.forget(i);
    tunnels_.release(flows_.cold(i).tunnel);
    zones_.release(FlowTable::zone(flows_.hot(i)));
    others_.forget(i);
    if (classifier_) classifier_->forget(i);
    flows_.remove(i);
}

bool Pipeline::evict_flow() {
    FlowIndex victim = flows_.victim([this](FlowIndex i) {
        const FlowKind k = flows_.hot(i).kind;
        return k != FlowKind::media && k != FlowKind::sip && k != FlowKind::signalling;
    });
    if (victim == 0) victim = flows_.victim([](FlowIndex) { return true; });
    if (victim == 0) return false;
    ++counters_.flows_evicted;
    flows_.prefetch_removal(flows_.hot(victim).next);  // probably the next victim
    end_sip_tcp(victim);
    media_.count_waiting(victim);
    if ((flows_.hot(victim).packets[0] | flows_.hot(victim).packets[1]) != 0)
        emit_flow(victim, EndReason::lack_of_resources);
    plain_.end(victim, now_);
    media_.on_idle(victim, now_, true);
    flows_.unlink(victim);
    forget_flow(victim);
    return true;
}

// ---- calls ---------------------------------------------------------------------------------------------------

wire::TimeNs Pipeline::last_activity(const Call& c) {
    wire::TimeNs last = std::max(c.last_message, c.last_media);
    for (const std::uint32_t s : c.streams) last = std::max(last, media_.stream(s).last_time);
    return last;
}

// When the call is over if nothing more happens.
wire::TimeNs Pipeline::call_end(const Call& c) {
    if (c.has(CallEvent::bye) || (c.has(CallEvent::cancel) && c.has(CallEvent::failure)))
        return c.last_message + kAfterEnd;
    if (!c.has(CallEvent::ok)) {
        if (!c.has(CallEvent::failure)) return c.last_message + kNoAnswer;
        return c.last_message + (c.challenged ? kAfterChallenge : kAfterEnd);
    }
    const bool media = !c.streams.empty() || c.last_media != wire::kNever;
    return last_activity(c) + (media && c.holders == 0 ? kMediaGone : kForgotten);
}

void Pipeline::on_call_due(CallIndex i) {
    Call& c = calls_[i];
    wire::TimeNs end = call_end(c);
    if (end <= now_) {
        // Media that is still flowing gets a little longer; after 30 s the call ends all the same.
        bool flowing = false;
        for (const std::uint32_t s : c.streams) flowing |= now_ - media_.stream(s).last_time < kStreamTail;
        if (!flowing || now_ - end > config_.idle_ns) return end_call(i);
        end = now_ + wire::kSecond;
    }
    if (now_ >= c.next_snapshot) {
        c.next_snapshot = wire::boundary_after(now_, c.next_snapshot, config_.active_ns);
        if (sink_.wants_snapshots(RecordKind::call)) emit_call(i, false);
        if (sink_.wants(RecordKind::sip)) emit_dialog(i, EndReason::active);
    }
    calls_.wake_at(i, std::min(end, c.next_snapshot));
}

void Pipeline::end_call(CallIndex i) {
    Call& c = calls_[i];
    const std::vector<std::uint32_t> streams = c.streams;
    for (const std::uint32_t s : streams) media_.end(s, now_);
    const std::vector<FlowIndex> images = c.plain_flows;
    for (const FlowIndex flow : images) plain_.end(flow, now_);
    settle_failure(c);
    if (sink_.wants(RecordKind::call)) emit_call(i, true);
    if (sink_.wants(RecordKind::sip)) emit_dialog(i, EndReason::end_detected);
    withdraw(c, i, promises_);
    calls_.remove(i);
}

void Pipeline::emit_call(CallIndex i, bool final) {
    Call& c = calls_[i];
    RecordSource s = source(RecordKind::call);
    s.call = &c;
    s.final = final;
    s.revision = ++c.revision;
    s.src = c.caller_hop;
    s.dst = c.callee_hop;
    s.protocol = c.transport == SipTransport::udp ? kProtoUdp : kProtoTcp;
    s.ip_version = c.ip6 ? 6 : 4;
    s.start_us = c.at(CallEvent::invite) / wire::kMicrosecond;
    s.end_us = last_activity(c) / wire::kMicrosecond;
    s.tunnel = c.tunnel;
    for (const std::uint32_t n : c.streams) c.last_media = std::max(c.last_media, media_.stream(n).last_time);
    sink_.emit(s);
}

// The dialog in nProbe's shape: its own messages since the last record.
void Pipeline::emit_dialog(CallIndex i, EndReason reason) {
    Call& c = calls_[i];
    const std::uint64_t packets = std::uint64_t{c.delta_packets[0]} + c.delta_packets[1];
    if (packets == 0) return;
    RecordSource s = source(RecordKind::sip);
    s.call = &c;
    s.end_reason = reason;
    s.revision = c.revision;
    s.src = c.caller_hop;
    s.dst = c.callee_hop;
    s.protocol = c.transport == SipTransport::udp ? kProtoUdp : kProtoTcp;
    s.ip_version = c.ip6 ? 6 : 4;
    s.octets = c.delta_octets;
    s.packets = {c.delta_packets[0], c.delta_packets[1]};
    s.start_us = c.delta_start / wire::kMicrosecond;
    s.end_us = c.last_message / wire::kMicrosecond;
    s.tunnel = c.tunnel;
    sink_.emit(s);
    counters_.flow_packets += packets;
    counters_.flow_octets += c.delta_octets[0] + c.delta_octets[1];
    c.delta_packets = {};
    c.delta_octets = {};
    c.delta_start = c.last_message;
}

// ---- streams -------------------------------------------------------------------------------------------------

RecordSource Pipeline::stream_source(const RtpStream& s, RecordKind kind) const {
    RecordSource r = source(kind);
    r.stream = &s;
    describe_path(r, s, flows_);
    r.call = r.call_of(s);
    r.tunnel = tunnels_[flows_.cold(s.flow).tunnel];
    r.zone_key = zones_[FlowTable::zone(flows_.hot(s.flow))];
    return r;
}

void Pipeline::emit_stream(RtpStream& s, bool final, wire::TimeNs now) {
    ++s.revision;
    for (const RecordKind kind : {RecordKind::detail, RecordKind::stream}) {
        if (!sink_.wants(kind) || (!final && !sink_.wants_snapshots(kind))) continue;
        RecordSource r = stream_source(s, kind);
        r.now = std::max(now, now_);
        r.final = final;
        r.revision = s.revision;
        sink_.emit(r);
    }
}

void Pipeline::emit_plain(PlainStream& s, bool final, wire::TimeNs now) {
    ++s.revision;
    if (!sink_.wants(RecordKind::stream) || (!final && !sink_.wants_snapshots(RecordKind::stream))) return;
    RecordSource r = source(RecordKind::stream);
    r.plain = &s;
    describe_path(r, s, flows_);
    r.call = s.call == 0 ? nullptr : calls_.get(s.call, s.call_serial);
    r.tunnel = tunnels_[flows_.cold(s.flow).tunnel];
    r.zone_key = zones_[FlowTable::zone(flows_.hot(s.flow))];
    r.now = std::max(now, now_);
    r.final = final;
    r.revision = s.revision;
    sink_.emit(r);
}

// A tail shorter than half an interval says too little to be the worst part of a longer stream.
void Pipeline::on_interval(RtpStream& s, const IntervalFigures& interval, bool last) {
    const bool tail = last && s.last_time - interval.start < kIntervalNs / 2 && interval.start != s.first_time;
    if (!tail) {
        const quality::Score score =
            quality::score_stream(interval_score_figures(s, interval, media_, config_.context.g711_plc));
        if (score.mos_lq && (s.mos_min <= 0 || *score.mos_lq < static_cast<double>(s.mos_min)))
            s.mos_min = static_cast<float>(*score.mos_lq);
    }
    if (!sink_.wants(RecordKind::interval)) return;
    RecordSource r = stream_source(s, RecordKind::interval);
    r.interval = &interval;
    r.start_us = interval.start / wire::kMicrosecond;
    sink_.emit(r);
}

// ---- end -----------------------------------------------------------------------------------------------------

void Pipeline::finish() {
    if (now_ == wire::kNever) return;
    expire();
    fragments_.finish();
    flows_.for_each([this](FlowIndex i) { end_sip_tcp(i); });
    flows_.for_each([this](FlowIndex i) {
        media_.count_waiting(i);
        if ((flows_.hot(i).packets[0] | flows_.hot(i).packets[1]) != 0) emit_flow(i, EndReason::forced);
        plain_.end(i, now_);
        media_.on_idle(i, now_, true);
    });
    calls_.for_each([this](CallIndex i) { end_call(i); });
    flows_.for_each([this](FlowIndex i) {
        flows_.prefetch_removal(i + 8);
        forget_flow(i);
    });
}

}  // namespace voipprobe::probe
