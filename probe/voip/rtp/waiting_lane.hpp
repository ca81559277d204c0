// Where the packets of a stream that is known well wait to be measured together: a lane for each direction of
// a flow with media. A packet that is like the ones before it touches its lane and no more; the stream
// itself, a dozen cache lines, is fetched once for all that wait (MediaTracker::stream() measures them before
// anybody reads a figure). Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>

#include "wire/bytes.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

// What the measurement needs of a packet.
struct WaitingPacket {
    wire::TimeNs time;
    std::uint32_t timestamp;
    std::uint16_t sequence;
    std::uint16_t octets_and_marker;  // payload octets * 2 + marker

    static constexpr std::uint32_t kMostOctets = 0x7fff;
    std::uint32_t octets() const { return octets_and_marker >> 1; }
    bool marker() const { return (octets_and_marker & 1) != 0; }
};
static_assert(sizeof(WaitingPacket) == 16);

struct alignas(64) WaitingLane {
    static constexpr std::size_t kRoom = 14;

    wire::TimeNs until = wire::kNever;  // packets from here on do not wait; kNever: none does
    wire::TimeNs look_again =
        wire::kNever;          // nor from here on, when the media table is of another generation
    std::uint32_t stream = 0;  // whose packets, 0: nobody's
    std::uint32_t ssrc = 0;
    std::uint32_t generation = 0;  // of the media table when the stream was last looked up
    std::uint8_t payload_type = 0;
    std::uint8_t count = 0;
    std::uint8_t counted = 0;  // of them, those that the flow's counters hold already
    std::array<WaitingPacket, kRoom> packets;

    // The 12 octets of an RTP header without padding, extension and CSRC, `length` octets of UDP payload: may the packet
    // wait?
    bool takes(const std::uint8_t* rtp, std::uint32_t length, wire::TimeNs t, std::uint32_t now_generation) const {
        return (rtp[1] & 0x7f) == payload_type && wire::load_be32(rtp + 8) == ssrc && t < until &&
               (generation == now_generation || t < look_again) && length - 12 <= WaitingPacket::kMostOctets;
    }
    // After takes(). True: the lane is full and has to be measured before the next one.
    bool add(const std::uint8_t* rtp, std::uint32_t length, wire::TimeNs t) {
        packets.data()[count] = {t, wire::load_be32(rtp + 4), wire::load_be16(rtp + 2),
                          static_cast<std::uint16_t>((length - 12) << 1 | rtp[1] >> 7)};
        return ++count == kRoom;
    }
    void close() { until = wire::kNever; }
    // RTCP on the same port takes these for its packet types (RFC 5761 §4): such packets are looked at one by
    // one.
    static bool may_hold(std::uint8_t payload_type) { return payload_type < 64 || payload_type > 95; }
};
static_assert(sizeof(WaitingLane) == 256);

}  // namespace voipprobe::probe
