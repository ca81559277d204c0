// From captured octets to a PacketView: link layer, tunnels, IP, transport, in one pass. Pure; no allocation.
// The view describes the innermost packet that decodes; what a tunnel carries and does not decode stays an ordinary
// packet of the tunnel's own flow. docs/encapsulations.md lists what is unwrapped.
#pragma once

#include "probe/capture/packet.hpp"
#include "probe/decode/packet_view.hpp"

namespace voipprobe::probe {

// Headers within one another (VLAN tags, tunnels, IPv6 extensions) beyond which a packet is dropped.
inline constexpr int kMaxNesting = 16;

DropReason decode(const RawPacket& raw, PacketView& out);

// Goes on where a fragment stopped: `data` is what follows the IP header of the whole datagram, `view` any of its
// fragments. Tunnels inside are unwrapped; the result may be a fragment again (of an inner packet).
DropReason decode_datagram(wire::Bytes data, PacketView& view);

// By its protocol or port, might this (first fragment) carry another packet?
bool may_be_tunnel(const PacketView& view);

}  // namespace voipprobe::probe
