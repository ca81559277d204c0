// Digits of a stream (--dtmf on), of RFC 4733 events and of SIP INFO: one character per event, in order. Bounded: the first 32.
// Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

struct DialledDigits {
    static constexpr std::size_t kMost = 32;
    std::array<char, kMost> text{};
    std::uint8_t count = 0;
    bool seen = false;
    std::uint32_t timestamp = 0;  // of the last event: all its packets carry the same (RFC 4733 §2.5.1.2)

    // The payload of a telephone-event packet. Events above 15 are no digits (RFC 4733 §3.2).
    void add(wire::Bytes payload, std::uint32_t ts) {
        if (payload.size() < 4 || (seen && ts == timestamp)) return;
        seen = true;
        timestamp = ts;
        constexpr std::string_view kDigits = "0123456789*#ABCD";
        if (payload[0] < kDigits.size()) add(kDigits[payload[0]]);
    }
    void add(char digit) {
        if (count < kMost) text[count++] = digit;
    }
    std::string_view view() const { return {text.data(), count}; }
};

}  // namespace voipprobe::probe
