// A packet and what can be known of it before its turn: Pipeline::prepare() fills it on any thread, Pipeline::process()
// takes it in the order of capture.
#pragma once

#include "probe/capture/packet.hpp"
#include "probe/decode/packet_view.hpp"
#include "probe/flow/duplicate_filter.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/voip/rtp/lane_index.hpp"

namespace voipprobe::probe {

struct PreparedPacket {
    // Of what may be RTP of known media (PlainRtp) only these are filled: most packets of a VoIP link need no more.
    bool shortcut = false;
    bool whole = false;      // the rest is filled, too
    std::uint32_t lane = 0;  // where it may wait
    LaneKey lane_key;
    RawPacket raw;
    DuplicateFilter::Mark mark = 0;

    // Of the others, and of those when they take the long way.
    bool plain = true;    // the view's rarer fields are as new
    bool known = false;   // key and mark are filled
    DropReason drop = DropReason::none;
    FlowIndex guess = 0;  // where its flow may be
    FlowTable::Key key;
    PacketView view;      // its payload points into the captured octets
};

}  // namespace voipprobe::probe
