// Reassembly of IPv4 (RFC 791) and IPv6 (RFC 8200 §4.5) datagrams from the fragments a mirror shows.
// Bounds: datagrams, octets of fragment data, and 30 s of packet time from a datagram's first fragment; beyond, the
// oldest gives way (counted). Overlaps: IPv4 keeps what arrived first, as the BSD and Linux stacks of the field do
// for the octets in question; IPv6 gives the datagram up (RFC 5722), exact copies excepted.
// A datagram also keeps what its fragments count for until it is known which flow they belong to.
// Thread rule: one owner. Times: packet time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/hash_index.hpp"
#include "probe/flow/reserved_array.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

struct FragmentLimits {
    std::uint32_t datagrams = 4096;
    std::size_t octets = std::size_t{4} << 20;
    std::int64_t lifetime_ns = 30 * wire::kSecond;
};

struct FragmentCounters {
    std::uint64_t fragments = 0;
    std::uint64_t reassembled = 0;  // datagrams
    std::uint64_t copies = 0;       // fragments that brought nothing new
    std::uint64_t overlaps = 0;     // fragments that overlapped others in part
    std::uint64_t malformed = 0;    // fragments that cannot be (beyond 64 KiB, two ends, odd length)
    std::uint64_t incomplete = 0;   // datagrams given up after their time
    std::uint64_t evicted = 0;      // datagrams given up for room
};

enum class DatagramState : std::uint8_t { gathering, broken, whole };

struct Datagram {
    PacketView view;           // of its first fragment, else of the one that came first; no payload
    std::uint16_t zone = 0;
    DatagramState state = DatagramState::gathering;
    bool has_ports = false;    // the fragment with offset 0 was seen
    // Not yet counted in a flow.
    std::uint32_t frames = 0;
    std::uint64_t octets = 0;
    std::uint16_t min_length = 0xffff;
    std::uint16_t max_length = 0;
    // All fragments, of the flow they went to.
    std::uint32_t all_frames = 0;
    std::uint64_t all_octets = 0;
    wire::TimeNs first_time = 0;

  private:
    friend class FragmentTable;
    std::uint64_t hash = 0;
    wire::TimeNs whole_time = 0;
    std::uint32_t length = 0;   // of the whole, 0 = unknown
    std::uint32_t stored = 0;   // octets
    std::uint32_t end = 0;      // highest octet seen
    std::uint32_t pages = 0;
    std::uint32_t head = 0, tail = 0;       // pages by offset
    std::uint32_t older = 0, newer = 0;     // by age
};

class FragmentTable {
  public:
    enum class Step : std::uint8_t { held, whole, copy };
    struct Added {
        Step step;
        std::uint32_t datagram;  // valid until the next call of add() or expire()
        bool opened;             // its first fragment
    };
    // Called for a datagram that leaves the table, whole or not.
    using OnGone = std::function<void(Datagram&)>;

    FragmentTable(const FragmentLimits& limits, wire::SipKey key, OnGone on_gone);

    Added add(const PacketView& fragment, std::uint16_t zone);
    Datagram& operator[](std::uint32_t i) { return datagrams_[i]; }
    // The octets of a datagram that has just become whole; valid until the next call.
    wire::Bytes octets(std::uint32_t datagram);
    void expire(wire::TimeNs now);
    void finish();

    const FragmentCounters& counters() const { return counters_; }
    std::size_t datagrams() const { return in_use_; }
    std::size_t octets_in_use() const { return pages_in_use_ * sizeof(Page); }

  private:
    static constexpr std::size_t kPageData = 240;
    static constexpr std::uint32_t kMaxPages = 1024;            // per datagram
    static constexpr std::int64_t kCopyTime = wire::kSecond;    // a whole datagram knows late copies this long
    struct Page {
        std::uint32_t next;
        std::uint16_t offset, length;    // of this page's data
        std::uint16_t part, part_length; // of the fragment it came with
        std::array<std::uint8_t, kPageData> data;
    };
    static_assert(sizeof(Page) <= 256);

    std::uint64_t hash_of(const PacketView& p, std::uint16_t zone) const;
    std::uint32_t find(const PacketView& p, std::uint16_t zone, std::uint64_t hash) const;
    std::uint32_t open(const PacketView& p, std::uint16_t zone, std::uint64_t hash);
    void drop(std::uint32_t i);
    void give_up(Datagram& d, DatagramState state);
    Step store(std::uint32_t i, const PacketView& p);
    bool insert(std::uint32_t owner, std::uint32_t after, std::uint32_t before, wire::Bytes data, std::uint32_t offset,
                const FragmentPart& part);
    std::uint32_t take_page(std::uint32_t owner);

    FragmentLimits limits_;
    wire::SipKey key_;
    OnGone on_gone_;
    HashIndex index_;
    ReservedArray<Datagram> datagrams_;
    ReservedArray<Page> pages_;
    std::uint32_t next_datagram_ = 1, free_datagram_ = 0;
    std::uint32_t next_page_ = 1, free_page_ = 0;
    std::uint32_t oldest_ = 0, newest_ = 0;
    std::size_t in_use_ = 0, pages_in_use_ = 0;
    FragmentCounters counters_;
    std::vector<std::uint8_t> whole_;
};

}  // namespace voipprobe::probe
