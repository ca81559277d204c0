// What a session description promises about media that will come: into the media table, and out of it again.
#include "probe/voip/sip/call_media.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxEndpoints = 64;  // per call, copies on other hops and candidates included
constexpr std::size_t kMaxImages = 16;
constexpr std::size_t kMaxSsrcs = 32;
constexpr std::size_t kMaxUfrags = 16;
constexpr std::uint16_t kDiscardPort = 9;  // of an offer that has candidates only (RFC 8839 §4.3.1.4)

class Promiser {
  public:
    Promiser(Call& call, std::uint32_t index, MediaTable& media, wire::TimeNs time, std::uint16_t zone)
        : call_(call), index_(index), media_(media), time_(time), zone_(zone) {}

    MediaPromise make(Side owner, std::size_t line, StreamMatch rule) const {
        MediaPromise p;
        p.call = index_;
        p.serial = call_.serial;
        p.owner = owner;
        p.line = static_cast<std::uint8_t>(line);
        p.rule = rule;
        p.zone = zone_;
        p.since = time_;
        return p;
    }
    void endpoint(const wire::Endpoint& at, MediaPromise p) {
        if (at.port == 0 || at.address.is_unspecified() || at.address.is_multicast()) return;
        if (call_.endpoints.size() >= kMaxEndpoints) return;
        if (media_.add(at, p)) call_.endpoints.push_back(at);
    }
    void image(const wire::Endpoint& at, const MediaPromise& p) {
        if (at.port == 0 || at.address.is_unspecified() || at.address.is_multicast()) return;
        if (call_.images.size() < kMaxImages && media_.add_image(at, p)) call_.images.push_back(at);
    }
    void ssrc(std::uint32_t ssrc, const MediaPromise& p) {
        if (call_.ssrcs.size() < kMaxSsrcs && media_.add_ssrc(ssrc, p)) call_.ssrcs.push_back(ssrc);
    }
    void ufrag(std::string_view text, const MediaPromise& p) {
        const std::uint64_t key = media_.ufrag_key(text);
        if (call_.ufrags.size() < kMaxUfrags && media_.add_ufrag(key, p)) call_.ufrags.push_back(key);
    }

  private:
    Call& call_;
    const std::uint32_t index_;
    MediaTable& media_;
    const wire::TimeNs time_;
    const std::uint16_t zone_;
};

void promise_line(Promiser& to, const SdpMedia& m, std::size_t line, const SdpUse& use) {
    using enum StreamMatch;
    if (m.udptl && m.port != 0) {
        to.image({m.address, m.port}, to.make(use.from, line, sdp));
        if (m.address.is_none() || (m.address.is_private() && !use.source.is_private()))
            to.image({use.source, m.port}, to.make(use.from, line, nat));
    }
    if (!m.rtp || (m.port == 0 && !m.bundled)) return;
    for (const std::uint32_t number : m.ssrcs) to.ssrc(number, to.make(use.from, line, ssrc));
    if (m.ice_ufrag.size() >= 4) to.ufrag(m.ice_ufrag, to.make(use.from, line, ice));  // RFC 8839 §5.4: at least 4
    for (const SdpCandidate& c : m.candidates) to.endpoint(c.at, to.make(use.from, line, c.component == 2 ? none : ice));
    if (m.port == 0 || (m.port == kDiscardPort && (!m.candidates.empty() || !m.ice_ufrag.empty()))) return;

    MediaPromise p = to.make(use.from, line, sdp);
    p.vouched = m.address == use.source;
    to.endpoint({m.address, m.port}, p);
    if (m.rtcp_port != 0 && (m.rtcp_port != m.port || !m.rtcp_address.is_none()))
        to.endpoint({m.rtcp_address.is_none() ? m.address : m.rtcp_address, m.rtcp_port}, to.make(use.from, line, none));
    // A host name, or a private address that the packet itself did not come from: a NAT that keeps the port, or a host
    // that sends media from where it signals.
    const bool hidden = m.address.is_none() || (m.address.is_private() && !use.source.is_private());
    if (hidden && use.first_copy && !use.source.is_none()) to.endpoint({use.source, m.port}, to.make(use.from, line, nat));
}

}  // namespace

void promise_media(Call& call, std::uint32_t index, const Sdp& sdp, const SdpUse& use, MediaTable& media) {
    Promiser to(call, index, media, use.time, use.zone);
    for (std::size_t i = 0; i < sdp.media.size(); ++i) promise_line(to, sdp.media[i], i, use);
}

void promise_endpoint(Call& call, std::uint32_t index, Side owner, std::size_t line, const wire::Endpoint& at,
                      const wire::IpAddress& source, wire::TimeNs time, std::uint16_t zone, MediaTable& media) {
    Promiser to(call, index, media, time, zone);
    MediaPromise p = to.make(owner, line, StreamMatch::sdp);
    p.vouched = at.address == source;
    to.endpoint(at, p);
}

void promise_again(Call& call, std::uint32_t index, wire::TimeNs time, std::uint16_t zone, MediaTable& media) {
    Promiser to(call, index, media, time, zone);
    for (const Side side : {Side::caller, Side::callee})
        for (std::size_t i = 0; i < call.party(side).media.size(); ++i) {
            const CallMedia& m = call.party(side).media[i];
            if (m.rtp) to.endpoint(m.endpoint, to.make(side, i, StreamMatch::sdp));
        }
}

void withdraw(Call& call, std::uint32_t index, MediaTable& media) {
    for (const wire::Endpoint& at : call.endpoints) media.remove(at, index);
    for (const wire::Endpoint& at : call.images) media.remove_image(at, index);
    for (const std::uint32_t s : call.ssrcs) media.remove_ssrc(s, index);
    for (const std::uint64_t u : call.ufrags) media.remove_ufrag(u, index);
    call.endpoints.clear();
    call.images.clear();
    call.ssrcs.clear();
    call.ufrags.clear();
}

void note_ice_check(CallTable& calls, std::string_view username, const wire::Endpoint& src, const wire::Endpoint& dst,
                    wire::TimeNs time, std::uint16_t zone, MediaTable& media) {
    // "<ufrag of the receiver>:<ufrag of the sender>"
    const std::size_t colon = username.find(':');
    if (colon == std::string_view::npos) return;
    struct Found {
        MediaPromise promise;
        int calls = 0;
    };
    const auto look_up = [&](std::string_view ufrag) {
        Found f;
        media.for_each_ufrag(media.ufrag_key(ufrag), [&](const MediaPromise& p) {
            const Call* call = calls.get(p.call, p.serial);
            if (call == nullptr || call->ended()) return;
            f.promise = p;
            ++f.calls;
        });
        return f;
    };
    const Found receiver = look_up(username.substr(0, colon)), sender = look_up(username.substr(colon + 1));
    // A ufrag that several calls claim proves nothing; two that name different calls prove less.
    const Found& found = receiver.calls == 1 ? receiver : sender;
    if (found.calls != 1) return;
    if (receiver.calls == 1 && sender.calls == 1 && receiver.promise.call != sender.promise.call) return;
    const Side at_dst = &found == &receiver ? receiver.promise.owner : other(sender.promise.owner);
    Promiser to(calls[found.promise.call], found.promise.call, media, time, zone);
    to.endpoint(dst, to.make(at_dst, found.promise.line, StreamMatch::ice));
    to.endpoint(src, to.make(other(at_dst), found.promise.line, StreamMatch::ice));
}

void note_rtcp_sender(CallTable& calls, std::uint32_t ssrc, const wire::Endpoint& src, const wire::Endpoint& dst,
                      wire::TimeNs time, std::uint16_t zone, MediaTable& media) {
    MediaPromise found;
    int claims = 0;
    const auto at = [&](wire::Endpoint end, bool owner_receives) {
        for (const std::uint16_t below : {std::uint16_t{0}, std::uint16_t{1}}) {
            end.port = static_cast<std::uint16_t>(end.port - below);
            media.for_each(end, [&](const MediaPromise& p) {
                const Call* call = calls.get(p.call, p.serial);
                if (call == nullptr || call->ended() || (claims != 0 && p.call == found.call)) return;
                ++claims;
                found = p;
                found.owner = owner_receives ? other(p.owner) : p.owner;
            });
        }
    };
    at(dst, true);
    if (claims == 0) at(src, false);
    if (claims != 1) return;
    Call& call = calls[found.call];
    Promiser to(call, found.call, media, time, zone);
    to.ssrc(ssrc, to.make(found.owner, found.line, StreamMatch::ssrc));
}

}  // namespace voipprobe::probe
