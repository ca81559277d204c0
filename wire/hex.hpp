// Octets as hexadecimal text, lower case. Thread rule: pure.
#pragma once

#include <string>

#include "wire/bytes.hpp"

namespace voipprobe::wire {

inline std::string hex(Bytes octets) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out;
    out.reserve(octets.size() * 2);
    for (const std::uint8_t o : octets) {
        out += kDigits[o >> 4];
        out += kDigits[o & 15];
    }
    return out;
}

}  // namespace voipprobe::wire
