// One SIP message (RFC 3261), as views into its bytes. Nothing is copied, nothing trusted beyond what was captured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class SipMethod : std::uint8_t {
    invite, ack, bye, cancel, options, registration, prack, subscribe, notify, publish, info, refer, message, update,
    other
};
std::string_view method_name(SipMethod m);
SipMethod method_of(std::string_view token);  // case-sensitive, RFC 3261 §7.1

// Why a message that looked like SIP was not understood; each is a counter (sip_malformed_...).
enum class SipDefect : std::uint8_t { none, first_line, no_call_id, no_cseq, no_from_to, status, kCount };
std::string_view defect_name(SipDefect d);

// name-addr or addr-spec with its tag (RFC 3261 §20.10).
struct NameAddress {
    std::string_view display;  // without quotes, still escaped
    std::string_view uri;      // without angle brackets and without header parameters
    std::string_view tag;
    std::string_view full;     // the value up to the first header parameter
};
NameAddress parse_name_address(std::string_view value);
// `sip:user@host:port`: the URI without parameters and headers (RFC 3261 §19.1.1).
std::string_view bare_uri(std::string_view uri);
// The value of header parameter `name` (`;name=value`), unquoted; empty when absent.
std::string_view header_parameter(std::string_view value, std::string_view name);

struct SipMessage {
    bool is_request = false;
    bool truncated = false;  // the headers or the body were cut by the capture
    SipMethod method = SipMethod::other;  // of the request, or of the CSeq of a response
    std::uint16_t status = 0;
    std::uint32_t cseq = 0;
    std::optional<std::uint32_t> content_length;
    std::string_view method_text;
    std::string_view request_uri;
    std::string_view call_id;
    std::string_view from;  // raw header values; may contain folded lines
    std::string_view to;
    std::string_view via;  // topmost
    std::string_view contact;
    std::string_view user_agent;  // User-Agent, else Server
    std::string_view reason;
    std::string_view content_type;
    std::string_view session_id;
    std::string_view head;  // all header lines
    std::string_view body;
    std::size_t octets = 0;  // of the whole message as framed by Content-Length, or of the datagram

    std::string_view branch() const { return header_parameter(via, "branch"); }
    // The session description of the body, looked up inside multipart bodies too; empty when there is none.
    std::string_view sdp() const;
};

// The next value of header `name` (case-insensitive, full form) from the front of `head`, which is cut behind it;
// nullopt when there is none. For headers that few messages are asked for.
std::optional<std::string_view> next_header_value(std::string_view& head, std::string_view name);
std::string_view header_value(std::string_view head, std::string_view name);  // the first one, or empty

// Who the network says is calling, who diverted the call, and how sure the originating provider is; of an INVITE.
// P-Asserted-Identity (RFC 3325 §9.1), first value, as bare URI.
std::string_view asserted_identity(std::string_view head);
// The party that sent the call on last: Diversion (RFC 5806), topmost; else History-Info (RFC 7044), the entry before
// the last. Bare URI.
std::string_view diverting_party(std::string_view head);
// `attest` of the Identity header's PASSporT (RFC 8588 §4): 'A', 'B' or 'C'; 0 when there is none. Not verified.
char attestation_level(std::string_view head);

// Cheap test on the first octets: a request line or status line of SIP/2.0. Never by port.
bool looks_like_sip(wire::Bytes payload);

// Parses one message from the front of `text` (a datagram: `whole` octets were on the wire).
SipDefect parse_sip(std::string_view text, std::size_t whole, SipMessage& out);

// A header value in one line: folding (RFC 3261 §7.3.1) becomes a single blank, ill-formed text U+FFFD.
std::string unfolded(std::string_view value);
// Q.850 or SIP cause of a Reason header (RFC 3326); nullopt when there is none.
std::optional<std::uint32_t> reason_cause(std::string_view reason);

}  // namespace voipprobe::probe
