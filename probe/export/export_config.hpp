// What the exporter is told and what it counted. Thread rule: values.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "config/tls_context.hpp"
#include "probe/export/destination.hpp"
#include "templates/record_kind.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

enum class Dispatch : std::uint8_t {
    all,          // every destination gets every record (of its kinds)
    round_robin,  // record by record in turn
    hash_call     // by the call a record belongs to, so that one collector sees whole calls
};

struct ExportConfig {
    std::vector<Destination> destinations;
    Dispatch dispatch = Dispatch::all;
    std::uint8_t version = 10;            // 9 or 10
    std::uint32_t domain = 1;             // options data go into domain 0
    std::size_t max_message = 1400;       // octets of a message
    std::uint32_t template_every = 10;    // messages between two template refreshes (UDP only); 0: by time only
    wire::TimeNs template_interval = 60 * wire::kSecond;  // of export time
    wire::TimeNs queue_wait = 0;          // a message leaves this long after its first record; 0: at every tick
    bool live = false;                    // true: a full queue drops; false: submit() waits
    std::size_t queue_octets = 8 << 20;   // packed records between the two threads
    std::uint32_t messages_per_second = 0;  // token bucket for UDP; 0: none
    std::uint32_t burst = 32;
    std::chrono::milliseconds delay{0};   // -e
    std::uint32_t delay_every = 1;        // -B: messages before each delay
    bool options = true;                  // exporter statistics and type information as options data
    wire::TimeNs statistics_interval = 60 * wire::kSecond;  // of export time
    wire::TimeNs types_interval = 600 * wire::kSecond;      // over UDP
    std::string source_address;           // ADDRESS[:PORT]
    std::chrono::seconds reconnect{60};   // streams: least time between two attempts
    std::size_t spool_octets = 256U << 20;  // streams: records that wait
    std::size_t resend_octets = 8U << 20;   // streams with resend=on: more than both sockets' buffers hold
    std::chrono::seconds linger{95};      // streams: how long finish() waits for the collector
    config::TlsFiles tls;
    // Called from the export thread, at most once a minute for each destination and error.
    std::function<void(const std::string&)> warn;
};

inline constexpr std::uint32_t kFilePace = 20'000;  // messages per second when reading files

struct ExportStats {
    std::uint64_t submitted = 0;         // records
    std::uint64_t dropped = 0;           // records that found the queue full (live only)
    std::uint64_t messages = 0;          // sent, all destinations
    std::uint64_t template_messages = 0;  // of these with templates only
    std::uint64_t octets = 0;
    std::array<std::uint64_t, templates::kRecordKinds + 1> records{};  // sent, by RecordKind
    std::uint64_t records_sent = 0;
    std::uint64_t records_lost = 0;      // in messages that could not be sent, or that fit no message
    std::uint64_t send_errors = 0;       // messages
    std::uint64_t refusals = 0;          // ICMP: messages that were sent and found nobody (at least so many)
    std::uint64_t records_resent = 0;    // sent before, sent again to a new connection
    std::uint64_t connections = 0;       // streams
    std::uint64_t options_records = 0;   // exporter statistics and type information
    std::uint64_t shortened = 0;         // strings cut because a record did not fit a message
    std::string last_error;
};

}  // namespace voipprobe::probe
