// Where SIP messages begin and end in a stream of octets (RFC 3261 §18.3). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class SipStart : std::uint8_t {
    no,
    maybe,  // the beginning of a start line that may still become one
    yes
};
// Does a start line begin at the first octet? `any_method`: words that are no known method may become one.
SipStart sip_start(wire::Bytes data, bool any_method);

// First line that is or may become a start line, from a line's beginning on; data.size() when there is none.
std::size_t find_sip_start(wire::Bytes data);

// Octets of start line, headers and blank line, looking from `scanned` on; nullopt while the blank line is missing.
std::optional<std::size_t> sip_header_length(wire::Bytes data, std::size_t scanned);
// First Content-Length (or l) of complete headers; nullopt when there is none or it is no number.
std::optional<std::uint32_t> sip_content_length(wire::Bytes headers);

}  // namespace voipprobe::probe
