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
    bool fragment = false;        // not the whole datagram; ports are 0 unless it is the first
    bool truncated = false;       // the snaplen or a mirror cut the payload
    std::uint16_t vlan = 0;       // innermost VLAN id, 0 = none
    std::uint16_t outer_vlan = 0; // outermost VLAN id when there are two
    std::uint32_t ip_length = 0;  // IP total length: what flow octets count
    std::uint32_t payload_length = 0;  // transport payload by the headers; payload.size() when not truncated
    std::uint32_t tcp_sequence = 0;
    wire::Bytes payload;          // captured transport payload
};

}  // namespace voipprobe::probe
