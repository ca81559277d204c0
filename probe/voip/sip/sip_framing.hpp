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

// Reading one message after another out of a stream of octets.
struct SipFraming {
    std::uint32_t scanned = 0;  // octets without the end of the headers
    std::uint32_t length = 0;   // of the message that begins here, 0 = not known yet
    bool hunting = false;       // looking for a start line
};
struct SipUnit {
    enum class Kind : std::uint8_t {
        wait,     // more octets are needed
        blank,    // line ends between messages
        garbage,  // no SIP
        message   // octets < whole: longer than what is ever kept
    };
    Kind kind = Kind::wait;
    std::size_t octets = 0;  // that it takes of `data`
    std::size_t whole = 0;
};
inline constexpr std::uint32_t kMaxSipBody = 1U << 20;  // a larger Content-Length is taken for nonsense
// What `data` begins with. `keep`: the longest message that is waited for. The state is of these octets; whoever takes
// some of them starts again with scanned = length = 0.
SipUnit next_sip_unit(wire::Bytes data, SipFraming& state, std::size_t keep);

}  // namespace voipprobe::probe
