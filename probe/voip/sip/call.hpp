// One call: an INVITE dialog by its Call-ID, with its event times and what its SDP promised (docs/dictionary.md).
// Out of the packet path: strings are owned here, capped, and made clean only when a record is written.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "probe/decode/packet_view.hpp"
#include "probe/voip/rtp/rtp_stream.hpp"
#include "probe/voip/sdp/sdp.hpp"
#include "wire/address.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

enum class CallState : std::uint8_t { started, in_progress, completed, error, canceled, media_only };
std::string_view state_name(CallState s);  // nProbe's words: CALL_STARTED ...

enum class SipTransport : std::uint8_t { udp, tcp, tls, ws };
std::string_view transport_name(SipTransport t);

struct CallFormat {
    std::uint8_t payload_type = 0;
    std::uint32_t clock_rate = 0;
    std::string encoding;  // as SDP spells it; RFC 3551 name for a static type without rtpmap
};

// One m= line as one party described it: where it receives, and what its payload types mean.
struct CallMedia {
    MediaKind kind = MediaKind::none;
    MediaDirection direction = MediaDirection::sendrecv;
    bool encrypted = false;
    bool rtp = false;
    wire::Endpoint endpoint;
    std::vector<CallFormat> formats;
};

struct CallParty {
    std::string name_address;  // From or To without tag, one line
    std::string user_agent;
    std::string tag;
    std::vector<CallMedia> media;
    bool has_sdp = false;
};

enum class CallEvent : std::uint8_t {
    invite, trying, ringing, progress, ok, ack, cancel, cancel_ok, bye, bye_ok, failure, kCount
};

struct Call {
    std::string call_id;
    std::uint32_t serial = 0;  // changes when the slot is used again
    SipTransport transport = SipTransport::udp;
    CallParty caller;
    CallParty callee;
    wire::Endpoint caller_hop;  // source and destination of the first INVITE packet
    wire::Endpoint callee_hop;
    std::array<wire::TimeNs, static_cast<std::size_t>(CallEvent::kCount)> times{};
    wire::TimeNs last_message = 0;
    wire::TimeNs last_media = wire::kNever;
    std::uint16_t response_code = 0;
    std::uint32_t reason_cause = 0;
    bool has_reason = false;
    Side hangup_by = Side::none;
    std::uint32_t invite_cseq = 0;  // of the current attempt (authentication and redirection start new ones)
    std::uint32_t messages = 0;
    std::uint32_t retransmissions = 0;
    bool challenged = false;  // the last failure asks for another attempt (401, 407, 3xx)
    // Agreed codecs in the offer's order, `;` between them; the offer's while there is no answer.
    std::string codecs;
    Side offered_by = Side::none;
    bool answered = false;
    bool audio_agreed = false;
    std::vector<std::string> offer;
    // Hold: time in which either side held.
    std::uint8_t holders = 0;  // bit 0 caller, bit 1 callee
    wire::TimeNs held_since = 0;
    std::int64_t held_ns = 0;
    // Copies: hashes of (hop, branch, CSeq, method, status) and of the same without hop and branch.
    std::vector<std::uint64_t> seen;
    std::vector<std::uint64_t> seen_anywhere;
    std::vector<wire::Endpoint> endpoints;  // registered in the media table
    std::vector<std::uint32_t> streams;     // stream indices bound to this call
    // For records of nProbe's shape: octets and packets of this dialog's own messages since the last record.
    std::array<std::uint64_t, 2> delta_octets{};
    std::array<std::uint32_t, 2> delta_packets{};
    wire::TimeNs delta_start = 0;
    std::uint32_t revision = 0;
    wire::TimeNs next_snapshot = 0;
    bool ip6 = false;
    TunnelInfo tunnel;  // around the first INVITE

    wire::TimeNs& at(CallEvent e) { return times[static_cast<std::size_t>(e)]; }
    wire::TimeNs at(CallEvent e) const { return times[static_cast<std::size_t>(e)]; }
    bool has(CallEvent e) const { return at(e) != wire::kNever; }
    CallParty& party(Side s) { return s == Side::callee ? callee : caller; }
    const CallParty& party(Side s) const { return s == Side::callee ? callee : caller; }

    CallState state() const;
    bool ended() const { return has(CallEvent::bye) || (has(CallEvent::failure) && !has(CallEvent::ok)); }
    std::int64_t hold_ns(wire::TimeNs until) const;
    // First audio line with an address and a port; nullptr when the party has described none.
    const CallMedia* audio_of(Side s) const;
    // Bits of CALL_MEDIA_FLAGS.
    std::uint8_t media_flags() const;
};

inline Side other(Side s) { return s == Side::caller ? Side::callee : s == Side::callee ? Side::caller : Side::none; }

}  // namespace voipprobe::probe
