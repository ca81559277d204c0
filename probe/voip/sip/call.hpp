// One call: an INVITE dialog by its Call-ID, with its event times and what its SDP promised (docs/calls.md).
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

enum class SipTransport : std::uint8_t { udp, tcp, tls, ws, wss };
std::string_view transport_name(SipTransport t);

enum class Signalling : std::uint8_t { sip, sccp, h323, mgcp, iax2 };
std::string_view signalling_name(Signalling s);  // SIP, SCCP ...

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
    bool udptl = false;       // T.38
    bool was_audio = false;
    bool bundled = false;     // shares its endpoint with the other bundled lines
    wire::Endpoint endpoint;  // the last that was not 0.0.0.0 and port 0
    std::vector<CallFormat> formats;
    std::vector<SdpScore> scores;
};

struct CallParty {
    std::string name_address;  // From or To without tag, one line
    std::string user_agent;
    // Tags of this party (RFC 3261 §12): more than one when an attempt was repeated with another tag, or when an
    // element between two hops puts its own in. The first is the one of the (confirmed) dialog.
    std::vector<std::string> tags;
    std::vector<CallMedia> media;
    bool has_sdp = false;
    bool agent_by_challenge = false;  // user_agent is that of a 401 or 407

    bool has_tag(std::string_view tag) const;
    void add_tag(std::string_view tag);
};

// A branch of the call that answered provisionally with its own To tag (RFC 3261 §12.1).
struct EarlyDialog {
    std::string tag;
    std::vector<CallMedia> media;  // of its callee, when it described any
    std::string codecs = {};       // that its answer agreed on, joined by ';'
    bool confirmed = false;        // a 2xx had this tag on any hop
};

// One INVITE transaction of the set-up as seen on one hop (RFC 3261 §17.1.1).
struct CallBranch {
    std::uint64_t branch = 0;  // hash of the Via branch
    std::uint32_t cseq = 0;
    std::uint16_t final = 0;   // final response of 300 or above, 0 none yet
};
struct CallFailure {
    std::uint16_t status = 0;
    wire::TimeNs time = 0;  // first copy on any hop
};

// A 2xx to the INVITE: on which branch, of which dialog (hash of the To tag).
struct CallAnswer {
    std::uint64_t branch = 0;
    std::uint64_t to_tag = 0;
};

// An offer within the running call; refused, everything goes back to what it was (RFC 3261 §14.1).
struct CallOffer {
    std::uint32_t cseq = 0;
    Side from = Side::none;  // none: no offer is open
    std::vector<CallMedia> media;
    std::uint8_t holders = 0;
    wire::TimeNs held_since = 0;
    std::int64_t held_ns = 0;
};

enum class CallEvent : std::uint8_t {
    invite, trying, ringing, progress, ok, ack, cancel, cancel_ok, bye, bye_ok, failure, kCount
};

struct Call {
    std::string call_id;
    std::uint32_t serial = 0;  // changes when the slot is used again
    SipTransport transport = SipTransport::udp;
    Signalling signalling = Signalling::sip;
    std::string server_name;   // TLS: SNI of the connection that brought the first INVITE
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
    std::vector<CallAnswer> answers;
    std::uint32_t dialog = 0;       // 0 the first confirmed one; further ones of a forked call count up
    std::vector<EarlyDialog> early;
    std::vector<CallBranch> branches;
    std::vector<CallFailure> failures;  // of the current attempt, on any branch
    CallOffer offer_open;
    std::string caller_asserted;    // P-Asserted-Identity of the first INVITE, bare URI
    std::string request_uri;
    std::string diverted_by;
    char attestation = 0;           // 'A', 'B', 'C', 0 none
    std::string correlation_id;     // the same for all legs of one conversation (sip/legs.hpp)
    std::string connections;        // c= addresses seen, `,` between them
    std::string origin;             // o= of the first offer: B2BUAs often pass it on
    std::uint32_t first_cseq = 0;   // of the first INVITE
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
    std::vector<std::uint32_t> ssrcs;       // likewise
    std::vector<std::uint64_t> ufrags;      // likewise
    std::vector<wire::Endpoint> images;     // likewise: where T.38 goes
    std::vector<std::uint32_t> streams;     // stream indices bound to this call
    std::vector<FlowIndex> plain_flows;     // flows that carry its T.38
    bool image_seen = false;                // T.38 was carried
    bool shares_media = false;              // another call that ran had the same two media endpoints
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
    // Early dialogs (distinct To tags of the set-up) that were never confirmed, the one that a plain call has left out.
    std::uint32_t forks() const;
    bool ended() const { return has(CallEvent::bye) || (has(CallEvent::failure) && !has(CallEvent::ok)); }
    std::int64_t hold_ns(wire::TimeNs until) const;
    // First audio line with an address and a port, else the one that was audio before (a call that went on as T.38);
    // nullptr when the party has described none.
    const CallMedia* audio_of(Side s) const;
    std::size_t heap_octets() const;  // of its strings and lists
    // Bits of CALL_MEDIA_FLAGS.
    std::uint8_t media_flags() const;
};

inline Side other(Side s) { return s == Side::caller ? Side::callee : s == Side::callee ? Side::caller : Side::none; }

}  // namespace voipprobe::probe
