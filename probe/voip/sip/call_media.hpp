// SDP into a call: where each party receives, what its payload types mean, which codecs were agreed (RFC 3264).
#pragma once

#include "probe/voip/media_table.hpp"
#include "probe/voip/sdp/sdp.hpp"
#include "probe/voip/sip/call_table.hpp"
#include "probe/voip/sip/sip_message.hpp"

namespace voipprobe::probe {

// `first_copy`: not a copy of the message on a later hop (those only add endpoints).
// `established`: a change within a running call (hold, resume, new address or codec).
struct SdpUse {
    Side from = Side::none;
    bool first_copy = true;
    bool is_request = true;
    bool established = false;
    wire::TimeNs time = 0;
    std::uint16_t zone = 0;
    wire::IpAddress source;  // of the packet
    std::uint32_t cseq = 0;
    bool is_ack = false;
};
void apply_sdp(Call& call, std::uint32_t call_index, const Sdp& sdp, const SdpUse& use, MediaTable& media);

// The endpoints, SSRCs and ufrags that a description promises into the table: call_promises.cpp.
void promise_media(Call& call, std::uint32_t call_index, const Sdp& sdp, const SdpUse& use, MediaTable& media);

// The lines of a description alone.
void describe(std::vector<CallMedia>& lines, const Sdp& sdp);

// What the first description of an early dialog agrees on with the caller's offer; nothing while there is none.
void note_answer(const Call& call, EarlyDialog& early, const Sdp& sdp);
// The codecs of the dialog that was confirmed are the call's, whichever branch described itself first.
void take_answer(Call& call, const EarlyDialog& early);

// A final response of 300 or above: what its request offered is void.
void refuse_offer(Call& call, const SdpUse& use);

// One endpoint where `owner` receives (Side::none: nobody of the call does), named by a message from `source`.
void promise_endpoint(Call& call, std::uint32_t call_index, Side owner, std::size_t line, const wire::Endpoint& at,
                      const wire::IpAddress& source, wire::TimeNs time, std::uint16_t zone, MediaTable& media);

// Promises what both parties of the call describe (a call made from a fork has described it already).
void promise_again(Call& call, std::uint32_t call_index, wire::TimeNs time, std::uint16_t zone, MediaTable& media);

// Takes the call's promises out of the table.
void withdraw(Call& call, std::uint32_t call_index, MediaTable& media);

// A STUN Binding request on the path from `src` to `dst` (RFC 8445 §7.2.2): its USERNAME names the ufrags of both ends,
// so these are ends of the call that described them.
void note_ice_check(CallTable& calls, std::string_view username, const wire::Endpoint& src, const wire::Endpoint& dst,
                    wire::TimeNs time, std::uint16_t zone, MediaTable& media);
// The sender of an RTCP packet whose address (or the one below: RTP's) one running call promised: its SSRC is that call's,
// wherever its RTP comes from.
void note_rtcp_sender(CallTable& calls, std::uint32_t ssrc, const wire::Endpoint& src, const wire::Endpoint& dst,
                      wire::TimeNs time, std::uint16_t zone, MediaTable& media);

// The m= line that a packet towards `side` belongs to, when several share the endpoint of `line` (BUNDLE, RFC 9143).
std::size_t line_of(const Call& call, Side side, std::size_t line, std::uint8_t pt);

// What payload type `pt` means in what `side` receives: that party's own description, else the other's.
const CallFormat* find_format(const Call& call, Side side, std::size_t line, std::uint8_t pt);
// What a score of algorithm `id` is (RFC 7266), by either side's description of the line.
ScoreSense find_score(const Call& call, Side side, std::size_t line, std::uint8_t id);

}  // namespace voipprobe::probe
