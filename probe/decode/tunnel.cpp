// Tunnels over IP and UDP. Each parser tells what is carried, or nothing when the header does not fit its port.
#include <algorithm>
#include <optional>

#include "probe/decode/layers.hpp"
#include "probe/decode/tunnel_ports.hpp"
#include "probe/decode/link.hpp"

namespace voipprobe::probe {
namespace {

using wire::Bytes;
using wire::load_be16;
using wire::load_be32;

enum TunnelProtocol : std::uint8_t {
    kProtoIp4 = 4, kProtoIp6 = 41, kProtoGre = 47, kProtoEtherIp = 97, kProtoL2tp = 115, kProtoMpls = 137
};
enum GreType : std::uint16_t { kGreEoip = 0x6400, kGreWccp = 0x883e, kGreErspan = 0x88be, kGreErspan3 = 0x22eb };

Carried ethernet(Bytes data, TunnelType type, std::uint32_t id = 0, bool has_id = false) {
    return {Layer::ethernet, 0, data, type, id, has_id, has_id};
}

std::uint32_t load_be24(const std::uint8_t* p) { return load_be32(p) >> 8; }

// RFC 7348 §5; the group policy extension sets the G flag and an id.
std::optional<Carried> vxlan(Bytes d) {
    if (d.size() < 8 || (d[0] & 0x7f) != 0x08 || d[7] != 0) return std::nullopt;
    return ethernet(d.subspan(8), TunnelType::vxlan, load_be24(&d[4]), true);
}

// RFC 8926 §3.4.
std::optional<Carried> geneve(Bytes d) {
    if (d.size() < 8 || d[0] >> 6 != 0 || (d[1] & 0x3f) != 0 || d[7] != 0) return std::nullopt;
    const std::size_t header = 8 + (d[0] & 0x3fU) * 4;
    if (d.size() < header) return std::nullopt;
    Carried c = ethernet(d.subspan(header), TunnelType::geneve, load_be24(&d[4]), true);
    c.layer = Layer::ethertype;
    c.ethertype = load_be16(&d[2]);
    return c;
}

// 3GPP TS 29.281 §5: G-PDU with an optional part and extension headers.
std::optional<Carried> gtp_u(Bytes d) {
    if (d.size() < 8 || (d[0] & 0xf0) != 0x30 || d[1] != 0xff) return std::nullopt;
    Carried c;
    c.type = TunnelType::gtp_u;
    c.id = load_be32(&d[4]);
    c.has_id = true;  // each direction has its own
    const std::size_t length = load_be16(&d[2]);
    const bool optional_part = (d[0] & 0x07) != 0;
    std::uint8_t extension = 0;
    std::size_t at = 8;
    if (optional_part) {
        if (d.size() < 12) return std::nullopt;
        if ((d[0] & 0x04) != 0) extension = d[11];
        at = 12;
    }
    for (int i = 0; extension != 0; ++i) {
        if (i == kMaxNesting || d.size() < at + 4 || d[at] == 0) return std::nullopt;
        const std::size_t size = d[at] * std::size_t{4};
        if (d.size() < at + size) return std::nullopt;
        extension = d[at + size - 1];
        at += size;
    }
    if (length + 8 < at) return std::nullopt;
    c.data = d.subspan(at, std::min(d.size(), length + 8) - std::min(d.size(), at));
    if (c.data.empty()) return std::nullopt;
    const std::uint8_t version = c.data[0] >> 4;
    if (version != 4 && version != 6) {  // 5G Ethernet sessions
        if (!plausible_ethernet(c.data)) return std::nullopt;
        c.layer = Layer::ethernet;
    }
    return c;
}

// The tagged sniffer protocol: version 1, type "received" or "to transmit", tags that end with 1.
std::optional<Carried> tzsp(Bytes d) {
    if (d.size() < 5 || d[0] != 1 || d[1] > 1 || load_be16(&d[2]) != 1) return std::nullopt;
    std::size_t at = 4;
    while (at < d.size() && d[at] != 1) {
        if (d[at] == 0) {
            ++at;
        } else {
            if (at + 2 > d.size()) return std::nullopt;
            at += 2 + std::size_t{d[at + 1]};
        }
    }
    if (at >= d.size()) return std::nullopt;
    return ethernet(d.subspan(at + 1), TunnelType::tzsp);
}

// RFC 2661 §3.1: a data message, which carries PPP.
std::optional<Carried> l2tp2(Bytes d) {
    const std::uint16_t flags = load_be16(d.data());
    if ((flags & 0x8000) != 0 || (flags & 0x34f0) != 0) return std::nullopt;  // control; reserved bits
    wire::ByteReader r(d.subspan(2));
    const std::size_t length = (flags & 0x4000) != 0 ? r.u16() : d.size();
    const std::uint32_t id = std::uint32_t{r.u16()} << 16;
    Carried c;
    c.layer = Layer::ppp;
    c.type = TunnelType::l2tp;
    c.id = id | r.u16();
    c.has_id = true;
    if ((flags & 0x0800) != 0) r.skip(4);
    if ((flags & 0x0200) != 0) r.skip(r.u16());
    const std::size_t header = 2 + r.position();
    if (r.failed() || length < header) return std::nullopt;
    c.data = d.subspan(header, std::min(d.size(), length) - header);
    return c;
}

// RFC 3931 §4.1: after the session id a cookie of 0, 4 or 8 octets and perhaps a sublayer of 4, by agreement of the
// ends that a listener does not know. Taken where exactly one place makes sense.
std::optional<Carried> l2tp3(std::uint32_t session, Bytes d) {
    if (session == 0) return std::nullopt;  // control
    std::optional<Carried> found;
    for (const std::size_t at : {0U, 4U, 8U, 12U}) {
        if (d.size() <= at) break;
        Carried c = ethernet(d.subspan(at), TunnelType::l2tp, session, true);
        c.symmetric_id = false;
        if (!plausible_ethernet(c.data)) {
            const Bytes ppp = c.data;
            const bool is_ppp = ppp.size() > 4 && ppp[0] == 0xff && ppp[1] == 0x03 &&
                                (load_be16(&ppp[2]) == 0x0021 || load_be16(&ppp[2]) == 0x0057);
            if (!is_ppp || !plausible_ip(ppp.subspan(4))) continue;
            c.layer = Layer::ppp;
        }
        if (found) return std::nullopt;
        found = c;
    }
    return found;
}

std::optional<Carried> l2tp(Bytes d) {
    if (d.size() < 8) return std::nullopt;
    switch (d[1] & 0x0f) {
        case 2: return l2tp2(d);
        case 3: return (d[0] & 0x80) != 0 ? std::nullopt : l2tp3(load_be32(&d[4]), d.subspan(8));
        default: return std::nullopt;
    }
}

// ERSPAN: I has no header of its own, II (draft-foschiano-erspan §4.2) has 8 octets, III 12 and perhaps 8 more.
std::optional<Carried> erspan(Bytes d, bool three, bool has_sequence) {
    if (!three && !has_sequence) return ethernet(d, TunnelType::erspan);
    const std::size_t least = three ? 12 : 8;
    if (d.size() < least || d[0] >> 4 != (three ? 2 : 1)) return std::nullopt;
    std::size_t at = least;
    bool is_ip = false;
    if (three) {
        if ((d[11] & 1) != 0) at += 8;
        is_ip = (load_be16(&d[10]) >> 10 & 0x1f) == 2;
    }
    if (d.size() < at) return std::nullopt;
    Carried c = ethernet(d.subspan(at), TunnelType::erspan, load_be16(&d[2]) & 0x3ff, true);
    if (is_ip) c.layer = Layer::ip;
    return c;
}

// RFC 2784, 2890 (version 0), RFC 2637 §4.1 (version 1, PPTP), RFC 7637 (NVGRE).
std::optional<Carried> gre(Bytes d) {
    if (d.size() < 4) return std::nullopt;
    const std::uint16_t flags = load_be16(d.data());
    const std::uint16_t type = load_be16(&d[2]);
    const int version = flags & 7;
    if (version > 1 || (flags & 0x4000) != 0) return std::nullopt;  // source routes of RFC 1701
    wire::ByteReader r(d.subspan(4));
    if ((flags & 0x8000) != 0) r.skip(4);  // checksum
    Carried c;
    c.type = TunnelType::gre;
    if ((flags & 0x2000) != 0) {
        c.id = version == 1 ? r.u32() & 0xffff : r.u32();
        c.has_id = true;
        c.symmetric_id = version == 0;
    }
    const bool sequence = (flags & 0x1000) != 0;
    if (sequence) r.skip(4);
    if (version == 1 && (flags & 0x80) != 0) r.skip(4);  // acknowledgement
    if (r.failed()) return std::nullopt;
    c.data = r.rest();
    c.layer = Layer::ethertype;
    c.ethertype = type;
    switch (type) {
        case kGreErspan: return erspan(c.data, false, sequence);
        case kGreErspan3: return erspan(c.data, true, sequence);
        case kEtherBridging:
            if (c.has_id && flags == 0x2000) {
                c.type = TunnelType::nvgre;
                c.id >>= 8;
            }
            return c;
        case kGreEoip:  // MikroTik, in version 1: length and id in place of the key
            if (version != 1) return std::nullopt;
            c.layer = Layer::ethernet;
            c.symmetric_id = true;
            return c;
        case kGreWccp:  // version 2 has a header of 4 octets before the IP packet
            c.layer = Layer::ip;
            if (c.data.size() > 4 && c.data[0] >> 4 != 4) c.data = c.data.subspan(4);
            return c;
        default: return c;
    }
}

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
    h = (h ^ v) * 0x9e3779b97f4a7c15ULL;
    return h ^ h >> 29;
}

// What tells tunnels apart in both directions: the id where both ends use the same one, else the pair of ends.
std::uint64_t key_of(const Carried& c, const PacketView& v) {
    std::uint64_t h = mix(v.tunnel_key, static_cast<std::uint64_t>(c.type));
    if (c.symmetric_id) return mix(h, c.id) | 1;
    if (c.type == TunnelType::mpls) return h | 1;
    const bool swap = v.dst < v.src;
    for (const wire::IpAddress* a : {swap ? &v.dst : &v.src, swap ? &v.src : &v.dst})
        for (const std::size_t at : {0U, 8U}) {
            std::uint64_t word = 0;
            std::memcpy(&word, a->octets.data() + at, 8);
            h = mix(h, word);
        }
    return h | 1;
}

DropReason enter_if(const std::optional<Carried>& c, PacketView& v, Nesting n) {
    return c ? enter(*c, v, n) : DropReason::not_ip;
}

std::uint16_t header_checksum(Bytes header) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i + 1 < header.size(); i += 2) sum += load_be16(&header[i]);
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

bool is_tunnel_protocol(std::uint8_t protocol) {
    switch (protocol) {
        case kProtoIp4:
        case kProtoIp6:
        case kProtoGre:
        case kProtoEtherIp:
        case kProtoL2tp:
        case kProtoMpls: return true;
        default: return false;
    }
}

bool may_be_tunnel(const PacketView& v) {
    return v.protocol == kProtoUdp ? is_tunnel_port(v.dst_port) : is_tunnel_protocol(v.protocol);
}

DropReason enter_udp_tunnel(Bytes d, PacketView& v, Nesting n) {
    switch (v.dst_port) {
        case kPortL2tp: return enter_if(l2tp(d), v, n);
        case kPortGtpU: return enter_if(gtp_u(d), v, n);
        case kPortVxlan:
        case kPortVxlanLinux: return enter_if(vxlan(d), v, n);
        case kPortGeneve: return enter_if(geneve(d), v, n);
        case kPortTzsp: return enter_if(tzsp(d), v, n);
        default: return DropReason::not_ip;
    }
}

DropReason enter_ip_tunnel(Bytes d, PacketView& v, Nesting n) {
    Carried c;
    c.type = TunnelType::ip_in_ip;
    c.data = d;
    switch (v.protocol) {
        case kProtoIp4:
        case kProtoIp6:
            if (d.empty() || d[0] >> 4 != (v.protocol == kProtoIp4 ? 4 : 6)) return DropReason::not_ip;
            return enter(c, v, n);
        case kProtoGre: return enter_if(gre(d), v, n);
        case kProtoEtherIp:  // RFC 3378 §3
            if (d.size() < 2 || load_be16(d.data()) != 0x3000) return DropReason::not_ip;
            return enter(ethernet(d.subspan(2), TunnelType::ip_in_ip), v, n);
        case kProtoL2tp: return d.size() < 4 ? DropReason::not_ip : enter_if(l2tp3(load_be32(d.data()), d.subspan(4)), v, n);
        case kProtoMpls: return decode_layer(Layer::ethertype, kEtherMpls, d, v, n);  // RFC 4023
        default: return DropReason::not_ip;
    }
}

DropReason enter(const Carried& c, PacketView& v, Nesting n) {
    if (n.depth >= kMaxNesting || --*n.guesses < 0) return DropReason::depth_limit;
    PacketView inner;
    inner.time = v.time;
    inner.vlan = v.vlan;
    inner.outer_vlan = v.outer_vlan;
    inner.tunnel_key = key_of(c, v);
    // A tunnel without an IP header of its own (MPLS within GRE) keeps the addresses of the one around it.
    inner.tunnel.src = v.src.is_none() ? v.tunnel.src : v.src;
    inner.tunnel.dst = v.src.is_none() ? v.tunnel.dst : v.dst;
    inner.tunnel.type = c.type;
    inner.tunnel.id = c.id;
    inner.tunnel.has_id = c.has_id;
    inner.tunnel.depth = static_cast<std::uint8_t>(v.tunnel.depth + 1);
    const DropReason r = decode_layer(c.layer, c.ethertype, c.data, inner, n.deeper());
    if (r == DropReason::none) v = inner;
    return r;
}

bool plausible_ip(Bytes d) {
    if (d.size() >= 40 && d[0] >> 4 == 6) {
        const std::size_t length = load_be16(&d[4]);
        const std::uint8_t next = d[6];
        const bool known = next == 0 || next == 6 || next == 17 || next == 43 || next == 44 || next == 50 || next == 51 ||
                           next == 58 || next == 60 || is_tunnel_protocol(next);
        return known && length + 40 <= d.size() + 8;
    }
    if (d.size() < 20 || d[0] >> 4 != 4) return false;
    const std::size_t header = (d[0] & 0x0fU) * 4;
    const std::size_t total = load_be16(&d[2]);
    if (header < 20 || d.size() < header || total < header) return false;
    const bool not_filled_in = load_be16(&d[10]) == 0 && total <= d.size();  // left to the network card
    return not_filled_in || header_checksum(d.first(header)) == 0xffff;
}

bool plausible_ethernet(Bytes d) {
    std::size_t at = 12;
    for (int tags = 0; tags < 4 && d.size() >= at + 2; ++tags, at += 4) {
        const std::uint16_t type = load_be16(&d[at]);
        if (type == kEtherVlan || type == kEtherQinq || type == kEtherQinqOld) continue;
        if (type != kEtherIpv4 && type != kEtherIpv6) return type == kEtherMpls || type == kEtherPppoeSession;
        const Bytes ip = d.subspan(at + 2);
        return !ip.empty() && ip[0] >> 4 == (type == kEtherIpv4 ? 4 : 6) && plausible_ip(ip);
    }
    return false;
}

}  // namespace voipprobe::probe
