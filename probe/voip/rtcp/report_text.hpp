// What text reports of endpoints have in common: `KEY=value` pairs and plain decimal numbers. Pure; bounded by the
// text. Numbers that are malformed or out of range are absent.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

#include "wire/text.hpp"

namespace voipprobe::probe {

// The next line of `rest`, without line end and surrounding blanks.
inline std::string_view next_report_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return wire::trim(line);
}

// Decimal number with optional fraction; what follows it (a unit, a second number) makes it malformed.
inline std::optional<float> report_number(std::string_view text, float least, float most) {
    float v = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v, std::chars_format::fixed);
    if (error != std::errc{} || end != text.data() + text.size() || !(v >= least && v <= most)) return std::nullopt;
    return v;
}

// visit(key, value) for every pair; separators within "..." do not separate, the quotes are taken off.
template <typename Visit>
void for_each_pair(std::string_view text, std::string_view separators, Visit&& visit) {
    while (!text.empty()) {
        bool quoted = false;
        std::size_t end = 0;
        for (; end < text.size(); ++end) {
            if (text[end] == '"') quoted = !quoted;
            else if (!quoted && separators.find(text[end]) != std::string_view::npos) break;
        }
        const std::string_view pair = text.substr(0, end);
        text = end == text.size() ? std::string_view{} : text.substr(end + 1);
        const std::size_t equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        std::string_view value = wire::trim(pair.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        visit(wire::trim(pair.substr(0, equals)), value);
    }
}

}  // namespace voipprobe::probe
