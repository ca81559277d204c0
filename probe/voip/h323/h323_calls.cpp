#include "probe/voip/h323/h323_calls.hpp"

#include <algorithm>

#include "wire/hex.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kUserBusy = 17;  // Q.850
constexpr std::size_t kMaxLine = 3;  // sessions beyond video and data share the last line

bool is_none(const H323Id& id) { return std::all_of(id.begin(), id.end(), [](std::uint8_t o) { return o == 0; }); }

// A number first, then whatever names the party.
std::string best(const std::string& number, const std::vector<std::string>& aliases) {
    if (!number.empty()) return number;
    for (const std::string& a : aliases)
        if (a.find_first_not_of("0123456789#*,") == std::string::npos) return a;
    return aliases.empty() ? std::string{} : aliases.front();
}

std::string other_name(const std::string& chosen, const std::vector<std::string>& aliases) {
    for (const std::string& a : aliases)
        if (a != chosen) return a;
    return {};
}

std::size_t line_of_channel(const H245Channel& c) {
    if (c.session >= 1 && c.session <= kMaxLine + 1) return c.session - 1U;
    return c.kind == H245MediaKind::video ? 1 : c.kind == H245MediaKind::data ? 2 : 0;
}

}  // namespace

H323Calls::H323Calls(CallDesk& desk, wire::SipKey key)
    : desk_(desk),
      hash_key_(key),
      calls_(2 * kMaxEntries, {}),
      links_(kMaxEntries, {}),
      channels_(kMaxEntries, {}),
      admissions_(kMaxEntries, {}),
      registering_(kMaxEntries, {}) {}

H323Calls::Key H323Calls::connection_key(const Q931Message& m, const SignalContext& ctx) const {
    const bool ordered = ctx.src < ctx.dst;
    const wire::Endpoint &a = ordered ? ctx.src : ctx.dst, &b = ordered ? ctx.dst : ctx.src;
    return wire::siphash13<5>(hash_key_, {wire::load_le64(a.address.octets.data()) ^ wire::load_le64(b.address.octets.data()) << 1,
                                          wire::load_le64(a.address.octets.data() + 8), wire::load_le64(b.address.octets.data() + 8),
                                          std::uint64_t{a.port} << 32 | std::uint64_t{b.port} << 16 | m.call_reference, ctx.zone});
}

H323Calls::Key H323Calls::identifier_key(const H323Id& id, std::uint64_t kind) const {
    return wire::siphash13<3>(hash_key_, {wire::load_le64(id.data()), wire::load_le64(id.data() + 8), kind});
}

H323Calls::Key H323Calls::channel_key(CallRef call, Side sender, std::uint16_t number) const {
    return wire::siphash13<2>(hash_key_, {std::uint64_t{call.index} << 32 | call.serial,
                                          std::uint64_t{number} << 8 | static_cast<std::uint64_t>(sender)});
}

CallRef H323Calls::find(const Q931Message& m, const SignalContext& ctx) {
    if (!is_none(m.call_identifier))
        if (const CallRef* known = calls_.find(identifier_key(m.call_identifier, ctx.zone)); known != nullptr && desk_.get(*known) != nullptr)
            return *known;
    const CallRef* known = calls_.find(connection_key(m, ctx));
    return known != nullptr && desk_.get(*known) != nullptr ? *known : CallRef{};
}

CallRef H323Calls::begin(const Q931Message& m, const SignalContext& ctx) {
    std::string id;
    if (!is_none(m.call_identifier)) id = wire::hex(m.call_identifier);
    else id = std::to_string(m.call_reference) + '@' + ctx.src.text();
    const CallRef call = desk_.begin(Signalling::h323, id, ctx);
    if (!call) return call;
    if (!is_none(m.conference)) desk_.conversation(call, "h323 " + wire::hex(m.conference));
    std::string caller = best(m.calling, m.source_aliases), callee = best(m.called, m.destination_aliases);
    if (const Parties* admitted = is_none(m.conference) ? nullptr : admissions_.find(identifier_key(m.conference, ctx.zone))) {
        if (caller.empty()) caller = admitted->caller;
        if (callee.empty()) callee = admitted->callee;
    }
    std::string display = m.display;
    if (const std::size_t end = display.find('\0'); end != std::string::npos) display.resize(end);
    if (display == caller) display.clear();
    desk_.name(call, Side::caller, caller, display.empty() ? other_name(caller, m.source_aliases) : display);
    desk_.name(call, Side::callee, callee, other_name(callee, m.destination_aliases));
    return call;
}

void H323Calls::on_q931(wire::Bytes payload, const SignalContext& ctx) {
    Q931Message m;
    if (!parse_q931(payload, m)) return;
    ++counters_.q931_messages;
    if (!m.has_h225) return;  // ISDN over something else, or a message that says nothing about the call
    if (!m.understood) ++counters_.not_understood;
    const Side sender = m.from_originator ? Side::caller : Side::callee;
    CallRef call = find(m, ctx);
    const Call* known = desk_.get(call);
    if (m.type == Q931Type::setup && sender == Side::caller && (known == nullptr || known->ended())) {
        call = begin(m, ctx);
        if (!call) return;
    }
    if (!call) return void(++counters_.outside_calls);
    if (m.type == Q931Type::setup) {
        calls_.insert(connection_key(m, ctx), call);
        if (!is_none(m.call_identifier)) calls_.insert(identifier_key(m.call_identifier, ctx.zone), call);
    }
    desk_.touch(call, ctx.time);
    if (m.h245_address.port != 0) {
        const Key at = wire::siphash13<4>(hash_key_, {wire::load_le64(m.h245_address.address.octets.data()),
                                                      wire::load_le64(m.h245_address.address.octets.data() + 8), m.h245_address.port, ctx.zone});
        links_.insert(at, {call, sender, m.h245_address});
    }
    for (const H245Channel& c : m.fast_start) {
        // What a party names in a fast start is where it receives. A proposal without an address is what it wants to send:
        // its codec is what the other may receive.
        if (c.media.port != 0) media(call, sender, c, ctx);
        else if (!c.codec.empty() && !c.reverse && m.type != Q931Type::setup) media(call, other(sender), c, ctx);
    }
    on_event(call, m, sender, ctx);
    for (const wire::Bytes& octets : m.h245) on_h245(octets, {call, other(sender), ctx.dst}, ctx);
}

void H323Calls::on_event(CallRef call, const Q931Message& m, Side sender, const SignalContext& ctx) {
    switch (m.type) {
        case Q931Type::call_proceeding: return desk_.happened(call, CallEvent::trying, ctx.time);
        case Q931Type::alerting: return desk_.happened(call, CallEvent::ringing, ctx.time);
        case Q931Type::progress: return desk_.happened(call, CallEvent::progress, ctx.time);
        case Q931Type::connect:
            if (sender == Side::callee) desk_.happened(call, CallEvent::ok, ctx.time);
            return;
        case Q931Type::release_complete:
            if (m.cause) desk_.cause(call, *m.cause);
            else if (m.busy) desk_.cause(call, kUserBusy);
            return desk_.hang_up(call, sender, ctx.time);
        default: return;
    }
}

std::optional<H245Link> H323Calls::expects(const wire::Endpoint& a, const wire::Endpoint& b, std::uint16_t zone) {
    for (const wire::Endpoint& e : {a, b}) {
        const Key at = wire::siphash13<4>(hash_key_, {wire::load_le64(e.address.octets.data()),
                                                      wire::load_le64(e.address.octets.data() + 8), e.port, zone});
        const H245Link* link = links_.find(at);
        if (link != nullptr && link->at == e && desk_.get(link->call) != nullptr) return *link;
    }
    return std::nullopt;
}

void H323Calls::on_h245(wire::Bytes payload, const H245Link& link, const SignalContext& ctx) {
    ++counters_.h245_messages;
    H245Message m;
    if (!parse_h245(payload, m)) return void(++counters_.not_understood);
    if (m.kind == H245Kind::other) return;
    on_channel(link.call, m, ctx.src == link.at ? link.listener : other(link.listener), ctx);
}

void H323Calls::on_channel(CallRef call, const H245Message& m, Side sender, const SignalContext& ctx) {
    if (desk_.get(call) == nullptr) return;
    if (m.kind == H245Kind::open) {  // what `sender` wants to send
        channels_.insert(channel_key(call, sender, m.channel.number), m.channel);
        return;
    }
    if (m.kind != H245Kind::open_ack) return;
    H245Channel c = m.channel;
    if (const H245Channel* asked = channels_.find(channel_key(call, other(sender), c.number))) {
        const wire::Endpoint at = c.media;
        const auto type = c.payload_type;
        const std::uint8_t session = c.session;
        c = *asked;
        c.media = at;
        if (type) c.payload_type = type;
        if (c.session == 0) c.session = session;
    }
    media(call, sender, c, ctx);
}

void H323Calls::media(CallRef call, Side owner, const H245Channel& c, const SignalContext& ctx) {
    MediaEnd end;
    end.at = c.media;
    end.line = line_of_channel(c);
    end.kind = c.kind == H245MediaKind::video ? MediaKind::video : c.kind == H245MediaKind::data ? MediaKind::application : MediaKind::audio;
    end.encrypted = c.encrypted;
    const CallFormat format{c.payload_type.value_or(0), c.clock_rate, c.codec};
    if (c.payload_type && !c.codec.empty()) end.formats = {&format, 1};
    desk_.media(call, owner, end, ctx);
}

bool H323Calls::on_ras(FlowIndex flow, wire::Bytes datagram, const SignalContext& ctx) {
    RasMessage m;
    if (!parse_ras(datagram, m)) return false;
    ++counters_.ras_messages;
    const auto exchange = [&](const wire::Endpoint& client, const wire::Endpoint& gatekeeper) {
        return wire::siphash13<4>(hash_key_, {wire::load_le64(client.address.octets.data() + 8), wire::load_le64(gatekeeper.address.octets.data() + 8),
                                              m.sequence, ctx.zone});
    };
    switch (m.type) {
        case RasType::registration_request:
            if (const std::string user = best({}, m.aliases); !user.empty()) registering_.insert(exchange(ctx.src, ctx.dst), user);
            break;
        case RasType::registration_confirm: {
            const Key key = exchange(ctx.dst, ctx.src);
            if (!m.aliases.empty()) desk_.registered(flow, best({}, m.aliases), ctx.dst.address);
            else if (const std::string* user = registering_.find(key)) desk_.registered(flow, *user, ctx.dst.address);
            registering_.erase(key);
            break;
        }
        case RasType::admission_request:
            if (!is_none(m.conference))
                admissions_.insert(identifier_key(m.conference, ctx.zone), {best({}, m.aliases), best({}, m.destinations)});
            break;
        default: break;
    }
    return true;
}

}  // namespace voipprobe::probe
