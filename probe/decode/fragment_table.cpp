#include "probe/decode/fragment_table.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace voipprobe::probe {
namespace {

constexpr std::uint32_t kLargest = 65535;  // octets of a datagram's fragmented part

std::uint64_t word(const wire::IpAddress& a, std::size_t at) { return wire::load_le64(a.octets.data() + at); }

}  // namespace

FragmentTable::FragmentTable(const FragmentLimits& limits, wire::SipKey key, OnGone on_gone)
    : limits_(limits),
      key_(key),
      on_gone_(std::move(on_gone)),
      index_(limits.datagrams),
      datagrams_(limits.datagrams + std::size_t{1}),
      pages_(limits.octets / sizeof(Page) + 1),
      whole_(kLargest) {}

std::uint64_t FragmentTable::hash_of(const PacketView& p, std::uint16_t zone) const {
    const std::uint64_t rest = std::uint64_t{p.part.id} << 32 | std::uint64_t{zone} << 16 | p.ip_version;
    return wire::siphash13<5>(key_, {word(p.src, 0), word(p.src, 8), word(p.dst, 0), word(p.dst, 8), rest});
}

std::uint32_t FragmentTable::find(const PacketView& p, std::uint16_t zone, std::uint64_t hash) const {
    return index_.find(hash, [&](std::uint32_t i) {
        const Datagram& d = datagrams_[i];
        // RFC 791: the protocol is part of an IPv4 datagram's name; IPv6 has it in the first fragment only.
        return d.view.part.id == p.part.id && d.zone == zone && d.view.ip_version == p.ip_version && d.view.src == p.src &&
               d.view.dst == p.dst && (p.ip_version == 6 || d.view.part.next_header == p.part.next_header);
    });
}

std::uint32_t FragmentTable::open(const PacketView& p, std::uint16_t zone, std::uint64_t hash) {
    if (in_use_ == limits_.datagrams) {
        if (datagrams_[oldest_].state == DatagramState::gathering) ++counters_.evicted;
        drop(oldest_);
    }
    std::uint32_t i = free_datagram_;
    if (i != 0) free_datagram_ = datagrams_[i].newer;
    else i = next_datagram_++;
    Datagram& d = datagrams_[i];
    d = Datagram{};
    d.view = p;
    d.view.payload = d.view.part.data = {};
    d.zone = zone;
    d.hash = hash;
    d.first_time = p.time;
    d.older = newest_;
    if (newest_ != 0) datagrams_[newest_].newer = i;
    else oldest_ = i;
    newest_ = i;
    index_.add(hash, i);
    ++in_use_;
    return i;
}

void FragmentTable::drop(std::uint32_t i) {
    Datagram& d = datagrams_[i];
    on_gone_(d);
    give_up(d, d.state);
    index_.remove(d.hash, i);
    (d.older != 0 ? datagrams_[d.older].newer : oldest_) = d.newer;
    (d.newer != 0 ? datagrams_[d.newer].older : newest_) = d.older;
    d.newer = free_datagram_;
    free_datagram_ = i;
    --in_use_;
}

// Its data goes, its name stays until its time is over, so that what still comes is not taken for a new datagram.
void FragmentTable::give_up(Datagram& d, DatagramState state) {
    d.state = state;
    while (d.head != 0) {
        const std::uint32_t following = pages_[d.head].next;
        pages_[d.head].next = free_page_;
        free_page_ = d.head;
        d.head = following;
        --pages_in_use_;
    }
    d.tail = d.pages = 0;
}

std::uint32_t FragmentTable::take_page(std::uint32_t owner) {
    Datagram& d = datagrams_[owner];
    if (d.pages == kMaxPages) return 0;
    while (free_page_ == 0 && next_page_ >= pages_.capacity()) {
        const std::uint32_t victim = oldest_ == owner ? d.newer : oldest_;
        if (victim == 0) return 0;
        if (datagrams_[victim].state == DatagramState::gathering) ++counters_.evicted;
        drop(victim);
    }
    std::uint32_t i = free_page_;
    if (i != 0) free_page_ = pages_[i].next;
    else i = next_page_++;
    ++d.pages;
    ++pages_in_use_;
    return i;
}

// Puts `data` between two pages; false when there is no room.
bool FragmentTable::insert(std::uint32_t owner, std::uint32_t after, std::uint32_t before, wire::Bytes data,
                           std::uint32_t offset, const FragmentPart& part) {
    Datagram& d = datagrams_[owner];
    while (!data.empty()) {
        const std::uint32_t i = take_page(owner);
        if (i == 0) return false;
        Page& page = pages_[i];
        const std::size_t n = std::min(data.size(), kPageData);
        std::memcpy(page.data.data(), data.data(), n);
        page.offset = static_cast<std::uint16_t>(offset);
        page.length = static_cast<std::uint16_t>(n);
        page.part = part.offset;
        page.part_length = static_cast<std::uint16_t>(part.length);
        page.next = before;
        (after != 0 ? pages_[after].next : d.head) = i;
        if (before == 0) d.tail = i;
        after = i;
        d.stored += static_cast<std::uint32_t>(n);
        offset += static_cast<std::uint32_t>(n);
        data = data.subspan(n);
    }
    return true;
}

FragmentTable::Step FragmentTable::store(std::uint32_t i, const PacketView& p) {
    Datagram& d = datagrams_[i];
    const FragmentPart& part = p.part;
    const std::uint32_t begin = part.offset, end = part.offset + part.length;
    if (part.data.size() < part.length) {  // cut by the capture: it can never become whole
        give_up(d, DatagramState::broken);
        return Step::held;
    }
    if (part.length == 0 || (part.more && part.length % 8 != 0)) {
        ++counters_.malformed;
        return Step::held;
    }
    const bool two_ends = d.length != 0 && (part.more ? end > d.length : end != d.length);
    if (end > kLargest || two_ends || (!part.more && d.end > end)) {
        ++counters_.malformed;
        give_up(d, DatagramState::broken);
        return Step::held;
    }
    if (!part.more) d.length = end;
    d.end = std::max(d.end, end);

    const std::uint32_t before = d.stored;
    std::uint32_t at = begin, after = d.tail, page = 0;
    bool overlap = false, room = true;
    if (d.tail != 0 && begin < std::uint32_t{pages_[d.tail].offset} + pages_[d.tail].length) {
        after = 0;
        bool exact = false;
        for (page = d.head; page != 0 && room; page = pages_[page].next) {
            const Page& have = pages_[page];
            const std::uint32_t have_end = std::uint32_t{have.offset} + have.length;
            if (have.offset >= end) break;
            if (have_end > at) {
                overlap = true;
                exact |= have.part == part.offset && have.part_length == part.length;
                if (p.ip_version == 6) break;
                if (have.offset > at) room = insert(i, after, page, part.data.subspan(at - begin, have.offset - at), at, part);
                at = std::max(at, have_end);
            }
            after = page;
        }
        if (overlap && p.ip_version == 6) {
            if (exact) return ++counters_.copies, Step::copy;
            ++counters_.overlaps;
            give_up(d, DatagramState::broken);  // RFC 5722 §4
            return Step::held;
        }
    }
    if (room && at < end) room = insert(i, after, page, part.data.subspan(at - begin), at, part);
    if (!room) {
        ++counters_.evicted;
        give_up(d, DatagramState::broken);
        return Step::held;
    }
    if (d.stored == before) return ++counters_.copies, Step::copy;
    counters_.overlaps += overlap ? 1 : 0;
    return d.length != 0 && d.stored == d.length ? Step::whole : Step::held;
}

FragmentTable::Added FragmentTable::add(const PacketView& p, std::uint16_t zone) {
    ++counters_.fragments;
    expire(p.time);
    const std::uint64_t hash = hash_of(p, zone);
    std::uint32_t i = find(p, zone, hash);
    // The identification comes round again.
    if (i != 0 && datagrams_[i].state == DatagramState::whole && p.time - datagrams_[i].whole_time > kCopyTime) {
        drop(i);
        i = 0;
    }
    const bool opened = i == 0;
    if (opened) i = open(p, zone, hash);
    Datagram& d = datagrams_[i];
    const auto length = static_cast<std::uint16_t>(std::min<std::uint32_t>(p.ip_length, 0xffff));
    ++d.frames;
    ++d.all_frames;
    d.octets += p.ip_length;
    d.all_octets += p.ip_length;
    d.min_length = std::min(d.min_length, length);
    d.max_length = std::max(d.max_length, length);
    if (p.part.offset == 0 && !d.has_ports) {
        d.view = p;
        d.view.payload = d.view.part.data = {};
        d.has_ports = true;
    }
    if (d.state == DatagramState::whole) return ++counters_.copies, Added{Step::copy, i, false};
    if (d.state == DatagramState::broken) return {Step::held, i, false};
    const Step step = store(i, p);
    if (step == Step::whole) {
        ++counters_.reassembled;
        d.whole_time = p.time;
    }
    return {step, i, opened};
}

wire::Bytes FragmentTable::octets(std::uint32_t datagram) {
    Datagram& d = datagrams_[datagram];
    for (std::uint32_t i = d.head; i != 0; i = pages_[i].next)
        std::memcpy(whole_.data() + pages_[i].offset, pages_[i].data.data(), pages_[i].length);
    give_up(d, DatagramState::whole);
    return wire::Bytes(whole_).first(d.length);
}

void FragmentTable::expire(wire::TimeNs now) {
    while (oldest_ != 0 && now - datagrams_[oldest_].first_time > limits_.lifetime_ns) {
        if (datagrams_[oldest_].state == DatagramState::gathering) ++counters_.incomplete;
        drop(oldest_);
    }
}

void FragmentTable::finish() {
    while (oldest_ != 0) {
        if (datagrams_[oldest_].state == DatagramState::gathering) ++counters_.incomplete;
        drop(oldest_);
    }
}

}  // namespace voipprobe::probe
