// A packet and what can be known of it before its turn: Pipeline::prepare() fills it on any thread, Pipeline::process()
// takes it in the order of capture.
#pragma once

#include <array>

#include "probe/capture/packet.hpp"
#include "probe/decode/packet_view.hpp"
#include "probe/flow/duplicate_filter.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/voip/rtp/lane_index.hpp"
#include "wire/prefetch.hpp"

namespace voipprobe::probe {

// One line of the cache: all that is needed of a packet of known media, most packets of a VoIP link. With --workers it is
// all of them that goes from one core to another, so it holds the RTP header itself.
struct alignas(64) PreparedPacket {
    wire::TimeNs time;
    const std::uint8_t* octets;  // captured
    std::uint32_t captured;
    std::uint32_t wire_length;
    // Filled when it may be RTP of known media (PlainRtp); else a DecodedPacket is.
    LaneKey lane_key;
    DuplicateFilter::Mark mark;
    std::array<std::uint8_t, 12> rtp;
    std::uint16_t payload_length;  // of UDP
    bool shortcut;
    bool truncated;

    RawPacket raw() const { return {time, wire::Bytes(octets, captured), wire_length, 1}; }  // of a shortcut: Ethernet
};
static_assert(sizeof(PreparedPacket) == 64);

// Of the others, and of those when they take the long way.
struct DecodedPacket {
    bool plain = true;    // the view's rarer fields are as new
    bool known = false;   // key and mark are filled
    DropReason drop = DropReason::none;
    FlowIndex guess = 0;  // where its flow may be
    FlowTable::Key key;
    DuplicateFilter::Mark mark = 0;
    PacketView view;      // its payload points into the captured octets
};

inline void prefetch(const DecodedPacket& p) {
    for (std::size_t at = 0; at < sizeof p; at += 64) wire::prefetch(reinterpret_cast<const char*>(&p) + at);
}

}  // namespace voipprobe::probe
