// Bounded biflow table: an index of groups of 12 in a cache line each (tags compared with SSE2), 64-byte hot entries in reserved memory, a keyed hash (NH) with
// full key compare, and a timer wheel by packet time. Nothing is allocated per flow; the index doubles as it fills.
// Thread rule: one owner. Time: TimeNs of packets; the table keeps the highest seen.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <utility>
#include <vector>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/flow.hpp"
#include "probe/flow/reserved_array.hpp"
#include "wire/nh_hash.hpp"
#include "wire/prefetch.hpp"

namespace voipprobe::probe {

class FlowTable {
  public:
    struct Key {
        std::uint64_t key0, key1, hash;
        bool source_is_b;
    };
    struct Found {
        FlowIndex index = 0;  // 0: table full
        std::uint8_t direction = 0;
        bool created = false;
    };

    FlowTable(std::size_t max_flows, wire::SipKey key);

    // Flows of different zones are never the same flow (a tunnel or VLAN id when asked for; else 0).
    Key key_of(const PacketView& p, std::uint16_t zone = 0) const {
        return p.ip_version == 4 ? key_of_v4(p, zone) : key_of_v6(p, zone);
    }
    void key_of(const PacketView& p, std::uint16_t zone, Key& out) const {
        if (p.ip_version != 4) [[unlikely]] {
            out = key_of_v6(p, zone);
            return;
        }
        const Key k = key_of_v4(p, zone);
        out.key0 = k.key0;  // one by one: see IpAddress::set_v4_bytes()
        out.key1 = k.key1;
        out.hash = k.hash;
        out.source_is_b = k.source_is_b;
    }
    // For batches: fetch what guess() reads; guess where the flow may be, without looking at it; find() there first.
    void prefetch(const Key& k) const {
        wire::prefetch(&index_[group_of(k.hash)]);
    }
    FlowIndex guess(const Key& k) const;
    void prefetch(FlowIndex i) const { wire::prefetch(&hot_[i]); }
    void prefetch_lengths(FlowIndex i) const { wire::prefetch(&cold_[i].min_length); }  // and TTLs: what every packet but media changes
    Found at(FlowIndex guessed, const Key& k, const PacketView& p) const {
        if (guessed == 0 || !same(guessed, k, p)) return {};
        return {guessed, direction(guessed, k), false};
    }
    std::uint8_t direction(FlowIndex i, const Key& k) const {
        return static_cast<std::uint8_t>(((hot_[i].flags & kSourceIsB) != 0) != k.source_is_b);
    }
    Found find(const Key& k, const PacketView& p) const;  // index 0: not there
    Found find_or_add(const Key& k, const PacketView& p);
    void remove(FlowIndex i);
    // For many: fetch what remove() reads of a flow; any number will do.
    void prefetch_removal(FlowIndex i) const {
        if (i != 0 && i < next_unused_) wire::prefetch(&index_[group_of(hash_of(hot_[i].key0, hot_[i].key1, i))]);
    }

    FlowHot& hot(FlowIndex i) { return hot_[i]; }
    const FlowHot& hot(FlowIndex i) const { return hot_[i]; }
    FlowCold& cold(FlowIndex i) { return cold_[i]; }
    const FlowCold& cold(FlowIndex i) const { return cold_[i]; }

    // The record's own ends: src/dst as seen by the first packet.
    wire::Endpoint source(FlowIndex i) const;
    wire::Endpoint destination(FlowIndex i) const;
    static std::uint8_t protocol(const FlowHot& h) { return static_cast<std::uint8_t>(h.key1 >> 32); }
    static std::uint8_t ip_version(const FlowHot& h) { return static_cast<std::uint8_t>(h.key1 >> 40); }

    static std::uint16_t zone(const FlowHot& h) { return static_cast<std::uint16_t>(h.key1 >> 48); }

    std::size_t size() const { return size_; }
    std::size_t capacity() const { return max_flows_; }
    std::size_t most() const { return next_unused_ - 1; }  // flows at a time
    std::size_t memory_octets() const;                     // with that many

    // ---- time ----
    void begin(wire::TimeNs first) { base_ = base_ == wire::kNever ? first : base_; }
    Tick to_tick(wire::TimeNs t) const {
        if (base_ == wire::kNever || t <= base_) return 0;
        const std::int64_t ticks = (t - base_) / (10 * wire::kMillisecond);
        return static_cast<Tick>(std::min<std::int64_t>(ticks, kLastTick));
    }
    // The first time of which to_tick() says so.
    wire::TimeNs to_time(Tick tick) const { return base_ + std::int64_t{tick} * (10 * wire::kMillisecond); }
    void schedule(FlowIndex i, Tick due);
    // Calls on_due(index) for flows whose due time has come; it returns the next due tick, or kGone after it has
    // removed the flow.
    static constexpr Tick kGone = 0xffffffff;
    static constexpr Tick kLastTick = 0xfffffff0;  // 497 days; later times are this one until the table is rebased
    template <typename OnDue>
    void expire(wire::TimeNs now, OnDue&& on_due) {
        for (Tick tick = to_tick(now);; tick = to_tick(now)) {
            expire_at(tick, on_due);
            if (tick < kRebaseFrom) return;
            rebase(tick);
        }
    }
    // From this time on expire() has something to do.
    wire::TimeNs next_slot() const {
        return base_ + (std::int64_t{cursor_} + 1) * kTicksPerSlot * (10 * wire::kMillisecond);
    }
    // The flow to give up for a new one: the next due one that `may_evict`, looking at no more than 256.
    template <typename MayEvict>
    FlowIndex victim(MayEvict&& may_evict) const {
        int looked = 0;
        for (std::uint32_t s = 0; s < kSlots && looked < 256; ++s)
            for (FlowIndex i = wheel_[(cursor_ + s) % kSlots]; i != 0 && looked < 256; i = hot_[i].next, ++looked)
                if (may_evict(i)) return i;
        return 0;
    }
    void unlink(FlowIndex i);  // from the wheel, before remove() of a victim
    // All flows, in order of creation slot.
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (FlowIndex i = 1; i < next_unused_; ++i)
            if (cold_[i].id != 0) visit(i);
    }

  private:
    static constexpr std::size_t kGroup = 12;
    struct alignas(64) Group {
        std::array<std::uint8_t, 16> tag;  // the last four are never used: a register takes 16
        std::array<FlowIndex, kGroup> slot;
    };
    static_assert(sizeof(Group) == 64);
    static constexpr std::uint32_t kSlots = 1024;
    static constexpr Tick kTicksPerSlot = 100;  // 1 s
    static constexpr Tick kRebaseFrom = 0x80000000;  // 248 days
    static constexpr std::uint8_t kEmptyTag = 0, kDeletedTag = 1;

    template <typename OnDue>
    void expire_at(Tick tick, OnDue&& on_due) {
        while (cursor_ <= tick / kTicksPerSlot) {
            FlowIndex i = std::exchange(wheel_[cursor_ % kSlots], 0);
            const bool last = cursor_ == tick / kTicksPerSlot;
            while (i != 0) {
                const FlowIndex following = hot_[i].next;
                prefetch_removal(following);
                Tick due = hot_[i].due;
                if (due <= tick) due = on_due(i);
                if (due != kGone) insert(i, due, last);
                i = following;
            }
            if (last) break;
            ++cursor_;
            // A jump beyond the wheel's span needs every slot once, not every second of the jump.
            if (tick / kTicksPerSlot - cursor_ > kSlots) cursor_ = tick / kTicksPerSlot - kSlots;
        }
    }
    void rebase(Tick tick);
    std::size_t group_of(std::uint64_t hash) const { return hash & (groups_ - 1); }
    static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash >> 57 | 0x80); }
    std::uint64_t hash_of(std::uint64_t key0, std::uint64_t key1, FlowIndex i) const;
    std::uint64_t hash_v6(const wire::IpAddress& a, const wire::IpAddress& b, std::uint64_t key1) const;
    Key key_of_v4(const PacketView& p, std::uint16_t zone) const {
        const std::uint64_t s = p.src.v4_host_order(), d = p.dst.v4_host_order();
        const std::uint64_t sp = p.src_port, dp = p.dst_port;
        const bool source_is_b = (s << 16 | sp) > (d << 16 | dp);
        const std::uint64_t key0 = source_is_b ? d << 32 | s : s << 32 | d;
        const std::uint64_t key1 = (source_is_b ? sp << 16 | dp : dp << 16 | sp) | rest_of_key(p, zone);
        return {key0, key1, hash_v4(key0, key1), source_is_b};
    }
    std::uint64_t hash_v4(std::uint64_t key0, std::uint64_t key1) const {
        wire::NhSum nh(keys_.data());
        nh.add(0, key0, key1);
        return nh.finish(6);
    }
    Key key_of_v6(const PacketView& p, std::uint16_t zone) const;
    static std::uint64_t rest_of_key(const PacketView& p, std::uint16_t zone) {
        return std::uint64_t{p.protocol} << 32 | std::uint64_t{p.ip_version} << 40 | std::uint64_t{zone} << 48;
    }
    // Never of a free slot: its key1 is 0, and no packet's is.
    bool same(FlowIndex i, const Key& k, const PacketView& p) const {
        const FlowHot& h = hot_[i];
        if (h.key0 != k.key0 || h.key1 != k.key1) return false;
        return p.ip_version == 4 || same_addresses(i, k, p);
    }
    bool same_addresses(FlowIndex i, const Key& k, const PacketView& p) const;
    void place(std::uint64_t hash, FlowIndex i);
    void rebuild(std::size_t groups);
    void insert(FlowIndex i, Tick due, bool not_this_slot);

    std::size_t max_flows_;
    wire::NhKeys<8> keys_;
    alignas(64) std::size_t groups_ = 64;  // the keys are read by other threads
    ReservedArray<Group> index_;
    ReservedArray<FlowHot> hot_;
    ReservedArray<FlowCold> cold_;
    std::size_t size_ = 0;
    std::size_t used_tags_ = 0;  // full and deleted
    FlowIndex next_unused_ = 1;
    FlowIndex free_ = 0;
    std::uint32_t next_id_ = 1;
    std::vector<FlowIndex> wheel_;
    Tick cursor_ = 0;  // slot number (not wrapped)
    wire::TimeNs base_ = wire::kNever;
};

}  // namespace voipprobe::probe
