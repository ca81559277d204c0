// Tying a stream to its call: which promise of which SDP it fulfils (docs/metrics.md, "match").
#include <algorithm>

#include "probe/voip/rtp/media_tracker.hpp"

namespace voipprobe::probe {
namespace {

struct Choice {
    MediaPromise promise;
    int score = -1;
};

}  // namespace

wire::Endpoint MediaTracker::sender(const RtpStream& s) const {
    return s.direction == 0 ? flows_.source(s.flow) : flows_.destination(s.flow);
}
wire::Endpoint MediaTracker::receiver(const RtpStream& s) const {
    return s.direction == 0 ? flows_.destination(s.flow) : flows_.source(s.flow);
}

void MediaTracker::bind(RtpStream& s, CallIndex call, Side hears, std::size_t line, StreamMatch match) {
    s.catch_up(pools_);  // with the payload types of before
    s.may_wait = false;
    Call& c = calls_[call];
    s.call = call;
    s.call_serial = c.serial;
    s.side = hears;
    s.match = match;
    s.line = static_cast<std::uint8_t>(line);
    s.confirmed = true;
    s.call_over = c.ended();
    s.payload = PayloadInfo{};  // the next packet's payload type is looked up in this call's SDP
    media_flows_[flows_.hot(s.flow).media].confirmed = true;
    media_flows_[flows_.hot(s.flow).media].announced = true;
    for (const Side side : {hears, other(hears)}) {
        const CallParty& party = c.party(side);
        if (line < party.media.size()) {
            s.media_kind = static_cast<std::uint8_t>(party.media[line].kind);
            break;
        }
    }
    c.streams.push_back(static_cast<std::uint32_t>(&s - &streams_[0]));
}

void MediaTracker::try_bind(RtpStream& s, wire::TimeNs now) {
    s.media_generation = media_.generation();
    s.looked_up = now;
    if (s.call != 0) return;
    const wire::Endpoint src = sender(s), dst = receiver(s);
    // The same zone (--flow-key) comes before another; running calls come before ended ones; a call that also promised the other end before one that did not;
    // among equals the first writer wins, so that a third party's SDP cannot take a running call's media.
    const auto best_at = [&](const wire::Endpoint& at, const wire::Endpoint& opposite, Choice& best) {
        media_.for_each(at, [&](const MediaPromise& p) {
            const Call* call = calls_.get(p.call, p.serial);
            if (call == nullptr) return;
            int score = p.zone == FlowTable::zone(flows_.hot(s.flow)) ? 16 : 0;
            if (!call->ended() || s.first_time <= call->last_message) score += 8;
            media_.for_each(opposite, [&](const MediaPromise& o) {
                if (o.call == p.call && o.serial == p.serial && o.owner != p.owner) score |= 4;
            });
            const bool earlier = score == best.score && p.since < best.promise.since;
            if (score > best.score || earlier) best = {p, score};
        });
    };
    Choice to;
    best_at(dst, src, to);
    if (to.score >= 0) {
        StreamMatch match = StreamMatch::sdp;
        return bind(s, to.promise.call, to.promise.owner, to.promise.line, match);
    }
    // Sent from a promised endpoint to somewhere else: symmetric RTP towards a NAT (RFC 4961).
    Choice from;
    best_at(src, dst, from);
    if (from.score >= 0) return bind(s, from.promise.call, other(from.promise.owner), from.promise.line, StreamMatch::nat);
    // The other direction of the same flow is known.
    const MediaFlow& m = media_flows_[flows_.hot(s.flow).media];
    for (std::uint32_t o = m.head[1 - s.direction]; o != 0; o = streams_[o].next)
        if (streams_[o].call != 0 && calls_.get(streams_[o].call, streams_[o].call_serial) != nullptr)
            return bind(s, streams_[o].call, other(streams_[o].side), streams_[o].line, StreamMatch::reverse);
}

// True when the stream's call is over and a running call now promises the same endpoint (SIPp and others reuse
// port and SSRC from call to call): what follows is another stream.
bool MediaTracker::superseded(RtpStream& s, wire::TimeNs now) {
    if (s.call == 0) return false;
    s.media_generation = media_.generation();
    s.looked_up = now;
    const Call* bound = calls_.get(s.call, s.call_serial);
    if (bound != nullptr && !bound->ended()) return false;
    bool taken = false;
    for (const wire::Endpoint& at : {receiver(s), sender(s)})
        media_.for_each(at, [&](const MediaPromise& p) {
            const Call* call = calls_.get(p.call, p.serial);
            if (call != nullptr && call != bound && !call->ended()) taken = true;
        });
    return taken;
}

}  // namespace voipprobe::probe
