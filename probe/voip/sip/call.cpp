#include "probe/voip/sip/call.hpp"

namespace voipprobe::probe {

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
    return nullptr;
}

std::uint8_t Call::media_flags() const {
    const CallMedia* a = audio_of(Side::caller);
    const CallMedia* b = audio_of(Side::callee);
    std::uint8_t flags = 0;
    if (a != nullptr && b != nullptr) {
        const auto receives = [](MediaDirection d) {
            return d == MediaDirection::sendrecv || d == MediaDirection::recvonly;
        };
        const auto sends = [](MediaDirection d) { return d == MediaDirection::sendrecv || d == MediaDirection::sendonly; };
        if (receives(a->direction) && sends(b->direction)) flags |= 1;
        if (receives(b->direction) && sends(a->direction)) flags |= 2;
        if (a->encrypted || b->encrypted) flags |= 4;
    }
    if (holders != 0) flags |= 8;
    return flags;
}

}  // namespace voipprobe::probe
