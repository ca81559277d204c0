// -P: the records as text files, one for each kind and minute of packet time:
//   DIR/2026/11/22/04_22-call.csv          csv: a header line, RFC 4180, text cells guarded against spreadsheets
//   DIR/2026/11/22/04_22-call.jsonl        json: one object a line, without what is absent
//   DIR/2026/11/22/04_22-call.flows        text: nProbe's, a header line, separated by | (--csv-separator)
// While it is written a file is called NAME.temp. The columns of a kind are those of all its templates, so that records
// with and without RTCP stand in one table. Times: packet time, UTC. Errors: a folder that cannot be written is an error of
// open(); later ones are reported once and their records counted. Thread rule: one thread.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/output_folder.hpp"
#include "templates/template_plan.hpp"
#include "wire/bytes.hpp"
#include "wire/result.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

enum class DumpStyle : std::uint8_t { csv, json, text };

struct DumpConfig {
    std::string directory;
    DumpStyle style = DumpStyle::csv;
    std::int64_t rotate = 60 * wire::kSecond;  // -F
    std::function<void(const std::string&)> warn;
    char separator = '|';  // of the text style
    bool nested = true;    // folders YEAR/MONTH/DAY; else DIR/2026_11_22_04_22-call.flows
};

class RecordDump {
  public:
    static Result<std::unique_ptr<RecordDump>> open(DumpConfig config, const std::vector<templates::PlannedTemplate>& plan);
    ~RecordDump();  // close()
    RecordDump(const RecordDump&) = delete;
    RecordDump& operator=(const RecordDump&) = delete;

    void record(std::size_t template_index, wire::Bytes packed, wire::TimeNs time);
    void close();
    std::uint64_t written() const { return written_; }
    std::uint64_t lost() const { return lost_; }

  private:
    // All templates of one kind.
    struct Table {
        std::string kind;
        std::vector<templates::ElementId> columns;
        std::FILE* file = nullptr;
        std::string name;  // below the folder, without .temp
        wire::TimeNs period = wire::kNever;  // that the open file began with
        std::vector<std::string> cells;      // of the record being written
    };
    struct Plan {
        templates::PlannedTemplate planned;
        std::size_t table = 0;
        std::vector<std::size_t> column;  // of each field
    };

    explicit RecordDump(DumpConfig config) : config_(std::move(config)), folder_(config_.directory) {}
    void add(const templates::PlannedTemplate& t);
    bool begin(Table& t, wire::TimeNs period);
    void finish(Table& t);
    std::string header(const Table& t) const;
    std::string line(Table& t, const Plan& plan, wire::Bytes packed) const;
    std::string rendered(const templates::Element& e, const wire::FieldLayout& f, wire::Bytes octets) const;
    void fail(const std::string& name);  // errno says why

    DumpConfig config_;
    sandbox::OutputFolder folder_;
    std::vector<Table> tables_;
    std::vector<Plan> plans_;
    std::uint64_t written_ = 0;
    std::uint64_t lost_ = 0;
    bool warned_ = false;
};

}  // namespace voipprobe::probe
