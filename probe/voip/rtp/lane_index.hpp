// Where the packets of known media wait, by what the wire shows of them: IPv4 addresses and UDP ports in the direction
// of the packet, without a look at the flow. A cache with four places per line, not a table: what gives way is entered
// again by its next packet, which goes the long way once. Keyed hash, strangers choose the ports.
// Bounded: it doubles while too many share a place, up to kMostLines. Thread rule: key_of() any thread, the rest one owner.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "wire/address.hpp"
#include "wire/nh_hash.hpp"
#include "wire/prefetch.hpp"

namespace voipprobe::probe {

struct LaneKey {
    std::uint64_t addresses = 0;  // as on the wire, source first
    std::uint32_t ports = 0;
    std::uint32_t hash = 0;
};

class LaneIndex {
  public:
    static constexpr std::size_t kFirstLines = 1024, kMostLines = std::size_t{1} << 17;  // 64 KiB .. 8 MiB

    explicit LaneIndex(wire::SipKey key) : keys_(wire::nh_keys<4>(key, 0x6c616e6573)) { resize(kFirstLines); }

    // Of an IPv4 header without options that UDP follows: 24 octets.
    LaneKey key_of(const std::uint8_t* ip) const { return key(wire::load_le64(ip + 12), wire::load_be32(ip + 20)); }
    LaneKey key_of(const wire::Endpoint& src, const wire::Endpoint& dst) const {
        std::array<std::uint8_t, 24> ip{};
        std::memcpy(ip.data() + 12, src.address.v4_bytes().data(), 4);
        std::memcpy(ip.data() + 16, dst.address.v4_bytes().data(), 4);
        ip[20] = static_cast<std::uint8_t>(src.port >> 8), ip[21] = static_cast<std::uint8_t>(src.port);
        ip[22] = static_cast<std::uint8_t>(dst.port >> 8), ip[23] = static_cast<std::uint8_t>(dst.port);
        return key_of(ip.data());
    }
    void prefetch(const LaneKey& k) const { wire::prefetch(&line_of(k)); }
    std::uint32_t find(const LaneKey& k) const {  // 0: not here
        const Entry* const l = line_of(k).data();
        const std::uint32_t first = place_of(k);  // a line is rarely so full that it is not there
        for (std::uint32_t i = 0; i < kPlaces; ++i)
            if (const Entry& e = l[first ^ i]; e.addresses == k.addresses && e.ports == k.ports) return e.lane;
        return 0;
    }
    void add(const LaneKey& k, std::uint32_t lane) {  // not here yet
        Line& l = line_of(k);
        std::uint32_t place = place_of(k);
        for (std::uint32_t i = 0; i < kPlaces; ++i)
            if (l[place_of(k) ^ i].lane == 0) {
                place = place_of(k) ^ i;
                break;
            }
        if (place != place_of(k) || l[place].lane != 0) ++crowded_;
        if (crowded_ > mask_ && mask_ + 1 < kMostLines) {
            resize(2 * (mask_ + 1));
            place = place_of(k);
        }
        line_of(k)[place] = {k.addresses, k.ports, lane};
    }
    void remove(const LaneKey& k) {
        Line& l = line_of(k);
        for (std::uint32_t i = 0; i < kPlaces; ++i) {
            if (l[i].lane == 0 || l[i].addresses != k.addresses || l[i].ports != k.ports) continue;
            l[i] = Entry{};
            if (i != place_of(k) && crowded_ != 0) --crowded_;
        }
        ++version_;
    }
    // Differs when a lane that find() named before may be another's now.
    std::uint32_t version() const { return version_; }
    std::size_t octets() const { return (mask_ + 1) * sizeof(Line); }

  private:
    struct Entry {
        std::uint64_t addresses = 0;
        std::uint32_t ports = 0;
        std::uint32_t lane = 0;  // 0: free
    };
    static constexpr std::uint32_t kPlaces = 4;
    struct alignas(64) Line : std::array<Entry, kPlaces> {};
    static_assert(sizeof(Line) == 64);

    LaneKey key(std::uint64_t addresses, std::uint32_t ports) const {
        wire::NhSum nh(keys_.data());
        nh.add(0, addresses, ports);
        return {addresses, ports, static_cast<std::uint32_t>(nh.finish(2))};
    }
    static std::uint32_t place_of(const LaneKey& k) { return k.hash >> 30; }
    Line& line_of(const LaneKey& k) { return lines_.get()[k.hash & mask_]; }
    const Line& line_of(const LaneKey& k) const { return lines_.get()[k.hash & mask_]; }
    void resize(std::size_t lines) {
        lines_ = std::make_unique<Line[]>(lines);
        mask_ = lines - 1;
        crowded_ = 0;
    }
    wire::NhKeys<4> keys_;
    alignas(64) std::unique_ptr<Line[]> lines_;  // the keys are read by other threads
    std::size_t mask_ = 0;     // lines - 1
    std::size_t crowded_ = 0;  // entries that did not get the place that is looked at first, since it grew
    std::uint32_t version_ = 0;
};

}  // namespace voipprobe::probe
