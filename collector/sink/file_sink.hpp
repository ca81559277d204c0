// Rows as lines in files of one directory: calls, streams, messages, intervals, stream-details, users, and flows.* and
// options.* with one file per
// column set (flows, flows-2, ...; at most kMaxFlowFiles, further rows are counted as dropped). calls and
// streams exist even when nothing came. Thread rule: one thread. File names never derive from the network.
#pragma once

#include <filesystem>
#include <map>
#include <unordered_map>
#include <vector>

#include "collector/sink/line_format.hpp"
#include "collector/sink/part_file.hpp"
#include "collector/sink/sink.hpp"

namespace voipprobe::collector {

inline constexpr std::size_t kMaxFlowFiles = 64;

class FileSink final : public Sink {
  public:
    FileSink(std::string kind, std::filesystem::path directory, std::unique_ptr<LineFormat> format,
             RotationOptions rotation, bool explain_column = false, bool formula_guard = true);

    Result<void> open() override;
    void call(const CallRow& row) override;
    void stream(const StreamRow& row) override;
    void message(const MessageRow& row) override;
    void interval(const IntervalRow& row) override;
    void detail(const DetailRow& row) override;
    void user(const UserRow& row) override;
    void flow(const Record& record) override { write_by_layout(flows_, record); }
    void options(const Record& record) override { write_by_layout(options_, record); }
    void flush() override;
    void set_rotation(const RotationOptions& options) override { rotation_ = options; }
    void rotate(std::chrono::system_clock::time_point now) override;
    Result<void> close() override;
    std::uint64_t dropped_rows() const override;
    std::string name() const override { return kind_ + ":" + directory_.string(); }

  private:
    struct FlowFile {
        std::unique_ptr<PartFile> file;
        std::vector<std::string> names;
    };

    std::unique_ptr<PartFile> make_file(const std::string& name, std::span<const std::string> columns) const;
    PartFile& lazily(std::unique_ptr<PartFile>& file, const std::string& name,
                     std::vector<std::string> columns);
    // Files of one name, one for each column set: flows.csv, flows-2.csv ...
    struct Family {
        std::string name;
        std::vector<FlowFile> files;
        std::map<std::vector<std::string>, std::size_t> by_columns;
        std::unordered_map<std::uint64_t, std::size_t> by_template;  // CompiledTemplate::serial
    };
    FlowFile* file_for(Family& family, const CompiledTemplate& layout);
    void write_by_layout(Family& family, const Record& record);
    template <typename F>
    void each_file(F&& f);

    std::string kind_;
    std::filesystem::path directory_;
    std::unique_ptr<LineFormat> format_;
    RotationOptions rotation_;
    bool explain_column_;
    std::unique_ptr<PartFile> calls_, streams_, messages_, intervals_, details_, users_;
    Family flows_{"flows", {}, {}, {}};
    Family options_{"options", {}, {}, {}};
    std::uint64_t flow_rows_dropped_ = 0;
    std::uint64_t dropped_before_ = 0;  // of files already closed
    std::string line_;
    const bool is_csv_, formula_guard_;
};

}  // namespace voipprobe::collector
