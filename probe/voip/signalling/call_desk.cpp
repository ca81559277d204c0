#include "probe/voip/signalling/call_desk.hpp"

#include <algorithm>

#include "probe/voip/sip/call_media.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxText = 96;  // of a name or number
constexpr std::size_t kMaxLineFormats = 64;
constexpr std::uint8_t kEveryLine = 0;

// "Name" <number>, as SIP's From has it.
std::string name_address(std::string_view number, std::string_view display) {
    std::string out;
    if (!display.empty()) {
        out = "\"";
        for (const char c : display.substr(0, kMaxText)) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += "\" ";
    }
    out += '<';
    for (const char c : number.substr(0, kMaxText))
        if (c != '<' && c != '>') out += c;
    return out += '>';
}

bool auxiliary(const CallFormat& f) { return f.encoding == "telephone-event" || f.encoding == "CN" || f.encoding.empty(); }

}  // namespace

void agree_codecs(Call& call) {
    std::vector<std::string> names;
    const CallMedia* a = call.audio_of(Side::caller);
    const CallMedia* b = call.audio_of(Side::callee);
    if (a == nullptr) std::swap(a, b);
    if (a == nullptr) return;
    for (const CallFormat& f : a->formats) {
        const bool both = b == nullptr || std::any_of(b->formats.begin(), b->formats.end(), [&](const CallFormat& o) {
                              return o.encoding == f.encoding;
                          });
        if (!auxiliary(f) && both && std::find(names.begin(), names.end(), f.encoding) == names.end())
            names.push_back(f.encoding);
    }
    if (names.empty()) return;
    call.codecs.clear();
    for (const std::string& n : names) call.codecs += (call.codecs.empty() ? "" : ";") + n;
    call.audio_agreed = call.answered = b != nullptr;
}

CallRef CallDesk::begin(Signalling signalling, std::string_view call_id, const SignalContext& ctx) {
    const CallIndex i = host_.add(call_id, ctx.time);
    if (i == 0) return {};
    Call& c = calls_[i];
    c.signalling = signalling;
    c.transport = ctx.transport;
    c.caller_hop = ctx.src;
    c.callee_hop = ctx.dst;
    c.ip6 = ctx.ip6;
    c.tunnel = ctx.tunnel;
    c.at(CallEvent::invite) = ctx.time;
    c.delta_start = c.last_message = ctx.time;
    begun_.push_back({{i, c.serial}, {}});
    return {i, c.serial};
}

void CallDesk::conversation(CallRef ref, std::string_view name) {
    for (Begun& b : begun_)
        if (b.call == ref) b.conversation = name;
}

void CallDesk::correlate(CallRef ref, CallRef with) {
    Call* c = get(ref);
    const Call* other = get(with);
    if (c != nullptr && other != nullptr && !other->correlation_id.empty()) c->correlation_id = other->correlation_id;
}

void CallDesk::touch(CallRef ref, wire::TimeNs time) {
    Call* c = get(ref);
    if (c == nullptr) return;
    ++c->messages;
    c->last_message = std::max(c->last_message, time);
}

void CallDesk::happened(CallRef ref, CallEvent event, wire::TimeNs time) {
    Call* c = get(ref);
    if (c == nullptr || c->ended()) return;
    first_time(*c, event, time);
    if (event == CallEvent::ok) c->at(CallEvent::failure) = wire::kNever;
}

void CallDesk::hang_up(CallRef ref, Side by, wire::TimeNs time) {
    Call* c = get(ref);
    if (c == nullptr || c->ended()) return;
    if (c->hangup_by == Side::none) c->hangup_by = by;
    if (c->has(CallEvent::ok)) {
        first_time(*c, CallEvent::bye, time);
    } else {
        if (by != Side::callee) first_time(*c, CallEvent::cancel, time);
        first_time(*c, CallEvent::failure, time);
    }
    host_.ended(ref.index);
}

void CallDesk::fail(CallRef ref, wire::TimeNs time, std::optional<std::uint32_t> q850_cause) {
    Call* c = get(ref);
    if (c == nullptr || c->ended() || c->has(CallEvent::ok)) return;
    if (q850_cause) cause(ref, *q850_cause);
    first_time(*c, CallEvent::failure, time);
    host_.ended(ref.index);
}

void CallDesk::cause(CallRef ref, std::uint32_t q850_cause) {
    Call* c = get(ref);
    if (c == nullptr || c->has_reason) return;
    c->has_reason = true;
    c->reason_cause = q850_cause;
}

void CallDesk::hold(CallRef ref, Side by, bool held, wire::TimeNs time) {
    Call* c = get(ref);
    if (c == nullptr || c->ended() || !c->has(CallEvent::ok)) return;
    const auto bit = static_cast<std::uint8_t>(by == Side::callee ? 2 : 1);
    const std::uint8_t before = c->holders;
    c->holders = held ? static_cast<std::uint8_t>(before | bit) : static_cast<std::uint8_t>(before & ~bit);
    if (before == 0 && c->holders != 0) c->held_since = time;
    if (before != 0 && c->holders == 0) c->held_ns += time - c->held_since;
}

void CallDesk::name(CallRef ref, Side side, std::string_view number, std::string_view display) {
    Call* c = get(ref);
    if (c == nullptr || side == Side::none || (number.empty() && display.empty())) return;
    CallParty& p = c->party(side);
    if (p.name_address.empty() || (p.name_address.starts_with('<') && !display.empty() && !number.empty()))
        p.name_address = name_address(number, display);
}

void CallDesk::media(CallRef ref, Side owner, const MediaEnd& end, const SignalContext& ctx) {
    Call* c = get(ref);
    if (c == nullptr || end.line >= kMaxLines || owner == Side::none) return;
    CallParty& party = c->party(owner);
    if (party.media.size() <= end.line) party.media.resize(end.line + 1);
    CallMedia& line = party.media[end.line];
    line.kind = end.kind;
    line.was_audio |= end.kind == MediaKind::audio;
    line.rtp = true;
    line.encrypted |= end.encrypted;
    if (end.at.port != 0 && !end.at.address.is_unspecified()) line.endpoint = end.at;
    for (const CallFormat& f : end.formats) {
        const auto known = std::find_if(line.formats.begin(), line.formats.end(),
                                        [&](const CallFormat& o) { return o.payload_type == f.payload_type; });
        if (known != line.formats.end()) *known = f;
        else if (line.formats.size() < kMaxLineFormats) line.formats.push_back(f);
    }
    party.has_sdp = true;
    if (end.kind == MediaKind::audio) agree_codecs(*c);
    if (end.at.port != 0) promise_endpoint(*c, ref.index, owner, end.line, end.at, ctx.src.address, ctx.time, ctx.zone, media_);
}

void CallDesk::media_copy(CallRef ref, const wire::Endpoint& at, const SignalContext& ctx) {
    if (Call* c = get(ref))
        promise_endpoint(*c, ref.index, Side::none, kEveryLine, at, ctx.src.address, ctx.time, ctx.zone, media_);
}

void CallDesk::sdp(CallRef ref, Side from, std::string_view text, bool is_request, std::uint32_t transaction,
                   const SignalContext& ctx) {
    Call* c = get(ref);
    if (c == nullptr || text.empty() || from == Side::none) return;
    Sdp description;
    if (!parse_sdp(text, description)) return;
    apply_sdp(*c, ref.index, description,
              {from, true, is_request, c->has(CallEvent::ok), ctx.time, ctx.zone, ctx.src.address, transaction, false}, media_);
}

void CallDesk::report(CallRef ref, Side hears, const SessionReport& report) {
    if (const Call* c = get(ref)) tracker_.on_report(*c, hears, report);
}

bool CallDesk::merge(CallRef into, CallRef from) {
    Call* a = get(into);
    Call* b = get(from);
    if (a == nullptr || b == nullptr || a == b || b->revision != 0 || !b->streams.empty() || !b->endpoints.empty()) return false;
    for (const CallEvent e : {CallEvent::invite, CallEvent::trying, CallEvent::ringing, CallEvent::progress, CallEvent::ok,
                              CallEvent::bye, CallEvent::failure, CallEvent::cancel})
        if (b->has(e)) first_time(*a, e, b->at(e));
    for (const Side s : {Side::caller, Side::callee})
        if (a->party(s).name_address.empty()) a->party(s).name_address = b->party(s).name_address;
    a->messages += b->messages;
    a->callee_hop = b->callee_hop;
    calls_.remove(from.index);
    ++merged_;
    return true;
}

}  // namespace voipprobe::probe
