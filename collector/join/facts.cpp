#include "collector/join/facts.hpp"

#include <algorithm>

#include "wire/text.hpp"

namespace voipprobe::collector {
namespace {

using enum templates::ElementId;
using templates::ElementId;

std::string text(const Record& r, ElementId id) { return std::string(r[id].as_text()); }
Count number(const Record& r, ElementId id) { return r[id].as_number(); }
Real real(const Record& r, ElementId id) { return r[id].as_real(); }

// Our microseconds, else nProbe's whole seconds.
Count time(const Record& r, ElementId own, ElementId ntop) {
    const Count t = r[own].as_time();
    return t ? t : r[ntop].as_time();
}

Side side(const Record& r, ElementId id) {
    const Count v = number(r, id);
    return v == 1 ? Side::caller : v == 2 ? Side::callee : Side::none;
}

std::uint16_t port(const Record& r, ElementId id) {
    return static_cast<std::uint16_t>(std::min<std::uint64_t>(number(r, id).value_or(0), 65535));
}

wire::Endpoint media_endpoint(const Record& r, ElementId own, ElementId own_port, ElementId ntop,
                              ElementId ntop_port) {
    if (const auto address = r[own].as_address()) return {*address, port(r, own_port)};
    if (const auto address = r[ntop].as_address()) return {*address, port(r, ntop_port)};
    return {};
}

// A record without RECORD_FINAL is the only one about its subject (dictionary.md, "Inline -T").
bool is_final(const Record& r) { return number(r, RECORD_FINAL).value_or(1) != 0; }

}  // namespace

RecordId read_id(const Record& r, ElementId id) {
    RecordId out = kNoId;
    const wire::Bytes b = r[id].as_octets();
    if (b.size() == out.size()) std::copy(b.begin(), b.end(), out.begin());
    return out;
}

wire::Endpoint read_endpoint(const Record& r, bool source) {
    auto address = r[source ? IPV4_SRC_ADDR : IPV4_DST_ADDR].as_address();
    if (!address) address = r[source ? IPV6_SRC_ADDR : IPV6_DST_ADDR].as_address();
    return {address.value_or(wire::IpAddress{}), port(r, source ? L4_SRC_PORT : L4_DST_PORT)};
}

Count jitter_range_ns(const StreamFacts& s) {
    if (!s.jitter_max_ns || !s.jitter_min_ns || *s.jitter_max_ns < *s.jitter_min_ns) return std::nullopt;
    return *s.jitter_max_ns - *s.jitter_min_ns;
}

NameAddr split_name_addr(std::string_view s) {
    NameAddr out;
    s = wire::trim(s);
    std::string_view uri = s;
    if (const auto open = s.rfind('<'); open != std::string_view::npos) {
        uri = s.substr(open + 1);
        uri = uri.substr(0, uri.find('>'));
        std::string_view name = wire::trim(s.substr(0, open));
        if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
            name = name.substr(1, name.size() - 2);
        for (std::size_t i = 0; i < name.size(); ++i) {  // quoted-pair, RFC 3261 §25.1
            if (name[i] == '\\' && i + 1 < name.size()) ++i;
            out.name += name[i];
        }
    }
    uri = wire::trim(uri);
    // ';' and '?' may stand in the user part (RFC 3261 §19.1.1; RFC 4904, number portability): look behind the '@'.
    const std::size_t at = uri.find('@');
    out.uri = std::string(uri.substr(0, uri.find_first_of(";?", at == std::string_view::npos ? 0 : at)));
    return out;
}

CallFacts read_call(const Record& r) {
    CallFacts c;
    c.record_id = read_id(r, RECORD_ID);
    c.final = is_final(r);
    c.from_exporter = true;
    c.revision = number(r, RECORD_REVISION).value_or(0);
    c.signalling = text(r, CALL_SIGNALLING);
    c.transport = text(r, CALL_TRANSPORT);
    c.call_id = text(r, SIP_CALL_ID);
    c.correlation_id = text(r, CALL_CORRELATION_ID);
    c.state = text(r, SIP_CALL_STATE);
    const NameAddr caller = split_name_addr(r[SIP_CALLING_PARTY].as_text());
    const NameAddr callee = split_name_addr(r[SIP_CALLED_PARTY].as_text());
    c.caller = caller.uri, c.caller_name = caller.name;
    c.callee = callee.uri, c.callee_name = callee.name;
    c.caller_hop = read_endpoint(r, true);
    c.callee_hop = read_endpoint(r, false);
    c.caller_media = media_endpoint(r, CALL_CALLER_MEDIA_ADDRESS, CALL_CALLER_MEDIA_PORT,
                                    SIP_RTP_IPV4_SRC_ADDR, SIP_RTP_L4_SRC_PORT);
    c.callee_media = media_endpoint(r, CALL_CALLEE_MEDIA_ADDRESS, CALL_CALLEE_MEDIA_PORT,
                                    SIP_RTP_IPV4_DST_ADDR, SIP_RTP_L4_DST_PORT);
    c.user_agent_caller = text(r, SIP_UAC);
    c.user_agent_callee = text(r, SIP_UAS);
    c.codecs = text(r, SIP_RTP_CODECS);
    c.caller_asserted = text(r, CALL_CALLER_ASSERTED);
    c.request_uri = text(r, CALL_REQUEST_URI);
    c.diverted_by = text(r, CALL_DIVERTED_BY);
    c.attestation = text(r, CALL_ATTESTATION);
    c.invite = time(r, CALL_INVITE_TIME, SIP_INVITE_TIME);
    c.trying = time(r, CALL_TRYING_TIME, SIP_TRYING_TIME);
    c.ringing = time(r, CALL_RINGING_TIME, SIP_RINGING_TIME);
    c.progress = r[CALL_PROGRESS_TIME].as_time();
    c.ok = time(r, CALL_OK_TIME, SIP_INVITE_OK_TIME);
    c.ack = time(r, CALL_ACK_TIME, SIP_ACK_TIME);
    c.cancel = time(r, CALL_CANCEL_TIME, SIP_CANCEL_TIME);
    c.bye = time(r, CALL_BYE_TIME, SIP_BYE_TIME);
    c.bye_ok = time(r, CALL_BYE_OK_TIME, SIP_BYE_OK_TIME);
    c.failure = time(r, CALL_FAILURE_TIME, SIP_INVITE_FAILURE_TIME);
    c.last_media = r[CALL_LAST_MEDIA_TIME].as_time();
    c.response_code = number(r, SIP_RESPONSE_CODE);
    c.reason_cause = number(r, SIP_REASON_CAUSE);
    c.retransmissions = number(r, CALL_RETRANSMISSIONS);
    c.hold_ns = number(r, CALL_HOLD_TIME);
    c.media_flags = number(r, CALL_MEDIA_FLAGS);
    if (!c.media_flags && r.has(CALL_MEDIA_FLAGS)) c.media_flags = 0;  // nobody negotiated audio
    c.capture_loss = number(r, CAPTURE_LOSS);
    c.hangup_by = side(r, CALL_HANGUP_BY);
    return c;
}

StreamFacts read_stream(const Record& r) {
    StreamFacts s;
    s.record_id = read_id(r, RECORD_ID);
    s.call_record_id = read_id(r, CALL_RECORD_ID);
    s.final = is_final(r);
    s.revision = number(r, RECORD_REVISION).value_or(0);
    s.call_id = text(r, SIP_CALL_ID);
    if (s.call_id.empty()) s.call_id = text(r, RTP_SIP_CALL_ID);
    s.codec = text(r, STREAM_CODEC);
    s.side = side(r, STREAM_SIDE);
    s.match = number(r, STREAM_MATCH);
    s.src = read_endpoint(r, true);
    s.dst = read_endpoint(r, false);
    s.vlan = number(r, SRC_VLAN);
    s.tos = number(r, SRC_TOS);
    s.ssrc = number(r, RTP_SSRC);
    s.payload_type = number(r, RTP_IN_PAYLOAD_TYPE);
    s.clock_rate = number(r, STREAM_CLOCK_RATE);
    s.codec_mode = number(r, STREAM_CODEC_MODE);
    s.media = number(r, STREAM_MEDIA);
    s.ptime_us = number(r, STREAM_PTIME);
    s.first_seq = number(r, RTP_FIRST_SEQ), s.last_seq = number(r, RTP_LAST_SEQ);
    s.first_ts = number(r, RTP_FIRST_TS), s.last_ts = number(r, RTP_LAST_TS);
    s.first_time = r[STREAM_FIRST_TIME].as_time(), s.last_time = r[STREAM_LAST_TIME].as_time();
    s.packets = number(r, STREAM_PACKETS);
    s.octets = number(r, STREAM_OCTETS);
    s.expected = number(r, STREAM_EXPECTED);
    s.lost = number(r, STREAM_LOST);
    s.duplicates = number(r, STREAM_DUPLICATES);
    s.reordered = number(r, STREAM_REORDERED);
    s.sequence_resets = number(r, STREAM_SEQUENCE_RESETS);
    s.jitter_last_ns = number(r, STREAM_JITTER_LAST);
    s.jitter_mean_ns = number(r, STREAM_JITTER_MEAN);
    s.jitter_median_ns = number(r, STREAM_JITTER_MEDIAN);
    s.jitter_min_ns = number(r, STREAM_JITTER_MIN);
    s.jitter_max_ns = number(r, STREAM_JITTER_MAX);
    s.jitter_iqr_ns = number(r, STREAM_JITTER_IQR);
    s.jitter_std_dev_ns = number(r, STREAM_JITTER_STD_DEV);
    s.jitter_p95_ns = number(r, STREAM_JITTER_P95);
    s.jitter_p99_ns = number(r, STREAM_JITTER_P99);
    s.max_delta_ns = number(r, STREAM_MAX_DELTA);
    s.max_gap_ns = number(r, STREAM_MAX_GAP);
    s.discard_f60 = number(r, STREAM_DISCARD_F60);
    s.discard_f200 = number(r, STREAM_DISCARD_F200);
    s.discard_adaptive = number(r, STREAM_DISCARD_ADAPTIVE);
    s.bursts = number(r, STREAM_BURSTS);
    s.burst_density = real(r, STREAM_BURST_DENSITY);
    s.gap_density = real(r, STREAM_GAP_DENSITY);
    s.burst_ns = number(r, STREAM_BURST_LENGTH);
    s.gap_ns = number(r, STREAM_GAP_LENGTH);
    s.burst_ratio = real(r, STREAM_BURST_RATIO);
    s.clock_skew_ppm = real(r, STREAM_CLOCK_SKEW);
    s.dtmf_events = number(r, STREAM_DTMF_EVENTS);
    s.rtt_ns = number(r, STREAM_RTT);
    s.reported_loss_pct = real(r, STREAM_REPORTED_LOSS);
    s.reported_jitter_ns = number(r, STREAM_REPORTED_JITTER);
    s.reported_mos_lq = real(r, STREAM_REPORTED_MOS_LQ);
    s.reported_mos_cq = real(r, STREAM_REPORTED_MOS_CQ);
    s.mos_min_10s = real(r, STREAM_MOS_MIN_10S);
    s.capture_loss = number(r, CAPTURE_LOSS);
    s.application = text(r, STREAM_APPLICATION);
    s.size_min = number(r, STREAM_SIZE_MIN), s.size_max = number(r, STREAM_SIZE_MAX);
    s.size_std_dev = real(r, STREAM_SIZE_STD_DEV);
    s.gap_std_dev_ns = number(r, STREAM_GAP_STD_DEV);
    return s;
}

MessageFacts read_message(const Record& r) {
    MessageFacts m;
    m.record_id = read_id(r, RECORD_ID);
    m.call_record_id = read_id(r, CALL_RECORD_ID);
    m.time = r[MESSAGE_TIME].as_time();
    m.kind = number(r, MESSAGE_KIND);
    m.status = number(r, MESSAGE_STATUS);
    m.cseq = number(r, MESSAGE_CSEQ);
    m.has_sdp = number(r, MESSAGE_HAS_SDP);
    m.src = read_endpoint(r, true);
    m.dst = read_endpoint(r, false);
    m.transport = text(r, CALL_TRANSPORT);
    m.method = text(r, MESSAGE_METHOD);
    m.call_id = text(r, SIP_CALL_ID);
    return m;
}

IntervalFacts read_interval(const Record& r) {
    IntervalFacts i;
    i.record_id = read_id(r, RECORD_ID);
    i.stream_record_id = read_id(r, STREAM_RECORD_ID);
    i.figures = read_stream(r);
    i.figures.first_time = r[INTERVAL_START].as_time();
    i.figures.packets = number(r, INTERVAL_PACKETS);
    i.figures.expected = number(r, INTERVAL_EXPECTED);
    i.figures.lost = number(r, INTERVAL_LOST);
    i.figures.discard_adaptive = number(r, INTERVAL_DISCARD);
    i.figures.jitter_mean_ns = number(r, INTERVAL_JITTER_MEAN);
    i.figures.jitter_max_ns = number(r, INTERVAL_JITTER_MAX);
    return i;
}

DetailFacts read_detail(const Record& r) {
    DetailFacts d;
    d.record_id = read_id(r, RECORD_ID);
    d.call_record_id = read_id(r, CALL_RECORD_ID);
    d.final = is_final(r);
    d.reorder_distance = number(r, STREAM_REORDER_DISTANCE);
    d.stray = number(r, STREAM_STRAY);
    d.gaps_over_150ms = number(r, STREAM_GAPS_OVER_150MS);
    d.outages = number(r, STREAM_OUTAGES);
    d.outage_ns = number(r, STREAM_OUTAGE_TIME);
    d.delay_median_ns = number(r, STREAM_DELAY_MEDIAN);
    d.delay_p95_ns = number(r, STREAM_DELAY_P95);
    d.delay_p99_ns = number(r, STREAM_DELAY_P99);
    d.delay_max_ns = number(r, STREAM_DELAY_MAX);
    d.transit_deviation_ns = number(r, STREAM_TRANSIT_DEVIATION);
    d.rtt_to_receiver_ns = number(r, STREAM_RTT_TO_RECEIVER);
    d.rtt_to_sender_ns = number(r, STREAM_RTT_TO_SENDER);
    d.rtt_count = number(r, STREAM_RTT_COUNT);
    d.reported_by = number(r, STREAM_REPORTED_BY);
    d.reported_discard_pct = real(r, STREAM_REPORTED_DISCARD);
    d.reported_burst_density = real(r, STREAM_REPORTED_BURST_DENSITY);
    d.reported_gap_density = real(r, STREAM_REPORTED_GAP_DENSITY);
    d.reported_rtt_ns = number(r, STREAM_REPORTED_RTT);
    d.reported_end_delay_ns = number(r, STREAM_REPORTED_END_DELAY);
    d.reported_r = real(r, STREAM_REPORTED_R);
    d.speech_activity = real(r, STREAM_SPEECH_ACTIVITY);
    d.lost_in_speech = number(r, STREAM_LOST_IN_SPEECH);
    d.dtmf_digits = text(r, RTP_DTMF_TONES);
    d.cname = text(r, STREAM_CNAME);
    d.tool = text(r, STREAM_TOOL);
    return d;
}

}  // namespace voipprobe::collector
