// RFC 6035 quality reports (application/vq-rtcpxr, in PUBLISH or NOTIFY): what an end says about the media it received
// (LocalMetrics) and what it was told about the media it sent (RemoteMetrics). Pure: text to views and numbers.
// Figures out of their range, and R 127 and MOS 12.7 (unavailable), are absent. Units: see SessionReport.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "probe/voip/rtp/reported.hpp"
#include "wire/address.hpp"

namespace voipprobe::probe {

enum class VqKind : std::uint8_t { session, interval, alert };

struct VqEnd {  // LocalAddr, RemoteAddr
    wire::Endpoint endpoint;             // unspecified when not given
    std::optional<std::uint32_t> ssrc;   // of what this end sends
};

struct VqReport {
    VqKind kind = VqKind::session;
    std::string_view call_id;  // of the call that it describes
    VqEnd local, remote;
    std::optional<SessionReport> heard_by_local;   // LocalMetrics: the stream from remote to local
    std::optional<SessionReport> heard_by_remote;  // RemoteMetrics: the stream from local to remote
};

// False: not such a report, or one without CallID.
bool parse_vq_report(std::string_view body, VqReport& out);
bool is_vq_report(std::string_view content_type);

}  // namespace voipprobe::probe
