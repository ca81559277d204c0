// Extractors of the flow's own elements (IANA and ntop).
#pragma once

#include "probe/record/extract.hpp"

namespace voipprobe::probe {

inline Value number(std::uint64_t n) { return Value::of(n); }
inline std::uint64_t to_ms(std::int64_t us) { return us < 0 ? 0 : static_cast<std::uint64_t>(us) / 1000; }
// v9's sysUptime and FIRST_/LAST_SWITCHED count milliseconds from the same moment.
inline Value uptime(const RecordSource& s, std::int64_t us) {
    const std::int64_t ms = us / 1000 - s.context->boot_time / wire::kMillisecond;
    return number(ms < 0 ? 0 : static_cast<std::uint64_t>(ms) & 0xffffffffU);
}
inline bool source_is(const RecordSource& s, const wire::IpAddress& a) { return s.src.address == a; }

EXTRACT(IN_BYTES) { return number(s.octets[0]); }
EXTRACT(IN_PKTS) { return number(s.packets[0]); }
EXTRACT(OUT_BYTES) { return number(s.octets[1]); }
EXTRACT(OUT_PKTS) { return number(s.packets[1]); }
EXTRACT(OCTET_TOTAL) { return number(s.octets[0] + s.octets[1]); }
EXTRACT(PACKET_TOTAL) { return number(s.packets[0] + s.packets[1]); }
EXTRACT(PROTOCOL) { return number(s.protocol); }
EXTRACT(IP_PROTOCOL_VERSION) { return number(s.ip_version); }
EXTRACT(SRC_TOS) { return number(s.plain != nullptr ? s.plain->tos : s.stream != nullptr ? s.stream->tos : s.cold != nullptr ? s.cold->tos[s.turned ? 1 : 0] : 0); }
EXTRACT(DST_TOS) { return number(s.cold != nullptr ? s.cold->tos[s.turned ? 0 : 1] : 0); }
EXTRACT(TCP_FLAGS) {
    if (s.hot == nullptr) return number(0);
    if (s.one_way) return number(s.hot->tcp_flags[s.turned ? 1 : 0]);
    return number(s.hot->tcp_flags[0] | s.hot->tcp_flags[1]);
}
EXTRACT(CLIENT_TCP_FLAGS) { return s.hot != nullptr ? number(s.hot->tcp_flags[0]) : Value{}; }
EXTRACT(SERVER_TCP_FLAGS) { return s.hot != nullptr ? number(s.hot->tcp_flags[1]) : Value{}; }
EXTRACT(L4_SRC_PORT) { return number(s.src.port); }
EXTRACT(L4_DST_PORT) { return number(s.dst.port); }
EXTRACT(IPV4_SRC_ADDR) { return s.ip_version == 4 ? Value::of_bytes(s.src.address.v4_bytes()) : Value{}; }
EXTRACT(IPV4_DST_ADDR) { return s.ip_version == 4 ? Value::of_bytes(s.dst.address.v4_bytes()) : Value{}; }
EXTRACT(IPV6_SRC_ADDR) { return s.ip_version == 6 ? Value::of_bytes(s.src.address.octets) : Value{}; }
EXTRACT(IPV6_DST_ADDR) { return s.ip_version == 6 ? Value::of_bytes(s.dst.address.octets) : Value{}; }
EXTRACT(INPUT_SNMP) { return number(s.context->in_interface); }
EXTRACT(OUTPUT_SNMP) { return number(s.context->out_interface); }
EXTRACT(FIRST_SWITCHED) { return uptime(s, s.start_us); }
EXTRACT(LAST_SWITCHED) { return uptime(s, s.end_us); }
EXTRACT(FLOW_START_SEC) { return number(to_ms(s.start_us) / 1000); }
EXTRACT(FLOW_END_SEC) { return number(to_ms(s.end_us) / 1000); }
EXTRACT(FLOW_START_MILLISECONDS) { return number(to_ms(s.start_us)); }
EXTRACT(FLOW_END_MILLISECONDS) { return number(to_ms(s.end_us)); }
EXTRACT(FLOW_START_MICROSECONDS) { return number(static_cast<std::uint64_t>(s.start_us)); }
EXTRACT(FLOW_END_MICROSECONDS) { return number(static_cast<std::uint64_t>(s.end_us)); }
EXTRACT(FLOW_DURATION_MILLISECONDS) { return number(to_ms(s.end_us - s.start_us)); }
EXTRACT(FLOW_DURATION_MICROSECONDS) { return number(static_cast<std::uint64_t>(s.end_us - s.start_us)); }
EXTRACT(FLOW_EXPORT_TIME) { return number(static_cast<std::uint64_t>(s.now / wire::kSecond)); }
EXTRACT(FLOW_END_REASON) { return number(static_cast<std::uint64_t>(s.end_reason)); }
EXTRACT(FLOW_ID) { return number(s.cold != nullptr ? s.cold->id : 0); }
EXTRACT(FLOW_SOURCE) { return number(0); }
EXTRACT(DIRECTION) { return number(0); }
EXTRACT(BIFLOW_DIRECTION) { return number(s.turned ? 2 : 1); }  // initiator or its reverse, RFC 5103 §6.3
EXTRACT(SRC_VLAN) { return s.plain != nullptr ? number(s.plain->vlan) : s.stream != nullptr ? number(s.stream->vlan) : s.cold != nullptr ? number(s.cold->vlan) : Value{}; }
EXTRACT(DST_VLAN) { return s.cold != nullptr ? number(s.cold->vlan) : Value{}; }
EXTRACT(DOT1Q_SRC_VLAN) { return s.cold != nullptr ? number(s.cold->outer_vlan) : Value{}; }
EXTRACT(DOT1Q_DST_VLAN) { return s.cold != nullptr ? number(s.cold->outer_vlan) : Value{}; }
EXTRACT(MIN_IP_PKT_LEN) { return s.cold != nullptr ? number(s.cold->min_length) : Value{}; }
EXTRACT(MAX_IP_PKT_LEN) { return s.cold != nullptr ? number(s.cold->max_length) : Value{}; }
EXTRACT(SHORTEST_FLOW_PKT) { return s.cold != nullptr ? number(s.cold->min_length) : Value{}; }
EXTRACT(LONGEST_FLOW_PKT) { return s.cold != nullptr ? number(s.cold->max_length) : Value{}; }
EXTRACT(MIN_TTL) { return s.cold != nullptr ? number(s.cold->min_ttl) : Value{}; }
EXTRACT(MAX_TTL) { return s.cold != nullptr ? number(s.cold->max_ttl) : Value{}; }
EXTRACT(ICMP_TYPE) { return s.protocol == 1 || s.protocol == 58 ? number(s.dst.port) : Value{}; }
EXTRACT(FLOW_ACTIVE_TIMEOUT) { return number(s.context->active_s); }
EXTRACT(FLOW_INACTIVE_TIMEOUT) { return number(s.context->idle_s); }

// The innermost tunnel around the packets.
inline bool tunnelled(const RecordSource& s) { return s.tunnel.type != TunnelType::none; }
inline Value tunnel_address(const wire::IpAddress& a) { return a.is_none() ? Value{} : Value::of_bytes(a.octets); }
EXTRACT(TUNNEL_TYPE) { return tunnelled(s) ? number(static_cast<std::uint64_t>(s.tunnel.type)) : Value{}; }
EXTRACT(TUNNEL_ID) { return tunnelled(s) && s.tunnel.has_id ? number(s.tunnel.id) : Value{}; }
EXTRACT(TUNNEL_SRC_ADDR) { return tunnel_address(s.tunnel.src); }
EXTRACT(TUNNEL_DST_ADDR) { return tunnel_address(s.tunnel.dst); }
EXTRACT(TUNNEL_DEPTH) { return tunnelled(s) ? number(s.tunnel.depth) : Value{}; }

// nDPI's protocol numbers (research: nprobe-export §1.3). Our own word goes first, then the application of the flow.
inline std::uint64_t of_flow(const FlowHot& h) {
    if (h.kind == FlowKind::sip) return 100;
    return h.kind == FlowKind::media ? 87 : 0;
}
inline std::uint64_t l7_protocol(const RecordSource& s) {
    if (s.plain != nullptr) return 0;
    if (s.call != nullptr || s.message != nullptr) return s.call != nullptr && s.call->signalling != Signalling::sip ? 0 : 100;
    if (s.stream != nullptr || s.media[0] != nullptr || s.media[1] != nullptr) return 87;
    if (s.tls) return 91;
    return s.hot == nullptr ? 0 : of_flow(*s.hot);
}
// What nDPI says of the flow; 0: nothing, or it was not asked.
inline std::uint16_t application(const RecordSource& s) {
    if (s.classifier == nullptr || s.cold == nullptr || s.cold->application == FlowCold::kNotLookedAt) return 0;
    return s.cold->application;
}
EXTRACT(L7_PROTO) {
    std::uint64_t p = application(s);
    if (p == 0) p = l7_protocol(s);
    return p == 0 ? Value{} : number(p);
}
EXTRACT(TLS_SERVER_NAME) { return Value::of_text(s.call != nullptr ? std::string_view(s.call->server_name) : s.server_name); }
EXTRACT(L7_PROTO_NAME) {
    if (const std::uint16_t a = application(s); a != 0) return Value::of_text(s.classifier->name(a));
    const std::uint64_t p = l7_protocol(s);
    return Value::of_text(p == 100 ? "SIP" : p == 87 ? "RTP" : p == 91 ? "TLS" : "");
}
EXTRACT(PLUGIN_NAME) {
    const std::uint64_t p = l7_protocol(s);
    return Value::of_text(p == 100 ? "SIP" : p == 87 ? "RTP" : "");
}
EXTRACT(ENGINE_TYPE) { return number(0); }
EXTRACT(ENGINE_ID) { return number(s.context->domain & 0xff); }

NOT_MEASURED(IPV4_SRC_MASK)
NOT_MEASURED(IPV4_DST_MASK)
NOT_MEASURED(IPV6_SRC_MASK)
NOT_MEASURED(IPV6_DST_MASK)
NOT_MEASURED(IPV4_NEXT_HOP)
NOT_MEASURED(IPV6_NEXT_HOP)
NOT_MEASURED(SRC_AS)
NOT_MEASURED(DST_AS)
NOT_MEASURED(SAMPLING_INTERVAL)
NOT_MEASURED(SAMPLING_ALGORITHM)
NOT_MEASURED(TOTAL_BYTES_EXP)
NOT_MEASURED(TOTAL_PKTS_EXP)
NOT_MEASURED(TOTAL_FLOWS_EXP)
NOT_MEASURED(IN_SRC_MAC)
NOT_MEASURED(OUT_DST_MAC)
NOT_MEASURED(IN_DST_MAC)
NOT_MEASURED(OUT_SRC_MAC)
NOT_MEASURED(INTERFACE_NAME)
NOT_MEASURED(FORWARDING_STATUS)
NOT_MEASURED(APPLICATION_ID)
NOT_MEASURED(APPLICATION_NAME)
NOT_MEASURED(EXPORTER_IPV4_ADDRESS)
NOT_MEASURED(EXPORTER_IPV6_ADDRESS)
NOT_MEASURED(SRC_FRAGMENTS)
NOT_MEASURED(DST_FRAGMENTS)
NOT_MEASURED(CLIENT_NW_LATENCY_MS)
NOT_MEASURED(SERVER_NW_LATENCY_MS)
NOT_MEASURED(APPL_LATENCY_MS)
NOT_MEASURED(NPROBE_IPV4_ADDRESS)
NOT_MEASURED(SRC_TO_DST_MAX_THROUGHPUT)
NOT_MEASURED(SRC_TO_DST_MIN_THROUGHPUT)
NOT_MEASURED(SRC_TO_DST_AVG_THROUGHPUT)
NOT_MEASURED(DST_TO_SRC_MAX_THROUGHPUT)
NOT_MEASURED(DST_TO_SRC_MIN_THROUGHPUT)
NOT_MEASURED(DST_TO_SRC_AVG_THROUGHPUT)
NOT_MEASURED(NUM_PKTS_UP_TO_128_BYTES)
NOT_MEASURED(NUM_PKTS_128_TO_256_BYTES)
NOT_MEASURED(NUM_PKTS_256_TO_512_BYTES)
NOT_MEASURED(NUM_PKTS_512_TO_1024_BYTES)
NOT_MEASURED(NUM_PKTS_1024_TO_1514_BYTES)
NOT_MEASURED(NUM_PKTS_OVER_1514_BYTES)
NOT_MEASURED(RETRANSMITTED_IN_PKTS)
NOT_MEASURED(RETRANSMITTED_OUT_PKTS)
NOT_MEASURED(OOORDER_IN_PKTS)
NOT_MEASURED(OOORDER_OUT_PKTS)
NOT_MEASURED(FLOW_PROTO_PORT)
NOT_MEASURED(DURATION_IN)
NOT_MEASURED(DURATION_OUT)
NOT_MEASURED(SRC_TO_DST_IAT_MIN)
NOT_MEASURED(SRC_TO_DST_IAT_MAX)
NOT_MEASURED(SRC_TO_DST_IAT_AVG)
NOT_MEASURED(SRC_TO_DST_IAT_STDDEV)
NOT_MEASURED(DST_TO_SRC_IAT_MIN)
NOT_MEASURED(DST_TO_SRC_IAT_MAX)
NOT_MEASURED(DST_TO_SRC_IAT_AVG)
NOT_MEASURED(DST_TO_SRC_IAT_STDDEV)
NOT_MEASURED(FLOW_CONTENT_TYPE)
NOT_MEASURED(NPROBE_INSTANCE_NAME)

}  // namespace voipprobe::probe
