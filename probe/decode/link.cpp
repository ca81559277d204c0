#include "probe/decode/link.hpp"

#include "probe/decode/decode.hpp"

namespace voipprobe::probe {
namespace {

using wire::Bytes;
using wire::load_be16;

// What follows an EtherType: VLAN tags are removed, IP is accepted.
DropReason after_ethertype(std::uint16_t type, Bytes& data, PacketView& view) {
    for (int depth = 0; depth < kMaxNesting; ++depth) {
        switch (type) {
            case kEtherIpv4:
            case kEtherIpv6: return DropReason::none;
            case kEtherVlan:
            case kEtherQinq:
            case kEtherQinqOld:
                if (data.size() < 4) return DropReason::link_cut;
                if (view.vlan != 0 && view.outer_vlan == 0) view.outer_vlan = view.vlan;
                view.vlan = load_be16(data.data()) & 0x0fff;
                type = load_be16(data.data() + 2);
                data = data.subspan(4);
                break;
            default: return DropReason::not_ip;
        }
    }
    return DropReason::depth_limit;
}

DropReason ethernet(Bytes& data, PacketView& view) {
    if (data.size() < 14) return DropReason::link_cut;
    const std::uint16_t type = load_be16(data.data() + 12);
    data = data.subspan(14);
    return type == kEtherIpv4 ? DropReason::none : after_ethertype(type, data, view);
}

// Linux cooked capture, LINKTYPE_LINUX_SLL and _SLL2.
DropReason cooked(std::size_t header, std::size_t type_at, Bytes& data, PacketView& view) {
    if (data.size() < header) return DropReason::link_cut;
    const std::uint16_t type = load_be16(data.data() + type_at);
    data = data.subspan(header);
    return after_ethertype(type, data, view);
}

// BSD loopback: the address family in 4 octets, in the byte order of the capturing (NULL) or network (LOOP) host.
DropReason loopback(Bytes& data) {
    if (data.size() < 4) return DropReason::link_cut;
    const std::uint32_t family = wire::load_be32(data.data());
    const std::uint32_t swapped = __builtin_bswap32(family);
    data = data.subspan(4);
    const auto is_ip = [](std::uint32_t f) { return f == 2 || f == 10 || f == 24 || f == 28 || f == 30; };
    return is_ip(family) || is_ip(swapped) ? DropReason::none : DropReason::not_ip;
}

}  // namespace

DropReason decode_link(std::uint16_t link_type, Bytes& data, PacketView& view) {
    switch (link_type) {
        case kLinkEthernet: return ethernet(data, view);
        case kLinkSll: return cooked(16, 14, data, view);
        case kLinkSll2: return cooked(20, 0, data, view);
        case kLinkRaw:
        case kLinkRawBsd:
        case kLinkRawOpenBsd:
        case kLinkIpv4:
        case kLinkIpv6: return DropReason::none;
        case kLinkNull:
        case kLinkLoop: return loopback(data);
        default: return DropReason::link_type_unknown;
    }
}

}  // namespace voipprobe::probe
