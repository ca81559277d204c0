// From captured octets to a PacketView: link layer, IP, transport, in one pass. Pure; no allocation.
#pragma once

#include "probe/capture/packet.hpp"
#include "probe/decode/packet_view.hpp"

namespace voipprobe::probe {

// Headers within one another (VLAN tags, tunnels, IPv6 extensions) beyond which a packet is dropped.
inline constexpr int kMaxNesting = 16;

DropReason decode(const RawPacket& raw, PacketView& out);

}  // namespace voipprobe::probe
