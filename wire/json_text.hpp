// Writing JSON strings. Thread rule: pure.
#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

namespace voipprobe::wire {

// JSON strings (RFC 8259 §7); '<' is escaped too, so that the text is safe inside a page.
inline void append_json_string(std::string& out, std::string_view s) {
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

}  // namespace voipprobe::wire
