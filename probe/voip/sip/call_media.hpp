// SDP into a call: where each party receives, what its payload types mean, which codecs were agreed (RFC 3264).
#pragma once

#include "probe/voip/media_table.hpp"
#include "probe/voip/sdp/sdp.hpp"
#include "probe/voip/sip/call.hpp"
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
};
void apply_sdp(Call& call, std::uint32_t call_index, const Sdp& sdp, const SdpUse& use, MediaTable& media);

// What payload type `pt` means in what `side` receives: that party's own description, else the other's.
const CallFormat* find_format(const Call& call, Side side, std::size_t line, std::uint8_t pt);

}  // namespace voipprobe::probe
