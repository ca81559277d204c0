#include "probe/export/record_dump.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "probe/export/field_text.hpp"
#include "probe/export/packed_record.hpp"
#include "wire/csv_text.hpp"
#include "wire/json_text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::string_view extension(DumpStyle s) {
    return s == DumpStyle::csv ? ".csv" : s == DumpStyle::json ? ".jsonl" : ".flows";
}

// 2026-11-22T04:22:10.123456Z -> 2026/11/22/04_22
std::string place_of(wire::TimeNs t, bool nested) {
    std::string s = wire::iso_time(t).substr(0, 16);
    s[4] = s[7] = s[10] = nested ? '/' : '_';
    s[13] = '_';
    return s;
}

}  // namespace

Result<std::unique_ptr<RecordDump>> RecordDump::open(DumpConfig config,
                                                     const std::vector<templates::PlannedTemplate>& plan) {
    std::error_code error;
    std::filesystem::create_directories(config.directory, error);
    if (error || ::access(config.directory.c_str(), W_OK | X_OK) != 0)
        return voipprobe::fail(ExitCode::usage, "-P " + config.directory + ": cannot be written: " +
                                                    (error ? error.message() : std::strerror(errno)));
    std::unique_ptr<RecordDump> dump(new RecordDump(std::move(config)));
    for (const templates::PlannedTemplate& t : plan) dump->add(t);
    return dump;
}

RecordDump::~RecordDump() { close(); }

void RecordDump::add(const templates::PlannedTemplate& t) {
    const std::string_view kind = templates::record_kind_name(t.kind);
    auto table = std::find_if(tables_.begin(), tables_.end(), [&](const Table& x) { return x.kind == kind; });
    if (table == tables_.end()) {
        tables_.emplace_back();
        table = tables_.end() - 1;
        table->kind = kind;
    }
    Plan p{t, static_cast<std::size_t>(table - tables_.begin()), {}};
    for (const templates::ElementId id : t.elements) {
        auto column = std::find(table->columns.begin(), table->columns.end(), id);
        if (column == table->columns.end()) column = table->columns.insert(column, id);
        p.column.push_back(static_cast<std::size_t>(column - table->columns.begin()));
    }
    plans_.push_back(std::move(p));
}

void RecordDump::record(std::size_t template_index, wire::Bytes packed, wire::TimeNs time) {
    const Plan& plan = plans_[template_index];
    Table& t = tables_[plan.table];
    const wire::TimeNs period = time - time % config_.rotate;
    if ((t.file == nullptr || period > t.period) && !begin(t, period)) return void(++lost_);
    const std::string text = line(t, plan, packed);
    if (std::fwrite(text.data(), 1, text.size(), t.file) == text.size()) return void(++written_);
    ++lost_;
    fail(t.name);
}

void RecordDump::close() {
    for (Table& t : tables_) finish(t);
}

bool RecordDump::begin(Table& t, wire::TimeNs period) {
    finish(t);
    t.period = period;
    const std::string stem = place_of(period, config_.nested) + "-" + t.kind;
    t.name = stem + std::string(extension(config_.style));
    if (!folder_.make_folders(t.name)) return fail(t.name), false;
    // A finished file of an earlier run is never overwritten.
    for (int n = 2; folder_.exists(t.name); ++n) t.name = stem + "-" + std::to_string(n) + std::string(extension(config_.style));
    t.file = folder_.create(t.name + ".temp");
    if (t.file == nullptr) return fail(t.name + ".temp"), false;
    const std::string head = header(t);
    std::fwrite(head.data(), 1, head.size(), t.file);
    return true;
}

void RecordDump::finish(Table& t) {
    if (t.file == nullptr) return;
    if (std::fclose(t.file) != 0) fail(t.name);
    t.file = nullptr;
    if (!folder_.rename(t.name + ".temp", t.name)) fail(t.name);
}

std::string RecordDump::header(const Table& t) const {
    std::string out;
    if (config_.style == DumpStyle::json) return out;
    for (const templates::ElementId id : t.columns) {
        if (!out.empty()) out += config_.style == DumpStyle::csv ? ',' : config_.separator;
        out += templates::element(id).name;
    }
    return out + "\n";
}

std::string RecordDump::line(Table& t, const Plan& plan, wire::Bytes packed) const {
    t.cells.assign(t.columns.size(), {});
    for_each_packed_field(plan.planned.layout, packed, [&](std::size_t i, wire::Bytes octets) {
        t.cells[plan.column[i]] = rendered(templates::element(plan.planned.elements[i]), plan.planned.layout.fields[i], octets);
    });
    std::string out;
    if (config_.style == DumpStyle::json) {
        for (std::size_t i = 0; i < t.cells.size(); ++i) {
            if (t.cells[i].empty()) continue;
            out += out.empty() ? '{' : ',';
            wire::append_json_string(out, templates::element(t.columns[i]).name);
            out += ':' + t.cells[i];
        }
        return (out.empty() ? "{" : out) + "}\n";
    }
    for (std::size_t i = 0; i < t.cells.size(); ++i) {
        if (i > 0) out += config_.style == DumpStyle::csv ? ',' : config_.separator;
        out += t.cells[i];
    }
    return out + "\n";
}

std::string RecordDump::rendered(const templates::Element& e, const wire::FieldLayout& f, wire::Bytes octets) const {
    FieldText field = field_text(e, f, octets);
    if (field.text.empty()) return {};
    std::string out;
    switch (config_.style) {
        case DumpStyle::csv:
            wire::append_csv_text(out, field.text, field.foreign);
            return out;
        case DumpStyle::json:
            if (field.number) return field.text;
            wire::append_json_string(out, field.text);
            return out;
        case DumpStyle::text: break;
    }
    // nProbe has no quotes: a separator within text would shift every column after it.
    std::replace(field.text.begin(), field.text.end(), config_.separator, '_');
    return field.text;
}

void RecordDump::fail(const std::string& name) {
    const std::string why = std::strerror(errno);
    if (!warned_ && config_.warn) config_.warn("-P: " + (folder_.path() / name).string() + ": " + why + "; the records lost are counted and named at the end");
    warned_ = true;
}

}  // namespace voipprobe::probe
