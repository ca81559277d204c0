#include "collector/sink/line_format.hpp"

#include "wire/csv_text.hpp"
#include "wire/json_text.hpp"

namespace voipprobe::collector {
namespace {

class Csv final : public LineFormat {
  public:
    explicit Csv(bool guard) : guard_(guard) {}
    std::string extension() const override { return ".csv"; }
    std::string header(std::span<const std::string> names) const override {
        std::string out;
        for (const std::string& n : names) {
            if (!out.empty()) out += ',';
            wire::append_csv_cell(out, n);
        }
        return out + "\n";
    }
    void begin(std::string&) const override {}
    void cell(std::string& out, std::string_view, const Cell& cell, bool first) const override {
        if (!first) out += ',';
        if (const auto* text = std::get_if<std::string_view>(&cell)) {
            wire::append_csv_text(out, *text, guard_);
        } else {
            append_plain(out, cell);
        }
    }
    void end(std::string& out) const override { out += '\n'; }

  private:
    bool guard_;
};

class Json final : public LineFormat {
  public:
    std::string extension() const override { return ".jsonl"; }
    std::string header(std::span<const std::string>) const override { return {}; }
    void begin(std::string& out) const override { out += '{'; }
    void cell(std::string& out, std::string_view name, const Cell& cell, bool) const override {
        if (std::holds_alternative<std::monostate>(cell)) return;  // not measured: no member
        if (out.back() != '{') out += ',';
        wire::append_json_string(out, name);
        out += ':';
        if (const auto* text = std::get_if<std::string_view>(&cell)) {
            wire::append_json_string(out, *text);
        } else if (std::holds_alternative<std::uint64_t>(cell) || std::holds_alternative<Decimal>(cell)) {
            append_plain(out, cell);
        } else {
            out += '"';
            append_plain(out, cell);
            out += '"';
        }
    }
    void end(std::string& out) const override { out += "}\n"; }
};

}  // namespace

std::unique_ptr<LineFormat> csv_format(bool formula_guard) { return std::make_unique<Csv>(formula_guard); }
std::unique_ptr<LineFormat> json_format() { return std::make_unique<Json>(); }

}  // namespace voipprobe::collector
