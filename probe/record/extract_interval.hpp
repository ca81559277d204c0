// Extractors of interval records: the deltas of 10 seconds of a stream.
#pragma once

#include "probe/record/extract_rtp.hpp"

namespace voipprobe::probe {

#define INTERVAL_FIELD(NAME, expression) \
    EXTRACT(NAME) { return s.interval == nullptr ? Value{} : Value(expression); }

EXTRACT(STREAM_RECORD_ID) {
    return s.stream == nullptr ? Value{} : kept_id(s, 2, stream_id(*s.context, s.src, s.dst, *s.stream, s.zone_key));
}
INTERVAL_FIELD(INTERVAL_START, number(static_cast<std::uint64_t>(s.interval->start / wire::kMicrosecond)))
INTERVAL_FIELD(INTERVAL_PACKETS, number(s.interval->packets))
INTERVAL_FIELD(INTERVAL_EXPECTED, number(s.interval->expected))
INTERVAL_FIELD(INTERVAL_LOST, number(s.interval->lost))
INTERVAL_FIELD(INTERVAL_DISCARD, s.stream->has_jitter() ? number(s.interval->discarded) : Value{})
INTERVAL_FIELD(INTERVAL_JITTER_MEAN, s.interval->jitter_n == 0 ? Value{} : number(static_cast<std::uint64_t>(s.interval->jitter_mean + 0.5)))
INTERVAL_FIELD(INTERVAL_JITTER_MAX, s.interval->jitter_n == 0 ? Value{} : number(static_cast<std::uint64_t>(s.interval->jitter_max + 0.5)))

}  // namespace voipprobe::probe
