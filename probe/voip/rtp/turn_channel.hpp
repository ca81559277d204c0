// TURN channel data (RFC 8656 §12.4): channel number 0x4000..0x4fff and the length, then the relayed packet.
#pragma once

#include <algorithm>

#include "probe/decode/packet_view.hpp"

namespace voipprobe::probe {

// Takes the channel header off a relayed RTP packet. `p` has a payload of at least one octet.
inline bool unwrap_turn(PacketView& p) {
    if ((p.payload[0] & 0xf0) != 0x40 || p.payload.size() < 16 || (p.payload[4] & 0xc0) != 0x80) return false;
    const std::uint32_t length = wire::load_be16(p.payload.data() + 2);
    if (length < 12 || length + 4 > p.payload_length || p.payload_length - length - 4 > 3) return false;
    p.payload = p.payload.subspan(4, std::min<std::size_t>(length, p.payload.size() - 4));
    p.payload_length = length;
    return true;
}

}  // namespace voipprobe::probe
