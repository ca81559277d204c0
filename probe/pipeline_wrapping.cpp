// What a mirror makes of packets: copies, fragments, SIP in TCP segments (docs/encapsulations.md).
#include <algorithm>
#include <utility>

#include "probe/pipeline.hpp"
#include "probe/voip/rtp/turn_channel.hpp"
#include "probe/voip/sip/sip_framing.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint8_t kTcpStrikes = 4;     // connections held for SIP in vain before only a whole start line counts
constexpr std::uint32_t kEarlyPackets = 32; // of a direction: its SYN's number still tells where octets belong

// Ports where SIP is usual. They only decide whether text from the middle of a connection is kept for a while.
bool is_sip_port(std::uint16_t port) { return port >= 5060 && port < 5100; }

bool is_text(wire::Bytes data) {
    return std::all_of(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(data.size(), 16)),
                       [](std::uint8_t c) { return (c >= ' ' && c < 0x7f) || c == '\r' || c == '\n' || c == '\t'; });
}

}  // namespace

// ---- zones and copies ----------------------------------------------------------------------------------------

// The caller releases it; flows and datagrams of the zone retain it.
std::uint16_t Pipeline::zone_of(const PacketView& p) {
    std::uint64_t key = 0;
    if (config_.flow_key != FlowKey::tunnel) key = std::uint64_t{p.outer_vlan} << 12 | p.vlan;
    if (config_.flow_key != FlowKey::vlan) key ^= p.tunnel_key << 24 | p.tunnel_key >> 40;
    if (key == 0) return 0;
    return static_cast<std::uint16_t>(zones_.intern(key, wire::siphash13<1>(config_.table_key, {key})));
}

void Pipeline::count_copy(const PacketView& p) {
    ++counters_.decoded;
    counters_.decoded_octets += p.ip_length;
    counters_.truncated += p.truncated ? 1 : 0;
    ++counters_.duplicates;
    counters_.duplicate_octets += p.ip_length;
}

void Pipeline::on_copy(FlowIndex i, std::uint8_t direction, PacketView& p, DuplicateFilter::Verdict verdict) {
    count_copy(p);
    if (p.protocol != kProtoUdp || p.payload.empty()) return;
    unwrap_turn(p);
    if ((p.payload[0] & 0xc0) == 0x80) return media_.on_copy(i, direction, p);
    if (verdict != DuplicateFilter::Verdict::fuller || !looks_like_sip(p.payload)) return;
    SipContext ctx = context_of(p, SipTransport::udp, FlowTable::zone(flows_.hot(i)));
    ctx.packets = 0;
    on_sip(i, direction, wire::as_text(p.payload), p.payload_length, ctx);
}

// ---- fragments -----------------------------------------------------------------------------------------------

void Pipeline::on_fragment(PacketView& p, std::uint16_t zone) {
    ++counters_.fragments;
    if (config_.dedup && duplicates_.look(p, zone) != DuplicateFilter::Verdict::fresh)
        return count_copy(p);
    const auto [step, datagram, opened] = fragments_.add(p, zone);
    if (opened) zones_.retain(zone);
    if (step == FragmentTable::Step::whole) return on_datagram(datagram, p.time);
    Datagram& d = fragments_[datagram];
    // Without the first fragment the flow is not known; what a tunnel carries is counted when it is.
    if (!d.has_ports || (may_be_tunnel(d.view) && d.state == DatagramState::gathering)) return;
    std::uint8_t direction = 0;
    const FlowIndex i = count_datagram(d, p.time, direction);
    const bool cut = d.state == DatagramState::broken && p.part.offset == 0 && p.truncated;
    if (i == 0 || !cut || p.protocol != kProtoUdp || p.payload.empty()) return;
    analyse(i, direction, p, 1, p.ip_length);  // it will never be whole: this is all there is of it
}

void Pipeline::on_datagram(std::uint32_t datagram, wire::TimeNs time) {
    Datagram& d = fragments_[datagram];
    PacketView p = d.view;
    p.time = time;
    const DropReason r = decode_datagram(fragments_.octets(datagram), p);
    if (r == DropReason::depth_limit) {
        counters_.dropped[static_cast<std::size_t>(r)] += d.frames;
        d.frames = 0;
        return;
    }
    std::uint8_t direction = 0;
    const bool tunnelled = p.fragment || p.tunnel.depth != d.view.tunnel.depth;
    if (r == DropReason::none && tunnelled && d.frames != 0) {
        counters_.decoded += d.frames - 1;
        counters_.joined += d.frames - 1;
        d.frames = 0;
        d.octets = 0;
        const std::uint16_t zone = config_.flow_key == FlowKey::addresses ? std::uint16_t{0} : zone_of(p);
        if (p.fragment) {
            on_fragment(p, zone);
        } else {
            DecodedPacket inner;
            inner.view = p;
            identify(inner, zone);
            take(inner, zone);
        }
        if (zone != 0) zones_.release(zone);
        return;
    }
    const std::uint32_t frames = d.all_frames;
    const std::uint64_t octets = d.all_octets;
    const std::uint16_t zone = d.zone;
    const FlowIndex i = count_datagram(d, time, direction);
    if (i == 0 || r != DropReason::none || tunnelled) return;
    // Seen whole elsewhere, before a router or tunnel cut it.
    if (config_.dedup && duplicates_.look(p, zone) != DuplicateFilter::Verdict::fresh) return;
    if (p.protocol == kProtoTcp) return on_tcp(i, direction, p);
    if (p.protocol != kProtoUdp || p.payload.empty()) return;
    analyse(i, direction, p, frames, octets);
}

// Counts what the datagram's fragments were not counted for yet; 0 when the flow table is full.
FlowIndex Pipeline::count_datagram(Datagram& d, wire::TimeNs time, std::uint8_t& direction) {
    PacketView p = d.view;
    p.time = d.frames == d.all_frames ? d.first_time : time;
    p.ip_length = d.max_length;
    const FlowIndex i = flow_of(p, d.zone, direction);
    const std::uint32_t frames = std::exchange(d.frames, 0);
    const std::uint64_t octets = std::exchange(d.octets, 0);
    if (i == 0) {
        counters_.dropped[static_cast<std::size_t>(DropReason::table_full)] += frames;
        return 0;
    }
    if (frames == 0) return i;
    count(i, direction, p, frames, octets);
    FlowHot& h = flows_.hot(i);
    h.last_us = std::max(h.last_us, time / wire::kMicrosecond);
    FlowCold& c = flows_.cold(i);
    if (h.kind != FlowKind::media) c.min_length = std::min(c.min_length, d.min_length);
    return i;
}

// ---- SIP over TCP --------------------------------------------------------------------------------------------

bool Pipeline::may_carry_sip(FlowIndex i, std::uint8_t direction, const PacketView& p) const {
    const FlowCold& c = flows_.cold(i);
    wire::Bytes text = p.payload;
    while (!text.empty() && (text[0] == '\r' || text[0] == '\n')) text = text.subspan(1);
    const SipStart start = sip_start(text, false);  // maybe: of nothing too
    if (start == SipStart::yes) return true;
    const InnerStart inner = inner_start(p.payload);
    if (inner == InnerStart::websocket || inner == InnerStart::tls) return true;
    if (c.strikes >= kTcpStrikes) return false;
    if ((start == SipStart::maybe && !text.empty()) || inner == InnerStart::maybe) return true;
    if (!is_text(p.payload)) return overtook_the_first(i, direction, p);
    if (!text.empty() && (is_sip_port(p.src_port) || is_sip_port(p.dst_port))) return true;
    return overtook_the_first(i, direction, p);  // other line ends alone are keep-alives
}

// Does a segment belong behind one that is still missing at the connection's beginning?
bool Pipeline::overtook_the_first(FlowIndex i, std::uint8_t direction, const PacketView& p) const {
    const FlowCold& c = flows_.cold(i);
    const FlowHot& h = flows_.hot(i);
    return (h.tcp_flags[direction] & kSyn) != 0 && h.packets[direction] <= kEarlyPackets &&
           static_cast<std::uint16_t>(p.tcp_sequence) != c.first_data[direction];
}

void Pipeline::on_tcp(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    FlowCold& c = flows_.cold(i);
    const FlowKind kind = flows_.hot(i).kind;
    if (kind == FlowKind::signalling || (kind == FlowKind::fresh && others_.may_be(p)))
        if (take_signalling_tcp(i, direction, p)) return;
    if ((p.tcp_flags & kSyn) != 0) {
        c.first_data[direction] = static_cast<std::uint16_t>(p.tcp_sequence + 1);
        if (c.sip_tcp != 0) sip_tcp_.start(c.sip_tcp, direction, p.tcp_sequence + 1);
    }
    if (p.payload.empty() || (c.sip_tcp != 0 && sip_tcp_.ignored(c.sip_tcp))) return;
    if (c.sip_tcp == 0) {
        if (!may_carry_sip(i, direction, p)) {
            // A connection that begins with something else is looked at for whole start lines only.
            const bool first = (flows_.hot(i).tcp_flags[direction] & kSyn) != 0 &&
                               static_cast<std::uint16_t>(p.tcp_sequence) == c.first_data[direction];
            if (first) c.strikes = kTcpStrikes;
            else if (c.strikes < kTcpStrikes) ++c.strikes;
            return;
        }
        FlowIndex evicted = 0;
        c.sip_tcp = sip_tcp_.open(i, evicted);
        if (evicted != 0) flows_.cold(evicted).sip_tcp = 0;
        if (c.sip_tcp == 0) return;
    }
    const FlowHot& h = flows_.hot(i);
    if (!sip_tcp_.knows(c.sip_tcp, direction) && (h.tcp_flags[direction] & kSyn) != 0 &&
        h.packets[direction] <= kEarlyPackets) {
        const auto ahead = static_cast<std::uint16_t>(static_cast<std::uint16_t>(p.tcp_sequence) - c.first_data[direction]);
        sip_tcp_.start(c.sip_tcp, direction, p.tcp_sequence - ahead);
    }
    sip_tcp_.add(c.sip_tcp, direction, p);
    read_sip_tcp(i, direction, context_of(p, SipTransport::tcp, FlowTable::zone(h)));
    if (!sip_tcp_.hopeless(c.sip_tcp)) return;
    sip_tcp_.close(c.sip_tcp);
    c.sip_tcp = 0;
    if (c.strikes < 0xff) ++c.strikes;
}

void Pipeline::read_sip_tcp(FlowIndex i, std::uint8_t direction, SipContext ctx) {
    SipTcpMessage m;
    while (sip_tcp_.next(m)) {
        ctx.time = m.time;
        ctx.transport = sip_tcp_.transport(flows_.cold(i).sip_tcp);
        ctx.server_name = sip_tcp_.server_name(flows_.cold(i).sip_tcp);
        ctx.packets = m.packets;
        ctx.octets = m.octets;
        on_sip(i, direction, m.text, m.whole, ctx);
    }
}

void Pipeline::close_sip_tcp(FlowIndex i) {
    const std::uint32_t stream = std::exchange(flows_.cold(i).sip_tcp, 0);
    if (stream != 0) sip_tcp_.close(stream);
}

// No more segments: what waited for a hole to be filled is read.
void Pipeline::end_sip_tcp(FlowIndex i) {
    const std::uint32_t stream = flows_.cold(i).sip_tcp;
    if (stream == 0) return;
    for (const std::uint8_t direction : {std::uint8_t{0}, std::uint8_t{1}}) {
        SipContext ctx;
        ctx.src = direction == 0 ? flows_.source(i) : flows_.destination(i);
        ctx.dst = direction == 0 ? flows_.destination(i) : flows_.source(i);
        ctx.transport = SipTransport::tcp;
        ctx.ip6 = FlowTable::ip_version(flows_.hot(i)) == 6;
        ctx.zone = FlowTable::zone(flows_.hot(i));
        ctx.tunnel = tunnels_[flows_.cold(i).tunnel];
        sip_tcp_.finish(stream, direction);
        read_sip_tcp(i, direction, ctx);
    }
}

}  // namespace voipprobe::probe
