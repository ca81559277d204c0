#include "probe/decode/link.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

using wire::Bytes;
using wire::load_be16;
using wire::load_be32;

// What comes next; `data` starts there.
struct Position {
    Layer layer;
    std::uint16_t ethertype;
};

// MPLS, RFC 3032 §2.1. What follows the bottom label is not said: an IP packet starts with 4 or 6, a control word
// of a pseudowire with 0 (RFC 4385 §3), an Ethernet frame with anything.
DropReason mpls(Bytes data, PacketView& v, Nesting n) {
    std::uint32_t label = 0;
    for (bool bottom = false; !bottom; ++n.depth) {
        if (data.size() < 4) return DropReason::link_cut;
        if (n.depth >= kMaxNesting) return DropReason::depth_limit;
        label = load_be32(data.data());
        bottom = (label & 0x100) != 0;
        data = data.subspan(4);
    }
    Carried c;
    c.type = TunnelType::mpls;
    c.id = label >> 12;
    c.has_id = true;
    c.data = data;
    if (data.empty()) return DropReason::link_cut;
    const std::uint8_t nibble = data[0] >> 4;
    if ((nibble == 4 || nibble == 6) && (plausible_ip(data) || !plausible_ethernet(data))) return enter(c, v, n);
    c.layer = Layer::ethernet;
    if (nibble == 0 && data.size() > 4 && (plausible_ethernet(data.subspan(4)) || !plausible_ethernet(data)))
        c.data = data.subspan(4);
    return enter(c, v, n);
}

// PPPoE session, RFC 2516 §4.
DropReason pppoe(Bytes data, PacketView& v, Nesting n) {
    if (data.size() < 6) return DropReason::link_cut;
    if (data[0] != 0x11 || data[1] != 0) return DropReason::not_ip;  // version, type; code: session data
    Carried c;
    c.layer = Layer::ppp;
    c.type = TunnelType::pppoe;
    c.id = load_be16(data.data() + 2);
    c.has_id = c.symmetric_id = true;
    const std::size_t length = load_be16(data.data() + 4);
    data = data.subspan(6);
    c.data = data.first(std::min(data.size(), length));
    return enter(c, v, n);
}

// PPP, RFC 1661 §2 and RFC 1662 §3.1: address and control may be left out, the protocol may be one octet.
DropReason ppp(Bytes& data, Position& next) {
    if (data.size() >= 2 && data[0] == 0xff && data[1] == 0x03) data = data.subspan(2);
    if (data.size() < 2) return DropReason::link_cut;
    const bool one = (data[0] & 1) != 0;
    const std::uint16_t protocol = one ? data[0] : load_be16(data.data());
    data = data.subspan(one ? 1 : 2);
    switch (protocol) {
        case 0x0021:
        case 0x0057: next = {Layer::ip, 0}; return DropReason::none;
        case 0x0281: next = {Layer::ethertype, kEtherMpls}; return DropReason::none;
        case 0x0031: next = {Layer::ethernet, 0}; return DropReason::none;  // bridging, with flags and MAC type
        default: return DropReason::not_ip;
    }
}

// IEEE 802.3 length instead of a type: LLC with SNAP (RFC 1042).
DropReason snap(Bytes& data, std::uint16_t& type) {
    if (data.size() < 8) return DropReason::not_ip;
    if (load_be32(data.data()) != 0xaaaa0300 || load_be16(data.data() + 4) != 0) return DropReason::not_ip;
    type = load_be16(data.data() + 6);
    data = data.subspan(8);
    return DropReason::none;
}

// Backbone service tag, 802.1ah: 4 octets of flags and service id, then the customer's frame.
DropReason backbone(Bytes data, PacketView& v, Nesting n) {
    if (data.size() < 4) return DropReason::link_cut;
    Carried c;
    c.layer = Layer::ethernet;
    c.type = TunnelType::pbb;
    c.id = load_be32(data.data()) & 0xffffff;
    c.has_id = c.symmetric_id = true;
    c.data = data.subspan(4);
    return enter(c, v, n);
}

// BSD loopback: the address family in 4 octets, in the byte order of the capturing (NULL) or network (LOOP) host.
DropReason loopback(Bytes& data) {
    if (data.size() < 4) return DropReason::link_cut;
    const std::uint32_t family = load_be32(data.data());
    const std::uint32_t swapped = __builtin_bswap32(family);
    data = data.subspan(4);
    const auto is_ip = [](std::uint32_t f) { return f == 2 || f == 10 || f == 24 || f == 28 || f == 30; };
    return is_ip(family) || is_ip(swapped) ? DropReason::none : DropReason::not_ip;
}

// Linux cooked capture, LINKTYPE_LINUX_SLL and _SLL2.
DropReason cooked(std::size_t header, std::size_t type_at, Bytes data, PacketView& v, Nesting n) {
    if (data.size() < header) return DropReason::link_cut;
    return decode_layer(Layer::ethertype, load_be16(data.data() + type_at), data.subspan(header), v, n);
}

}  // namespace

DropReason decode_layer(Layer layer, std::uint16_t type, Bytes data, PacketView& v, Nesting n) {
    Position at{layer, type};
    for (; n.depth < kMaxNesting; ++n.depth) {
        switch (at.layer) {
            case Layer::ip: return decode_ip(data, v, n);
            case Layer::ppp:
                if (const DropReason r = ppp(data, at); r != DropReason::none) return r;
                if (at.layer == Layer::ethernet) {
                    if (data.size() < 2) return DropReason::link_cut;
                    data = data.subspan(2);
                }
                continue;
            case Layer::ethernet:
                if (data.size() < 14) return DropReason::link_cut;
                at = {Layer::ethertype, load_be16(data.data() + 12)};
                data = data.subspan(14);
                break;
            case Layer::ethertype: break;
        }
        switch (at.ethertype) {
            case kEtherIpv4:
            case kEtherIpv6: return decode_ip(data, v, n);
            case kEtherVlan:
            case kEtherQinq:
            case kEtherQinqOld:
                if (data.size() < 4) return DropReason::link_cut;
                if (v.vlan != 0 && v.outer_vlan == 0) v.outer_vlan = v.vlan;
                v.vlan = load_be16(data.data()) & 0x0fff;
                at = {Layer::ethertype, load_be16(data.data() + 2)};
                data = data.subspan(4);
                break;
            case kEtherVnTag:
                if (data.size() < 6) return DropReason::link_cut;
                at = {Layer::ethertype, load_be16(data.data() + 4)};
                data = data.subspan(6);
                break;
            case kEtherMpls:
            case kEtherMplsUpstream: return mpls(data, v, n);
            case kEtherPppoeSession: return pppoe(data, v, n);
            case kEtherPpp: at.layer = Layer::ppp; break;
            case kEtherBridging: at.layer = Layer::ethernet; break;
            case kEtherBackbone: return backbone(data, v, n);
            default:
                if (at.ethertype > 1500) return DropReason::not_ip;
                if (const DropReason r = snap(data, at.ethertype); r != DropReason::none) return r;
        }
    }
    return DropReason::depth_limit;
}

DropReason decode_link(std::uint16_t link_type, Bytes data, PacketView& v, Nesting n) {
    switch (link_type) {
        case kLinkEthernet: return decode_layer(Layer::ethernet, 0, data, v, n);
        case kLinkSll: return cooked(16, 14, data, v, n);
        case kLinkSll2: return cooked(20, 0, data, v, n);
        case kLinkRaw:
        case kLinkRawBsd:
        case kLinkRawOpenBsd:
        case kLinkIpv4:
        case kLinkIpv6: return decode_ip(data, v, n);
        case kLinkNull:
        case kLinkLoop: {
            const DropReason r = loopback(data);
            return r == DropReason::none ? decode_ip(data, v, n) : r;
        }
        case kLinkPpp:
        case kLinkPppHdlc: return decode_layer(Layer::ppp, 0, data, v, n);
        case kLinkPppDirection:
            if (data.empty()) return DropReason::link_cut;
            return decode_layer(Layer::ppp, 0, data.subspan(1), v, n);
        case kLinkPppEther: return pppoe(data, v, n);
        case kLinkCiscoHdlc: return cooked(4, 2, data, v, n);
        default: return DropReason::link_type_unknown;
    }
}

}  // namespace voipprobe::probe
