// What one SIP message does to its call (RFC 3261 §12-17; times and states: docs/dictionary.md). Pure state change:
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
};

// The From tag tells who sent it, whatever the direction of the packets.
Side sender_of(const Call& call, const SipMessage& m, const NameAddress& from);

// First INVITE of a new call: parties, hop, times.
void begin_call(Call& call, const SipMessage& m, const SipContext& ctx);

// Any message of the call, the first INVITE included.
void apply_message(Call& call, CallIndex index, const SipMessage& m, const SipContext& ctx, MediaTable& media);

}  // namespace voipprobe::probe
