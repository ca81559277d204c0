// What one SIP message does to its call (RFC 3261 §12-17; times and states: docs/calls.md). Pure state change:
// no I/O, no clock. Media promises go to the media table.
#pragma once

#include "probe/decode/packet_view.hpp"
#include "probe/voip/media_table.hpp"
#include "probe/voip/sip/call_table.hpp"
#include "probe/voip/sip/sip_message.hpp"

namespace voipprobe::probe {

// Where and when a message was seen.
struct SipContext {
    wire::TimeNs time = 0;
    wire::Endpoint src;
    wire::Endpoint dst;
    SipTransport transport = SipTransport::udp;
    bool ip6 = false;
    std::uint64_t octets = 0;  // IP octets and packets that carried the message alone
    std::uint32_t packets = 1;
    std::uint16_t zone = 0;    // --flow-key
    TunnelInfo tunnel;
    std::string_view server_name{};  // TLS: of the connection's ClientHello
};

// What identifies dialog and transaction in a message, taken apart once.
struct SipIds {
    std::string_view from_tag;
    std::string_view to_tag;
    std::uint64_t branch = 0;  // hashes
    std::uint64_t to_tag_hash = 0;
};
SipIds ids_of(const SipMessage& m);

// The tags tell who sent it, whatever the direction of the packets.
Side sender_of(const Call& call, const SipMessage& m, const SipIds& ids);

// Of the calls with the message's Call-ID (a forked call has one for each confirmed dialog) the one it belongs to;
// 0 when there is none.
CallIndex find_call(const CallTable& calls, const SipMessage& m);

// A 2xx that confirms another dialog of the call (RFC 3261 §13.2.2.4): it becomes a call of its own. Another To tag in
// the same INVITE transaction tells; on another hop it may be the tag that a server in between puts in.
bool confirms_another(const Call& call, const SipMessage& m);

// First INVITE of a new call: parties, hop, times.
void begin_call(Call& call, const SipMessage& m, const SipContext& ctx);
// A further confirmed dialog: what happened up to its 2xx is that of `first`.
void begin_fork(Call& call, CallIndex index, Call& first, std::uint32_t dialog, const SipMessage& m,
                const SipContext& ctx, MediaTable& media);

// Any message of the call, the first INVITE included.
// False: the message is a copy (a retransmission, or seen on an earlier hop).
bool apply_message(Call& call, CallIndex index, const SipMessage& m, const SipContext& ctx, MediaTable& media);

// ---- the INVITE transactions of the set-up: call_setup.cpp ----

// A new attempt, or the attempt on another hop or branch.
void note_invite(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx, Side from);
// A response to an INVITE of the set-up, sent by the callee's side.
void note_invite_response(Call& call, const SipMessage& m, const SipIds& ids, const SipContext& ctx);
// The call is over as far as the capture shows: an attempt that only some branches saw fail has failed.
void settle_failure(Call& call);

inline void first_time(Call& call, CallEvent e, wire::TimeNs t) {
    if (!call.has(e) || t < call.at(e)) call.at(e) = t;  // captures may hold packets out of order
}
void take_reason(Call& call, const SipMessage& m);

}  // namespace voipprobe::probe
