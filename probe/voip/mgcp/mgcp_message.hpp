// One MGCP message (RFC 3435), as far as calls need it. Pure: text to a struct of views.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class MgcpVerb : std::uint8_t {
    response, epcf, crcx, mdcx, dlcx, rqnt, ntfy, auep, aucx, rsip, mesg
};

// ConnectionParameters of the end that reports them (RFC 3435 §3.2.2.6).
struct MgcpParameters {
    bool any = false;
    std::optional<std::uint64_t> received, lost;  // PR, PL: packets
    std::optional<std::uint32_t> jitter_ms;       // JI
};

struct MgcpMessage {
    MgcpVerb verb = MgcpVerb::response;
    std::uint16_t code = 0;  // of a response
    std::uint32_t transaction = 0;
    std::string_view endpoint;       // of a command, as written
    std::string_view call_id;        // C:
    std::string_view connection_id;  // I:
    std::string_view mode;           // M:
    std::string_view observed;       // O: events
    std::string_view signals;        // S:
    MgcpParameters parameters;       // P:
    std::string_view sdp;            // the (first) session description
};

// Cheap test on the first octets: a known verb, a transaction and "MGCP" in the first line.
bool looks_like_mgcp(wire::Bytes payload);
// A response has no mark of its own: only to be asked on MGCP's ports, or between hosts that sent commands.
bool looks_like_mgcp_response(wire::Bytes payload);

// The next message from the front of `text`, which is cut behind it: several are parted by a line with a dot
// (RFC 3435 §3.5.5). False: the rest is no message.
bool next_mgcp(std::string_view& text, MgcpMessage& out);

// Is `event` (hd, hu, rg, rt ...) in a list of events or signals, with or without package and parameters?
bool mgcp_lists(std::string_view list, std::string_view event);
// The digits of D/1,D/2 or of a digit string, at most `most` of them, into `out`; their number.
std::size_t mgcp_digits(std::string_view observed, char* out, std::size_t most);

}  // namespace voipprobe::probe
