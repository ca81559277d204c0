// CSV (RFC 4180): reading one record at a time from a text, quotes and line breaks within them included, and writing cells.
// Errors: none; a quote that is never closed ends with the text. Bounded by the text. Thread rule: pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/text.hpp"

namespace voipprobe::wire {

// Takes the next record off the front of `text` into `cells` (unquoted). False at the end.
inline bool next_csv_record(std::string_view& text, std::vector<std::string>& cells) {
    cells.clear();
    if (text.empty()) return false;
    cells.emplace_back();
    bool quoted = false;
    std::size_t i = 0;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            if (c != '"') cells.back() += c;
            else if (i + 1 < text.size() && text[i + 1] == '"') cells.back() += text[++i];
            else quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == ',') {
            cells.emplace_back();
        } else if (c == '\n') {
            break;
        } else if (c != '\r') {
            cells.back() += c;
        }
    }
    text.remove_prefix(i < text.size() ? i + 1 : i);
    return true;
}

// A cell as RFC 4180 wants it.
inline void append_csv_cell(std::string& line, std::string_view cell) {
    if (find_any<',', '"', '\r', '\n'>(cell) == std::string_view::npos) {
        line += cell;
        return;
    }
    line += '"';
    for (const char c : cell) line.append(c == '"' ? 2 : 1, c);
    line += '"';
}

// A text cell that a spreadsheet would run: begins with = + - @ (also in full width), tab or CR.
inline bool looks_like_formula(std::string_view s) {
    if (s.empty()) return false;
    const char c = s.front();
    if (c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r') return true;
    // U+FF1D, U+FF0B, U+FF0D, U+FF20
    return s.starts_with("\xef\xbc\x9d") || s.starts_with("\xef\xbc\x8b") || s.starts_with("\xef\xbc\x8d") ||
           s.starts_with("\xef\xbc\xa0");
}

// Text from strangers as a cell. `guard`: what a spreadsheet would run is prefixed with '.
inline void append_csv_text(std::string& line, std::string_view text, bool guard) {
    if (guard && looks_like_formula(text)) append_csv_cell(line, "'" + std::string(text));
    else append_csv_cell(line, text);
}

}  // namespace voipprobe::wire
