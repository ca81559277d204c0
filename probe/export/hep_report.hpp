// Calls and streams as HEP reports, so that Homer shows what it does not measure itself.
//   stream   HEP type 34 (RTP report): one JSON object with the names of captagent's rtpagent, which Homer reads (DELTA, JITTER,
//            MOS, PACKET_LOSS, RFACTOR, SKEW, TOTAL_PK ...), addresses and ports of the stream, correlation id = Call-ID
//   call     HEP type 100 (log): one JSON object, addresses of the first INVITE, correlation id = Call-ID
// What was not measured is not there. Thread rule: pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probe/record/privacy.hpp"
#include "probe/record/record_source.hpp"

namespace voipprobe::probe {

// Appends a HEP message for a call or stream record; false for other kinds, snapshots, and streams of no call.
bool hep_report(const RecordSource& s, std::uint32_t agent, Privacy& privacy, std::vector<std::uint8_t>& out);
// The JSON alone.
std::optional<std::string> hep_report_json(const RecordSource& s, Privacy& privacy);

}  // namespace voipprobe::probe
