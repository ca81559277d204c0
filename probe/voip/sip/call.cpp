#include "probe/voip/sip/call.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxTags = 8;

std::size_t heap(const std::string& s) { return s.capacity() < sizeof(std::string) / 2 ? 0 : s.capacity() + 1; }
template <typename T>
std::size_t heap(const std::vector<T>& v) {
    std::size_t n = v.capacity() * sizeof(T);
    if constexpr (requires(const T& t) { heap(t); })
        for (const T& t : v) n += heap(t);
    return n;
}
std::size_t heap(const CallFormat& f) { return heap(f.encoding); }
std::size_t heap(const std::vector<CallMedia>& lines) {
    std::size_t n = lines.capacity() * sizeof(CallMedia);
    for (const CallMedia& m : lines) {
        n += m.formats.capacity() * sizeof(CallFormat) + m.scores.capacity() * sizeof(SdpScore);
        for (const CallFormat& f : m.formats) n += heap(f);
    }
    return n;
}
std::size_t heap(const CallParty& p) { return heap(p.name_address) + heap(p.user_agent) + heap(p.tags) + heap(p.media); }

}  // namespace

bool CallParty::has_tag(std::string_view tag) const {
    return !tag.empty() && std::find(tags.begin(), tags.end(), tag) != tags.end();
}

void CallParty::add_tag(std::string_view tag) {
    if (!tag.empty() && tags.size() < kMaxTags && !has_tag(tag)) tags.emplace_back(tag);
}

std::size_t Call::heap_octets() const {
    std::size_t n = heap(caller) + heap(callee) + heap(early) + heap(offer) + heap(offer_open.media);
    for (const EarlyDialog& e : early) n += heap(e.tag) + heap(e.media) + heap(e.codecs);
    for (const std::string* s : {&call_id, &server_name, &caller_asserted, &request_uri, &diverted_by, &correlation_id, &connections, &origin, &codecs})
        n += heap(*s);
    return n + heap(answers) + heap(branches) + heap(failures) + heap(seen) + heap(seen_anywhere) + heap(endpoints) + heap(ssrcs) +
           heap(ufrags) + heap(images) + heap(streams) + heap(plain_flows);
}

std::uint32_t Call::forks() const {
    const auto confirmed = static_cast<std::size_t>(
        std::count_if(early.begin(), early.end(), [](const EarlyDialog& e) { return e.confirmed; }));
    return static_cast<std::uint32_t>(early.size() - std::min(early.size(), std::max<std::size_t>(confirmed, 1)));
}

std::string_view state_name(CallState s) {
    switch (s) {
        case CallState::started: return "CALL_STARTED";
        case CallState::in_progress: return "CALL_IN_PROGRESS";
        case CallState::completed: return "CALL_COMPLETED";
        case CallState::error: return "CALL_ERROR";
        case CallState::canceled: return "CALL_CANCELED";
        case CallState::media_only: return "MEDIA_ONLY";
    }
    return "";
}

std::string_view transport_name(SipTransport t) {
    switch (t) {
        case SipTransport::udp: return "UDP";
        case SipTransport::tcp: return "TCP";
        case SipTransport::tls: return "TLS";
        case SipTransport::ws: return "WS";
        case SipTransport::wss: return "WSS";
    }
    return "";
}

std::string_view signalling_name(Signalling s) {
    switch (s) {
        case Signalling::sip: return "SIP";
        case Signalling::sccp: return "SCCP";
        case Signalling::h323: return "H323";
        case Signalling::mgcp: return "MGCP";
        case Signalling::iax2: return "IAX2";
    }
    return "";
}

CallState Call::state() const {
    if (has(CallEvent::ok)) return has(CallEvent::bye) ? CallState::completed : CallState::in_progress;
    if (response_code == 487 || has(CallEvent::cancel)) return CallState::canceled;
    if (has(CallEvent::failure)) return CallState::error;
    return CallState::started;
}

std::int64_t Call::hold_ns(wire::TimeNs until) const {
    return held_ns + (holders != 0 && until > held_since ? until - held_since : 0);
}

const CallMedia* Call::audio_of(Side s) const {
    for (const CallMedia& m : party(s).media)
        if (m.kind == MediaKind::audio && m.endpoint.port != 0) return &m;
    for (const CallMedia& m : party(s).media)
        if (m.was_audio && m.endpoint.port != 0) return &m;
    return nullptr;
}

std::uint8_t Call::media_flags() const {
    const CallMedia* a = audio_of(Side::caller);
    const CallMedia* b = audio_of(Side::callee);
    std::uint8_t flags = 0;
    if (a != nullptr && b != nullptr && a->kind == MediaKind::audio && b->kind == MediaKind::audio) {
        const auto receives = [](MediaDirection d) {
            return d == MediaDirection::sendrecv || d == MediaDirection::recvonly;
        };
        const auto sends = [](MediaDirection d) { return d == MediaDirection::sendrecv || d == MediaDirection::sendonly; };
        if (receives(a->direction) && sends(b->direction)) flags |= 1;
        if (receives(b->direction) && sends(a->direction)) flags |= 2;
        if (a->encrypted || b->encrypted) flags |= 4;
    }
    if (holders != 0) flags |= 8;
    const auto is_image = [](const CallParty& p) { return std::any_of(p.media.begin(), p.media.end(), [](const CallMedia& m) { return m.udptl; }); };
    if (image_seen || (is_image(caller) && is_image(callee))) flags |= 16;
    if (shares_media) flags |= 32;
    return flags;
}

}  // namespace voipprobe::probe
