// Link-layer headers: where does the IP packet start? Pure.
#pragma once

#include "probe/capture/packet.hpp"
#include "probe/decode/layers.hpp"

namespace voipprobe::probe {

// LINKTYPE_ values of tcpdump.org/linktypes.html that are decoded.
enum LinkType : std::uint16_t {
    kLinkNull = 0,
    kLinkEthernet = 1,
    kLinkPpp = 9,
    kLinkRawBsd = 12,
    kLinkRawOpenBsd = 14,
    kLinkPppHdlc = 50,
    kLinkPppEther = 51,
    kLinkRaw = 101,
    kLinkCiscoHdlc = 104,
    kLinkLoop = 108,
    kLinkSll = 113,
    kLinkPppDirection = 204,
    kLinkIpv4 = 228,
    kLinkIpv6 = 229,
    kLinkSll2 = 276
};

enum EtherType : std::uint16_t {
    kEtherIpv4 = 0x0800,
    kEtherBridging = 0x6558,  // transparent Ethernet bridging: in GRE and GENEVE
    kEtherVlan = 0x8100,
    kEtherIpv6 = 0x86dd,
    kEtherMpls = 0x8847,
    kEtherMplsUpstream = 0x8848,
    kEtherPppoeSession = 0x8864,
    kEtherPpp = 0x880b,
    kEtherQinq = 0x88a8,
    kEtherBackbone = 0x88e7,  // 802.1ah
    kEtherVnTag = 0x8926,
    kEtherQinqOld = 0x9100
};

// Removes the link header, fills the VLAN ids of `view`, goes on to IP.
DropReason decode_link(std::uint16_t link_type, wire::Bytes data, PacketView& view, Nesting n);

}  // namespace voipprobe::probe
