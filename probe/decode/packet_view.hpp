// What one packet is, after decoding: addresses, ports, payload, or the reason why it is not counted in a flow.
// Lives on the stack; the payload points into the capture buffer.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "wire/address.hpp"
#include "wire/bytes.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

enum class DropReason : std::uint8_t {
    none,
#define DROP(name, damaged, sentence) name,
#include "probe/decode/drop_reasons.def"
#undef DROP
    kCount
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(DropReason::kCount);
std::string_view drop_name(DropReason reason);
std::string_view drop_sentence(DropReason reason);
bool drop_is_damage(DropReason reason);

inline constexpr std::uint8_t kProtoIcmp = 1, kProtoTcp = 6, kProtoUdp = 17, kProtoIcmp6 = 58;

// What carried the packet. The numbers go out as TUNNEL_TYPE: never renumber.
enum class TunnelType : std::uint8_t {
    none = 0, mpls = 1, pppoe = 2, gre = 3, nvgre = 4, erspan = 5, ip_in_ip = 6, gtp_u = 7, vxlan = 8, geneve = 9,
    l2tp = 10, tzsp = 11, pbb = 12
};
std::string_view tunnel_name(TunnelType t);

// The innermost tunnel around a packet. Addresses are of the outer IP packet that carried it; "none" where the
// tunnel has no IP header of its own (MPLS, PPPoE).
struct TunnelInfo {
    wire::IpAddress src;
    wire::IpAddress dst;
    std::uint32_t id = 0;  // VNI, TEID, GRE key, VSID, session, bottom MPLS label
    TunnelType type = TunnelType::none;
    bool has_id = false;
    std::uint8_t depth = 0;  // tunnels around the packet, this one included
    friend bool operator==(const TunnelInfo&, const TunnelInfo&) = default;
};

// What a fragment says of its datagram (RFC 791 §3.2, RFC 8200 §4.5).
struct FragmentPart {
    wire::Bytes data;              // captured octets of the fragmented part
    std::uint32_t length = 0;      // of the same by the headers
    std::uint32_t id = 0;
    std::uint16_t offset = 0;      // octets
    bool more = false;             // not the last one
    std::uint8_t next_header = 0;  // what the datagram starts with
};

enum TcpFlag : std::uint8_t { kFin = 1, kSyn = 2, kRst = 4, kPsh = 8, kAck = 16 };

struct PacketView {
    wire::TimeNs time = 0;
    wire::IpAddress src;
    wire::IpAddress dst;
    std::uint16_t src_port = 0;  // ICMP: 0
    std::uint16_t dst_port = 0;  // ICMP: type * 256 + code, as nProbe has it
    std::uint8_t protocol = 0;
    std::uint8_t ip_version = 4;
    std::uint8_t tos = 0;
    std::uint8_t ttl = 0;
    std::uint8_t tcp_flags = 0;
    bool fragment = false;        // not the whole datagram (see `part`); ports are 0 unless it is the first
    bool truncated = false;       // the snaplen or a mirror cut the payload
    std::uint16_t vlan = 0;       // innermost VLAN id, 0 = none
    std::uint16_t outer_vlan = 0; // outermost VLAN id when there are two
    std::uint32_t ip_length = 0;  // IP total length: what flow octets count
    std::uint32_t payload_length = 0;  // transport payload by the headers; payload.size() when not truncated
    std::uint32_t tcp_sequence = 0;
    std::uint32_t tcp_acknowledgement = 0;
    std::uint16_t ip_id = 0;      // IPv4 identification
    std::uint8_t tcp_header = 0;  // octets before the payload, 0 when cut
    std::uint8_t nesting = 0;     // headers within one another so far (kMaxNesting)
    wire::Bytes payload;          // captured transport payload
    std::uint64_t tunnel_key = 0; // of all tunnels around it, the same for both directions; 0 = none
    TunnelInfo tunnel;
    FragmentPart part;
};

}  // namespace voipprobe::probe
