// Ids for what came without one: a call by its Call-ID, a stream by its path and SSRC. Always the same for
// the same facts, so that sinks can de-duplicate (docs/metrics.md, "record_id"). Thread rule: pure functions.
#pragma once

#include "collector/join/facts.hpp"

namespace voipprobe::collector {

RecordId id_of_call_id(const std::string& call_id);
// Path and SSRC; with `with_time` also the first packet's time.
RecordId id_of_stream(const StreamFacts& s, bool with_time);
// The two endpoints in either order: both directions of a media session have it.
RecordId id_of_pair(const StreamFacts& s);
// For a row: the domain and what identifies the call.
RecordId row_id(const ProbeId& probe, std::string_view kind, const RecordId& subject,
                std::uint64_t first_time);

}  // namespace voipprobe::collector
