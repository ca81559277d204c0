// Rows into an SQLite database: tables calls, streams, messages, intervals, stream_details, users, and flows,
// options with one table for each column set (flows_2 ...), with the columns of the CSV files. A row whose
// record_id is there already takes its place, so that what is delivered twice is stored once. Numbers are
// INTEGER and REAL, times ISO 8601 text, what was not measured NULL. Rows are visible when flush() commits
// them, about once a second. A table of an older release gets the columns that it has not. Thread rule: one
// thread. Errors: open() and close() report; rows that were not stored are counted.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "collector/sink/columns.hpp"
#include "collector/sink/sink.hpp"

namespace voipprobe::collector {

class SqliteSink final : public Sink {
  public:
    static constexpr std::size_t kMostTables = 64;  // of flows, of options

    SqliteSink(std::string path, bool explain_column);
    ~SqliteSink() override;

    Result<void> open() override;
    void call(const CallRow& row) override;
    void stream(const StreamRow& row) override;
    void message(const MessageRow& row) override;
    void interval(const IntervalRow& row) override;
    void detail(const DetailRow& row) override;
    void user(const UserRow& row) override;
    void flow(const Record& record) override { by_layout(flows_, record); }
    void options(const Record& record) override { by_layout(options_, record); }
    void flush() override;
    Result<void> close() override;
    std::uint64_t dropped_rows() const override { return dropped_; }
    std::string name() const override { return "sqlite:" + path_; }

  private:
    class Database;
    class Table;
    struct Family {
        std::string name;
        std::vector<std::unique_ptr<Table>> tables;
        std::map<std::vector<std::string>, std::size_t> by_columns;
        std::unordered_map<std::uint64_t, std::size_t> by_template;  // CompiledTemplate::serial
    };
    template <typename Row>
    void write(std::unique_ptr<Table>& table, const char* name, const Columns<Row>& columns, const Row& row);
    void by_layout(Family& family, const Record& record);
    void failed(const std::string& why);

    std::string path_;
    bool explain_column_;
    std::unique_ptr<Database> db_;
    std::unique_ptr<Table> calls_, streams_, messages_, intervals_, details_, users_;
    Family flows_, options_;
    std::uint64_t dropped_ = 0;
    std::string error_;  // the first
};

// nullptr: built without SQLite.
std::unique_ptr<Sink> make_sqlite_sink(std::string path, bool explain_column);

}  // namespace voipprobe::collector
