// Joins what exporters say about one call into one row: call records with the stream records that name them,
// or nProbe's sip and rtp records by Call-ID, or two RTP streams that no signalling explains (MEDIA_ONLY).
//
// Rules (docs/metrics.md): a snapshot is superseded by a higher RECORD_REVISION; a call row is written when
// the call and its streams are final, else 5 s of export time after the call's final record, else at finish()
// or when the table is full; a stream row when the stream is final. A row never changes once written. Time is
// export time of the probe's own messages. Bounds: JoinLimits, each with a counter. Thread rule: one thread.
// Errors: none; counters() conserves: every record received is in exactly one of rows, superseded, options,
// stats, rejected, or still open.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "collector/join/applications.hpp"
#include "collector/join/open_call.hpp"
#include "collector/join/rows.hpp"
#include "collector/join/sip_performance.hpp"
#include "collector/join/users.hpp"
#include "collector/join/verdict.hpp"
#include "collector/session/decoder.hpp"
#include "collector/session/lru.hpp"

namespace voipprobe::collector {

struct JoinLimits {
    std::size_t open_calls = 65536;
    std::size_t streams_per_call = 256;
    std::size_t users = 131072;       // addresses with their users
    std::size_t paths = 131072;       // with an application
    std::size_t remembered = 131072;  // ids of written calls and streams
};

struct JoinOptions {
    ScoringOptions scoring;
    VerdictLimits verdict;
    JoinLimits limits;
};

struct JoinCounters {
    std::uint64_t records = 0;
    std::uint64_t call_rows = 0, stream_rows = 0, message_rows = 0, interval_rows = 0, detail_rows = 0, flow_rows = 0;
    std::uint64_t superseded = 0;           // snapshots and repeats
    std::uint64_t options = 0, stats = 0;   // records without rows
    std::uint64_t no_identity = 0;          // rejected: neither RECORD_ID nor what could make one
    std::uint64_t too_many_streams = 0;     // rejected: more streams than a call may have
    std::uint64_t derived_call_rows = 0;    // rows made without a call record: MEDIA_ONLY, streams only
    std::uint64_t derived_stream_rows = 0;  // rows made from biflows, which have flow rows of their own
    std::uint64_t dialogs_folded = 0;       // nProbe sip records in call rows; they have flow rows too
    std::uint64_t evicted_calls = 0;
    std::uint64_t late_streams = 0;  // came after their call's row
};

class Joiner : public RecordConsumer {
  public:
    Joiner(JoinOptions options, RowConsumer& rows);

    // For rows written from now on.
    void reconfigure(const ScoringOptions& scoring, const VerdictLimits& verdict) {
        options_.scoring = scoring;
        options_.verdict = verdict;
    }

    void on_message(ProbeId probe, wire::TimeNs export_time) override;
    void on_record(const Record& record, RecordKind kind) override;
    // The row of this call or stream was written by an earlier run: records about it are repeats.
    void already_written(const CallKey& key) { remember(key.probe, key.id); }
    // An earlier run wrote this stream's row, but not its call's: the stream is joined again, its row is not written again.
    void stream_row_written(const CallKey& key) { rows_before_.insert(key); }
    // Writes everything that is open, oldest call first.
    void finish();

    const JoinCounters& counters() const { return counters_; }
    std::size_t open_calls() const { return calls_.size(); }
    const UserTable& users() const { return users_; }
    const SipPerformance& performance() const { return performance_; }

  private:
    using Calls = std::unordered_map<CallKey, OpenCall, CallKeyHash>;

    void call_record(const Record& record);
    void ntop_call_record(const Record& record);
    void stream_record(const Record& record);
    void ntop_stream_record(const Record& record);

    // The table (joiner_table.cpp).
    CallKey key_for(ProbeId probe, const StreamFacts& s) const;
    OpenCall* find(const CallKey& key);
    OpenCall& open(const CallKey& key);
    OpenCall& rekey(OpenCall& call, const CallKey& key);
    void index_call_id(const OpenCall& call);
    // Takes the stream out of the call it was thought to belong to, when that was another one.
    std::optional<StreamFacts> leave_previous(const CallKey& stream, const CallKey& now);
    OpenCall& home_of(const StreamFacts& s, const CallKey& key);
    void erase(const CallKey& key);
    void remember(ProbeId probe, const RecordId& id);

    // When rows are due, and writing them (joiner_rows.cpp).
    bool complete(const OpenCall& call) const;
    void reconsider(OpenCall& call, bool call_record_came);
    void set_due(OpenCall& call, wire::TimeNs due);
    void clear_due(OpenCall& call);
    void fire_due();
    void write_call(OpenCall& call);
    void write_stream(OpenCall& call, OpenStream& stream);
    void settle(const CallKey& key);  // the call row is due; streams of our own probe may go on
    void close(const CallKey& key);   // writes what is open of it and forgets it
    RecordId row_id_of(const OpenCall& call) const;

    bool is_remembered(const CallKey& key) { return remembered_.find(key) != nullptr; }

    JoinOptions options_;
    RowConsumer& rows_;
    JoinCounters counters_;
    Calls calls_;
    std::list<CallKey> by_age_;                                      // least recently heard of first
    std::unordered_map<CallKey, CallKey, CallKeyHash> call_ids_;     // hash of the Call-ID -> call
    std::unordered_map<CallKey, CallKey, CallKeyHash> stream_home_;  // open stream -> its call
    std::set<std::tuple<ProbeId, wire::TimeNs, std::uint64_t, CallKey>> due_;
    std::uint64_t due_serial_ = 0;
    SegmentedLru<CallKey, char, CallKeyHash> remembered_;
    std::set<CallKey> rows_before_;  // of streams, by an earlier run
    Applications applications_;
    UserTable users_;
    SipPerformance performance_;
    ProbeId probe_;         // of the message being read
    wire::TimeNs now_ = 0;  // its export time
};

}  // namespace voipprobe::collector
