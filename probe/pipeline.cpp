#include "probe/pipeline.hpp"

#include <algorithm>

#include "probe/voip/rtp/turn_channel.hpp"
#include "probe/voip/sip/call_media.hpp"
#include "probe/voip/stun.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kMaxDialogs = 16;  // confirmed ones of one forked call

std::uint64_t hash_of_tunnel(wire::SipKey key, const TunnelInfo& t) {
    const auto word = [](const wire::IpAddress& a, std::size_t at) {
        return wire::load_le64(a.octets.data() + at);
    };
    return wire::siphash13<5>(key, {word(t.src, 0), word(t.src, 8), word(t.dst, 0), word(t.dst, 8),
                                    std::uint64_t{t.id} << 16 | static_cast<std::uint64_t>(t.type)});
}

}  // namespace

using templates::RecordKind;

Pipeline::Pipeline(const PipelineConfig& config, RecordSink& sink)
    : config_(config),
      sink_(sink),
      flows_(config.max_flows, config.table_key),
      calls_(config.max_calls, config.table_key),
      promises_(config.max_endpoints, config.table_key),
      media_(config.media, flows_, calls_, promises_,
             [this](RtpStream& s, bool final, wire::TimeNs now) { emit_stream(s, final, now); }, config.table_key),
      plain_(flows_, calls_, promises_, config.active_ns,
             [this](PlainStream& s, bool final, wire::TimeNs now) { emit_plain(s, final, now); }),
      duplicates_(config.table_key),
      fragments_(config.fragments, config.table_key,
                 [this](Datagram& d) {
                     std::uint8_t direction = 0;
                     if (d.frames != 0) count_datagram(d, d.view.time, direction);
                     zones_.release(d.zone);
                 }),
      sip_tcp_(config.sip_tcp),
      others_(calls_, promises_, media_, desk_host(), config.table_key),
      classifier_(config.dpi ? Classifier::make() : nullptr),
      legs_(config.legs, config.table_key),
      tunnels_(config.max_tunnels),
      zones_(config.flow_key == FlowKey::addresses ? 1 : 65'535) {
    shortcuts_ = config.flow_key == FlowKey::addresses && !classifier_;
    media_.on_interval(
        [this](RtpStream& s, const IntervalFigures& i, bool last) { on_interval(s, i, last); });
}

[[gnu::noinline]] void Pipeline::begin(wire::TimeNs first) {
    now_ = first;
    flows_.begin(first);
    next_slot_ = flows_.next_slot();
    config_.context.boot_time = first;
}

void Pipeline::reconfigure(const PipelineConfig& next) {
    config_.active_ns = next.active_ns;
    config_.idle_ns = next.idle_ns;
    config_.context.active_s = next.context.active_s;
    config_.context.idle_s = next.context.idle_s;
    config_.voip_only = next.voip_only;
    media_.reconfigure(next.media.active_ns, next.media.heuristic);
}

// One whole packet, the innermost. Returns its flow, 0 when there is no room for it.
[[gnu::noinline]] FlowIndex Pipeline::take(DecodedPacket& packet, std::uint16_t zone) {
    PacketView& p = packet.view;
    std::uint8_t direction = 0;
    const FlowIndex i = flow_of(p, zone, packet.key, flows_.at(packet.guess, packet.key, p), direction);
    if (i == 0) {
        ++counters_.dropped[static_cast<std::size_t>(DropReason::table_full)];
        return 0;
    }
    if (config_.dedup) {
        const DuplicateFilter::Verdict verdict = duplicates_.look(packet.mark, p);
        if (verdict != DuplicateFilter::Verdict::fresh) [[unlikely]] {
            on_copy(i, direction, p, verdict);
            return i;
        }
    }
    count(i, direction, p, 1, p.ip_length);
    if (classifier_) [[unlikely]]
        classify(i, p);
    if (p.protocol == kProtoUdp) {
        if (!p.payload.empty()) analyse(i, direction, p, 1, p.ip_length);
    } else if (p.protocol == kProtoTcp) {
        on_tcp(i, direction, p);
    }
    return i;
}

FlowIndex Pipeline::flow_of(const PacketView& p, std::uint16_t zone, std::uint8_t& direction) {
    return flow_of(p, zone, flows_.key_of(p, zone), {}, direction);
}

// `found`: where the flow is, when that is known.
FlowIndex Pipeline::flow_of(const PacketView& p, std::uint16_t zone, const FlowTable::Key& key,
                            FlowTable::Found found, std::uint8_t& direction) {
    if (found.index == 0) found = flows_.find_or_add(key, p);
    if (found.index == 0 && evict_flow()) found = flows_.find_or_add(key, p);
    if (found.index == 0) return 0;
    const FlowIndex i = found.index;
    FlowHot& h = flows_.hot(i);
    if (found.created) {
        ++counters_.flows;
        FlowCold& c = flows_.cold(i);
        c.start_us = p.time / wire::kMicrosecond;
        c.vlan = p.vlan;
        c.outer_vlan = p.outer_vlan;
        if (p.tunnel.type != TunnelType::none) [[unlikely]]
            c.tunnel = tunnels_.intern(p.tunnel, hash_of_tunnel(config_.table_key, p.tunnel));
        zones_.retain(zone);
        h.last_us = c.start_us;
        flows_.schedule(i, flows_.to_tick(p.time + std::min(config_.idle_ns, config_.active_ns)));
    } else if (flows_.to_tick(p.time) >= h.due) {
        // The timer wheel keeps the entry where it is and arms it again when it comes by.
        h.due = on_flow_due(i, p.time, true);
    }
    direction = found.direction;
    return i;
}

void Pipeline::count(FlowIndex i, std::uint8_t direction, const PacketView& p, std::uint32_t packets,
                     std::uint64_t octets) {
    FlowHot& h = flows_.hot(i);
    counters_.decoded += packets;
    counters_.decoded_octets += octets;
    counters_.truncated += p.truncated ? 1 : 0;
    const std::int64_t us = p.time / wire::kMicrosecond;
    if ((h.packets[0] | h.packets[1]) == 0) {
        FlowCold& c = flows_.cold(i);
        c.delta_start_us = us;
        c.tos = {};
        c.min_length = 0xffff;
        c.min_ttl = 0xff;
        c.max_length = c.max_ttl = 0;
        h.tcp_flags = {};
    }
    if (h.packets[direction] == 0) flows_.cold(i).tos[direction] = p.tos;
    h.packets[direction] += packets;
    h.octets[direction] += octets;
    if (us > h.last_us) h.last_us = us;
    if (h.kind == FlowKind::media)
        return;  // lengths and TTL of media flows are not worth a cache line per packet
    FlowCold& c = flows_.cold(i);
    const auto length = static_cast<std::uint16_t>(std::min<std::uint32_t>(p.ip_length, 0xffff));
    c.min_length = std::min(c.min_length, length);
    c.max_length = std::max(c.max_length, length);
    c.min_ttl = std::min(c.min_ttl, p.ttl);
    c.max_ttl = std::max(c.max_ttl, p.ttl);
    if (p.protocol == kProtoTcp) {
        h.tcp_flags[direction] |= p.tcp_flags;
        if ((p.tcp_flags & kFin) != 0) h.flags |= direction == 0 ? kFinForward : kFinBackward;
        const bool closed = (h.flags & kFinForward) != 0 && (h.flags & kFinBackward) != 0;
        if ((p.tcp_flags & kRst) != 0 || closed) h.flags |= kEnded;
    }
}

void Pipeline::analyse(FlowIndex i, std::uint8_t direction, PacketView& p, std::uint32_t packets,
                       std::uint64_t octets) {
    unwrap_turn(p);
    const std::uint8_t first = p.payload[0];
    FlowHot& h = flows_.hot(i);
    if (h.kind == FlowKind::signalling || (h.kind == FlowKind::fresh && others_.may_be_datagram(p)))
        [[unlikely]]
        if (take_signalling(i, direction, p)) return;
    if (plain_.any()) [[unlikely]] count_plain(i, direction, p);
    if (promises_.has_images()) [[unlikely]]
        if (take_image(i, direction, p)) return;
    if ((first & 0xc0) == 0x80) {  // RTP, RTCP (RFC 7983)
        if (h.kind == FlowKind::media) return media_.on_media(i, direction, p);
        if (p.fragment) return;
        if (h.kind == FlowKind::fresh || promises_.knows({p.dst, p.dst_port}))
            media_.on_candidate(i, direction, p);
        return;
    }
    if (first < 0x80 && p.payload.size() >= 12 && looks_like_sip(p.payload)) {
        SipContext ctx = context_of(p, SipTransport::udp, FlowTable::zone(h));
        ctx.packets = packets;
        ctx.octets = octets;
        return on_sip(i, direction, wire::as_text(p.payload), p.payload_length, ctx);
    }
    if (first < 4 && promises_.has_ufrags()) [[unlikely]] {
        if (const auto username = stun_username(p.payload))
            return note_ice_check(calls_, *username, {p.src, p.src_port}, {p.dst, p.dst_port}, p.time,
                                  FlowTable::zone(h), promises_);
    }
    if (h.kind == FlowKind::media) media_.on_media(i, direction, p);
}

[[gnu::noinline]] SipContext Pipeline::context_of(const PacketView& p, SipTransport transport,
                                                  std::uint16_t zone) const {
    SipContext ctx;
    ctx.time = p.time;
    ctx.src = {p.src, p.src_port};
    ctx.dst = {p.dst, p.dst_port};
    ctx.transport = transport;
    ctx.ip6 = p.ip_version == 6;
    ctx.zone = zone;
    ctx.tunnel = p.tunnel;
    return ctx;
}

// The dialog's record counts the message's packets, not the flow's. What the flow has sent already stays with
// it.
void Pipeline::take_from_flow(FlowIndex i, std::uint8_t direction, SipContext& ctx) {
    FlowHot& h = flows_.hot(i);
    if (ctx.packets > h.packets[direction] || ctx.octets > h.octets[direction]) {
        ctx.packets = h.packets[direction];
        ctx.octets = h.octets[direction];
    }
    h.packets[direction] -= ctx.packets;
    h.octets[direction] -= ctx.octets;
}

// `ctx` has the packets that carried the message and were counted on flow `i`.
[[gnu::noinline]] void Pipeline::on_sip(FlowIndex i, std::uint8_t direction, std::string_view text,
                                        std::size_t whole, SipContext ctx) {
    SipMessage m;
    const SipDefect defect = parse_sip(text, whole, m);
    if (defect != SipDefect::none) {
        ++counters_.sip_malformed[static_cast<std::size_t>(defect)];
        return;
    }
    ++counters_.sip_messages;
    FlowHot& h = flows_.hot(i);
    if (h.kind != FlowKind::media) h.kind = FlowKind::sip;
    CallIndex call = find_call(calls_, m);
    const bool begins = call == 0 && m.is_request && m.method == SipMethod::invite;
    if (begins)
        call = new_call(m, ctx);
    else if (call != 0 && confirms_another(calls_[call], m))
        call = fork_call(call, m, ctx);
    bool fresh = true;
    if (call != 0) {
        if (sink_.wants(RecordKind::sip)) take_from_flow(i, direction, ctx);
        fresh = apply_message(calls_[call], call, m, ctx, promises_);
        if (begins)
            legs_.assign(calls_, call, m, ctx);
        else if (m.is_request && m.method == SipMethod::refer)
            legs_.note_refer(calls_[call], m, ctx);
        if (fresh && !m.sdp().empty()) note_shared_media(call);
        if (calls_[call].ended()) {
            calls_.wake_at(call, call_end(calls_[call]));
            for (const std::uint32_t s : calls_[call].streams) media_.call_over(s);
        }
    } else {
        ++counters_.sip_outside_calls;
        if (m.method == SipMethod::registration) registers_.note(i, m, ctx.time, ctx.dst.address);
    }
    media_.on_signalling(m, text, call, fresh);
    if (sink_.wants(RecordKind::message)) {
        RecordSource s = source(RecordKind::message);
        s.now = std::max(ctx.time, now_);
        s.src = ctx.src;
        s.dst = ctx.dst;
        s.protocol = ctx.transport == SipTransport::udp ? kProtoUdp : kProtoTcp;
        s.ip_version = ctx.ip6 ? 6 : 4;
        s.tunnel = ctx.tunnel;
        s.call = call == 0 ? nullptr : &calls_[call];
        s.message = &m;
        s.message_context = &ctx;
        sink_.emit(s);
    }
}

CallIndex Pipeline::add_call(std::string_view call_id) {
    CallIndex i = calls_.add(call_id);
    if (i == 0) {
        const CallIndex victim = calls_.victim();
        if (victim == 0) return 0;
        ++counters_.calls_evicted;
        end_call(victim);
        i = calls_.add(call_id);
        if (i == 0) return 0;
    }
    ++counters_.calls;
    return i;
}

CallIndex Pipeline::new_call(const SipMessage& m, const SipContext& ctx) {
    const CallIndex i = add_call(m.call_id);
    if (i == 0) return 0;
    Call& c = calls_[i];
    begin_call(c, m, ctx);
    c.next_snapshot = ctx.time + config_.active_ns;
    calls_.wake_at(i, c.next_snapshot);
    return i;
}

// Another dialog of a forked call is confirmed: a record of its own. The first one when there is no room.
CallIndex Pipeline::fork_call(CallIndex first, const SipMessage& m, const SipContext& ctx) {
    std::uint32_t dialogs = 0;
    calls_.for_each_of(m.call_id, [&](CallIndex) { ++dialogs; });
    if (dialogs >= kMaxDialogs || calls_.size() >= calls_.capacity()) return first;
    const CallIndex i = add_call(m.call_id);
    if (i == 0) return first;
    begin_fork(calls_[i], i, calls_[first], dialogs, m, ctx, promises_);
    calls_[i].next_snapshot = ctx.time + config_.active_ns;
    calls_.wake_at(i, calls_[i].next_snapshot);
    return i;
}

void Pipeline::advance(wire::TimeNs now) {
    if (now_ == wire::kNever || now <= now_) return;
    now_ = now;
    if (now_ >= next_slot_) expire();
}

[[gnu::noinline]] void Pipeline::expire() {
    flows_.expire(now_, [this](FlowIndex i) { return on_flow_due(i, now_, false); });
    fragments_.expire(now_);
    calls_.expire(now_, [this](CallIndex i) { on_call_due(i); });
    next_slot_ = flows_.next_slot();
}

RecordSource Pipeline::source(RecordKind kind) const {
    RecordSource s;
    s.context = &config_.context;
    s.tracker = &media_;
    s.calls = &calls_;
    s.kind = kind;
    s.now = now_;
    return s;
}

}  // namespace voipprobe::probe
