// Packets by the batch: prepared, their memory asked for, and most of them measured without more ado. What a packet that
// takes the long way means is in pipeline.cpp.
#include <algorithm>
#include <cstring>

#include "probe/decode/plain_rtp.hpp"
#include "probe/pipeline.hpp"

namespace voipprobe::probe {

void Pipeline::process(std::span<const RawPacket> packets) {
    while (!packets.empty()) {
        const std::size_t n = std::min(packets.size(), kBatch);
        for (std::size_t i = 0; i < n; ++i) {
            prepare(packets[i], batch_[i], decoded_[i]);
            media_.lane_index().prefetch(batch_[i].lane_key);  // whether it has one or not
        }
        take_batch(std::span(batch_).first(n), std::span(decoded_).first(n));
        packets = packets.subspan(n);
    }
}

void Pipeline::prepare(const RawPacket& packet, PreparedPacket& out, DecodedPacket& decoded) const {
    out.shortcut = shortcuts_ && PlainRtp::is(packet);
    if (!out.shortcut) [[unlikely]]
        return prepare_whole(packet, decoded);
    const PlainRtp p(packet);
    const std::uint32_t length = p.payload_length();
    if (config_.dedup) out.mark = duplicates_.mark_of_rtp(p.ip(), length);
    out.time = packet.time;
    out.octets = packet.data.data();
    out.captured = static_cast<std::uint32_t>(packet.data.size());
    out.wire_length = packet.wire_length;
    out.lane_key = media_.lane_index().key_of(p.ip());
    std::memcpy(out.rtp.data(), p.rtp(), out.rtp.size());
    out.payload_length = static_cast<std::uint16_t>(length);
    out.truncated = p.captured() < length;
}

[[gnu::noinline]] void Pipeline::prepare_whole(const RawPacket& packet, DecodedPacket& out) const {
    out.guess = 0;
    out.known = false;
    out.drop = DropReason::none;
    const bool as_new = out.plain;
    out.plain = decode_plain_udp(packet, out.view);
    if (!out.plain || !as_new) out.view = PacketView{};  // once: it has four lines of the cache
    if (!out.plain) out.drop = decode(packet, out.view);
    else if (!as_new) decode_plain_udp(packet, out.view);
    // A zone is known in the packet's turn only: its number belongs to flows that may end before.
    if (out.drop == DropReason::none && config_.flow_key == FlowKey::addresses && !out.view.fragment)
        identify(out, 0);
}

void Pipeline::identify(DecodedPacket& packet, std::uint16_t zone) const {
    flows_.key_of(packet.view, zone, packet.key);
    if (config_.dedup) packet.mark = duplicates_.mark(packet.view, zone);
    packet.known = true;
}

// Nothing here decides anything: each step only asks for the memory that the next one reads.
void Pipeline::look_ahead(std::span<const PreparedPacket> batch, std::span<DecodedPacket> decoded) {
    std::array<std::uint32_t, kBatch> others;    // places in the batch
    std::array<std::uint32_t, kBatch> measured;  // streams
    std::size_t n = 0, m = 0;
    const auto by_flow = [&](std::size_t i) {
        if (batch.data()[i].shortcut) decode_shortcut(batch.data()[i], decoded.data()[i], turns_.data()[i]);
        wire::prefetch(decoded.data()[i].view.payload.data());
        if (decoded.data()[i].known) others.data()[n++] = static_cast<std::uint32_t>(i);
    };
    const bool dedup = config_.dedup;
    lanes_version_ = media_.lane_index().version();
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const PreparedPacket& p = batch.data()[i];
        Turn& turn = turns_.data()[i];
        turn = {p.shortcut ? media_.lane_index().find(p.lane_key) : 0, false};
        if (turn.lane == 0) [[unlikely]] {
            by_flow(i);
            continue;
        }
        media_.prefetch_lane(turn.lane);
        if (dedup) duplicates_.prefetch(p.mark);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const std::uint32_t lane = turns_.data()[i].lane;
        if (lane == 0) continue;
        if (!media_.is_open(lane)) [[unlikely]] by_flow(i);
        else if (const std::uint32_t s = media_.prefetch_waiting(lane)) media_.prefetch(measured.data()[m++] = s);
    }
    if (n != 0) {
        look_ahead_at_flows(batch, decoded, std::span(others).first(n));
        for (const std::uint32_t i : std::span(others).first(n))
            if (const std::uint32_t lane = turns_.data()[i].lane)
                if (const std::uint32_t s = media_.prefetch_waiting(lane)) media_.prefetch(measured.data()[m++] = s);
    }
    for (const std::uint32_t s : std::span(measured).first(m)) media_.prefetch_pools(s);
}

void Pipeline::look_ahead_at_flows(std::span<const PreparedPacket> batch, std::span<DecodedPacket> decoded,
                                   std::span<const std::uint32_t> places) {
    for (const std::uint32_t i : places) {
        flows_.prefetch(decoded.data()[i].key);
        if (config_.dedup) duplicates_.prefetch(decoded.data()[i].mark);
    }
    for (const std::uint32_t i : places) {
        DecodedPacket& p = decoded.data()[i];
        p.guess = flows_.guess(p.key);
        if (p.guess == 0) continue;
        flows_.prefetch(p.guess);
        flows_.prefetch_lengths(p.guess);
    }
    for (const std::uint32_t i : places) {
        DecodedPacket& p = decoded.data()[i];
        if (p.guess == 0) continue;
        // Another flow of the same tag: one in ten when the index is full.
        if (flows_.at(p.guess, p.key, p.view).index == 0) [[unlikely]] p.guess = flows_.find(p.key, p.view).index;
        if (p.guess == 0) continue;
        Turn& turn = turns_.data()[i];
        const bool entered = turn.lane != 0;
        turn.lane = media_.lane_of(p.guess, flows_.direction(p.guess, p.key));
        if (turn.lane == 0) continue;
        media_.prefetch_lane(turn.lane);
        if (batch.data()[i].shortcut && !entered) note_lane(batch.data()[i], p, p.guess);
    }
}

[[gnu::noinline]] void Pipeline::decode_shortcut(const PreparedPacket& packet, DecodedPacket& out, Turn& turn) const {
    if (!std::exchange(turn.whole, true)) prepare_whole(packet.raw(), out);
}

// What VoIP links are full of: a packet of media that is known well. False: it must be looked at.
[[gnu::always_inline]] inline bool Pipeline::take_plain_rtp(const PreparedPacket& packet, DecodedPacket& decoded, Turn& turn,
                                                            PlainTally& tally) {
    const std::uint32_t lane = turn.lane;
    if (lane == 0 || !packet.shortcut || media_.lane_index().version() != lanes_version_) return false;
    const wire::TimeNs time = packet.time;
    if (time > now_) {
        if (time >= next_slot_) [[unlikely]]
            return false;
        now_ = time;
    }
    const std::uint32_t length = packet.payload_length;
    if (!media_.may_wait(lane, packet.rtp.data(), length, time)) return false;
    if (config_.dedup) {
        const DuplicateFilter::Verdict verdict = duplicates_.look(packet.mark, time, packet.truncated, true);
        if (verdict != DuplicateFilter::Verdict::fresh) [[unlikely]] {
            take_plain_copy(packet, decoded, turn, verdict);
            return true;
        }
    }
    ++tally.packets;
    tally.octets += length;
    counters_.truncated += packet.truncated ? 1 : 0;
    media_.wait(lane, packet.rtp.data(), length, time);
    return true;
}

[[gnu::noinline]] void Pipeline::take_plain_copy(const PreparedPacket& packet, DecodedPacket& decoded, Turn& turn,
                                                  DuplicateFilter::Verdict verdict) {
    decode_shortcut(packet, decoded, turn);
    const FlowTable::Found found = flows_.find(decoded.key, decoded.view);
    on_copy(found.index, found.direction, decoded.view, verdict);
}

[[gnu::noinline]] void Pipeline::take_the_long_way(const PreparedPacket& packet, DecodedPacket& decoded, Turn& turn) {
    if (packet.shortcut) decode_shortcut(packet, decoded, turn);
    PacketView& p = decoded.view;
    if (decoded.drop != DropReason::none) {
        ++counters_.dropped[static_cast<std::size_t>(decoded.drop)];
        return;
    }
    if (now_ == wire::kNever) begin(p.time);
    if (p.time > now_) {
        now_ = p.time;
        if (now_ >= next_slot_) expire();
    }
    if (!packet.shortcut && take_media(decoded)) return;
    const bool zoned = config_.flow_key != FlowKey::addresses;
    const std::uint16_t zone = zoned ? zone_of(p) : std::uint16_t{0};
    if (p.fragment) [[unlikely]] {
        on_fragment(p, zone);
    } else {
        if (zoned) identify(decoded, zone);
        const FlowIndex i = take(decoded, zone);
        if (packet.shortcut && i != 0) note_lane(packet, decoded, i);
    }
    if (zone != 0) zones_.release(zone);
}

// The flow's next packets are found by what is on the wire, if that is what the flow is known by: no tunnel.
void Pipeline::note_lane(const PreparedPacket& packet, const DecodedPacket& decoded, FlowIndex i) {
    const PacketView& p = decoded.view;
    const LaneKey inner = media_.lane_index().key_of(wire::Endpoint{p.src, p.src_port}, wire::Endpoint{p.dst, p.dst_port});
    const bool same = inner.addresses == packet.lane_key.addresses && inner.ports == packet.lane_key.ports;
    const std::uint32_t lane = media_.lane_of(i, flows_.direction(i, decoded.key));
    if (same && p.ip_version == 4 && lane != 0) media_.enter(packet.lane_key, lane);
}

// The same as take_plain_rtp() for packets that are found by their flow: IPv6, VLANs, tunnels.
bool Pipeline::take_media(DecodedPacket& packet) {
    const PacketView& p = packet.view;
    const std::uint32_t headers = (p.ip_version == 4 ? 20U : 40U) + 8;
    if (packet.guess == 0 || classifier_ || p.fragment || p.payload.size() < 12 || p.payload[0] != 0x80 ||
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

void Pipeline::take_batch(std::span<const PreparedPacket> batch, std::span<DecodedPacket> decoded) {
    counters_.packets += batch.size();
    look_ahead(batch, decoded);
    PlainTally tally;
    for (std::size_t i = 0; i < batch.size(); ++i)
        if (!take_plain_rtp(batch.data()[i], decoded.data()[i], turns_.data()[i], tally)) [[unlikely]]
            take_the_long_way(batch.data()[i], decoded.data()[i], turns_.data()[i]);
    counters_.decoded += tally.packets;
    counters_.decoded_octets += tally.octets + tally.packets * PlainRtp::kHeaders;
    media_.waited(tally.packets);
}

void Pipeline::process(std::span<const PreparedPacket> packets, std::span<DecodedPacket> decoded) {
    for (std::size_t at = 0; at < packets.size(); at += kBatch) {
        const std::size_t n = std::min(packets.size() - at, kBatch);
        // They are in another core's cache: those of the next batch are asked for before this one is worked on.
        for (std::size_t i = at == 0 ? 0 : at + kBatch; i < std::min(packets.size(), at + 2 * kBatch); ++i)
            if (!packets.data()[i].shortcut) prefetch(decoded.data()[i]);
        take_batch(packets.subspan(at, n), decoded.subspan(at, n));
    }
}

}  // namespace voipprobe::probe
