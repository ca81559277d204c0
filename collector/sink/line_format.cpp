#include "collector/sink/line_format.hpp"

#include <array>
#include <cstdio>

namespace voipprobe::collector {
namespace {

void append_quoted(std::string& out, std::string_view s) {
    if (s.find_first_of(",\"\r\n") == std::string_view::npos) {
        out += s;
        return;
    }
    out += '"';
    for (const char c : s) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

class Csv final : public LineFormat {
  public:
    explicit Csv(bool guard) : guard_(guard) {}
    std::string extension() const override { return ".csv"; }
    std::string header(std::span<const std::string> names) const override {
        std::string out;
        for (const std::string& n : names) {
            if (!out.empty()) out += ',';
            append_quoted(out, n);
        }
        return out + "\n";
    }
    void begin(std::string&) const override {}
    void cell(std::string& out, std::string_view, const Cell& cell, bool first) const override {
        if (!first) out += ',';
        if (const auto* text = std::get_if<std::string_view>(&cell)) {
            if (guard_ && looks_like_formula(*text))
                append_quoted(out, "'" + std::string(*text));
            else
                append_quoted(out, *text);
        } else {
            append_plain(out, cell);
        }
    }
    void end(std::string& out) const override { out += '\n'; }

  private:
    bool guard_;
};

// JSON strings (RFC 8259 §7); '<' is escaped too, so that the text is safe inside a page.
void append_json_string(std::string& out, std::string_view s) {
    out += '"';
    for (const char c : s) {
        const auto o = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (o < 0x20 || c == '<') {
            std::array<char, 8> b{};
            std::snprintf(b.data(), b.size(), "\\u%04x", static_cast<unsigned>(o));
            out += b.data();
        } else {
            out += c;
        }
    }
    out += '"';
}

class Json final : public LineFormat {
  public:
    std::string extension() const override { return ".jsonl"; }
    std::string header(std::span<const std::string>) const override { return {}; }
    void begin(std::string& out) const override { out += '{'; }
    void cell(std::string& out, std::string_view name, const Cell& cell, bool) const override {
        if (std::holds_alternative<std::monostate>(cell)) return;  // not measured: no member
        if (out.back() != '{') out += ',';
        append_json_string(out, name);
        out += ':';
        if (const auto* text = std::get_if<std::string_view>(&cell)) {
            append_json_string(out, *text);
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

bool looks_like_formula(std::string_view s) {
    if (s.empty()) return false;
    const char c = s.front();
    if (c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r') return true;
    // U+FF1D, U+FF0B, U+FF0D, U+FF20
    return s.starts_with("\xef\xbc\x9d") || s.starts_with("\xef\xbc\x8b") || s.starts_with("\xef\xbc\x8d") ||
           s.starts_with("\xef\xbc\xa0");
}

std::unique_ptr<LineFormat> csv_format(bool formula_guard) { return std::make_unique<Csv>(formula_guard); }
std::unique_ptr<LineFormat> json_format() { return std::make_unique<Json>(); }

}  // namespace voipprobe::collector
