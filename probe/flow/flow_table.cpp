#include "probe/flow/flow_table.hpp"

#include <emmintrin.h>

#include <algorithm>
#include <utility>

namespace voipprobe::probe {
namespace {

std::uint32_t matches(const std::array<std::uint8_t, 16>& tags, std::uint8_t tag) {
    const __m128i group = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags.data()));
    const __m128i equal = _mm_cmpeq_epi8(group, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(equal)) & 0xfff;
}

std::size_t lowest(std::uint32_t mask) { return static_cast<std::size_t>(std::countr_zero(mask)); }

std::uint64_t load(const wire::IpAddress& a, std::size_t at) { return wire::load_le64(a.octets.data() + at); }

}  // namespace

FlowTable::FlowTable(std::size_t max_flows, wire::SipKey key)
    : max_flows_(max_flows),
      keys_(wire::nh_keys<8>(key, 0x666c6f77)),
      index_(groups_),
      hot_(max_flows + 1),
      cold_(max_flows + 1),
      wheel_(kSlots, 0) {}

std::uint64_t FlowTable::hash_v6(const wire::IpAddress& a, const wire::IpAddress& b, std::uint64_t key1) const {
    wire::NhSum nh(keys_.data());
    nh.add(0, load(a, 0), load(a, 8));
    nh.add(2, load(b, 0), load(b, 8));
    nh.add(4, key1, 0);
    return nh.finish(6);
}

std::uint64_t FlowTable::hash_of(std::uint64_t key0, std::uint64_t key1, FlowIndex i) const {
    if (static_cast<std::uint8_t>(key1 >> 40) == 4) return hash_v4(key0, key1);
    return hash_v6(cold_[i].a, cold_[i].b, key1);
}

FlowTable::Key FlowTable::key_of_v6(const PacketView& p, std::uint16_t zone) const {
    Key k;
    const std::uint64_t sp = p.src_port, dp = p.dst_port;
    const auto order = p.src <=> p.dst;
    k.source_is_b = order > 0 || (order == 0 && sp > dp);
    k.key1 = (k.source_is_b ? sp << 16 | dp : dp << 16 | sp) | rest_of_key(p, zone);
    k.hash = k.source_is_b ? hash_v6(p.dst, p.src, k.key1) : hash_v6(p.src, p.dst, k.key1);
    k.key0 = k.hash;
    return k;
}

bool FlowTable::same_addresses(FlowIndex i, const Key& k, const PacketView& p) const {
    return cold_[i].a == (k.source_is_b ? p.dst : p.src) && cold_[i].b == (k.source_is_b ? p.src : p.dst);
}

FlowIndex FlowTable::guess(const Key& k) const {
    const Group& g = index_[group_of(k.hash)];
    const std::uint32_t m = matches(g.tag, tag_of(k.hash));
    return m == 0 ? 0 : g.slot[lowest(m)];
}

FlowTable::Found FlowTable::find(const Key& k, const PacketView& p) const {
    const std::uint8_t tag = tag_of(k.hash);
    std::size_t group = group_of(k.hash);
    for (std::size_t step = 1; step <= groups_; ++step) {
        const Group& g = index_[group];
        for (std::uint32_t m = matches(g.tag, tag); m != 0; m &= m - 1) {
            const FlowIndex i = g.slot[lowest(m)];
            if (same(i, k, p)) return {i, direction(i, k), false};
        }
        if (matches(g.tag, kEmptyTag) != 0) break;
        group = (group + step) & (groups_ - 1);
    }
    return {};
}

[[gnu::noinline]] FlowTable::Found FlowTable::find_or_add(const Key& k, const PacketView& p) {
    const std::uint8_t tag = tag_of(k.hash);
    std::size_t group = group_of(k.hash);
    for (std::size_t step = 1;; ++step) {
        const Group& g = index_[group];
        for (std::uint32_t m = matches(g.tag, tag); m != 0; m &= m - 1) {
            const FlowIndex i = g.slot[lowest(m)];
            if (same(i, k, p)) return {i, direction(i, k), false};
        }
        if (matches(g.tag, kEmptyTag) != 0) break;
        group = (group + step) & (groups_ - 1);  // triangular probing visits every group
    }
    if (size_ >= max_flows_) return {};
    if ((used_tags_ + 1) * 8 > groups_ * kGroup * 7) rebuild(size_ * 16 > groups_ * kGroup * 8 ? groups_ * 2 : groups_);
    FlowIndex i = free_;
    if (i != 0)
        free_ = hot_[i].next;
    else
        i = next_unused_++;
    FlowHot& h = hot_[i];
    h = FlowHot{};
    h.key0 = k.key0;
    h.key1 = k.key1;
    h.flags = k.source_is_b ? std::uint8_t{kSourceIsB} : std::uint8_t{0};
    FlowCold& c = cold_[i];
    c = FlowCold{};
    c.a = k.source_is_b ? p.dst : p.src;
    c.b = k.source_is_b ? p.src : p.dst;
    c.id = next_id_++;
    if (next_id_ == 0) next_id_ = 1;
    place(k.hash, i);
    ++size_;
    return {i, 0, true};
}

void FlowTable::place(std::uint64_t hash, FlowIndex i) {
    std::size_t group = group_of(hash);
    for (std::size_t step = 1;; ++step) {
        Group& g = index_[group];
        std::uint32_t m = matches(g.tag, kEmptyTag);
        const bool fresh = m != 0;
        if (!fresh) m = matches(g.tag, kDeletedTag);
        if (m != 0) {
            g.tag[lowest(m)] = tag_of(hash);
            g.slot[lowest(m)] = i;
            if (fresh) ++used_tags_;
            return;
        }
        group = (group + step) & (groups_ - 1);
    }
}

void FlowTable::rebuild(std::size_t groups) {
    groups_ = groups;
    index_ = ReservedArray<Group>(groups_);
    used_tags_ = 0;
    for_each([this](FlowIndex i) { place(hash_of(hot_[i].key0, hot_[i].key1, i), i); });
}

void FlowTable::remove(FlowIndex i) {
    const std::uint64_t hash = hash_of(hot_[i].key0, hot_[i].key1, i);
    const std::uint8_t tag = tag_of(hash);
    std::size_t group = group_of(hash);
    for (std::size_t step = 1; step <= groups_; ++step) {
        Group& g = index_[group];
        for (std::uint32_t m = matches(g.tag, tag); m != 0; m &= m - 1) {
            if (g.slot[lowest(m)] != i) continue;
            // A group that still has an empty tag ends every probe: the place can be empty again.
            const bool ends_probe = matches(g.tag, kEmptyTag) != 0;
            g.tag[lowest(m)] = ends_probe ? kEmptyTag : kDeletedTag;
            if (ends_probe) --used_tags_;
            g.slot[lowest(m)] = 0;
            cold_[i].id = 0;
            hot_[i].key1 = 0;
            hot_[i].next = free_;
            free_ = i;
            --size_;
            return;
        }
        group = (group + step) & (groups_ - 1);
    }
}

wire::Endpoint FlowTable::source(FlowIndex i) const {
    const bool b = (hot_[i].flags & kSourceIsB) != 0;
    return {b ? cold_[i].b : cold_[i].a, static_cast<std::uint16_t>(hot_[i].key1 >> (b ? 16 : 0))};
}

wire::Endpoint FlowTable::destination(FlowIndex i) const {
    const bool b = (hot_[i].flags & kSourceIsB) != 0;
    return {b ? cold_[i].a : cold_[i].b, static_cast<std::uint16_t>(hot_[i].key1 >> (b ? 0 : 16))};
}

std::size_t FlowTable::memory_octets() const {
    return groups_ * sizeof(Group) + wheel_.size() * sizeof(FlowIndex) +
           next_unused_ * (sizeof(FlowHot) + sizeof(FlowCold));
}

void FlowTable::schedule(FlowIndex i, Tick due) { insert(i, due, false); }

void FlowTable::insert(FlowIndex i, Tick due, bool not_this_slot) {
    hot_[i].due = due;
    Tick slot = due / kTicksPerSlot;
    // Never behind the cursor, never further than the wheel turns; an early visit only arms the entry again.
    const Tick earliest = cursor_ + (not_this_slot ? 1 : 0);
    slot = std::clamp(slot, earliest, cursor_ + kSlots - 1);
    hot_[i].next = wheel_[slot % kSlots];
    wheel_[slot % kSlots] = i;
}

// The origin of ticks moves up to `tick` (by whole turns of the wheel, so that every entry stays in its slot).
void FlowTable::rebase(Tick tick) {
    const Tick turn = kSlots * kTicksPerSlot;
    const Tick shift = tick / turn * turn - turn;
    base_ += wire::TimeNs{shift} * 10 * wire::kMillisecond;
    cursor_ -= shift / kTicksPerSlot;
    for_each([&](FlowIndex i) { hot_[i].due -= std::min(hot_[i].due, shift); });
}

void FlowTable::unlink(FlowIndex i) {
    for (std::uint32_t s = 0; s < kSlots; ++s) {
        for (FlowIndex* link = &wheel_[(cursor_ + s) % kSlots]; *link != 0; link = &hot_[*link].next) {
            if (*link != i) continue;
            *link = hot_[i].next;
            return;
        }
    }
}

}  // namespace voipprobe::probe
