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

// A copy on the same hop with the same branch is a retransmission. Responses of different early dialogs share branch
// and CSeq where a proxy forks: the To tag tells them apart.
Novelty note(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx) {
    std::uint64_t what = mix(m.cseq, static_cast<std::uint64_t>(m.method) << 16 | m.status);
    what = mix(what, m.is_request ? 1 : 2);
    if (m.method == SipMethod::other) what = mix(what, fingerprint(m.method_text));
    if (!m.is_request) what = mix(what, ids.to_tag_hash);
    std::uint64_t hop = mix(what, ids.branch);
    hop = mix(hop, wire::load_le64(ctx.src.address.octets.data() + 8) ^ ctx.src.port);
    hop = mix(hop, wire::load_le64(ctx.dst.address.octets.data() + 8) ^ ctx.dst.port);
    return {insert_new(call.seen, hop), insert_new(call.seen_anywhere, mix(what, fingerprint(ids.from_tag)))};
}

// Every hop answers with a 100 (RFC 3261 §16.2) and to CANCEL (§16.10) itself: that Server is not the party's. Who asks
// for credentials is often a proxy too: its name stands until another response has one.
void take_agent(CallParty& party, const SipMessage& m) {
    if (m.user_agent.empty()) return;
    if (!m.is_request && (m.status == 100 || m.method == SipMethod::cancel)) return;
    const bool challenge = !m.is_request && (m.status == 401 || m.status == 407);
    if (!party.user_agent.empty() && (challenge || !party.agent_by_challenge)) return;
    party.user_agent = unfolded(m.user_agent.substr(0, kMaxNameAddr));
    party.agent_by_challenge = challenge;
}

// A BYE to an early dialog that was not confirmed, or of a dialog that is another record's.
bool of_other_dialog(const Call& call, const SipIds& ids) {
    if (!call.has(CallEvent::ok) || call.callee.tags.empty()) return false;
    const std::string& confirmed = call.callee.tags.front();
    if (ids.to_tag == confirmed || ids.from_tag == confirmed) return false;
    return std::any_of(call.early.begin(), call.early.end(), [&](const EarlyDialog& e) {
        return !e.confirmed && (e.tag == ids.to_tag || e.tag == ids.from_tag);
    });
}

void request(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx, Side from) {
    switch (m.method) {
        case SipMethod::invite: note_invite(call, m, ids, ctx, from); break;
        case SipMethod::ack:
            // The ACK to a 2xx; the ACK of a failure belongs to the transaction (RFC 3261 §17.1.1.3).
            if (call.has(CallEvent::ok) && from == Side::caller && m.cseq >= call.first_cseq && m.cseq <= call.invite_cseq)
                first_time(call, CallEvent::ack, ctx.time);
            break;
        case SipMethod::cancel:
            if (m.cseq > call.invite_cseq && call.has(CallEvent::ok)) break;  // of a re-INVITE
            if (!call.has(CallEvent::cancel) && call.hangup_by == Side::none && !call.has(CallEvent::ok))
                call.hangup_by = from;
            first_time(call, CallEvent::cancel, ctx.time);
            take_reason(call, m);
            break;
        case SipMethod::bye:
            if (of_other_dialog(call, ids)) break;
            if (!call.has(CallEvent::bye)) call.hangup_by = from;
            first_time(call, CallEvent::bye, ctx.time);
            take_reason(call, m);
            break;
        default: break;
    }
}

void response(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx, Side sender) {
    const bool success = m.status >= 200 && m.status < 300;
    switch (m.method) {
        case SipMethod::invite:
            if (sender == Side::callee) note_invite_response(call, m, ids, ctx);
            break;
        case SipMethod::bye:
            if (success && !of_other_dialog(call, ids)) first_time(call, CallEvent::bye_ok, ctx.time);
            break;
        case SipMethod::cancel:
            if (success) first_time(call, CallEvent::cancel_ok, ctx.time);
            break;
        default: break;
    }
}

bool carries_media(SipMethod m) {
    return m == SipMethod::invite || m == SipMethod::ack || m == SipMethod::prack || m == SipMethod::update;
}

// What is only ever read from the first INVITE.
void take_identity(Call& call, const SipMessage& m) {
    const auto text = [](std::string_view v) { return unfolded(v.substr(0, kMaxNameAddr)); };
    call.caller_asserted = text(asserted_identity(m.head));
    call.request_uri = text(bare_uri(m.request_uri));
    call.diverted_by = text(diverting_party(m.head));
    call.attestation = attestation_level(m.head);
}

}  // namespace

SipIds ids_of(const SipMessage& m) {
    const std::string_view to = header_parameter(m.to, "tag");
    return {header_parameter(m.from, "tag"), to, fingerprint(m.branch()), fingerprint(to)};
}

// Requests to begin a call have no To tag, whatever became of the From tag since (some agents and B2BUAs with one
// Call-ID on both sides change it).
Side sender_of(const Call& call, const SipMessage& m, const SipIds& ids) {
    bool by_caller = true;
    if (call.caller.has_tag(ids.from_tag)) by_caller = true;
    else if (call.caller.has_tag(ids.to_tag) || call.callee.has_tag(ids.from_tag)) by_caller = false;
    return by_caller == m.is_request ? Side::caller : Side::callee;
}

CallIndex find_call(const CallTable& calls, const SipMessage& m) {
    CallIndex first = 0, exact = 0;
    std::size_t n = 0;
    calls.for_each_of(m.call_id, [&](CallIndex i) {
        if (first == 0 || calls[i].dialog < calls[first].dialog) first = i;
        ++n;
    });
    if (n <= 1) return first;
    const SipIds ids = ids_of(m);
    calls.for_each_of(m.call_id, [&](CallIndex i) {
        const std::vector<std::string>& tags = calls[i].callee.tags;
        if (!tags.empty() && (tags.front() == ids.to_tag || tags.front() == ids.from_tag)) exact = i;
    });
    return exact != 0 ? exact : first;
}

bool confirms_another(const Call& call, const SipMessage& m) {
    if (m.is_request || m.method != SipMethod::invite || m.status < 200 || m.status > 299) return false;
    if (!call.has(CallEvent::ok) || m.cseq < call.first_cseq || m.cseq > call.invite_cseq) return false;
    const SipIds ids = ids_of(m);
    bool other = false, same = ids.to_tag.empty();
    for (const CallAnswer& a : call.answers) {
        if (a.branch != ids.branch) continue;
        (a.to_tag == ids.to_tag_hash ? same : other) = true;
    }
    return other && !same;
}

void begin_call(Call& call, const SipMessage& m, const SipContext& ctx) {
    const NameAddress from = parse_name_address(m.from);
    const NameAddress to = parse_name_address(m.to);
    call.transport = ctx.transport;
    call.server_name = ctx.server_name;
    call.caller.name_address = unfolded(from.full.substr(0, 2 * kMaxNameAddr));
    call.callee.name_address = unfolded(to.full.substr(0, 2 * kMaxNameAddr));
    call.caller.add_tag(from.tag);
    call.callee.add_tag(to.tag);
    call.caller_hop = ctx.src;
    call.callee_hop = ctx.dst;
    call.ip6 = ctx.ip6;
    call.first_cseq = call.invite_cseq = m.cseq;
    call.at(CallEvent::invite) = ctx.time;
    call.delta_start = ctx.time;
    call.tunnel = ctx.tunnel;
    take_identity(call, m);
}

void begin_fork(Call& call, CallIndex index, Call& first, std::uint32_t dialog, const SipMessage& m,
                const SipContext& ctx, MediaTable& media) {
    const SipIds ids = ids_of(m);
    const std::uint32_t serial = call.serial;
    for (EarlyDialog& e : first.early) e.confirmed |= e.tag == ids.to_tag;
    call = first;
    call.serial = serial;
    call.dialog = dialog;
    for (const CallEvent e : {CallEvent::ok, CallEvent::ack, CallEvent::bye, CallEvent::bye_ok, CallEvent::failure,
                              CallEvent::cancel, CallEvent::cancel_ok})
        call.at(e) = wire::kNever;
    call.callee.tags = {std::string(ids.to_tag)};
    call.callee.media.clear();
    call.callee.user_agent.clear();
    call.early.clear();
    call.answers.clear();
    call.seen.clear();
    call.seen_anywhere.clear();
    call.streams.clear();
    call.endpoints.clear();
    call.ssrcs.clear();
    call.ufrags.clear();
    call.hangup_by = Side::none;
    call.has_reason = call.answered = call.audio_agreed = false;
    for (const EarlyDialog& e : first.early)
        if (e.tag == ids.to_tag) {
            call.callee.media = e.media;
            take_answer(call, e);
        }
    call.holders = 0;
    call.held_ns = 0;
    call.messages = call.retransmissions = 0;
    call.delta_octets = {};
    call.delta_packets = {};
    call.delta_start = ctx.time;
    call.last_media = wire::kNever;
    call.revision = 0;
    promise_again(call, index, ctx.time, ctx.zone, media);
}

namespace {

// The session description that the message carries, if any.
void apply_media(Call& call, CallIndex index, const SipMessage& m, const SipIds& ids, const SipContext& ctx, Side sender,
                 bool first_copy, bool was_established, MediaTable& media) {
    SdpUse use{sender, first_copy, m.is_request, was_established && m.method != SipMethod::ack, ctx.time,
               ctx.zone, ctx.src.address, m.cseq, m.method == SipMethod::ack};
    if (!m.is_request && m.status >= 300) return refuse_offer(call, use);
    const std::string_view text = m.sdp();
    if (text.empty()) return;
    Sdp sdp;
    if (!parse_sdp(text, sdp)) return;
    // What another branch says after one was confirmed is kept aside: its own 2xx may make it a call.
    EarlyDialog* early = nullptr;
    if (sender == Side::callee)
        for (EarlyDialog& e : call.early)
            if (e.tag == (m.is_request ? ids.from_tag : ids.to_tag)) early = &e;
    if (was_established && !m.is_request && early != nullptr && ids.to_tag != call.callee.tags.front() &&
        m.method == SipMethod::invite && m.cseq <= call.invite_cseq && m.cseq >= call.first_cseq) {
        describe(early->media, sdp);
        use.first_copy = false;
    }
    apply_sdp(call, index, sdp, use, media);
    if (early == nullptr || was_established) return;
    early->media = call.callee.media;
    note_answer(call, *early, sdp);
    if (call.has(CallEvent::ok)) take_answer(call, *early);
}

}  // namespace

bool apply_message(Call& call, CallIndex index, const SipMessage& m, const SipContext& ctx, MediaTable& media) {
    const SipIds ids = ids_of(m);
    const bool sets_up = m.is_request && m.method == SipMethod::invite && ids.to_tag.empty();
    const Side sender = sets_up ? Side::caller : sender_of(call, m, ids);
    const Novelty novelty = note(call, m, ids, ctx);
    ++call.messages;
    call.last_message = std::max(call.last_message, ctx.time);
    const std::size_t way = sender == Side::callee ? 1 : 0;
    call.delta_octets[way] += ctx.octets;
    call.delta_packets[way] += ctx.packets;
    if (!novelty.first_on_hop) {
        ++call.retransmissions;
        return false;
    }
    take_agent(call.party(sender), m);
    const bool was_established = call.has(CallEvent::ok);
    if (m.is_request) request(call, m, ids, ctx, sender);
    else response(call, m, ids, ctx, sender);
    if (sender == Side::callee) call.callee.add_tag(m.is_request ? ids.from_tag : ids.to_tag);
    if (carries_media(m.method)) apply_media(call, index, m, ids, ctx, sender, novelty.first_anywhere, was_established, media);
    return novelty.first_anywhere;
}

}  // namespace voipprobe::probe
