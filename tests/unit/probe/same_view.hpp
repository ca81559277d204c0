// Two decodings of one packet, compared in every field.
#pragma once

#include "probe/decode/packet_view.hpp"

namespace voipprobe::test {

inline bool same_octets(wire::Bytes a, wire::Bytes b) {
    return a.size() == b.size() && (a.empty() || a.data() == b.data());
}

inline bool same_view(const probe::PacketView& a, const probe::PacketView& b) {
    return a.time == b.time && a.src == b.src && a.dst == b.dst && a.src_port == b.src_port && a.dst_port == b.dst_port &&
           a.protocol == b.protocol && a.ip_version == b.ip_version && a.tos == b.tos && a.ttl == b.ttl &&
           a.tcp_flags == b.tcp_flags && a.fragment == b.fragment && a.truncated == b.truncated && a.vlan == b.vlan &&
           a.outer_vlan == b.outer_vlan && a.ip_length == b.ip_length && a.payload_length == b.payload_length &&
           a.tcp_sequence == b.tcp_sequence && a.tcp_acknowledgement == b.tcp_acknowledgement && a.ip_id == b.ip_id &&
           a.tcp_header == b.tcp_header && a.nesting == b.nesting && same_octets(a.payload, b.payload) &&
           a.tunnel_key == b.tunnel_key && a.tunnel == b.tunnel && same_octets(a.part.data, b.part.data) &&
           a.part.length == b.part.length && a.part.id == b.part.id && a.part.offset == b.part.offset &&
           a.part.more == b.part.more && a.part.next_header == b.part.next_header;
}

}  // namespace voipprobe::test
