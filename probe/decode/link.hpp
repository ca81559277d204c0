// Link-layer headers: where does the IP packet start? Pure.
#pragma once

#include "probe/capture/packet.hpp"
#include "probe/decode/packet_view.hpp"

namespace voipprobe::probe {

// LINKTYPE_ values of tcpdump.org/linktypes.html that are decoded.
enum LinkType : std::uint16_t {
    kLinkNull = 0,
    kLinkEthernet = 1,
    kLinkPpp = 9,
    kLinkRawBsd = 12,
    kLinkRawOpenBsd = 14,
    kLinkRaw = 101,
    kLinkLoop = 108,
    kLinkSll = 113,
    kLinkIpv4 = 228,
    kLinkIpv6 = 229,
    kLinkSll2 = 276
};

enum EtherType : std::uint16_t {
    kEtherIpv4 = 0x0800,
    kEtherIpv6 = 0x86dd,
    kEtherVlan = 0x8100,
    kEtherQinq = 0x88a8,
    kEtherQinqOld = 0x9100
};

// Removes the link header from `data`, fills the VLAN ids of `view`.
DropReason decode_link(std::uint16_t link_type, wire::Bytes& data, PacketView& view);

}  // namespace voipprobe::probe
