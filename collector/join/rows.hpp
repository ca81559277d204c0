// Finished rows, as every sink writes them (docs/usage.md, "CSV"). Rows are values: a sink may keep them.
// Thread rule: value types.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "collector/join/facts.hpp"
#include "collector/join/scoring.hpp"

namespace voipprobe::collector {

struct StreamRow {
    ProbeId probe;
    StreamFacts facts;
    Score score;
};

// What one side of a call hears.
struct HeardRow {
    std::uint64_t streams = 0;  // audio streams towards this side
    wire::Endpoint media;
    std::optional<double> post_answer_delay_ms;
    Count packets, expected, lost, duplicates, reordered;  // of the main stream's 5-tuple
    StreamFacts main;                                      // empty when streams == 0
    Score score;
};

struct CallRow {
    ProbeId probe;
    CallFacts facts;
    std::optional<double> post_dial_delay_ms, ring_ms, setup_ms, duration_ms;
    HeardRow caller, callee;
    std::optional<double> mos, mos_common;
    std::string mos_scale, verdict, evidence;
    Count capture_loss;
    std::string explanation;  // filled with ScoringOptions::explain_rows
};

struct MessageRow {
    ProbeId probe;
    MessageFacts facts;
};

struct IntervalRow {
    ProbeId probe;
    IntervalFacts facts;
    Score score;
};

struct DetailRow {
    ProbeId probe;
    DetailFacts facts;
};

// A user at an address within a day (join/users.hpp).
struct UserRow {
    ProbeId probe;
    RecordId record_id = kNoId;
    wire::IpAddress address;
    std::string user, name, user_agent, signalling;
    Count first_seen, last_seen;  // us
    std::uint64_t registrations = 0;  // flow records in which it registered
    std::uint64_t calls = 0, calls_from = 0, calls_to = 0, answered = 0;
    std::optional<double> mos_mean, mos_worst;  // listening, of what it heard, per call
    std::string mos_scale;
    std::optional<double> mos_common_mean, mos_common_worst;
};

// Receives rows; implemented by the sinks.
class RowConsumer {
  public:
    virtual ~RowConsumer() = default;
    virtual void call(const CallRow& row) = 0;
    virtual void stream(const StreamRow& row) = 0;
    virtual void message(const MessageRow& row) = 0;
    virtual void interval(const IntervalRow& row) = 0;
    virtual void detail(const DetailRow& row) = 0;
    virtual void user(const UserRow& row) {}
    virtual void flow(const Record& record) = 0;  // valid during the call only
};

}  // namespace voipprobe::collector
