#include "wire/text.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace voipprobe::wire {
namespace {

std::uint8_t octet(std::string_view s, std::size_t i) { return i < s.size() ? static_cast<std::uint8_t>(s[i]) : 0; }
bool continuation(std::uint8_t o) { return (o & 0xc0) == 0x80; }

// Length of the well-formed, non-control character at `i`, else 0 (Unicode 15, table 3-7).
std::size_t character(std::string_view s, std::size_t i) {
    const std::uint8_t a = octet(s, i);
    if (a < 0x80) return a >= 0x20 && a != 0x7f ? 1 : 0;
    const std::uint8_t b = octet(s, i + 1);
    if (a >= 0xc2 && a <= 0xdf) return continuation(b) && !(a == 0xc2 && b < 0xa0) ? 2 : 0;
    const std::uint8_t c = octet(s, i + 2);
    if (a >= 0xe0 && a <= 0xef) {
        const bool ok = continuation(b) && continuation(c) && !(a == 0xe0 && b < 0xa0) && !(a == 0xed && b > 0x9f);
        return ok ? 3 : 0;
    }
    if (a >= 0xf0 && a <= 0xf4) {
        const bool ok = continuation(b) && continuation(c) && continuation(octet(s, i + 3)) &&
                        !(a == 0xf0 && b < 0x90) && !(a == 0xf4 && b > 0x8f);
        return ok ? 4 : 0;
    }
    return 0;
}

// Eight octets of 0x20..0x7e, which is what text on this wire mostly is.
bool is_plain(const char* p) {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
    std::uint64_t w;
    std::memcpy(&w, p, sizeof w);
    const std::uint64_t below_space = (w - 0x20 * kOnes) & ~w, above_tilde = w + kOnes;  // right while no octet has its top bit set
    return ((w | below_space | above_tilde) & kTops) == 0;
}

}  // namespace

bool is_clean_text(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        if (s.size() - i >= 8 && is_plain(s.data() + i)) {
            i += 8;
            continue;
        }
        const std::size_t n = character(s, i);
        if (n == 0) return false;
        i += n;
    }
    return true;
}

std::string clean_text(std::string_view s) {
    std::string out;
    out.reserve(s.size());
    for (std::size_t i = 0; i < s.size();) {
        const std::size_t n = character(s, i);
        if (n == 0) {
            out += "\xef\xbf\xbd";
            ++i;
        } else {
            out.append(s, i, n);
            i += n;
        }
    }
    return out;
}

std::string_view cap_text(std::string_view s, std::size_t limit) {
    if (s.size() <= limit) return s;
    std::size_t end = limit;
    while (end > 0 && continuation(octet(s, end))) --end;
    return s.substr(0, end);
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (a.size() != b.size()) return false;
    return std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace voipprobe::wire
