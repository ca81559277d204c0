#include "collector/intake.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <set>

#include "wire/csv_text.hpp"

namespace voipprobe::collector {
namespace {

namespace fs = std::filesystem;

constexpr auto kRecent = std::chrono::minutes(15);
constexpr std::uint64_t kTail = 32U << 20;  // octets read of a file's end

std::optional<RecordId> id_of(std::string_view hex) {
    if (hex.size() != 32) return std::nullopt;
    RecordId out{};
    for (std::size_t i = 0; i < 16; ++i) {
        const char* at = hex.data() + 2 * i;
        if (const auto [end, error] = std::from_chars(at, at + 2, out[i], 16); error != std::errc() || end != at + 2) return std::nullopt;
    }
    return out;
}

std::optional<ProbeId> probe_of(const std::string& text) {
    const std::size_t slash = text.rfind('/');
    if (slash == text.npos) return std::nullopt;
    const auto address = wire::IpAddress::parse(text.substr(0, slash));
    ProbeId out;
    const char* begin = text.data() + slash + 1;
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), out.domain);
    if (!address || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    out.address = *address;
    return out;
}

std::size_t column(const std::vector<std::string>& header, std::string_view name) {
    return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
}

// Rows of streams, with the calls they name: what becomes of them is known when all files are read.
using Streams = std::vector<std::pair<CallKey, RecordId>>;

void read_ids(const fs::path& path, WrittenIds& out, Streams& streams) {
    std::ifstream in(path, std::ios::binary);
    std::string line;
    if (!std::getline(in, line)) return;
    std::string_view head = line;
    std::vector<std::string> cells;
    wire::next_csv_record(head, cells);
    const std::size_t id_at = std::min(column(cells, "record_id"), column(cells, "RECORD_ID"));
    const std::size_t probe_at = column(cells, "probe");
    const std::size_t call_at = column(cells, "call_record_id");
    const std::size_t width = cells.size();
    const bool is_calls = path.filename().string().starts_with("calls");
    const bool is_streams = path.filename().string().starts_with("streams.") || path.filename().string().starts_with("streams-");
    if (id_at == width) return;
    std::error_code error;
    const std::uint64_t size = fs::file_size(path, error);
    if (!error && size > kTail) {
        in.seekg(static_cast<std::streamoff>(size - kTail));
        std::getline(in, line);  // may be the rest of one
    }
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::string_view rest = text;
    while (wire::next_csv_record(rest, cells)) {
        if (cells.size() != width) continue;
        const auto id = id_of(cells[id_at]);
        if (!id) continue;
        if (probe_at == width || !(is_streams || is_calls)) {
            out.others.push_back(*id);
        } else if (const auto probe = probe_of(cells[probe_at])) {
            if (!is_streams) out.joined.push_back({*probe, *id});
            else streams.emplace_back(CallKey{*probe, *id}, call_at == width ? kNoId : id_of(cells[call_at]).value_or(kNoId));
        }
    }
}

}  // namespace

WrittenIds read_written_ids(const fs::path& folder) {
    WrittenIds out;
    Streams streams;
    std::error_code error;
    // What was written last is what an exporter sends again: it must be the last to be forgotten.
    std::vector<std::pair<fs::file_time_type, fs::path>> files;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        const bool part = name.ends_with(".csv.part");
        if (!part && !name.ends_with(".csv")) continue;
        std::error_code ignored;
        const auto written = fs::last_write_time(entry.path(), ignored);
        if (part || fs::file_time_type::clock::now() - written <= kRecent) files.emplace_back(written, entry.path());
    }
    std::sort(files.begin(), files.end());
    for (const auto& [written, path] : files) read_ids(path, out, streams);
    const std::set<CallKey> calls(out.joined.begin(), out.joined.end());
    for (const auto& [key, call] : streams)
        (call == kNoId || calls.contains({key.probe, call}) ? out.joined : out.stream_rows).push_back(key);
    return out;
}

Intake::Intake(RecordConsumer& next, std::function<void(const Record&)> data, std::function<void(const Record&)> options)
    : next_(next), data_(std::move(data)), options_(std::move(options)) {}

void Intake::keep(const CallKey& key) {
    if (!known_.insert(key).second) return;
    by_age_.push_back(key);
    if (by_age_.size() <= kRemembered) return;
    known_.erase(by_age_.front());
    by_age_.pop_front();
}

bool Intake::is_copy(const Record& record, RecordKind kind) {
    if (kind == RecordKind::call || kind == RecordKind::stream || kind == RecordKind::options) return false;  // the joiner's
    const wire::Bytes octets = record[templates::ElementId::RECORD_ID].as_octets();
    if (octets.size() != 16) return false;
    if (kind == RecordKind::detail && record[templates::ElementId::RECORD_FINAL].as_number() == 0U) return false;
    CallKey key{record.probe(), {}};
    std::copy(octets.begin(), octets.end(), key.id.begin());
    if (known_.contains(key) || known_.contains({{}, key.id})) return true;
    keep(key);
    return false;
}

void Intake::on_record(const Record& record, RecordKind kind) {
    if (stream_ && is_copy(record, kind)) {
        ++copies_;
        return;
    }
    if (kind == RecordKind::options) options_(record);
    else if (data_) data_(record);
    next_.on_record(record, kind);
}

}  // namespace voipprobe::collector
