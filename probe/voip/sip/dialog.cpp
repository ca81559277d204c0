#include "probe/voip/sip/dialog.hpp"

#include <algorithm>

#include "probe/voip/sip/call_media.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxSeen = 128;      // message fingerprints kept per call
constexpr std::size_t kMaxNameAddr = 255;  // what the elements carry

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
    h ^= v + 0x9e3779b97f4a7c15ULL + (h << 6) + (h >> 2);
    return h * 0xff51afd7ed558ccdULL;
}
std::uint64_t fingerprint(std::string_view s) {
    return wire::siphash13(wire::SipKey{0x766f6970, 0x70726f6265}, wire::as_bytes(s));
}

// True when `h` was not in `set` yet.
bool insert_new(std::vector<std::uint64_t>& set, std::uint64_t h) {
    if (std::find(set.begin(), set.end(), h) != set.end()) return false;
    if (set.size() == kMaxSeen) set.erase(set.begin(), set.begin() + kMaxSeen / 2);
    set.push_back(h);
    return true;
}

struct Novelty {
    bool first_on_hop;     // not a retransmission
    bool first_anywhere;   // not a copy on a later hop either
};

Novelty note(Call& call, const SipMessage& m, const SipContext& ctx) {
    std::uint64_t what = mix(m.cseq, static_cast<std::uint64_t>(m.method) << 16 | m.status);
    what = mix(what, m.is_request ? 1 : 2);
    if (m.method == SipMethod::other) what = mix(what, fingerprint(m.method_text));
    std::uint64_t hop = mix(what, fingerprint(m.branch()));
    hop = mix(hop, wire::load_le64(ctx.src.address.octets.data() + 8) ^ ctx.src.port);
    hop = mix(hop, wire::load_le64(ctx.dst.address.octets.data() + 8) ^ ctx.dst.port);
    const NameAddress from = parse_name_address(m.from);
    return {insert_new(call.seen, hop), insert_new(call.seen_anywhere, mix(what, fingerprint(from.tag)))};
}

void first(Call& call, CallEvent e, wire::TimeNs t) {
    if (!call.has(e) || t < call.at(e)) call.at(e) = t;  // captures may hold packets out of order
}

void take_reason(Call& call, const SipMessage& m) {
    if (call.has_reason || m.reason.empty()) return;
    if (const auto cause = reason_cause(m.reason)) {
        call.has_reason = true;
        call.reason_cause = *cause;
    }
}

void take_agent(CallParty& party, const SipMessage& m) {
    if (party.user_agent.empty() && !m.user_agent.empty())
        party.user_agent = unfolded(m.user_agent.substr(0, kMaxNameAddr));
}

// A new attempt of the same call: after a challenge or a redirection, without a To tag, with a higher CSeq.
void new_attempt(Call& call, const SipMessage& m) {
    if (call.has(CallEvent::ok)) return;
    call.invite_cseq = m.cseq;
    call.at(CallEvent::failure) = wire::kNever;
    call.response_code = 0;
    call.challenged = false;
}

void request(Call& call, const SipMessage& m, const SipContext& ctx, Side from) {
    switch (m.method) {
        case SipMethod::invite: {
            const bool initial = parse_name_address(m.to).tag.empty();
            if (initial && m.cseq > call.invite_cseq && from == Side::caller) new_attempt(call, m);
            break;
        }
        case SipMethod::ack:
            // The ACK to a 2xx; the ACK of a failure belongs to the transaction (RFC 3261 §17.1.1.3).
            if (call.has(CallEvent::ok) && m.cseq >= call.first_cseq && m.cseq <= call.invite_cseq)
                first(call, CallEvent::ack, ctx.time);
            break;
        case SipMethod::cancel:
            if (!call.has(CallEvent::cancel) && call.hangup_by == Side::none) call.hangup_by = from;
            first(call, CallEvent::cancel, ctx.time);
            take_reason(call, m);
            break;
        case SipMethod::bye:
            if (!call.has(CallEvent::bye)) call.hangup_by = from;
            first(call, CallEvent::bye, ctx.time);
            take_reason(call, m);
            break;
        default: break;
    }
}

void invite_response(Call& call, const SipMessage& m, const SipContext& ctx) {
    // A re-INVITE changes media, not the set-up times. Attempts may overlap: a caller that sends INVITE 2 and 3 before
    // INVITE 1 is answered is in the call from the first 2xx on; only the current attempt can fail.
    if (m.cseq < call.first_cseq || m.cseq > call.invite_cseq) return;
    if (m.status == 100) first(call, CallEvent::trying, ctx.time);
    else if (m.status == 180) first(call, CallEvent::ringing, ctx.time);
    else if (m.status == 183) first(call, CallEvent::progress, ctx.time);
    else if (m.status >= 200 && m.status < 300) {
        first(call, CallEvent::ok, ctx.time);
        call.response_code = m.status;
        call.at(CallEvent::failure) = wire::kNever;
    } else if (m.status >= 300 && !call.has(CallEvent::ok) && m.cseq == call.invite_cseq) {
        first(call, CallEvent::failure, ctx.time);
        if (call.response_code == 0) call.response_code = m.status;
        call.challenged = m.status == 401 || m.status == 407 || m.status < 400;
        take_reason(call, m);
    }
}

void response(Call& call, const SipMessage& m, const SipContext& ctx) {
    const bool success = m.status >= 200 && m.status < 300;
    switch (m.method) {
        case SipMethod::invite: invite_response(call, m, ctx); break;
        case SipMethod::bye:
            if (success) first(call, CallEvent::bye_ok, ctx.time);
            break;
        case SipMethod::cancel:
            if (success) first(call, CallEvent::cancel_ok, ctx.time);
            break;
        default: break;
    }
}

bool carries_media(SipMethod m) {
    return m == SipMethod::invite || m == SipMethod::ack || m == SipMethod::prack || m == SipMethod::update;
}

}  // namespace

Side sender_of(const Call& call, const SipMessage& m, const NameAddress& from) {
    const bool by_caller = from.tag.empty() || call.caller.tag.empty() || from.tag == call.caller.tag;
    return by_caller == m.is_request ? Side::caller : Side::callee;
}

void begin_call(Call& call, const SipMessage& m, const SipContext& ctx) {
    const NameAddress from = parse_name_address(m.from);
    const NameAddress to = parse_name_address(m.to);
    call.transport = ctx.transport;
    call.caller.name_address = unfolded(from.full.substr(0, 2 * kMaxNameAddr));
    call.callee.name_address = unfolded(to.full.substr(0, 2 * kMaxNameAddr));
    call.caller.tag = from.tag;
    call.caller_hop = ctx.src;
    call.callee_hop = ctx.dst;
    call.ip6 = ctx.ip6;
    call.first_cseq = call.invite_cseq = m.cseq;
    call.at(CallEvent::invite) = ctx.time;
    call.delta_start = ctx.time;
    call.tunnel = ctx.tunnel;
}

void apply_message(Call& call, CallIndex index, const SipMessage& m, const SipContext& ctx, MediaTable& media) {
    const NameAddress from = parse_name_address(m.from);
    const Side sender = sender_of(call, m, from);
    const Novelty novelty = note(call, m, ctx);
    ++call.messages;
    call.last_message = std::max(call.last_message, ctx.time);
    const std::size_t way = sender == Side::callee ? 1 : 0;
    call.delta_octets[way] += ctx.octets;
    call.delta_packets[way] += ctx.packets;
    if (!novelty.first_on_hop) {
        ++call.retransmissions;
        return;
    }
    take_agent(call.party(sender), m);
    const bool was_established = call.has(CallEvent::ok);
    if (m.is_request) request(call, m, ctx, sender);
    else response(call, m, ctx);
    if (sender == Side::callee && call.callee.tag.empty())
        call.callee.tag = m.is_request ? from.tag : parse_name_address(m.to).tag;

    if (!carries_media(m.method) || (!m.is_request && m.status >= 300)) return;
    const std::string_view text = m.sdp();
    if (text.empty()) return;
    Sdp sdp;
    if (!parse_sdp(text, sdp)) return;
    apply_sdp(call, index, sdp,
              {sender, novelty.first_anywhere, m.is_request, was_established && m.method != SipMethod::ack, ctx.time,
               ctx.zone},
              media);
}

}  // namespace voipprobe::probe
