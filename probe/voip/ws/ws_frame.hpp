// WebSocket as SIP uses it (RFC 6455, RFC 7118): the opening handshake, frames, and the parts of messages in
// them. Pure.
#pragma once

#include <array>
#include <cstdint>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class WsOpcode : std::uint8_t {
    continuation = 0,
    text = 1,
    binary = 2,
    close = 8,
    ping = 9,
    pong = 10
};  // §5.2

struct WsHeader {
    bool fin = false;
    bool compressed = false;  // RSV1: permessage-deflate (RFC 7692)
    bool masked = false;
    WsOpcode opcode = WsOpcode::continuation;
    std::array<std::uint8_t, 4> mask{};
    std::uint64_t length = 0;  // of the payload
    std::size_t octets = 0;    // of the header itself
    bool control() const { return (static_cast<unsigned>(opcode) & 8U) != 0; }
};
inline constexpr std::size_t kWsMaxHeader = 14;
enum class WsParse : std::uint8_t { whole, more, bad };
// Bad: reserved bits or opcodes, a control frame in fragments or above 125 octets, a length not in its
// shortest form.
WsParse parse_ws_header(wire::Bytes data, WsHeader& out);

// Octets `at`.. of a payload, unmasked (§5.3). `out` has room for them.
void ws_unmask(wire::Bytes masked, const WsHeader& header, std::uint64_t at, std::uint8_t* out);

// What the first octets of a direction say about it.
enum class WsStart : std::uint8_t {
    no,
    maybe,     // an HTTP head that is not whole yet
    request,   // asks for the subprotocol sip (RFC 7118 §3)
    response,  // 101 with the subprotocol sip
    frame      // no handshake: a frame that begins with a SIP message
};
// `head`: octets of the whole HTTP head.
WsStart ws_start(wire::Bytes data, std::size_t& head);

// Reading frames of one direction.
struct WsState {
    WsHeader frame;          // the one that goes on
    std::uint64_t left = 0;  // octets of its payload still to come
    bool message = false;    // a data message has begun
    bool skip = false;       // it is compressed or its beginning is missing
    bool hunting = false;    // looking for a frame's beginning
    bool closed = false;     // close frame seen
};
struct WsPart {
    enum class Kind : std::uint8_t {
        wait,    // more octets are needed
        skip,    // nothing of a message: control frames, handshake, what cannot be read
        payload  // of a data message, octets [payload, octets) of the input, still masked
    };
    Kind kind = Kind::wait;
    std::size_t octets = 0;   // that it takes of the input
    std::size_t payload = 0;  // where the payload begins
    std::uint64_t at = 0;     // place of the first octet in its frame, for the mask
    bool first = false;       // a message begins
    bool last = false;        // and ends
    bool compressed = false;  // skip: the beginning of a message that is compressed
    bool garbage = false;     // skip: no frame
};
WsPart next_ws_part(wire::Bytes data, WsState& state);

}  // namespace voipprobe::probe
