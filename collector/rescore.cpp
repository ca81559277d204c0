#include "collector/rescore.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "quality/codec_mode.hpp"
#include "wire/csv_text.hpp"

namespace voipprobe::collector {
namespace {

using Cells = std::vector<std::string>;

// A row of streams.csv by column name.
class Row {
  public:
    Row(const Cells& header, Cells& cells) : header_(header), cells_(cells) {}

    bool has(std::string_view name) const { return index(name) < header_.size(); }
    std::string_view text(std::string_view name) const {
        const std::size_t i = index(name);
        return i < cells_.size() ? std::string_view(cells_[i]) : std::string_view{};
    }
    std::optional<double> number(std::string_view name) const {
        const std::string_view cell = text(name);
        double v = 0;
        const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), v);
        if (cell.empty() || error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(v)) return std::nullopt;
        return v;
    }
    std::optional<std::uint64_t> count(std::string_view name) const {
        const auto v = number(name);
        return v && *v >= 0 && *v < 1e18 ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*v)) : std::nullopt;
    }
    void set(std::string_view name, std::string value) {
        if (const std::size_t i = index(name); i < cells_.size()) cells_[i] = std::move(value);
    }

  private:
    std::size_t index(std::string_view name) const {
        return static_cast<std::size_t>(std::find(header_.begin(), header_.end(), name) - header_.begin());
    }
    const Cells& header_;
    Cells& cells_;
};

quality::StreamFigures figures_of(const Row& row, const ScoringOptions& options) {
    quality::StreamFigures f;
    f.codec = row.text("codec");
    f.clock = static_cast<std::uint32_t>(std::min<std::uint64_t>(row.count("clock_rate").value_or(0), UINT32_MAX));
    f.variant.concealment = options.g711_concealment;
    if (row.text("mos_basis") == "standard no-plc") f.variant.concealment = false;
    if (const auto mode = row.count("codec_mode")) quality::apply_mode(f.variant, f.codec, *mode);
    f.ptime_ms = row.number("ptime_ms").value_or(f.ptime_ms);
    f.packets = row.count("packets").value_or(0);
    f.expected = row.count("expected").value_or(0);
    f.lost = row.count("lost").value_or(0);
    f.discarded = row.count("discard_adaptive").value_or(0);
    f.discarded_f60 = row.count("discard_f60");
    f.discarded_f200 = row.count("discard_f200");
    f.burst_r = std::max(row.number("burst_r").value_or(1), 1.0);
    f.rtt_ms = row.number("rtt_ms");
    f.max_gap_ms = row.number("max_gap_ms").value_or(0);
    if (const auto mean = row.number("jitter_mean")) {
        const auto ms = [&](const char* name) { return row.number(name).value_or(0); };
        f.jitter = quality::JitterFigures{*mean, ms("jitter_median"), ms("jitter_max"), ms("jitter_iqr"),
                                          ms("jitter_std_dev"), ms("jitter_p95"), ms("jitter_p99")};
    }
    return f;
}

std::string decimal(const std::optional<double>& v) {
    if (!v) return {};
    std::array<char, 40> text{};
    const int n = std::snprintf(text.data(), text.size(), "%.2f", *v);
    return {text.data(), static_cast<std::size_t>(n)};
}

void write_scores(Row& row, const quality::Score& s) {
    row.set("r_factor", decimal(s.r_factor));
    row.set("mos_lq", decimal(s.mos_lq));
    row.set("mos_cq", decimal(s.mos_cq));
    row.set("mos_lqo_est", decimal(s.mos_lqo_est));
    row.set("mos_scale", std::string(s.mos_scale));
    row.set("mos_common", decimal(s.mos_common));
    row.set("mos_basis", std::string(s.mos_basis));
}

void rescore_row(Row& row, const quality::WhatIf& what_if, const ScoringOptions& options) {
    // A row that never had a basis is no speech, or of a direction that was not seen.
    if (row.text("mos_basis").empty() || row.text("mos_basis") == "exporter") return;
    quality::StreamFigures figures = figures_of(row, options);
    const bool known = what_if.apply(figures);
    write_scores(row, known ? quality::score_stream(figures) : quality::Score{});
    if (!what_if.codec.empty()) row.set("codec", what_if.codec);
    if (!what_if.changes_nothing()) row.set("mos_min_10s", {});
}

void append(std::string& out, const Cells& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i > 0) out += ',';
        wire::append_csv_cell(out, cells[i]);
    }
    out += '\n';
}

}  // namespace

Result<Rescored> rescore_streams(std::string_view csv, const quality::WhatIf& what_if, const ScoringOptions& options) {
    Cells header, cells;
    wire::next_csv_record(csv, header);
    for (const char* name : {"codec", "packets", "expected", "lost", "discard_adaptive", "mos_lq", "mos_basis"})
        if (std::find(header.begin(), header.end(), name) == header.end())
            return fail(ExitCode::damaged_input, std::string("this is no streams.csv: it has no column ") + name);
    Rescored out;
    append(out.csv, header);
    while (wire::next_csv_record(csv, cells)) {
        if (cells.size() != header.size()) {
            if (cells.size() > 1 || !cells[0].empty()) ++out.damaged;
            continue;
        }
        Row row(header, cells);
        rescore_row(row, what_if, options);
        append(out.csv, cells);
        ++out.rows;
    }
    return out;
}

Result<void> rescore_file(const std::string& path, const std::string& what_if, const ScoringOptions& options) {
    auto wanted = quality::parse_what_if(what_if);
    if (!wanted) return fail(ExitCode::usage, "--what-if: " + wanted.error().message);
    std::ifstream in(path, std::ios::binary);
    std::stringstream content;
    if (!in || !(content << in.rdbuf())) return fail(ExitCode::failure, "cannot read " + path);
    auto done = rescore_streams(content.view(), *wanted, options);
    if (!done) return fail(done.error().code, path + ": " + done.error().message);
    std::fwrite(done->csv.data(), 1, done->csv.size(), stdout);
    if (std::fflush(stdout) != 0) return fail(ExitCode::failure, "cannot write the rows");
    if (done->damaged > 0) return fail(ExitCode::damaged_input, path + ": " + std::to_string(done->damaged) + " damaged lines left out");
    return {};
}

}  // namespace voipprobe::collector
