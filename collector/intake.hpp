// Between decoder and joiner. Over streams an exporter may send its last records again after a break: copies of what was
// written already are left out here by RECORD_ID, also across a restart of the collector, which reads the ids of the
// rows it finds (the joiner does the same for calls and streams). Bounds: kRemembered ids, oldest first out.
// Thread rule: one thread.
#pragma once

#include <deque>
#include <filesystem>
#include <functional>
#include <unordered_set>
#include <vector>

#include "collector/join/open_call.hpp"
#include "collector/session/decoder.hpp"

namespace voipprobe::collector {

// Ids of the rows in a folder of CSV files: those being written, and those finished within the last minutes.
struct WrittenIds {
    std::vector<CallKey> joined;       // calls, and streams whose call's row is there too
    std::vector<CallKey> stream_rows;  // streams whose call was still open
    std::vector<RecordId> others;  // flows, messages, intervals, details: these files do not say whose
};
WrittenIds read_written_ids(const std::filesystem::path& folder);

class Intake final : public RecordConsumer {
  public:
    static constexpr std::size_t kRemembered = 262'144;

    // `data` and `options` see every record that is no copy, before it goes on.
    Intake(RecordConsumer& next, std::function<void(const Record&)> data, std::function<void(const Record&)> options);
    void on_message(ProbeId probe, wire::TimeNs export_time) override { next_.on_message(probe, export_time); }
    void on_record(const Record& record, RecordKind kind) override;

    // The next messages come over a stream, where copies are expected.
    void set_stream(bool stream) { stream_ = stream; }
    void remember_earlier(const RecordId& id) { keep({{}, id}); }
    std::uint64_t copies() const { return copies_; }

  private:
    bool is_copy(const Record& record, RecordKind kind);
    void keep(const CallKey& key);

    RecordConsumer& next_;
    std::function<void(const Record&)> data_, options_;
    std::unordered_set<CallKey, CallKeyHash> known_;
    std::deque<CallKey> by_age_;
    bool stream_ = false;
    std::uint64_t copies_ = 0;
};

}  // namespace voipprobe::collector
