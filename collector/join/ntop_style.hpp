// Records of a real nProbe (or of our probe under nProbe's templates): a SIP dialog record as CallFacts, a
// media biflow as up to two StreamFacts (IN is src->dst of the record's own addresses, OUT the other way).
// Units are nProbe's: jitter us, max delta 10 us, MOS and R times 100, RTT ms. Thread rule: pure functions.
#pragma once

#include <vector>

#include "collector/join/facts.hpp"

namespace voipprobe::collector {

CallFacts read_ntop_call(const Record& r);
std::vector<StreamFacts> read_ntop_streams(const Record& r);

// Flow records of one stream carry deltas of the packet counters and cumulative RTP figures.
void merge_ntop_stream(StreamFacts& into, const StreamFacts& next);
// Later records of a dialog complete earlier ones.
void merge_ntop_call(CallFacts& into, const CallFacts& next);

}  // namespace voipprobe::collector
