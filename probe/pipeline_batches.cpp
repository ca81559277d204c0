// Packets by the batch: prepared, their memory asked for, and most of them measured without more ado. What a packet that
// takes the long way means is in pipeline.cpp.
#include <algorithm>

#include "probe/decode/plain_rtp.hpp"
#include "probe/pipeline.hpp"

namespace voipprobe::probe {

void Pipeline::process(std::span<const RawPacket> packets) {
    while (!packets.empty()) {
        const std::size_t n = std::min(packets.size(), kBatch);
        for (std::size_t i = 0; i < n; ++i) prepare(packets[i], batch_[i]);
        process(std::span(batch_).first(n));
        packets = packets.subspan(n);
    }
}

void Pipeline::prepare(const RawPacket& packet, PreparedPacket& out) const {
    out.shortcut = shortcuts_ && PlainRtp::is(packet);
    if (!out.shortcut) [[unlikely]]
        return prepare_whole(packet, out);
    const PlainRtp p(packet);
    out.whole = false;
    out.raw = packet;
    out.lane_key = media_.lane_index().key_of(p.ip());
    if (config_.dedup) out.mark = duplicates_.mark_of_rtp(p.ip(), p.payload_length());
}

[[gnu::noinline]] void Pipeline::prepare_whole(const RawPacket& packet, PreparedPacket& out) const {
    out.whole = true;
    out.guess = 0;
    out.known = false;
    out.drop = DropReason::none;
    if (!out.plain) out.view = PacketView{};
    out.plain = decode_plain_udp(packet, out.view);
    if (!out.plain) [[unlikely]]
        out.drop = decode(packet, out.view = PacketView{});
    // A zone is known in the packet's turn only: its number belongs to flows that may end before.
    if (out.drop == DropReason::none && config_.flow_key == FlowKey::addresses && !out.view.fragment)
        identify(out, 0);
}

void Pipeline::identify(PreparedPacket& packet, std::uint16_t zone) const {
    flows_.key_of(packet.view, zone, packet.key);
    if (config_.dedup) packet.mark = duplicates_.mark(packet.view, zone);
    packet.known = true;
}

// Nothing here decides anything: each step only asks for the memory that the next one reads.
void Pipeline::look_ahead(std::span<PreparedPacket> batch) {
    std::array<PreparedPacket*, kBatch> others;
    std::array<std::uint32_t, kBatch> measured;  // streams
    std::size_t n = 0, m = 0;
    const auto by_flow = [&](PreparedPacket& p) {
        if (p.shortcut) prepare_whole(p.raw, p);
        if (p.known) others.data()[n++] = &p;
    };
    const bool dedup = config_.dedup;
    lanes_version_ = media_.lane_index().version();
    for (PreparedPacket& p : batch) {
        p.lane = p.shortcut ? media_.lane_index().find(p.lane_key) : 0;
        if (p.lane == 0) [[unlikely]] {
            by_flow(p);
            continue;
        }
        media_.prefetch_lane(p.lane);
        if (dedup) duplicates_.prefetch(p.mark);
    }
    for (PreparedPacket& p : batch) {
        if (p.lane == 0) continue;
        if (!media_.is_open(p.lane)) [[unlikely]] by_flow(p);
        else if (const std::uint32_t s = media_.prefetch_waiting(p.lane)) media_.prefetch(measured.data()[m++] = s);
    }
    if (n != 0) {
        look_ahead_at_flows(std::span(others).first(n));
        for (const PreparedPacket* p : std::span(others).first(n))
            if (p->lane != 0)
                if (const std::uint32_t s = media_.prefetch_waiting(p->lane)) media_.prefetch(measured.data()[m++] = s);
    }
    for (const std::uint32_t s : std::span(measured).first(m)) media_.prefetch_pools(s);
}

void Pipeline::look_ahead_at_flows(std::span<PreparedPacket* const> batch) {
    for (const PreparedPacket* p : batch) {
        flows_.prefetch(p->key);
        if (config_.dedup) duplicates_.prefetch(p->mark);
    }
    for (PreparedPacket* p : batch) {
        p->guess = flows_.guess(p->key);
        if (p->guess != 0) flows_.prefetch(p->guess);
    }
    for (PreparedPacket* p : batch) {
        if (p->guess == 0) continue;
        // Another flow of the same tag: one in ten when the index is full.
        if (flows_.at(p->guess, p->key, p->view).index == 0) [[unlikely]] p->guess = flows_.find(p->key, p->view).index;
        if (p->guess == 0) continue;
        const bool entered = p->lane != 0;
        p->lane = media_.lane_of(p->guess, flows_.direction(p->guess, p->key));
        if (p->lane == 0) continue;
        media_.prefetch_lane(p->lane);
        if (p->shortcut && !entered) note_lane(*p, p->guess);
    }
}

// What VoIP links are full of: a packet of media that is known well. False: it must be looked at.
[[gnu::always_inline]] inline bool Pipeline::take_plain_rtp(PreparedPacket& packet, PlainTally& tally) {
    if (packet.lane == 0 || !packet.shortcut || media_.lane_index().version() != lanes_version_) return false;
    const wire::TimeNs time = packet.raw.time;
    if (time > now_) {
        if (time >= next_slot_) [[unlikely]]
            return false;
        now_ = time;
    }
    const PlainRtp p(packet.raw);
    const std::uint32_t length = p.payload_length();
    if (!media_.may_wait(packet.lane, p.rtp(), length, time)) return false;
    const bool truncated = p.truncated();
    if (config_.dedup) {
        const DuplicateFilter::Verdict verdict = duplicates_.look(packet.mark, time, truncated, true);
        if (verdict != DuplicateFilter::Verdict::fresh) [[unlikely]] {
            take_plain_copy(packet, verdict);
            return true;
        }
    }
    ++tally.packets;
    tally.octets += length;
    counters_.truncated += truncated ? 1 : 0;
    media_.wait(packet.lane, p.rtp(), length, time);
    return true;
}

[[gnu::noinline]] void Pipeline::take_plain_copy(PreparedPacket& packet, DuplicateFilter::Verdict verdict) {
    if (!packet.whole) prepare_whole(packet.raw, packet);
    const FlowTable::Found found = flows_.find(packet.key, packet.view);
    on_copy(found.index, found.direction, packet.view, verdict);
}

[[gnu::noinline]] void Pipeline::take_the_long_way(PreparedPacket& packet) {
    PacketView& p = packet.view;
    if (!packet.whole) prepare_whole(packet.raw, packet);
    if (packet.drop != DropReason::none) {
        ++counters_.dropped[static_cast<std::size_t>(packet.drop)];
        return;
    }
    if (now_ == wire::kNever) begin(p.time);
    if (p.time > now_) {
        now_ = p.time;
        if (now_ >= next_slot_) expire();
    }
    if (take_media(packet)) return;
    const bool zoned = config_.flow_key != FlowKey::addresses;
    const std::uint16_t zone = zoned ? zone_of(p) : std::uint16_t{0};
    if (p.fragment) [[unlikely]] {
        on_fragment(p, zone);
    } else {
        if (zoned) identify(packet, zone);
        const FlowIndex i = take(packet, zone);
        if (packet.shortcut && i != 0) note_lane(packet, i);
    }
    if (zone != 0) zones_.release(zone);
}

// The flow's next packets are found by what is on the wire, if that is what the flow is known by: no tunnel.
void Pipeline::note_lane(const PreparedPacket& packet, FlowIndex i) {
    const PacketView& p = packet.view;
    const LaneKey inner = media_.lane_index().key_of(wire::Endpoint{p.src, p.src_port}, wire::Endpoint{p.dst, p.dst_port});
    const bool same = inner.addresses == packet.lane_key.addresses && inner.ports == packet.lane_key.ports;
    const std::uint32_t lane = media_.lane_of(i, flows_.direction(i, packet.key));
    if (same && p.ip_version == 4 && lane != 0) media_.enter(packet.lane_key, lane);
}

// The same for packets that are found by their flow: IPv6, VLANs, tunnels.
bool Pipeline::take_media(PreparedPacket& packet) {
    const PacketView& p = packet.view;
    const std::uint32_t headers = (p.ip_version == 4 ? 20U : 40U) + 8;
    if (packet.shortcut || packet.guess == 0 || classifier_ || p.fragment || p.payload.size() < 12 || p.payload[0] != 0x80 ||
        p.ip_length != p.payload_length + headers)
        return false;
    const FlowTable::Found found = flows_.at(packet.guess, packet.key, p);
    const std::uint32_t lane = found.index == 0 ? 0 : media_.lane_of(found.index, found.direction);
    if (lane == 0 || !media_.may_wait(lane, p.payload.data(), p.payload_length, p.time)) return false;
    if (config_.dedup) {
        const DuplicateFilter::Verdict verdict = duplicates_.look(packet.mark, p);
        if (verdict != DuplicateFilter::Verdict::fresh) [[unlikely]] {
            on_copy(found.index, found.direction, packet.view, verdict);
            return true;
        }
    }
    ++counters_.decoded;
    counters_.decoded_octets += p.ip_length;
    counters_.truncated += p.truncated ? 1 : 0;
    media_.waited(1);
    media_.wait(lane, p.payload.data(), p.payload_length, p.time);
    return true;
}

void Pipeline::process(std::span<PreparedPacket> packets) {
    counters_.packets += packets.size();
    while (!packets.empty()) {
        const auto batch = packets.first(std::min(packets.size(), kBatch));
        look_ahead(batch);
        PlainTally tally;
        for (PreparedPacket& p : batch)
            if (!take_plain_rtp(p, tally)) [[unlikely]]
                take_the_long_way(p);
        counters_.decoded += tally.packets;
        counters_.decoded_octets += tally.octets + tally.packets * PlainRtp::kHeaders;
        media_.waited(tally.packets);
        packets = packets.subspan(batch.size());
    }
}

}  // namespace voipprobe::probe
