#include "probe/voip/sccp/sccp_calls.hpp"

#include <vector>

namespace voipprobe::probe {
namespace {

constexpr std::int64_t kJoinTime = 10 * wire::kSecond;
constexpr std::size_t kMaxText = 96;
constexpr std::int64_t kConsultTime = 120 * wire::kSecond;  // between the first key and the other call
constexpr std::uint32_t kTransferKey = 4, kEndCallKey = 9, kConferenceKey = 13;
constexpr std::uint32_t kUserBusy = 17;       // Q.850
constexpr std::uint32_t kInbound = 1, kOutbound = 2;
constexpr std::uint8_t kFirstDynamicType = 96;

const wire::Endpoint& manager_of(const SccpMessage& m, const SignalContext& ctx) { return m.from_phone ? ctx.dst : ctx.src; }

}  // namespace

std::size_t SccpCalls::Hash::operator()(const Key& k) const {
    return wire::siphash13<3>(key, {wire::load_le64(k.manager.octets.data()), wire::load_le64(k.manager.octets.data() + 8),
                                    std::uint64_t{k.zone} << 32 | k.reference});
}

std::size_t SccpCalls::Hash::operator()(const TokenKey& k) const {
    return wire::siphash13<5>(key, {wire::load_le64(k.manager.octets.data()), wire::load_le64(k.manager.octets.data() + 8),
                                    wire::load_le64(k.phone.octets.data()), wire::load_le64(k.phone.octets.data() + 8), k.token});
}

SccpCalls::SccpCalls(CallDesk& desk, wire::SipKey key)
    : desk_(desk), hash_key_(key), legs_(kMaxLegs, {key}), tokens_(kMaxLegs, {key}), waiting_(kMaxLegs, {key}), consultations_(kMaxLegs, {key}) {}

void SccpCalls::on_message(const SccpMessage& m, const SignalContext& ctx) {
    ++counters_.messages;
    if (!m.understood) return void(++counters_.not_understood);
    const Key key{manager_of(m, ctx).address, m.call_reference.value_or(0), ctx.zone};
    if (const Leg* leg = key.reference == 0 ? nullptr : legs_.find(key)) desk_.touch(leg->call, ctx.time);
    switch (m.id) {
        case SccpId::call_state: return on_state(key, m, ctx);
        case SccpId::call_info:
        case SccpId::call_info_v2: return on_info(key, m, ctx);
        case SccpId::open_receive_channel:
        case SccpId::start_media_transmission:
        case SccpId::start_multimedia_transmission: return on_channel(key, m, ctx);
        case SccpId::open_receive_channel_ack:
        case SccpId::open_multimedia_receive_channel_ack: return on_receiving(key, m, ctx);
        case SccpId::connection_statistics: return on_statistics(key, m);
        case SccpId::dialed_number:
            if (key.reference == 0) return;
            if (Leg* leg = leg_of(key, m)) {
                leg->called = m.called.substr(0, kMaxText);
                begin(key, *leg, Side::caller, ctx);
            }
            return;
        case SccpId::on_hook:
        case SccpId::soft_key_event:
            if (m.id == SccpId::soft_key_event && (m.soft_key == kTransferKey || m.soft_key == kConferenceKey))
                return on_consult_key(key, m, ctx);
            if (m.id == SccpId::soft_key_event && m.soft_key != kEndCallKey) return;
            if (Leg* leg = key.reference == 0 ? nullptr : legs_.find(key)) leg->hung_up = true;
            return;
        default: return;
    }
}

// The leg, made when it is not known yet: nothing is a call before begin().
SccpCalls::Leg* SccpCalls::leg_of(const Key& key, const SccpMessage&) {
    if (Leg* known = legs_.find(key)) return known;
    return &legs_.insert(key, Leg{});
}

void SccpCalls::begin(const Key& key, Leg& leg, Side side, const SignalContext& ctx) {
    if (leg.side == Side::none) leg.side = side;
    if (!leg.call) {
        SignalContext hop = ctx;
        // These messages come from the call manager, towards the phone.
        leg.manager = ctx.src;
        leg.phone = ctx.dst;
        hop.src = leg.side == Side::caller ? leg.phone : leg.manager;
        hop.dst = leg.side == Side::caller ? leg.manager : leg.phone;
        leg.call = desk_.begin(Signalling::sccp, std::to_string(key.reference) + '@' + key.manager.text(), hop);
        desk_.touch(leg.call, ctx.time);
        Consultation* consultation = leg.side == Side::caller ? consultations_.find({key.manager, leg.phone.address, 0}) : nullptr;
        if (consultation != nullptr && consultation->second.reference == 0 && ctx.time - consultation->since <= kConsultTime) {
            consultation->second = key;
            if (const Leg* first = legs_.find(consultation->first)) desk_.correlate(leg.call, first->call);
        }
    }
    desk_.name(leg.call, Side::caller, leg.calling, leg.calling_name);
    desk_.name(leg.call, Side::callee, leg.called, leg.called_name);
}

// The first time on the leg of the call that goes on hold, the second time on either.
void SccpCalls::on_consult_key(const Key& key, const SccpMessage&, const SignalContext& ctx) {
    if (key.reference == 0 || legs_.find(key) == nullptr) return;
    const TokenKey phone{key.manager, ctx.src.address, 0};
    if (const Consultation* c = consultations_.find(phone); c != nullptr && (c->second == key || (c->first == key && c->second.reference != 0))) {
        for (const Key& k : {c->first, c->second})
            if (Leg* leg = legs_.find(k)) leg->given_away = true;
        consultations_.erase(phone);
        return;
    }
    consultations_.insert(phone, {key, {}, ctx.time});
}

void SccpCalls::on_state(const Key& key, const SccpMessage& m, const SignalContext& ctx) {
    if (key.reference == 0) return;
    const auto state = static_cast<SccpCallState>(m.state);
    Leg* leg = state == SccpCallState::on_hook ? legs_.find(key) : leg_of(key, m);
    if (leg == nullptr) return;
    switch (state) {
        case SccpCallState::ring_in:
            begin(key, *leg, Side::callee, ctx);
            return desk_.happened(leg->call, CallEvent::ringing, ctx.time);
        case SccpCallState::ring_out:
            begin(key, *leg, Side::caller, ctx);
            return desk_.happened(leg->call, CallEvent::ringing, ctx.time);
        case SccpCallState::proceed:
            begin(key, *leg, Side::caller, ctx);
            return desk_.happened(leg->call, CallEvent::trying, ctx.time);
        case SccpCallState::connected:
            if (!leg->call) return void(++counters_.outside_calls);
            leg->phone = ctx.dst;  // of several that rang
            desk_.hold(leg->call, leg->side, false, ctx.time);
            return desk_.happened(leg->call, CallEvent::ok, ctx.time);
        case SccpCallState::hold: return desk_.hold(leg->call, leg->side, true, ctx.time);
        case SccpCallState::busy: return desk_.fail(leg->call, ctx.time, kUserBusy);
        case SccpCallState::congestion:
        case SccpCallState::invalid_number: return desk_.fail(leg->call, ctx.time);
        case SccpCallState::on_hook: {
            const Call* call = desk_.get(leg->call);
            // A phone of several that rang stops ringing when another one answers.
            const bool other_phone = call != nullptr && call->has(CallEvent::ok) && leg->phone != ctx.dst;
            if (other_phone && leg->side == Side::callee) return;
            // Two phones: the other one's leg ends the call.
            if (leg->given_away && leg->joined && !leg->hung_up) return;
            const Side by = leg->hung_up ? leg->side : Side::none;
            desk_.hang_up(leg->call, by, ctx.time);
            if (by != Side::none)
                if (Call* c = desk_.get(leg->call); c != nullptr && c->hangup_by == Side::none) c->hangup_by = by;
            return;  // the leg stays for the statistics that follow
        }
        default: return;
    }
}

void SccpCalls::on_info(const Key& key, const SccpMessage& m, const SignalContext& ctx) {
    if (key.reference == 0 || (m.calling.empty() && m.called.empty())) return;
    Leg* leg = leg_of(key, m);
    const auto keep = [](std::string& into, std::string_view from) {
        if (!from.empty()) into = from.substr(0, kMaxText);
    };
    keep(leg->calling, m.calling);
    keep(leg->called, m.called);
    keep(leg->calling_name, m.calling_name);
    keep(leg->called_name, m.called_name);
    const Side side = m.call_type == kOutbound ? Side::caller : m.call_type == kInbound ? Side::callee : leg->side;
    if (side == Side::none || (side == Side::caller && leg->called.empty())) return;
    begin(key, *leg, side, ctx);
    if (!leg->joined && !leg->calling.empty() && !leg->called.empty()) join(key, *leg, ctx.time);
}

void SccpCalls::join(const Key& key, Leg& leg, wire::TimeNs time) {
    const std::string parties = leg.calling + '\n' + leg.called;
    const std::uint64_t hash = wire::siphash13(hash_key_, wire::as_bytes(parties)) ^
                               wire::siphash13<2>(hash_key_, {wire::load_le64(key.manager.octets.data() + 8), key.zone});
    const Waiting* found = waiting_.find(hash);
    const bool its_half = found != nullptr && found->side != leg.side && found->leg != key && time - found->since <= kJoinTime;
    if (!its_half) {
        if (found == nullptr || found->leg != key) waiting_.insert(hash, {key, leg.side, time});
        return;
    }
    const Key other_key = found->leg;
    waiting_.erase(hash);
    Leg* half = legs_.find(other_key);
    if (half == nullptr || half->joined || half->calling != leg.calling || half->called != leg.called) return;
    Leg& outbound = leg.side == Side::caller ? leg : *half;
    Leg& inbound = leg.side == Side::caller ? *half : leg;
    if (!desk_.merge(outbound.call, inbound.call)) return;
    inbound.call = outbound.call;
    leg.joined = half->joined = true;
}

void SccpCalls::take_formats(Leg& leg, Side owner, const wire::Endpoint& at, const SccpMessage& m, const SignalContext& ctx) {
    std::vector<CallFormat> formats;
    const SccpCodec codec = sccp_codec(m.payload);
    const bool video = sccp_is_video(m.payload);
    if (!codec.name.empty()) {
        std::uint8_t type = codec.rtp_type;
        if (type == 255) type = m.dynamic_type != 0 ? m.dynamic_type : kFirstDynamicType;
        if (codec.rtp_type != 255 || m.dynamic_type != 0) formats.push_back({type, codec.clock_rate, std::string(codec.name)});
    }
    if (m.event_type != 0) formats.push_back({m.event_type, 8000, "telephone-event"});
    MediaEnd end;
    end.at = at;
    end.kind = video ? MediaKind::video : MediaKind::audio;
    end.line = video ? 1 : 0;
    end.encrypted = m.encrypted;
    end.formats = formats;
    desk_.media(leg.call, owner, end, ctx);
}

// The call manager asks the phone to receive (the endpoint comes with the acknowledgement) or to send.
void SccpCalls::on_channel(const Key& key, const SccpMessage& m, const SignalContext& ctx) {
    const bool receive = m.id == SccpId::open_receive_channel;
    Leg* leg = key.reference == 0 ? nullptr : legs_.find(key);
    Key known = key;
    bool copy = false;
    if (leg == nullptr) {  // old versions have no reference here; a recorder's channel has one that no leg has
        known.reference = m.conference;
        leg = known.reference == 0 ? nullptr : legs_.find(known);
        copy = key.reference != 0;
    }
    if (leg == nullptr || !leg->call) return void(++counters_.outside_calls);
    if (copy) {
        if (!receive) desk_.media_copy(leg->call, m.media, ctx);
        return;
    }
    if (receive) {
        tokens_.insert({known.manager, ctx.dst.address, m.party_token}, known);
        return take_formats(*leg, leg->side, {}, m, ctx);
    }
    take_formats(*leg, other(leg->side), m.media, m, ctx);
}

void SccpCalls::on_receiving(Key key, const SccpMessage& m, const SignalContext& ctx) {
    if (m.refused) return;
    Leg* leg = key.reference == 0 ? nullptr : legs_.find(key);
    if (leg == nullptr) {
        const Key* asked = tokens_.find({key.manager, ctx.src.address, m.party_token});
        if (asked == nullptr) return void(++counters_.outside_calls);
        leg = legs_.find(*asked);
    }
    if (leg == nullptr || !leg->call) return void(++counters_.outside_calls);
    MediaEnd end;
    end.at = m.media;
    if (m.id == SccpId::open_multimedia_receive_channel_ack) {
        end.kind = MediaKind::video;
        end.line = 1;
    }
    desk_.media(leg->call, leg->side, end, ctx);
}

void SccpCalls::on_statistics(const Key& key, const SccpMessage& m) {
    const Leg* leg = key.reference == 0 ? nullptr : legs_.find(key);
    if (leg == nullptr || !leg->call) return void(++counters_.outside_calls);
    SessionReport report;
    const SccpStatistics& s = m.statistics;
    if (s.packets_received == 0) return;  // it received nothing: nothing was measured
    report.packets = s.packets_received;
    report.lost = s.packets_lost;
    report.figures.loss_pct = 100.0F * static_cast<float>(s.packets_lost) /
                              (static_cast<float>(s.packets_received) + static_cast<float>(s.packets_lost));
    report.figures.jitter_ms = static_cast<float>(s.jitter_ms);
    report.mos_lq = s.mos_lq;
    desk_.report(leg->call, leg->side, report);
}

}  // namespace voipprobe::probe
