// What the pipeline does beside SIP and RTP: applications (nDPI), media without an RTP header, other telephone protocols.
#include "probe/pipeline.hpp"

namespace voipprobe::probe {

// The first packets of a flow, until it has an application or none.
[[gnu::noinline]] void Pipeline::classify(FlowIndex i, const PacketView& p) {
    if (p.payload.empty() || (p.protocol != kProtoUdp && p.protocol != kProtoTcp)) return;
    const FlowHot& h = flows_.hot(i);
    if (std::uint64_t{h.packets[0]} + h.packets[1] > 4 * Classifier::kFirstPackets) return;  // settled, without a look at the cold part
    FlowCold& c = flows_.cold(i);
    const auto settle = [&](std::uint16_t protocol) {
        plain_.settle(i, classifier_->makes_calls(protocol) ? classifier_->name(protocol) : std::string_view{});
    };
    const bool udp = p.protocol == kProtoUdp;
    if (c.application != FlowCold::kNotLookedAt) {
        // A flow that goes on after it had ended.
        if (!udp || h.packets[0] + h.packets[1] != 1 || !classifier_->makes_calls(c.application)) return;
        plain_.watch(i);
        return settle(c.application);
    }
    if (udp) plain_.watch(i);
    std::uint16_t protocol = 0;
    if (!classifier_->look(i, p, protocol)) return;
    c.application = protocol;
    if (udp) settle(protocol);
}

// A flow that may be an application's media.
[[gnu::noinline]] void Pipeline::count_plain(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    if (const MediaFlow* rtp = media_.flow_media(i); rtp != nullptr && rtp->confirmed) return plain_.leave(i);
    plain_.on_packet(i, direction, p);
}

[[gnu::noinline]] bool Pipeline::take_image(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    return !p.fragment && !media_.carries(i, direction, p) && plain_.on_image(i, direction, p);
}

// Calls that have both media endpoints in common with another one that runs: by its address nobody can tell whose a packet is,
// and it is taken for the first one's.
[[gnu::noinline]] void Pipeline::note_shared_media(CallIndex i) {
    Call& call = calls_[i];
    const CallMedia* a = call.audio_of(Side::caller);
    const CallMedia* b = call.audio_of(Side::callee);
    if (call.shares_media || a == nullptr || b == nullptr) return;
    promises_.for_each(a->endpoint, [&](const MediaPromise& p) {
        Call* other = p.call == i ? nullptr : calls_.get(p.call, p.serial);
        if (other == nullptr || other->ended() || p.rule != StreamMatch::sdp) return;
        promises_.for_each(b->endpoint, [&](const MediaPromise& o) {
            if (o.call == p.call && o.serial == p.serial && o.owner != p.owner) call.shares_media = other->shares_media = true;
        });
    });
}

// What the other signalling protocols need of the pipeline.
CallDesk::Host Pipeline::desk_host() {
    return {[this](std::string_view call_id, wire::TimeNs time) {
                const CallIndex i = add_call(call_id);
                if (i == 0) return i;
                calls_[i].next_snapshot = time + config_.active_ns;
                calls_.wake_at(i, calls_[i].next_snapshot);
                return i;
            },
            [this](CallIndex i) {
                calls_.wake_at(i, call_end(calls_[i]));
                for (const std::uint32_t s : calls_[i].streams) media_.call_over(s);
            },
            [this](FlowIndex flow, std::string_view user, const wire::IpAddress& client) {
                registers_.note_user(flow, user, client);
            }};
}

// A datagram, a segment of a flow that is, or may become, one of them.
[[gnu::noinline]] bool Pipeline::take_signalling(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    FlowHot& h = flows_.hot(i);
    const bool taken = others_.on_datagram(i, direction, p, context_of(p, SipTransport::udp, FlowTable::zone(h)), h.kind == FlowKind::signalling);
    if (others_.desk().any_begun()) assign_legs(p.time);
    if (!taken) return false;
    h.kind = FlowKind::signalling;
    return true;
}

[[gnu::noinline]] bool Pipeline::take_signalling_tcp(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    FlowHot& h = flows_.hot(i);
    const bool taken = others_.on_tcp(i, direction, p, context_of(p, SipTransport::tcp, FlowTable::zone(h)));
    if (others_.desk().any_begun()) assign_legs(p.time);
    if (!taken) return false;
    h.kind = FlowKind::signalling;
    return true;
}

void Pipeline::assign_legs(wire::TimeNs now) {
    for (const CallDesk::Begun& b : others_.desk().take_begun())
        if (others_.desk().get(b.call) != nullptr) legs_.assign_other(calls_, b.call.index, b.conversation, now);
}

}  // namespace voipprobe::probe
