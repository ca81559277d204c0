// What records say, in natural types, before any joining: a call, a stream, a message, an interval. Empty
// means not measured. Times are microseconds since the epoch; durations keep the wire's unit, which the name
// states. Thread rule: value types.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "collector/session/peer.hpp"
#include "collector/session/record.hpp"
#include "wire/address.hpp"

namespace voipprobe::collector {

using Count = std::optional<std::uint64_t>;
using Real = std::optional<double>;
using RecordId = std::array<std::uint8_t, 16>;

inline constexpr RecordId kNoId{};

enum class Side : std::uint8_t { none = 0, caller = 1, callee = 2 };

struct CallFacts {
    RecordId record_id = kNoId;
    bool final = false;
    bool from_exporter = false;  // a call record was received (not only streams that name the call)
    std::uint64_t revision = 0;

    std::string signalling, transport, call_id, correlation_id, state;
    std::string caller, callee, caller_name, callee_name;
    wire::Endpoint caller_hop, callee_hop;      // source and destination of the first INVITE
    wire::Endpoint caller_media, callee_media;  // where each side receives, from SDP
    std::string user_agent_caller, user_agent_callee, codecs;
    std::string caller_asserted, request_uri, diverted_by, attestation;
    Count invite, trying, ringing, progress, ok, ack, cancel, bye, bye_ok, failure, last_media;
    Count response_code, reason_cause, retransmissions, hold_ns, media_flags, capture_loss;
    Side hangup_by = Side::none;
};

// CALL_MEDIA_FLAGS
inline constexpr std::uint64_t kCallerHears = 1, kCalleeHears = 2, kEncrypted = 4, kOnHoldAtEnd = 8, kImage = 16, kSharedMedia = 32;

struct StreamFacts {
    RecordId record_id = kNoId;
    RecordId call_record_id = kNoId;
    bool final = false;
    bool ntop_style = false;  // from nProbe's biflow: counters are sums of deltas
    bool of_interval = false;  // Cisco's: loss and jitter, too, are those of one interval
    std::uint64_t revision = 0;

    std::string call_id, codec;
    Side side = Side::none;
    Count match;  // STREAM_MATCH
    wire::Endpoint src, dst;
    Count vlan, tos, ssrc, payload_type, clock_rate, codec_mode, media;
    Count ptime_us, first_seq, last_seq, first_ts, last_ts, first_time, last_time;
    Count packets, octets, expected, lost, duplicates, reordered, sequence_resets;
    Count jitter_last_ns, jitter_mean_ns, jitter_median_ns, jitter_min_ns, jitter_max_ns, jitter_iqr_ns,
        jitter_std_dev_ns, jitter_p95_ns, jitter_p99_ns;
    Count max_delta_ns, max_gap_ns;
    Count discard_f60, discard_f200, discard_adaptive;
    Count bursts, burst_ns, gap_ns;
    Real burst_density, gap_density, burst_ratio, clock_skew_ppm;
    Count dtmf_events, rtt_ns, reported_jitter_ns, capture_loss;
    Real reported_loss_pct, reported_mos_lq, reported_mos_cq, mos_min_10s;
    std::string application;  // of media without an RTP header
    Count size_min, size_max, gap_std_dev_ns;
    Real size_std_dev;
    // nProbe's own verdict, used when there is nothing to score from.
    Real exporter_mos, exporter_r;

    bool is_audio() const { return !media || *media == 1; }
};

struct MessageFacts {
    RecordId record_id = kNoId;
    RecordId call_record_id = kNoId;
    Count time, kind, status, cseq, has_sdp;
    wire::Endpoint src, dst;
    std::string transport, method, call_id;
};

struct IntervalFacts {
    RecordId record_id = kNoId;
    RecordId stream_record_id = kNoId;
    StreamFacts figures;  // of the 10 seconds; first_time is the boundary
};

// [stream-detail]: what streams.csv has no column for. Units as in StreamFacts.
struct DetailFacts {
    RecordId record_id = kNoId;  // of the stream
    RecordId call_record_id = kNoId;
    bool final = false;
    Count reorder_distance, stray, gaps_over_150ms, outages, outage_ns;
    Count delay_median_ns, delay_p95_ns, delay_p99_ns, delay_max_ns, transit_deviation_ns;
    Count rtt_to_receiver_ns, rtt_to_sender_ns, rtt_count;
    Count reported_by, reported_rtt_ns, reported_end_delay_ns, lost_in_speech;
    Real reported_discard_pct, reported_burst_density, reported_gap_density, reported_r, speech_activity;
    std::string dtmf_digits, cname, tool;
};

CallFacts read_call(const Record& r);
StreamFacts read_stream(const Record& r);
MessageFacts read_message(const Record& r);
IntervalFacts read_interval(const Record& r);
DetailFacts read_detail(const Record& r);

// `"Alice" <sip:alice@example.org>` -> name and `sip:alice@example.org`; parameters of the URI are cut.
struct NameAddr {
    std::string name, uri;
};
NameAddr split_name_addr(std::string_view text);

// Largest minus smallest value of the jitter series.
Count jitter_range_ns(const StreamFacts& s);

// Helpers for the readers of both record styles.
wire::Endpoint read_endpoint(const Record& r, bool source);
RecordId read_id(const Record& r, templates::ElementId id);

}  // namespace voipprobe::collector
