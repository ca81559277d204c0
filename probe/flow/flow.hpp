// One biflow: the hot part (one cache line, touched by every packet) and the cold part (touched at the start, at
// records, and for IPv6). "Source" is who sent the flow's first packet; direction 0 is source -> destination (IN).
#pragma once

#include <array>
#include <cstdint>

#include "wire/address.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

using FlowIndex = std::uint32_t;  // 0 = none
using Tick = std::uint32_t;       // 10 ms since the table's first packet

enum class FlowKind : std::uint8_t {
    fresh,  // nothing known yet; UDP packets are looked at for SIP and RTP
    media,  // has RTP state
    sip,    // carried a SIP message
    signalling,  // carried a message of another telephone protocol
    other   // the RTP heuristic gave up; only the cheap SIP test goes on
};

enum FlowFlag : std::uint8_t {
    kSourceIsB = 1,   // the source is the larger of the two endpoints
    kEnded = 2,       // TCP FIN both ways or RST
    kFinForward = 4,  // FIN seen src->dst
    kFinBackward = 8
};

// Reasons of IANA flowEndReason (RFC 5102 §5.11.3).
enum class EndReason : std::uint8_t { idle = 1, active = 2, end_detected = 3, forced = 4, lack_of_resources = 5 };

struct alignas(64) FlowHot {
    std::uint64_t key0 = 0;  // IPv4: both addresses; IPv6: keyed digest of the whole key (addresses in the cold part)
    std::uint64_t key1 = 0;  // ports, protocol, version, zone
    std::array<std::uint64_t, 2> octets{};   // since the last record, per direction
    std::array<std::uint32_t, 2> packets{};  // since the last record, per direction
    std::int64_t last_us = 0;
    Tick due = 0;               // when timeouts must be looked at
    FlowIndex next = 0;         // timer wheel or free list
    std::uint32_t media = 0;    // media slab index, 0 = none
    FlowKind kind = FlowKind::fresh;
    std::uint8_t flags = 0;
    std::array<std::uint8_t, 2> tcp_flags{};
};
static_assert(sizeof(FlowHot) == 64);

struct FlowCold {
    wire::IpAddress a;  // the smaller endpoint's address (IPv4 too: records need it)
    wire::IpAddress b;
    std::int64_t start_us = 0;        // first packet of the flow
    std::int64_t delta_start_us = 0;  // first packet since the last record, 0 = none
    std::uint32_t id = 0;             // serial number
    std::uint32_t tunnel = 0;         // of its first packet: number in the table of tunnels, 0 = none
    std::uint32_t sip_tcp = 0;        // TCP: number of its SIP stream state, 0 = none
    std::array<std::uint16_t, 2> first_data{};  // TCP: low half of the sequence number after SYN, per direction
    std::uint16_t vlan = 0;
    std::uint16_t outer_vlan = 0;
    std::uint16_t min_length = 0;
    std::uint16_t max_length = 0;
    std::array<std::uint8_t, 2> tos{};
    std::uint8_t min_ttl = 0;
    std::uint8_t max_ttl = 0;
    std::uint8_t strikes = 0;  // packets that spoke against RTP
    std::uint16_t application = kNotLookedAt;  // --dpi: nDPI's number, 0 unknown
    static constexpr std::uint16_t kNotLookedAt = 0xffff;
};
static_assert(sizeof(FlowCold) <= 80);

}  // namespace voipprobe::probe
