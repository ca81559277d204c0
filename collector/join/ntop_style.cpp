#include "collector/join/ntop_style.hpp"

#include <algorithm>

#include "collector/join/flow_time.hpp"
#include "collector/join/scoring.hpp"

namespace voipprobe::collector {
namespace {

using enum templates::ElementId;
using templates::ElementId;

struct DirectionElements {
    ElementId jitter, lost, drop, payload_type, max_delta, mos, r_factor, packets;
};
constexpr DirectionElements kIn{RTP_IN_JITTER,    RTP_IN_PKT_LOST, RTP_IN_PKT_DROP, RTP_IN_PAYLOAD_TYPE,
                                RTP_IN_MAX_DELTA, RTP_IN_MOS,      RTP_IN_R_FACTOR, IN_PKTS};
constexpr DirectionElements kOut{RTP_OUT_JITTER,    RTP_OUT_PKT_LOST, RTP_OUT_PKT_DROP, RTP_OUT_PAYLOAD_TYPE,
                                 RTP_OUT_MAX_DELTA, RTP_OUT_MOS,      RTP_OUT_R_FACTOR, OUT_PKTS};

Count scaled(const Count& v, std::uint64_t factor) {
    if (!v) return v;
    return *v * factor;
}

// MOS and R come times 100; what cannot be one is no figure.
Real hundredth(const Count& v, double lowest, double highest) {
    if (!v) return std::nullopt;
    const double x = static_cast<double>(*v) / 100;
    return x >= lowest && x <= highest ? Real(x) : std::nullopt;
}

bool seen(const Record& r, const DirectionElements& d) {
    if (const auto packets = r[d.packets].as_number()) {
        if (*packets == 0) return false;
    }
    if (&d == &kIn && (r[TRANSPORT_RTP_SSRC].present() || r[TRANSPORT_RTP_JITTER_MEAN].present())) return true;
    return r[d.payload_type].present() || r[d.jitter].present() || r[d.max_delta].present();
}

// Cisco Medianet (Performance Monitor): one direction, figures of one interval; jitter in microseconds.
void add_medianet(StreamFacts& s, const Record& r) {
    if (!r[TRANSPORT_RTP_SSRC].present() && !r[TRANSPORT_RTP_JITTER_MEAN].present()) return;
    s.of_interval = true;
    if (!s.ssrc) s.ssrc = r[TRANSPORT_RTP_SSRC].as_number();
    if (!s.payload_type) s.payload_type = r[TRANSPORT_RTP_PAYLOAD_TYPE].as_number();
    if (!s.lost) s.lost = r[TRANSPORT_PACKETS_LOST].as_number();
    if (s.packets && s.lost) s.expected = *s.packets + *s.lost;
    s.octets = std::nullopt;  // IN_BYTES has the headers
    s.jitter_mean_ns = scaled(r[TRANSPORT_RTP_JITTER_MEAN].as_number(), 1'000);
    s.jitter_min_ns = scaled(r[TRANSPORT_RTP_JITTER_MIN].as_number(), 1'000);
    s.jitter_max_ns = scaled(r[TRANSPORT_RTP_JITTER_MAX].as_number(), 1'000);
    derive_missing(s);
}

StreamFacts direction(const Record& r, const DirectionElements& d, bool in) {
    StreamFacts s;
    s.ntop_style = true;
    s.final = false;
    s.call_id = std::string(r[RTP_SIP_CALL_ID].as_text());
    if (s.call_id.empty()) s.call_id = std::string(r[SIP_CALL_ID].as_text());
    s.src = read_endpoint(r, in);
    s.dst = read_endpoint(r, !in);
    s.vlan = r[in ? SRC_VLAN : DST_VLAN].as_number();
    s.tos = r[in ? SRC_TOS : DST_TOS].as_number();
    s.payload_type = r[d.payload_type].as_number();
    derive_missing(s);
    if (in) {  // one set of these per biflow: that of its first direction
        s.ssrc = r[RTP_SSRC].as_number();
        if (!s.ssrc) s.ssrc = r[RTP_FIRST_SSRC].as_number();
        s.first_seq = r[RTP_FIRST_SEQ].as_number(), s.last_seq = r[RTP_LAST_SEQ].as_number();
        s.first_ts = r[RTP_FIRST_TS].as_number(), s.last_ts = r[RTP_LAST_TS].as_number();
    }
    s.first_time = flow_time(r, true);
    s.last_time = flow_time(r, false);
    s.packets = r[d.packets].as_number();
    s.lost = r[d.lost].as_number();
    if (s.packets && s.lost) s.expected = *s.packets + *s.lost;
    s.discard_adaptive = r[d.drop].as_number();
    s.jitter_last_ns = scaled(r[d.jitter].as_number(), 1'000);
    s.max_gap_ns = scaled(r[d.max_delta].as_number(), 10'000);
    s.rtt_ns = scaled(r[RTP_RTT].as_number(), 1'000'000);
    s.exporter_mos = hundredth(r[d.mos].as_number(), 1, 5);
    s.exporter_r = hundredth(r[d.r_factor].as_number(), 0, 100);
    if (in) add_medianet(s, r);
    return s;
}

template <typename T>
void keep_known(T& into, const T& next) {
    if (next) into = next;
}
void keep_known(std::string& into, const std::string& next) {
    if (!next.empty()) into = next;
}
void keep_known(wire::Endpoint& into, const wire::Endpoint& next) {
    if (!next.address.is_none()) into = next;
}
void keep_first(Count& into, const Count& next) {
    if (!into) into = next;
}

}  // namespace

CallFacts read_ntop_call(const Record& r) {
    CallFacts c = read_call(r);
    if (c.signalling.empty()) c.signalling = "SIP";
    if (!r.has(RECORD_FINAL)) c.final = false;
    return c;
}

std::vector<StreamFacts> read_ntop_streams(const Record& r) {
    std::vector<StreamFacts> out;
    if (seen(r, kIn)) out.push_back(direction(r, kIn, true));
    if (seen(r, kOut)) out.push_back(direction(r, kOut, false));
    return out;
}

void merge_ntop_stream(StreamFacts& into, const StreamFacts& next) {
    StreamFacts merged = next;
    keep_known(merged.call_id, next.call_id.empty() ? into.call_id : next.call_id);
    merged.record_id = into.record_id;
    merged.call_record_id = into.call_record_id;
    if (into.first_time && (!next.first_time || *into.first_time < *next.first_time))
        merged.first_time = into.first_time;
    if (into.packets) merged.packets = *into.packets + next.packets.value_or(0);
    if (next.of_interval) {
        if (into.lost) merged.lost = *into.lost + next.lost.value_or(0);
        if (into.jitter_mean_ns && next.jitter_mean_ns && into.packets && next.packets && *into.packets + *next.packets > 0)
            merged.jitter_mean_ns = (*into.jitter_mean_ns * *into.packets + *next.jitter_mean_ns * *next.packets) / (*into.packets + *next.packets);
        else if (!merged.jitter_mean_ns) merged.jitter_mean_ns = into.jitter_mean_ns;
        if (into.jitter_min_ns) merged.jitter_min_ns = std::min(*into.jitter_min_ns, next.jitter_min_ns.value_or(UINT64_MAX));
        if (into.jitter_max_ns) merged.jitter_max_ns = std::max(*into.jitter_max_ns, next.jitter_max_ns.value_or(0));
    }
    if (!merged.lost) merged.lost = into.lost;
    if (merged.packets && merged.lost) merged.expected = *merged.packets + *merged.lost;
    if (into.first_seq) merged.first_seq = into.first_seq, merged.first_ts = into.first_ts;
    if (into.max_gap_ns) merged.max_gap_ns = std::max(*into.max_gap_ns, next.max_gap_ns.value_or(0));
    if (!merged.jitter_last_ns) merged.jitter_last_ns = into.jitter_last_ns;
    if (!merged.ssrc) merged.ssrc = into.ssrc;
    into = std::move(merged);
}

void merge_ntop_call(CallFacts& into, const CallFacts& next) {
    keep_first(into.invite, next.invite);
    keep_first(into.trying, next.trying);
    keep_first(into.ringing, next.ringing);
    keep_first(into.progress, next.progress);
    keep_first(into.ok, next.ok);
    keep_first(into.ack, next.ack);
    keep_first(into.cancel, next.cancel);
    keep_first(into.bye, next.bye);
    keep_first(into.bye_ok, next.bye_ok);
    keep_first(into.failure, next.failure);
    keep_known(into.state, next.state);
    keep_known(into.response_code, next.response_code);
    keep_known(into.reason_cause, next.reason_cause);
    keep_known(into.codecs, next.codecs);
    keep_known(into.caller_media, next.caller_media);
    keep_known(into.callee_media, next.callee_media);
    if (into.caller.empty()) into.caller = next.caller, into.caller_name = next.caller_name;
    if (into.callee.empty()) into.callee = next.callee, into.callee_name = next.callee_name;
    if (into.caller_hop.address.is_none())
        into.caller_hop = next.caller_hop, into.callee_hop = next.callee_hop;
    if (into.user_agent_caller.empty()) into.user_agent_caller = next.user_agent_caller;
    if (into.user_agent_callee.empty()) into.user_agent_callee = next.user_agent_callee;
    into.final = into.final || next.final;
    into.from_exporter = true;
}

}  // namespace voipprobe::collector
