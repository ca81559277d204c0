#include "probe/voip/mgcp/mgcp_calls.hpp"

#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;

constexpr std::size_t kMaxText = 96;
constexpr std::size_t kMaxDigits = 32;

}  // namespace

MgcpCalls::MgcpCalls(CallDesk& desk, wire::SipKey key)
    : desk_(desk), hash_key_(key), calls_(kMaxEntries, {}), endpoints_(kMaxEntries, {}), transactions_(kMaxEntries, {}) {}

MgcpCalls::Key MgcpCalls::key_of(std::string_view what, const wire::IpAddress& a, const wire::IpAddress& b, std::uint64_t n) const {
    const Key addresses = wire::siphash13<5>(hash_key_, {wire::load_le64(a.octets.data()), wire::load_le64(a.octets.data() + 8),
                                                         wire::load_le64(b.octets.data()), wire::load_le64(b.octets.data() + 8), n});
    return what.empty() ? addresses : wire::siphash13(wire::SipKey{hash_key_.k0 ^ addresses, hash_key_.k1}, wire::as_bytes(what));
}

// The gateway's address and the endpoint's local name: what is behind `@` may be written in several ways.
MgcpCalls::Key MgcpCalls::endpoint_key(const MgcpMessage& m, const SignalContext& ctx) const {
    const bool from_gateway = m.verb == MgcpVerb::ntfy || m.verb == MgcpVerb::rsip;
    std::string name(m.endpoint.substr(0, std::min(m.endpoint.find('@'), kMaxText)));
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    return key_of(name, from_gateway ? ctx.src.address : ctx.dst.address, {}, std::uint64_t{ctx.zone} << 8 | 1);
}

bool MgcpCalls::on_datagram(std::string_view text, const SignalContext& ctx) {
    bool any = false;
    MgcpMessage m;
    while (!text.empty() && next_mgcp(text, m)) {
        any = true;
        ++counters_.messages;
        if (m.verb == MgcpVerb::response) on_response(m, ctx);
        else on_command(m, ctx);
    }
    if (!any) ++counters_.refused;
    return any;
}

void MgcpCalls::on_command(const MgcpMessage& m, const SignalContext& ctx) {
    switch (m.verb) {
        case MgcpVerb::crcx:
        case MgcpVerb::mdcx:
        case MgcpVerb::dlcx: return on_connection(m, ctx);
        case MgcpVerb::ntfy:
        case MgcpVerb::rqnt: return on_event(m, ctx);
        default: return;
    }
}

Side MgcpCalls::side_of(const MgcpCall& call, Key endpoint) {
    if (call.connections[0].endpoint == endpoint) return Side::caller;
    return call.connections[1].endpoint == endpoint ? Side::callee : Side::none;
}

// The side of the connection on this endpoint; the next free one when it has none.
Side MgcpCalls::connect(MgcpCall& call, Key endpoint, const MgcpMessage& m, const SignalContext& ctx) {
    if (const Side known = side_of(call, endpoint); known != Side::none) return known;
    const std::size_t i = call.connections[0].endpoint == 0 || call.connections[0].refused ? 0 : 1;
    if (call.connections[i].endpoint != 0 && !call.connections[i].refused) return Side::none;
    call.connections[i] = {};
    call.connections[i].endpoint = endpoint;
    const Side side = i == 0 ? Side::caller : Side::callee;
    if (Call* c = desk_.get(call.call))
        (i == 0 ? c->caller_hop : c->callee_hop) = ctx.dst;
    desk_.name(call.call, side, m.endpoint, {});
    return side;
}

void MgcpCalls::on_connection(const MgcpMessage& m, const SignalContext& ctx) {
    // A gateway that gives a connection up sends DLCX itself: then it is at the other end.
    const wire::IpAddress& agent = ctx.src.address;
    const Key endpoint = endpoint_key(m, ctx);
    Key key = m.call_id.empty() ? 0 : key_of(m.call_id, agent, {}, std::uint64_t{ctx.zone} << 8 | 2);
    MgcpCall* call = key == 0 ? nullptr : calls_.find(key);
    bool by_gateway = false;
    if (call == nullptr && m.verb == MgcpVerb::dlcx && !m.call_id.empty()) {
        key = key_of(m.call_id, ctx.dst.address, {}, std::uint64_t{ctx.zone} << 8 | 2);
        call = calls_.find(key);
        by_gateway = call != nullptr;
    }
    if (call == nullptr && m.verb != MgcpVerb::crcx) {  // DLCX of all connections of an endpoint names no call
        if (const Endpoint* e = endpoints_.find(endpoint)) call = calls_.find(key = e->call);
    }
    const Key transaction = key_of({}, ctx.src.address, ctx.dst.address, std::uint64_t{m.transaction} << 8 | 3);
    const bool repeated = transactions_.find(transaction) != nullptr;
    if (call != nullptr && m.verb == MgcpVerb::crcx && !repeated) {  // a CallId may be used again
        const Call* before = desk_.get(call->call);
        if (before == nullptr || before->ended()) call = nullptr;
    }
    if (call == nullptr) {
        if (m.verb != MgcpVerb::crcx || m.call_id.empty()) return void(++counters_.outside_calls);
        SignalContext hop = ctx;
        std::swap(hop.src, hop.dst);  // the gateway is the caller's hop, the call agent the other one
        std::string id(m.call_id.substr(0, kMaxText));
        id += '@';
        id += agent.text();
        MgcpCall fresh;
        fresh.call = desk_.begin(Signalling::mgcp, id, hop);
        if (!fresh.call) return;
        call = &calls_.insert(key, fresh);
    } else if (Call* c = repeated ? desk_.get(call->call) : nullptr) {
        ++c->retransmissions;
    }
    Side side = Side::none;
    if (by_gateway) {
        SignalContext swapped = ctx;
        std::swap(swapped.src, swapped.dst);
        side = side_of(*call, endpoint_key(m, swapped));
    } else {
        side = m.verb == MgcpVerb::crcx ? connect(*call, endpoint, m, ctx) : side_of(*call, endpoint);
    }
    desk_.touch(call->call, ctx.time);
    transactions_.insert(transaction, {m.verb, key, side});
    if (m.verb == MgcpVerb::crcx) {
        if (endpoints_.find(endpoint) == nullptr) endpoints_.insert(endpoint, {});
        Endpoint& e = *endpoints_.find(endpoint);
        e.call = key;
        if (side == Side::caller && !e.digits.empty()) {
            if (Call* c = desk_.get(call->call); c != nullptr && c->request_uri.empty()) c->request_uri = e.digits;
            e.digits.clear();
        }
    }
    if (m.verb == MgcpVerb::dlcx) {
        if (by_gateway) report(*call, side, m.parameters);
        if (Call* c = desk_.get(call->call); c != nullptr && !c->ended())
            desk_.hang_up(call->call, by_gateway ? side : c->hangup_by, ctx.time);
        return;
    }
    if (side == Side::none) return;
    if (!m.sdp.empty()) {
        desk_.sdp(call->call, other(side), m.sdp, true, m.transaction, ctx);
        call->connections[side == Side::caller ? 1 : 0].described = true;
    }
    take_mode(*call, side, m.mode, ctx.time);
}

// Answered: the caller is connected both ways to somebody who has said where he receives.
void MgcpCalls::take_mode(MgcpCall& call, Side side, std::string_view mode, wire::TimeNs time) {
    if (mode.empty()) return;
    const bool open = equals_ignore_case(mode, "sendrecv") || equals_ignore_case(mode, "confrnce");
    const Call* c = desk_.get(call.call);
    if (c != nullptr && c->has(CallEvent::ok))
        desk_.hold(call.call, side, equals_ignore_case(mode, "inactive") || equals_ignore_case(mode, "sendonly"), time);
    call.connections[side == Side::caller ? 0 : 1].sends_and_receives = open;
    answer_when_open(call, time);
}

void MgcpCalls::answer_when_open(MgcpCall& call, wire::TimeNs time) {
    if (call.connections[0].sends_and_receives && call.connections[1].described) desk_.happened(call.call, CallEvent::ok, time);
}

void MgcpCalls::on_event(const MgcpMessage& m, const SignalContext& ctx) {
    const Key key = endpoint_key(m, ctx);
    const std::string_view events = m.verb == MgcpVerb::ntfy ? m.observed : m.signals;
    if (events.empty()) return;
    Endpoint* e = endpoints_.find(key);
    if (m.verb == MgcpVerb::ntfy) {
        std::array<char, kMaxDigits> digits{};
        if (const std::size_t n = mgcp_digits(events, digits.data(), digits.size()); n > 1) {
            if (e == nullptr) e = &endpoints_.insert(key, {});
            e->digits.assign(digits.data(), n);
        }
    }
    MgcpCall* call = e == nullptr || e->call == 0 ? nullptr : calls_.find(e->call);
    if (call == nullptr) return;
    const Side side = side_of(*call, key);
    Call* c = desk_.get(call->call);
    if (c == nullptr || c->ended() || side == Side::none) return;
    desk_.touch(call->call, ctx.time);
    if (m.verb == MgcpVerb::rqnt) {
        const bool rings = side == Side::callee ? mgcp_lists(events, "rg") : mgcp_lists(events, "rt");
        if (rings && !c->has(CallEvent::ok)) desk_.happened(call->call, CallEvent::ringing, ctx.time);
        if (side == Side::caller && mgcp_lists(events, "bz")) desk_.cause(call->call, 17);  // Q.850 user busy
        return;
    }
    if (side == Side::caller && c->request_uri.empty() && !e->digits.empty()) c->request_uri = std::move(e->digits), e->digits.clear();
    if (side == Side::callee && mgcp_lists(events, "hd")) desk_.happened(call->call, CallEvent::ok, ctx.time);
    if (mgcp_lists(events, "hu") && c->hangup_by == Side::none) c->hangup_by = side;
}

void MgcpCalls::on_response(const MgcpMessage& m, const SignalContext& ctx) {
    const Key key = key_of({}, ctx.dst.address, ctx.src.address, std::uint64_t{m.transaction} << 8 | 3);
    const Transaction* asked = transactions_.find(key);
    MgcpCall* call = asked == nullptr ? nullptr : calls_.find(asked->call);
    if (call == nullptr || m.code < 200) return;  // 1xx: still working on it
    desk_.touch(call->call, ctx.time);
    if (m.code >= 300) {
        if (asked->verb != MgcpVerb::crcx || asked->side == Side::none) return;
        // Another endpoint may be tried; the call fails when the call agent gives it up, or nothing else comes.
        Connection& c = call->connections[asked->side == Side::caller ? 0 : 1];
        c.refused = true;
        if (asked->side == Side::caller) desk_.fail(call->call, ctx.time);
        return;
    }
    if (asked->verb == MgcpVerb::dlcx) return report(*call, asked->side, m.parameters);
    if (m.sdp.empty() || asked->side == Side::none) return;
    desk_.sdp(call->call, asked->side, m.sdp, false, m.transaction, ctx);
    call->connections[asked->side == Side::caller ? 0 : 1].described = true;
    answer_when_open(*call, ctx.time);
}

void MgcpCalls::report(const MgcpCall& call, Side side, const MgcpParameters& p) {
    if (!p.any || side == Side::none || p.received.value_or(0) == 0) return;
    SessionReport r;
    r.packets = p.received;
    r.lost = p.lost;
    if (p.lost) r.figures.loss_pct = static_cast<float>(100.0 * static_cast<double>(*p.lost) / static_cast<double>(*p.received + *p.lost));
    if (p.jitter_ms) r.figures.jitter_ms = static_cast<float>(*p.jitter_ms);
    desk_.report(call.call, side, r);
}

}  // namespace voipprobe::probe
