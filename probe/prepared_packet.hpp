// A packet and what can be known of it before its turn: Pipeline::prepare() fills it on any thread, Pipeline::process()
// takes it in the order of capture.
#pragma once

#include "probe/decode/packet_view.hpp"
#include "probe/flow/duplicate_filter.hpp"
#include "probe/flow/flow_table.hpp"

namespace voipprobe::probe {

struct PreparedPacket {
    PacketView view;  // its payload points into the captured octets
    DropReason drop = DropReason::none;
    bool plain = true;  // the view's rarer fields are as new
    bool known = false; // key and mark are filled
    FlowIndex guess = 0;  // where its flow may be
    FlowTable::Key key;
    DuplicateFilter::Mark mark = 0;
};

}  // namespace voipprobe::probe
