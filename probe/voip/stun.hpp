// A STUN Binding request (RFC 8489 §5, §14.3), as far as it ties media to a call. Pure: bytes to a view.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

inline constexpr std::uint32_t kStunCookie = 0x2112a442;

// Cheap test: type and length of a STUN message of RFC 5389 and later.
inline bool looks_like_stun(wire::Bytes payload) {
    return payload.size() >= 20 && payload[0] < 4 && (payload[3] & 3) == 0 &&
           wire::load_be32(payload.data() + 4) == kStunCookie;
}

// The USERNAME of a Binding request; nullopt when the payload is none or carries none. `payload` may be cut.
inline std::optional<std::string_view> stun_username(wire::Bytes payload) {
    constexpr std::uint16_t kBindingRequest = 0x0001, kUsername = 0x0006;
    constexpr std::size_t kMaxUsername = 513;  // RFC 8489 §14.3: less than 509 octets, and ':'
    if (!looks_like_stun(payload) || wire::load_be16(payload.data()) != kBindingRequest) return std::nullopt;
    const std::size_t end = std::min<std::size_t>(payload.size(), 20U + wire::load_be16(payload.data() + 2));
    for (std::size_t at = 20; at + 4 <= end;) {
        const std::uint16_t type = wire::load_be16(payload.data() + at);
        const std::size_t length = wire::load_be16(payload.data() + at + 2);
        if (at + 4 + length > end) return std::nullopt;
        if (type == kUsername) {
            if (length > kMaxUsername) return std::nullopt;
            return wire::as_text(payload.subspan(at + 4, length));
        }
        at += 4 + (length + 3) / 4 * 4;
    }
    return std::nullopt;
}

}  // namespace voipprobe::probe
