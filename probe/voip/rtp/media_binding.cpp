// Tying a stream to its call: which promise of which SDP it fulfils (docs/calls.md, "match").
#include <algorithm>

#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/sip/call_media.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::int64_t kSilent = 5 * wire::kSecond;  // a call whose media stopped that long ago may have lost its BYE

// What speaks for a promise, the weightier first. Everything else equal the first writer wins.
enum : int {
    kLists = 1,      // the call's SDP names the payload type
    kVouched = 2,    // the SDP came from the address it names
    kDeclared = 4,   // the call declares this SSRC
    kFresh = 8,      // not silent on these endpoints
    kBothEnds = 16,  // the call also promised the other end
    kRunning = 32,   // not ended
    kSameZone = 64,  // --flow-key
};

bool is_rtp(const Call& call, std::size_t line) {
    for (const Side side : {Side::caller, Side::callee})
        if (line < call.party(side).media.size() && !call.party(side).media[line].rtp) return false;
    return true;
}

}  // namespace

wire::Endpoint MediaTracker::sender(const RtpStream& s) const {
    return s.direction == 0 ? flows_.source(s.flow) : flows_.destination(s.flow);
}
wire::Endpoint MediaTracker::receiver(const RtpStream& s) const {
    return s.direction == 0 ? flows_.destination(s.flow) : flows_.source(s.flow);
}

void MediaTracker::bind(RtpStream& s, CallIndex call, Side hears, std::size_t line, StreamMatch match) {
    const auto index = static_cast<std::uint32_t>(index_of(s));
    leave_lane(stream(index));  // measured with the payload types of before
    Call& c = calls_[call];
    if (s.call != 0 && (s.call != call || s.call_serial != c.serial))
        if (Call* before = calls_.get(s.call, s.call_serial)) std::erase(before->streams, index);
    const std::uint8_t pt = s.type_slots == 0 ? s.first_type : s.main_payload_type();
    s.call = call;
    s.call_serial = c.serial;
    s.side = hears;
    s.match = match;
    s.line = static_cast<std::uint8_t>(line_of(c, hears, line, pt));
    // On a line that goes on as T.38 a new "SSRC" must first prove itself: UDPTL may look like version 2.
    const bool confirmed = s.confirmed || is_rtp(c, s.line);
    s.confirmed = confirmed;
    s.call_over = c.ended();
    s.red_type = 0xff;
    s.payload = PayloadInfo{};  // the next packet's payload type is looked up in this call's SDP
    media_flows_[flows_.hot(s.flow).media].confirmed |= confirmed;
    media_flows_[flows_.hot(s.flow).media].announced = true;
    for (const Side side : {hears, other(hears)}) {
        const CallParty& party = c.party(side);
        if (s.line < party.media.size()) {
            s.media_kind = static_cast<std::uint8_t>(party.media[s.line].kind);
            break;
        }
    }
    if (std::find(c.streams.begin(), c.streams.end(), index) == c.streams.end()) c.streams.push_back(index);
}

// Media of the call between the same ends has stopped before: a BYE may have been missed, and the ports used again.
bool MediaTracker::went_silent(const Call& call, const RtpStream& s, wire::TimeNs when) const {
    bool any = call.last_media != wire::kNever;
    wire::TimeNs last = any ? call.last_media : 0;
    for (const std::uint32_t i : call.streams) {
        const RtpStream& o = streams_[i];
        const auto touches = [&](const wire::Endpoint& at) { return at == receiver(s) || at == sender(s); };
        if ((&o == &s && when == s.first_time) || (!touches(receiver(o)) && !touches(sender(o)))) continue;
        any = true;
        last = std::max(last, last_arrival(o));
    }
    return any && call.holders == 0 && last + kSilent < when;
}

MediaTracker::Choice MediaTracker::best_at(const RtpStream& s, const wire::Endpoint& at,
                                           const wire::Endpoint& opposite, wire::TimeNs when) const {
    Choice best;
    media_.for_each(at, [&](const MediaPromise& p) {
        const Call* call = calls_.get(p.call, p.serial);
        if (call == nullptr || p.rule == StreamMatch::none) return;
        wire::TimeNs since = p.since;
        int score = p.zone == FlowTable::zone(flows_.hot(s.flow)) ? kSameZone : 0;
        if (!call->ended() || when <= call->last_message) score |= kRunning;
        if (!went_silent(*call, s, when)) score |= kFresh;
        media_.for_each(opposite, [&](const MediaPromise& o) {
            if (o.call != p.call || o.serial != p.serial || o.owner == p.owner || o.rule == StreamMatch::none) return;
            score |= o.vouched ? kBothEnds | kVouched : kBothEnds;
            since = std::min(since, o.since);  // both directions must come to the same call
        });
        if (media_.has_ssrcs())
            media_.for_each_ssrc(s.ssrc, [&](const MediaPromise& o) {
                if (o.call == p.call && o.serial == p.serial) score |= kDeclared;
            });
        if (p.vouched) score |= kVouched;
        if (find_format(*call, p.owner, p.line, s.first_type) != nullptr) score |= kLists;
        if (score > best.score || (score == best.score && since < best.since)) best = {p, score, since};
    });
    return best;
}

// The only running call that declares this SSRC (RFC 5576); none when several do.
MediaTracker::Choice MediaTracker::declared(const RtpStream& s) const {
    Choice found;
    int calls = 0;
    media_.for_each_ssrc(s.ssrc, [&](const MediaPromise& p) {
        const Call* call = calls_.get(p.call, p.serial);
        if (call == nullptr || call->ended()) return;
        ++calls;
        found = {p, 0, p.since};
    });
    return calls == 1 ? found : Choice{};
}

// What the media table says now, whatever the stream was tied to before.
MediaTracker::Binding MediaTracker::look_up(const RtpStream& s, wire::TimeNs when) const {
    const wire::Endpoint src = sender(s), dst = receiver(s);
    if (const Choice to = best_at(s, dst, src, when); to.score >= 0)
        return {to.promise.call, to.promise.owner, to.promise.line, to.promise.rule, (to.score & kBothEnds) != 0};
    // Sent from a promised endpoint to somewhere else: symmetric RTP towards a NAT (RFC 4961), or a candidate of ICE
    // towards a relay.
    if (const Choice from = best_at(s, src, dst, when); from.score >= 0) {
        const StreamMatch rule = from.promise.rule == StreamMatch::ice ? StreamMatch::ice : StreamMatch::nat;
        return {from.promise.call, other(from.promise.owner), from.promise.line, rule, false};
    }
    if (media_.has_ssrcs())
        if (const Choice by = declared(s); by.score >= 0)
            return {by.promise.call, other(by.promise.owner), by.promise.line, StreamMatch::ssrc, false};
    // The other direction of the same flow is known.
    const MediaFlow& m = media_flows_[flows_.hot(s.flow).media];
    for (std::uint32_t o = m.head[1 - s.direction]; o != 0; o = streams_[o].next)
        if (streams_[o].call != 0 && calls_.get(streams_[o].call, streams_[o].call_serial) != nullptr)
            return {streams_[o].call, other(streams_[o].side), streams_[o].line, StreamMatch::reverse, false};
    return {};
}

// For a stream without a call, and for one that is tied by less than SDP: then only what is surer changes it, so that
// the result is the same whether the SDP or the media came first. Another call takes it over only when that call
// promised both ends and the present one not even where it goes: a third party's SDP cannot take a running call's media.
void MediaTracker::try_bind(RtpStream& s, wire::TimeNs now) {
    s.media_generation = media_.generation();
    s.looked_up = now;
    if (s.match == StreamMatch::sdp) return;
    const Binding b = look_up(s, s.first_time);
    if (b.call == 0) return;
    if (s.call == 0) return bind(s, b.call, b.hears, b.line, b.rule);
    const Call* bound = calls_.get(s.call, s.call_serial);
    const bool same = bound == &calls_[b.call];
    if (b.rule == StreamMatch::reverse || (same && b.rule == s.match && b.hears == s.side)) return;
    if (bound == nullptr || same || (b.both_ends && b.rule == StreamMatch::sdp)) bind(s, b.call, b.hears, b.line, b.rule);
}

// True when the stream's call is over, or has been silent, and a running call now has the better claim to its endpoints
// (SIPp and others reuse port and SSRC from call to call): what follows is another stream.
bool MediaTracker::superseded(RtpStream& s, wire::TimeNs now) {
    if (s.call == 0) return false;
    s.media_generation = media_.generation();
    s.looked_up = now;
    const Call* bound = calls_.get(s.call, s.call_serial);
    const bool silent = now - last_arrival(s) > kSilent;
    if (bound != nullptr && !bound->ended() && (!silent || bound->holders != 0)) return false;
    const Binding b = look_up(s, now);
    if (b.call == 0 || b.rule == StreamMatch::reverse || b.rule == StreamMatch::ssrc) return false;
    const Call& other = calls_[b.call];
    return &other != bound && !other.ended();
}

}  // namespace voipprobe::probe
