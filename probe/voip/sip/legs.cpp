#include "probe/voip/sip/legs.hpp"

#include <algorithm>

#include "probe/flow/node_octets.hpp"
#include "wire/hex.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::int64_t kReferWindow = 32 * wire::kSecond;  // 64 T1, RFC 3261 §17.1.1.2
constexpr std::size_t kMaxName = 128;

// What speaks for two calls being legs of one conversation. One alone is never enough.
enum : int { kPath = 4, kSameCallee = 2, kSameCaller = 3, kSameOrigin = 4, kSameMedia = 4, kSameCodecs = 1 };
constexpr int kEnough = 8;

// User part of a URI; of telephone numbers the last seven digits, which number plans leave alone.
std::string user_of(std::string_view name_address) {
    std::string_view uri = parse_name_address(name_address).uri;
    const std::size_t scheme = uri.find(':');
    const bool tel = wire::equals_ignore_case(uri.substr(0, std::min<std::size_t>(scheme, 3)), "tel");
    const bool plain = scheme == std::string_view::npos;  // a number or name of another protocol
    if (!plain) uri = uri.substr(scheme + 1);
    const std::size_t at = uri.find('@');
    if (plain != (at == std::string_view::npos) && !tel) return {};
    uri = uri.substr(0, std::min(at, uri.find(';')));
    std::string digits, text;
    bool number = true;
    for (const char c : uri.substr(0, kMaxName)) {
        if (c >= '0' && c <= '9') digits += c;
        else number &= c == '+' || c == '-' || c == '.' || c == '(' || c == ')';
        text += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    }
    if (number && digits.size() >= 7) return digits.substr(digits.size() - 7);
    return text;
}

bool tells_nothing(const std::string& user) { return user.empty() || user == "anonymous" || user == "unknown"; }

// Session-ID: <local uuid>;remote=<uuid>. The nil UUID names nobody.
std::string_view session_of(std::string_view value) {
    value = wire::trim(value.substr(0, value.find(';')));
    return value.size() < 16 || value.find_first_not_of('0') == std::string_view::npos ? std::string_view{} : value;
}

// %hh of a URI header (RFC 3261 §19.1.2).
std::string unescaped(std::string_view s) {
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1; };
    std::string out;
    for (std::size_t i = 0; i < s.size(); ++i) {
        if (s[i] == '%' && i + 2 < s.size() && digit(s[i + 1]) >= 0 && digit(s[i + 2]) >= 0) {
            out += static_cast<char>(digit(s[i + 1]) * 16 + digit(s[i + 2]));
            i += 2;
        } else {
            out += s[i];
        }
    }
    return out;
}

std::string refer_name(const std::string& user, const wire::IpAddress& who) { return user + " " + who.text(); }

}  // namespace

std::uint64_t LegTable::key_of(std::string_view kind, std::string_view name) const {
    return wire::siphash13<2>(key_, {wire::siphash13(key_, wire::as_bytes(kind)),
                                     wire::siphash13(key_, wire::as_bytes(name.substr(0, kMaxName)))});
}

const LegTable::Name* LegTable::find(std::string_view kind, std::string_view name) const {
    if (name.empty()) return nullptr;
    const auto it = names_.find(key_of(kind, name));
    return it == names_.end() ? nullptr : &it->second;
}

void LegTable::remember(std::string_view kind, std::string_view name, const std::string& id, wire::TimeNs time) {
    if (name.empty()) return;
    const std::uint64_t key = key_of(kind, name);
    if (names_.insert_or_assign(key, Name{id, time}).second) order_.push_back(key);
    while (names_.size() > options_.max_names) {
        names_.erase(order_.front());
        order_.pop_front();
    }
    most_ = std::max(most_, names_.size());
}

std::size_t LegTable::memory_octets() const {
    constexpr std::size_t kId = 48;  // 32 characters, too many for the string itself
    return most_ * (node_octets<std::pair<const std::uint64_t, Name>>() + kId + sizeof(std::uint64_t)) + recent_.size() * sizeof(Recent) +
           by_key_.size() * node_octets<std::pair<const std::uint64_t, LookAlikes>>();
}

void LegTable::note_refer(const Call& call, const SipMessage& m, const SipContext& ctx) {
    std::string_view to = header_value(m.head, "Refer-To");
    if (to.empty()) to = header_value(m.head, "r");
    if (to.empty()) return;
    remember("refer", refer_name(user_of(to), ctx.dst.address), call.correlation_id, ctx.time);
}

std::string LegTable::by_name(CallTable& calls, const SipMessage& m, const SipContext& ctx) const {
    std::string id;
    for (const std::string& user : {user_of(m.to), user_of(m.request_uri)}) {
        const Name* refer = find("refer", refer_name(user, ctx.src.address));
        if (refer != nullptr && ctx.time - refer->time <= kReferWindow) id = refer->id;
    }
    if (const std::string_view replaces = header_value(m.head, "Replaces"); !replaces.empty()) {
        const std::string replaced = unescaped(replaces.substr(0, replaces.find(';')));
        // The replaced call goes on in this one, and so does the call that asked for it.
        if (!id.empty()) calls.for_each_of(replaced, [&](CallIndex i) { calls[i].correlation_id = id; });
        else if (const Name* n = find("call", replaced)) id = n->id;
    }
    if (!id.empty()) return id;
    if (const Name* n = find("session", session_of(m.session_id))) return n->id;
    for (const std::string& header : options_.headers) {
        const std::string_view value = header_value(m.head, header);
        if (const Name* n = find("call", value)) return n->id;
        if (const Name* n = find("header", value)) return n->id;
    }
    return {};
}

std::string LegTable::by_score(CallTable& calls, CallIndex index, wire::TimeNs now, std::uint64_t path,
                               std::uint64_t origin) {
    const Call& call = calls[index];
    const std::string caller = user_of(call.caller.name_address), callee = user_of(call.callee.name_address);
    const CallMedia* media = call.audio_of(Side::caller);
    Call* best = nullptr;
    int best_score = kEnough - 1;
    bool unique = false;
    const auto consider = [&](std::uint64_t key, bool by_path) {
        const auto found = by_key_.find(key);
        if (found == by_key_.end()) return;
        if (now <= found->second.crowded_until) return void(best = nullptr);
        for (const auto& [other, serial] : found->second.calls) {
            Call* c = calls.get(other, serial);
            if (c == nullptr || c == &call || c->ended() || c == best || now - c->at(CallEvent::invite) > options_.window) continue;
            const bool adjacent = c->callee_hop.address == call.caller_hop.address;
            const bool same_callee = callee == user_of(c->callee.name_address);
            const bool same_caller = caller == user_of(c->caller.name_address);
            if (by_path != (adjacent && same_callee && same_caller)) continue;  // each candidate once
            int score = adjacent ? kPath : 0;
            if (same_callee && !tells_nothing(callee)) score += kSameCallee;
            if (same_caller && !tells_nothing(caller)) score += kSameCaller;
            if (!call.origin.empty() && call.origin == c->origin) score += kSameOrigin;
            const CallMedia* theirs = c->audio_of(Side::caller);
            if (media != nullptr && theirs != nullptr && media->endpoint == theirs->endpoint) score += kSameMedia;
            if (!call.codecs.empty() && call.codecs == c->codecs) score += kSameCodecs;
            unique = score > best_score ? true : unique && score != best_score;
            if (score > best_score) best = c, best_score = score;
        }
    };
    consider(path, true);
    if (origin != 0 && best == nullptr) {
        best_score = kEnough - 1;
        unique = false;
        consider(origin, false);
    }
    if (best == nullptr || !unique) return {};
    return best->correlation_id;
}

void LegTable::forget_old(wire::TimeNs now) {
    while (!recent_.empty() && (now - recent_.front().time > options_.window || recent_.size() > options_.max_names)) {
        const Recent& old = recent_.front();
        for (const std::uint64_t key : {old.path, old.origin}) {
            const auto it = by_key_.find(key);
            if (it == by_key_.end()) continue;
            std::erase(it->second.calls, std::pair{old.call, old.serial});
            if (--it->second.total == 0) by_key_.erase(it);
        }
        recent_.pop_front();
    }
}

void LegTable::add_look_alike(std::uint64_t key, const Recent& r) {
    LookAlikes& all = by_key_[key];
    ++all.total;
    if (all.calls.size() < kMaxLookAlikes) all.calls.emplace_back(r.call, r.serial);
    else all.crowded_until = r.time + options_.window;
}

void LegTable::assign(CallTable& calls, CallIndex index, const SipMessage& m, const SipContext& ctx) {
    Call& call = calls[index];
    forget_old(ctx.time);
    call.correlation_id = by_name(calls, m, ctx);
    settle(calls, index, ctx.time);
    remember("session", session_of(m.session_id), call.correlation_id, ctx.time);
    for (const std::string& header : options_.headers)
        remember("header", header_value(m.head, header), call.correlation_id, ctx.time);
}

void LegTable::assign_other(CallTable& calls, CallIndex index, std::string_view conversation, wire::TimeNs now) {
    Call& call = calls[index];
    forget_old(now);
    if (const Name* n = call.correlation_id.empty() ? find("conversation", conversation) : nullptr) call.correlation_id = n->id;
    settle(calls, index, now);
    remember("conversation", conversation, call.correlation_id, now);
}

void LegTable::settle(CallTable& calls, CallIndex index, wire::TimeNs now) {
    Call& call = calls[index];
    const std::string parties = user_of(call.caller.name_address) + " " + user_of(call.callee.name_address) + " ";
    const auto path_key = [&](const wire::IpAddress& hop) { return key_of("path", parties + hop.text()); };
    const std::uint64_t origin = call.origin.empty() ? 0 : key_of("origin", call.origin);
    if (call.correlation_id.empty()) call.correlation_id = by_score(calls, index, now, path_key(call.caller_hop.address), origin);
    if (call.correlation_id.empty()) call.correlation_id = wire::hex(wire::siphash24_128({}, wire::as_bytes(call.call_id)));
    remember("call", call.call_id, call.correlation_id, now);
    const Recent r{now, index, call.serial, path_key(call.callee_hop.address), origin};
    recent_.push_back(r);
    add_look_alike(r.path, r);
    if (origin != 0) add_look_alike(origin, r);
}

}  // namespace voipprobe::probe
