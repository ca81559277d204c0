// Extractors of SIP elements in ntop's units and of our call, message and record elements.
#pragma once

#include "probe/record/extract_flow.hpp"
#include "probe/record/record_id.hpp"

namespace voipprobe::probe {

inline const Call* call_of(const RecordSource& s) {
    if (s.call != nullptr) return s.call;
    for (const RtpStream* m : {s.stream, s.media[0], s.media[1]})
        if (m != nullptr)
            if (const Call* c = s.call_of(*m)) return c;
    return nullptr;
}
inline Value event_seconds(const RecordSource& s, CallEvent e) {
    return s.call != nullptr && s.call->has(e) ? number(static_cast<std::uint64_t>(s.call->at(e) / wire::kSecond)) : Value{};
}
inline Value event_us(const RecordSource& s, CallEvent e) {
    return s.call != nullptr && s.call->has(e) ? number(static_cast<std::uint64_t>(s.call->at(e) / 1000)) : Value{};
}
inline const CallMedia* audio_of(const RecordSource& s, Side side) {
    return s.call == nullptr ? nullptr : s.call->audio_of(side);
}
inline Value media_v4(const RecordSource& s, Side side) {
    const CallMedia* m = audio_of(s, side);
    return m != nullptr && m->endpoint.address.is_v4() ? Value::of_bytes(m->endpoint.address.v4_bytes()) : Value{};
}
inline Value media_address(const RecordSource& s, Side side) {
    const CallMedia* m = audio_of(s, side);
    return m != nullptr && !m->endpoint.address.is_none() ? Value::of_bytes(m->endpoint.address.octets) : Value{};
}
inline Value media_port(const RecordSource& s, Side side) {
    const CallMedia* m = audio_of(s, side);
    return m != nullptr ? number(m->endpoint.port) : Value{};
}
inline Value kept_id(const RecordSource& s, std::size_t room, const RecordId& id) {
    s.id_room(room) = id;
    return Value::of_bytes(s.id_room(room));
}

EXTRACT(SIP_CALL_ID) {
    if (s.message != nullptr) return Value::of_text(s.message->call_id);
    const Call* c = call_of(s);
    return c == nullptr ? Value{} : Value::of_text(c->call_id);
}
EXTRACT(RTP_SIP_CALL_ID) { return extract<templates::ElementId::SIP_CALL_ID>(s); }
EXTRACT(SIP_CALLING_PARTY) { return s.call ? Value::of_text(s.call->caller.name_address) : Value{}; }
EXTRACT(SIP_CALLED_PARTY) { return s.call ? Value::of_text(s.call->callee.name_address) : Value{}; }
EXTRACT(SIP_UAC) { return s.call ? Value::of_text(s.call->caller.user_agent) : Value{}; }
EXTRACT(SIP_UAS) { return s.call ? Value::of_text(s.call->callee.user_agent) : Value{}; }
EXTRACT(SIP_RTP_CODECS) { return s.call ? Value::of_text(s.call->codecs) : Value{}; }
EXTRACT(SIP_INVITE_TIME) { return event_seconds(s, CallEvent::invite); }
EXTRACT(SIP_TRYING_TIME) { return event_seconds(s, CallEvent::trying); }
EXTRACT(SIP_RINGING_TIME) { return event_seconds(s, CallEvent::ringing); }
EXTRACT(SIP_INVITE_OK_TIME) { return event_seconds(s, CallEvent::ok); }
EXTRACT(SIP_INVITE_FAILURE_TIME) { return event_seconds(s, CallEvent::failure); }
EXTRACT(SIP_BYE_TIME) { return event_seconds(s, CallEvent::bye); }
EXTRACT(SIP_BYE_OK_TIME) { return event_seconds(s, CallEvent::bye_ok); }
EXTRACT(SIP_CANCEL_TIME) { return event_seconds(s, CallEvent::cancel); }
EXTRACT(SIP_CANCEL_OK_TIME) { return event_seconds(s, CallEvent::cancel_ok); }
EXTRACT(SIP_ACK_TIME) { return event_seconds(s, CallEvent::ack); }
inline Side source_side(const RecordSource& s) { return s.turned ? Side::callee : Side::caller; }
inline Side destination_side(const RecordSource& s) { return s.turned ? Side::caller : Side::callee; }
EXTRACT(SIP_RTP_IPV4_SRC_ADDR) { return media_v4(s, source_side(s)); }
EXTRACT(SIP_RTP_L4_SRC_PORT) { return media_port(s, source_side(s)); }
EXTRACT(SIP_RTP_IPV4_DST_ADDR) { return media_v4(s, destination_side(s)); }
EXTRACT(SIP_RTP_L4_DST_PORT) { return media_port(s, destination_side(s)); }
EXTRACT(SIP_RESPONSE_CODE) { return s.call && s.call->response_code != 0 ? number(s.call->response_code) : Value{}; }
EXTRACT(SIP_REASON_CAUSE) { return s.call && s.call->has_reason ? number(s.call->reason_cause) : Value{}; }
EXTRACT(SIP_CALL_STATE) { return s.call ? Value::of_text(state_name(s.call->state())) : Value{}; }
EXTRACT(SIP_C_IP) { return s.call ? Value::of_text(s.call->connections) : Value{}; }
EXTRACT(SIP_REGISTER_MAX_RRD) {
    return s.registers != nullptr && s.registers->has_delay ? number(s.registers->max_delay_ms) : Value{};
}
EXTRACT(SIP_REGISTER_NUM_OK) { return s.registers != nullptr ? number(std::min(s.registers->ok, 255U)) : Value{}; }
EXTRACT(SIP_REGISTER_NUM_OTHER) { return s.registers != nullptr ? number(std::min(s.registers->other, 255U)) : Value{}; }
EXTRACT(SIP_REGISTER_USER) { return s.registers != nullptr ? Value::of_text(s.registers->user) : Value{}; }
EXTRACT(SIP_REGISTER_SUCCEEDED) { return s.registers != nullptr ? number(s.registers->succeeded) : Value{}; }
EXTRACT(SIP_REGISTER_FAILED) { return s.registers != nullptr ? number(s.registers->failed) : Value{}; }
EXTRACT(SIP_REGISTER_DELAY) { return s.registers != nullptr && s.registers->succeeded != 0 ? number(s.registers->delay_ns) : Value{}; }
EXTRACT(SIP_REGISTER_CLIENT) {
    return s.registers != nullptr && !s.registers->client.is_none() ? Value::of_bytes(s.registers->client.octets) : Value{};
}

EXTRACT(RECORD_ID) {
    using templates::RecordKind;
    switch (s.kind) {
        case RecordKind::call: return kept_id(s, 0, call_record_id(*s.context, *s.call));
        case RecordKind::stream:
        case RecordKind::detail:
            if (s.plain != nullptr) return kept_id(s, 0, plain_stream_id(s));
            return kept_id(s, 0, stream_id(*s.context, s.src, s.dst, *s.stream, s.zone_key));
        case RecordKind::interval: return kept_id(s, 0, interval_id(s));
        case RecordKind::message: return kept_id(s, 0, message_id(s));
        default: return kept_id(s, 0, flow_id(s));
    }
}
EXTRACT(RECORD_KIND) { return number(static_cast<std::uint64_t>(s.kind)); }
EXTRACT(RECORD_FINAL) { return number(s.final ? 1 : 0); }
EXTRACT(RECORD_REVISION) { return number(s.revision); }
EXTRACT(CALL_RECORD_ID) {
    const Call* c = call_of(s);
    if (c != nullptr) return kept_id(s, 1, call_record_id(*s.context, *c));
    const auto pair = pair_record_id(s);
    return pair ? kept_id(s, 1, *pair) : Value{};
}
EXTRACT(CALL_UID) {
    const Call* c = call_of(s);
    return c == nullptr ? Value{} : kept_id(s, 2, call_uid(*s.context, *c));
}
EXTRACT(CAPTURE_LOSS) {  // unknown unless the capture counts
    if (s.context->losses == nullptr) return {};
    return number(s.context->losses->during(s.start_us * wire::kMicrosecond, (s.end_us + 1) * wire::kMicrosecond));
}

EXTRACT(CALL_SIGNALLING) { return s.call ? Value::of_text(signalling_name(s.call->signalling)) : Value{}; }
EXTRACT(CALL_TRANSPORT) {
    if (s.message_context != nullptr) return Value::of_text(transport_name(s.message_context->transport));
    return s.call ? Value::of_text(transport_name(s.call->transport)) : Value{};
}
EXTRACT(CALL_CORRELATION_ID) { return s.call ? Value::of_text(s.call->correlation_id) : Value{}; }
EXTRACT(CALL_INVITE_TIME) { return event_us(s, CallEvent::invite); }
EXTRACT(CALL_TRYING_TIME) { return event_us(s, CallEvent::trying); }
EXTRACT(CALL_RINGING_TIME) { return event_us(s, CallEvent::ringing); }
EXTRACT(CALL_PROGRESS_TIME) { return event_us(s, CallEvent::progress); }
EXTRACT(CALL_OK_TIME) { return event_us(s, CallEvent::ok); }
EXTRACT(CALL_ACK_TIME) { return event_us(s, CallEvent::ack); }
EXTRACT(CALL_CANCEL_TIME) { return event_us(s, CallEvent::cancel); }
EXTRACT(CALL_CANCEL_OK_TIME) { return event_us(s, CallEvent::cancel_ok); }
EXTRACT(CALL_BYE_TIME) { return event_us(s, CallEvent::bye); }
EXTRACT(CALL_BYE_OK_TIME) { return event_us(s, CallEvent::bye_ok); }
EXTRACT(CALL_FAILURE_TIME) { return event_us(s, CallEvent::failure); }
EXTRACT(CALL_LAST_MEDIA_TIME) {
    return s.call && s.call->last_media != wire::kNever ? number(static_cast<std::uint64_t>(s.call->last_media / 1000)) : Value{};
}
EXTRACT(CALL_CALLER_MEDIA_ADDRESS) { return media_address(s, Side::caller); }
EXTRACT(CALL_CALLER_MEDIA_PORT) { return media_port(s, Side::caller); }
EXTRACT(CALL_CALLEE_MEDIA_ADDRESS) { return media_address(s, Side::callee); }
EXTRACT(CALL_CALLEE_MEDIA_PORT) { return media_port(s, Side::callee); }
EXTRACT(CALL_RETRANSMISSIONS) { return s.call ? number(s.call->retransmissions) : Value{}; }
EXTRACT(CALL_MESSAGES) { return s.call ? number(s.call->messages) : Value{}; }
EXTRACT(CALL_HOLD_TIME) {
    if (s.call == nullptr || !s.call->has(CallEvent::ok)) return {};
    const wire::TimeNs until = s.call->has(CallEvent::bye) ? s.call->at(CallEvent::bye) : s.now;
    return number(static_cast<std::uint64_t>(s.call->hold_ns(until)));
}
EXTRACT(CALL_HANGUP_BY) { return s.call && s.call->hangup_by != Side::none ? number(static_cast<std::uint64_t>(s.call->hangup_by)) : Value{}; }
EXTRACT(CALL_FORKS) { return s.call ? number(s.call->forks()) : Value{}; }
EXTRACT(CALL_MEDIA_FLAGS) { return s.call ? number(s.call->media_flags()) : Value{}; }

EXTRACT(CALL_CALLER_ASSERTED) { return s.call ? Value::of_text(s.call->caller_asserted) : Value{}; }
EXTRACT(CALL_REQUEST_URI) { return s.call ? Value::of_text(s.call->request_uri) : Value{}; }
EXTRACT(CALL_DIVERTED_BY) { return s.call ? Value::of_text(s.call->diverted_by) : Value{}; }
EXTRACT(CALL_ATTESTATION) {
    return s.call && s.call->attestation != 0 ? Value::of_text(std::string_view(&s.call->attestation, 1)) : Value{};
}

EXTRACT(MESSAGE_TIME) { return s.message_context ? number(static_cast<std::uint64_t>(s.message_context->time / 1000)) : Value{}; }
EXTRACT(MESSAGE_KIND) { return s.message ? number(s.message->is_request ? 1 : 2) : Value{}; }
EXTRACT(MESSAGE_METHOD) { return s.message ? Value::of_text(s.message->method_text) : Value{}; }
EXTRACT(MESSAGE_STATUS) { return s.message && s.message->status != 0 ? number(s.message->status) : Value{}; }
EXTRACT(MESSAGE_CSEQ) { return s.message ? number(s.message->cseq) : Value{}; }
EXTRACT(MESSAGE_HAS_SDP) { return s.message ? number(s.message->sdp().empty() ? 0 : 1) : Value{}; }
EXTRACT(MESSAGE_OCTETS) { return s.message ? number(s.message->octets) : Value{}; }

}  // namespace voipprobe::probe
