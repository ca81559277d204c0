#include "probe/voip/iax2/iax2_calls.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kUserBusy = 17;           // Q.850
constexpr std::uint32_t kUsualStep = 20;          // ms
constexpr std::uint32_t kPause = 1000;            // ms without media and without a word about it: a pause, not loss
constexpr std::int32_t kAnotherClock = 10'000;    // ms: timestamps that jump further are of another clock
constexpr std::uint32_t kEnoughSteps = 8;         // until a step that the format does not say is believed
constexpr std::size_t kMaxText = 64;

std::uint32_t packet_ms(std::uint64_t format, std::size_t octets) {
    const Iax2Codec c = iax2_codec(format);
    if (c.octets == 0 || octets % c.octets != 0) return 0;
    return static_cast<std::uint32_t>(octets * c.milliseconds / c.octets);
}

}  // namespace

std::size_t Iax2Calls::Hash::operator()(const Key& k) const {
    return wire::siphash13<5>(key, {wire::load_le64(k.src.address.octets.data()), wire::load_le64(k.src.address.octets.data() + 8),
                                    wire::load_le64(k.dst.address.octets.data()), wire::load_le64(k.dst.address.octets.data() + 8),
                                    std::uint64_t{k.src.port} << 48 | std::uint64_t{k.dst.port} << 32 |
                                        std::uint64_t{k.zone} << 16 | k.number});
}

Iax2Calls::Iax2Calls(CallDesk& desk, wire::SipKey key) : desk_(desk), legs_(kMaxLegs, {key}) {}

bool Iax2Calls::on_datagram(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx, bool known_flow) {
    if (const auto full = parse_iax2_full(p.payload)) {
        // A flow is one of IAX2 by an IAX frame whose elements are whole; before, these octets may be anything.
        if (!known_flow && (full->type != Iax2Type::iax || full->subclass < 1 || full->subclass > iax2::kLastIax ||
                            !parse_iax2_elements(full->data).complete))
            return false;
        on_full(*full, flow, direction, p, ctx);
        return true;
    }
    if (!known_flow) return false;
    if (const auto mini = parse_iax2_mini(p.payload)) {
        on_mini(*mini, true, flow, direction, p, ctx);
        return true;
    }
    if (auto trunk = Iax2Trunk::open(p.payload)) {
        Iax2Mini entry;
        while (trunk->next(entry)) on_mini(entry, trunk->has_timestamps(), flow, direction, p, ctx);
        return true;
    }
    ++counters_.unread_meta;
    return true;
}

// ---- full frames ---------------------------------------------------------------------------------------------

// The sender's leg. The first frame of the other party names the number that it answers to.
Iax2Calls::Leg* Iax2Calls::leg_of(const Iax2Full& f, const SignalContext& ctx) {
    if (Leg* known = legs_.find(key_of(ctx, f.source)); known != nullptr && desk_.get(known->call) != nullptr) return known;
    if (f.destination == 0) return nullptr;
    const Leg* peer = legs_.find({ctx.dst, ctx.src, f.destination, ctx.zone});
    if (peer == nullptr || desk_.get(peer->call) == nullptr) return nullptr;
    Leg leg;
    leg.call = peer->call;
    leg.side = other(peer->side);
    leg.format = peer->format;
    leg.will_encrypt = peer->will_encrypt;
    leg.encrypted = peer->encrypted;
    return &legs_.insert(key_of(ctx, f.source), leg);
}

void Iax2Calls::on_full(const Iax2Full& f, FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx) {
    ++counters_.full_frames;
    if (f.type == Iax2Type::iax && f.subclass == iax2::kNew && f.destination == 0) {
        const Iax2Elements e = parse_iax2_elements(f.data);
        if (e.complete && e.version == 2) return on_new(f, e, ctx);
    }
    if (f.type == Iax2Type::iax && f.subclass == iax2::kRegisterAck)
        return desk_.registered(flow, parse_iax2_elements(f.data).user, ctx.dst.address);
    Leg* leg = leg_of(f, ctx);
    if (leg == nullptr) return void(++counters_.outside_calls);
    Call* call = desk_.get(leg->call);
    if (f.repeated) ++call->retransmissions;
    if (leg->encrypted) {  // only call numbers and the media's timing can be read
        call->last_message = std::max(call->last_message, ctx.time);
        return;
    }
    const bool media = f.type == Iax2Type::voice || f.type == Iax2Type::noise;
    if (!media) desk_.touch(leg->call, ctx.time);
    switch (f.type) {
        case Iax2Type::iax: return on_iax(*leg, f, parse_iax2_elements(f.data), ctx);
        case Iax2Type::control: return on_control(*leg, f, ctx);
        case Iax2Type::voice:
            set_format(*leg, f.subclass, ctx);
            return on_media(*leg, f.timestamp, f.data, f.source, flow, direction, p);
        case Iax2Type::noise: leg->paused = true; return;
        default: return;
    }
}

void Iax2Calls::on_new(const Iax2Full& f, const Iax2Elements& e, const SignalContext& ctx) {
    const Key key = key_of(ctx, f.source);
    if (Leg* known = legs_.find(key)) {
        Call* call = desk_.get(known->call);
        if (call != nullptr && !call->ended()) {  // sent again; after a challenge in another authentication
            ++call->retransmissions;
            return desk_.touch(known->call, ctx.time);
        }
    }
    Leg leg;
    leg.side = Side::caller;
    std::string id = std::to_string(f.source);
    id += '@';
    id += ctx.src.text();
    leg.call = desk_.begin(Signalling::iax2, id, ctx);
    if (!leg.call) return;
    desk_.touch(leg.call, ctx.time);
    const std::string_view calling = e.calling.empty() ? e.user : e.calling;
    desk_.name(leg.call, Side::caller, calling.substr(0, kMaxText), e.calling_name.substr(0, kMaxText));
    desk_.name(leg.call, Side::callee, e.called.substr(0, kMaxText), {});
    legs_.insert(key, leg);
}

void Iax2Calls::on_iax(Leg& leg, const Iax2Full& f, const Iax2Elements& e, const SignalContext& ctx) {
    switch (f.subclass) {
        case iax2::kAccept:
            if (e.format) set_format(leg, *e.format, ctx);
            return desk_.happened(leg.call, CallEvent::trying, ctx.time);
        case iax2::kReject:
            return desk_.fail(leg.call, ctx.time, e.cause ? std::optional<std::uint32_t>(*e.cause) : std::nullopt);
        case iax2::kHangupIax:
            if (e.cause) desk_.cause(leg.call, *e.cause);
            return desk_.hang_up(leg.call, leg.side, ctx.time);
        case iax2::kPong:
        case iax2::kPing: return report(leg, e.report);
        case iax2::kAuthRequest: leg.will_encrypt = e.encryption; return;
        case iax2::kAuthReply:
            if (const Leg* peer = legs_.find({ctx.dst, ctx.src, f.destination, ctx.zone}); peer != nullptr && peer->will_encrypt) {
                leg.encrypted = true;
                legs_.find({ctx.dst, ctx.src, f.destination, ctx.zone})->encrypted = true;
            }
            return;
        default: return;
    }
}

void Iax2Calls::on_control(Leg& leg, const Iax2Full& f, const SignalContext& ctx) {
    switch (f.subclass) {
        case iax2::kRinging: return desk_.happened(leg.call, CallEvent::ringing, ctx.time);
        case iax2::kProgress: return desk_.happened(leg.call, CallEvent::progress, ctx.time);
        case iax2::kProceeding: return desk_.happened(leg.call, CallEvent::trying, ctx.time);
        case iax2::kAnswer:
            if (leg.side == Side::callee) desk_.happened(leg.call, CallEvent::ok, ctx.time);
            return;
        case iax2::kBusy: return desk_.fail(leg.call, ctx.time, kUserBusy);
        case iax2::kCongestion: return desk_.fail(leg.call, ctx.time);
        case iax2::kHangup: return desk_.hang_up(leg.call, leg.side, ctx.time);
        case iax2::kHold:
        case iax2::kUnhold: return desk_.hold(leg.call, leg.side, f.subclass == iax2::kHold, ctx.time);
        default: return;
    }
}

// ACCEPT names the format for both ways, a voice frame that of its sender: what the other side receives.
void Iax2Calls::set_format(Leg& leg, std::uint64_t format, const SignalContext& ctx) {
    if (leg.format == format) return;
    leg.format = format;
    const Iax2Codec codec = iax2_codec(format);
    const CallFormat line{codec.rtp_type, codec.clock_rate, std::string(codec.name)};
    MediaEnd end;
    if (!codec.name.empty()) end.formats = {&line, 1};
    // Where each party receives is where it signals; the promise is not needed, media is found by its call number.
    for (const Side side : {Side::caller, Side::callee}) desk_.media(leg.call, side, end, ctx);
    if (Call* c = desk_.get(leg.call)) {
        c->caller.media[0].endpoint = c->caller_hop;
        c->callee.media[0].endpoint = c->callee_hop;
        agree_codecs(*c);
    }
}

void Iax2Calls::report(const Leg& leg, const Iax2Report& r) {
    if (!r.any || r.packets.value_or(0) == 0) return;
    SessionReport out;
    out.packets = r.packets;
    out.lost = r.lost;
    if (r.lost)
        out.figures.loss_pct = static_cast<float>(100.0 * *r.lost / (static_cast<double>(*r.packets) + *r.lost));
    if (r.jitter_ms) out.figures.jitter_ms = static_cast<float>(*r.jitter_ms);
    desk_.report(leg.call, leg.side, out);
}

// ---- media ---------------------------------------------------------------------------------------------------

void Iax2Calls::on_mini(const Iax2Mini& m, bool own_clock, FlowIndex flow, std::uint8_t direction, const PacketView& p,
                        const SignalContext& ctx) {
    Leg* leg = legs_.find(key_of(ctx, m.source));
    if (leg == nullptr || desk_.get(leg->call) == nullptr) return void(++counters_.outside_calls);
    // The timestamp nearest to the newest one that has these low 16 bits.
    auto ms = static_cast<std::uint32_t>((leg->last_ms & 0xffff0000U) | m.timestamp);
    const auto ahead = static_cast<std::int32_t>(ms - leg->last_ms);
    if (ahead > 0x8000) ms -= 0x10000;
    else if (ahead < -0x8000) ms += 0x10000;
    if (!own_clock && leg->stream == 0) leg->last_ms = ms;  // of the trunk: its differences say the same
    on_media(*leg, ms, m.data, m.source, flow, direction, p);
}

void Iax2Calls::on_media(Leg& leg, std::uint32_t ms, wire::Bytes data, std::uint16_t number, FlowIndex flow,
                         std::uint8_t direction, const PacketView& p) {
    const Call* call = desk_.get(leg.call);
    if (call == nullptr || call->ended() || data.empty()) return;
    const Iax2Codec codec = iax2_codec(leg.format);
    const std::uint32_t clock = codec.clock_rate != 0 ? codec.clock_rate : 8000;
    std::int32_t delta = static_cast<std::int32_t>(ms - leg.last_ms);
    const bool begins = leg.stream == 0;
    const bool another_clock = delta > kAnotherClock || delta < -kAnotherClock;
    if (begins) delta = 0;
    else if (another_clock) delta = static_cast<std::int32_t>(std::max<std::int64_t>((p.time - leg.last_time) / wire::kMillisecond, 1));
    std::uint32_t step = packet_ms(leg.format, data.size());
    const bool step_known = step != 0;
    if (!step_known) {
        if (delta >= 5 && (leg.step_ms == 0 || static_cast<std::uint32_t>(delta) < leg.step_ms)) leg.step_ms = static_cast<std::uint32_t>(delta);
        step = leg.step_ms != 0 ? leg.step_ms : kUsualStep;
    }
    RtpHeader h;
    h.payload_type = codec.name.empty() ? 127 : codec.rtp_type;
    h.ssrc = number;
    h.header_octets = 0;
    h.payload_octets = static_cast<std::uint32_t>(data.size());
    const auto steps = [&](std::int32_t of) {
        return static_cast<std::uint16_t>(std::max<std::uint32_t>((static_cast<std::uint32_t>(of) + step / 2) / step, 1));
    };
    if (delta > 0) {
        const bool pause = leg.paused || another_clock || static_cast<std::uint32_t>(delta) > kPause;
        // Some senders stamp packets with the time at which they got round to sending them: a gap is loss only where
        // timestamps go in whole steps.
        const std::uint32_t n = pause ? 1 : steps(delta);
        const std::uint32_t off = static_cast<std::uint32_t>(std::abs(delta - static_cast<std::int32_t>(n * step)));
        const bool whole = off * 4 <= step;
        if (!pause) ++(whole ? leg.whole_steps : leg.odd_steps);
        const bool regular = whole && leg.odd_steps * 4 <= leg.whole_steps && (step_known || leg.whole_steps >= kEnoughSteps);
        leg.sequence = static_cast<std::uint16_t>(leg.sequence + (regular ? n : 1));
        leg.rtp_timestamp += static_cast<std::uint32_t>(delta) * (clock / 1000);
        leg.last_ms = ms;
        leg.paused = false;
        h.marker = pause;
        h.sequence = leg.sequence;
        h.timestamp = leg.rtp_timestamp;
    } else {
        h.sequence = delta == 0 ? leg.sequence : static_cast<std::uint16_t>(leg.sequence - steps(-delta));
        h.timestamp = leg.rtp_timestamp - static_cast<std::uint32_t>(-delta) * (clock / 1000);
        if (begins) leg.last_ms = ms;
    }
    leg.last_time = std::max(leg.last_time, p.time);
    PacketView frame = p;
    frame.payload = data;
    frame.payload_length = static_cast<std::uint32_t>(data.size());
    ++counters_.media_frames;
    const bool alive = leg.stream != 0 && std::find(call->streams.begin(), call->streams.end(), leg.stream) != call->streams.end();
    if (alive) desk_.tracker().on_frame(leg.stream, h, frame);
    else leg.stream = desk_.tracker().open_frames(flow, direction, h, frame, leg.call.index, other(leg.side));
}

}  // namespace voipprobe::probe
