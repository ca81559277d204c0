#include "collector/sink/file_sink.hpp"

#include "collector/sink/columns.hpp"
#include "collector/sink/flow_csv.hpp"

namespace voipprobe::collector {
namespace {

constexpr std::size_t kMaxCachedTemplates = 4096;

template <typename Row>
std::vector<std::string> names_of(const Columns<Row>& columns) {
    std::vector<std::string> out;
    for (const auto& c : columns) out.push_back(c.name);
    return out;
}

template <typename Row>
void format_row(std::string& line, const LineFormat& format, const Columns<Row>& columns, const Row& row) {
    line.clear();
    format.begin(line);
    bool first = true;
    for (const auto& column : columns) {
        format.cell(line, column.name, column.cell(row), first);
        first = false;
    }
    format.end(line);
}

}  // namespace

FileSink::FileSink(std::string kind, std::filesystem::path directory, std::unique_ptr<LineFormat> format,
                   RotationOptions rotation, bool explain_column, bool formula_guard)
    : kind_(std::move(kind)),
      directory_(std::move(directory)),
      format_(std::move(format)),
      rotation_(rotation),
      explain_column_(explain_column),
      is_csv_(kind_ == "csv"),
      formula_guard_(formula_guard) {}

std::unique_ptr<PartFile> FileSink::make_file(const std::string& name,
                                              std::span<const std::string> columns) const {
    return std::make_unique<PartFile>(directory_, name, format_->extension(), format_->header(columns));
}

PartFile& FileSink::lazily(std::unique_ptr<PartFile>& file, const std::string& name,
                           std::vector<std::string> columns) {
    if (!file) file = make_file(name, columns);
    return *file;
}

Result<void> FileSink::open() {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error)
        return fail(ExitCode::failure,
                    "cannot make the directory " + directory_.string() + ": " + error.message());
    calls_ = make_file("calls", names_of(call_columns(explain_column_)));
    streams_ = make_file("streams", names_of(stream_columns()));
    if (auto opened = calls_->open(); !opened) return opened;
    return streams_->open();
}

void FileSink::call(const CallRow& row) {
    format_row(line_, *format_, call_columns(explain_column_), row);
    calls_->append(line_);
}

void FileSink::stream(const StreamRow& row) {
    format_row(line_, *format_, stream_columns(), row);
    streams_->append(line_);
}

void FileSink::message(const MessageRow& row) {
    format_row(line_, *format_, message_columns(), row);
    lazily(messages_, "messages", names_of(message_columns())).append(line_);
}

void FileSink::interval(const IntervalRow& row) {
    format_row(line_, *format_, interval_columns(), row);
    lazily(intervals_, "intervals", names_of(interval_columns())).append(line_);
}

void FileSink::detail(const DetailRow& row) {
    format_row(line_, *format_, detail_columns(), row);
    lazily(details_, "stream-details", names_of(detail_columns())).append(line_);
}

void FileSink::user(const UserRow& row) {
    format_row(line_, *format_, user_columns(), row);
    lazily(users_, "users", names_of(user_columns())).append(line_);
}

FileSink::FlowFile* FileSink::file_for(Family& family, const CompiledTemplate& layout) {
    if (const auto cached = family.by_template.find(layout.serial); cached != family.by_template.end())
        return &family.files[cached->second];
    std::vector<std::string> names = layout.names();
    auto known = family.by_columns.find(names);
    if (known == family.by_columns.end()) {
        if (family.files.size() == kMaxFlowFiles) return nullptr;
        const std::string number = family.files.empty() ? "" : "-" + std::to_string(family.files.size() + 1);
        family.files.push_back({make_file(family.name + number, names), names});
        known = family.by_columns.emplace(std::move(names), family.files.size() - 1).first;
    }
    if (family.by_template.size() >= kMaxCachedTemplates) family.by_template.clear();
    family.by_template[layout.serial] = known->second;
    return &family.files[known->second];
}

void FileSink::write_by_layout(Family& family, const Record& record) {
    FlowFile* target = file_for(family, record.layout());
    if (target == nullptr) {
        ++flow_rows_dropped_;
        return;
    }
    line_.clear();
    if (is_csv_) {
        append_flow_csv(line_, record, formula_guard_);
    } else {
        format_->begin(line_);
        for (std::size_t i = 0; i < target->names.size(); ++i)
            format_->cell(line_, target->names[i], flow_cell(record, i), i == 0);
        format_->end(line_);
    }
    target->file->append(line_);
}

template <typename F>
void FileSink::each_file(F&& f) {
    for (PartFile* file : {calls_.get(), streams_.get(), messages_.get(), intervals_.get(), details_.get(), users_.get()})
        if (file != nullptr) f(*file);
    for (Family* family : {&flows_, &options_})
        for (FlowFile& flow : family->files) f(*flow.file);
}

void FileSink::flush() {
    each_file([](PartFile& f) { f.flush(); });
}

void FileSink::rotate(std::chrono::system_clock::time_point now) {
    if (!rotation_.any()) return;
    each_file([&](PartFile& f) {
        if (!f.has_rows() || !f.is_open()) return;
        const bool by_size = rotation_.octets > 0 && f.size() >= rotation_.octets;
        const auto period = [&](std::chrono::system_clock::time_point t) {
            return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()) / rotation_.time;
        };
        const bool by_time = rotation_.time.count() > 0 && period(now) != period(f.opened());
        if (!by_size && !by_time) return;
        f.close(true);
        if (auto opened = f.open(); !opened) ++dropped_before_;
    });
}

Result<void> FileSink::close() {
    std::string error;
    each_file([&](PartFile& f) {
        // With rotation every finished file has a dated name; an empty last one only says that nothing came.
        if (!f.close(rotation_.any() && f.has_rows()) && error.empty())
            error = f.last_error().empty() ? "lines were lost" : f.last_error();
    });
    if (!error.empty()) return fail(ExitCode::failure, error);
    return {};
}

std::uint64_t FileSink::dropped_rows() const {
    std::uint64_t n = flow_rows_dropped_ + dropped_before_;
    for (const PartFile* file : {calls_.get(), streams_.get(), messages_.get(), intervals_.get(), details_.get(), users_.get()})
        if (file != nullptr) n += file->dropped_lines();
    for (const Family* family : {&flows_, &options_})
        for (const FlowFile& flow : family->files) n += flow.file->dropped_lines();
    return n;
}

}  // namespace voipprobe::collector
