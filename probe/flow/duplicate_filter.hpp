// Recognises packets that a mirror delivers twice (both directions of a port, two VLANs, before and after a tunnel):
// the same innermost IP packet within 20 ms. Compared are addresses, ports, protocol, IPv4 identification, lengths,
// TCP numbers and payload; not what a hop changes (TTL, TOS, checksums, link layer, VLAN, tunnel).
// A bounded table of keyed hashes: 32,768 entries in buckets of 4, the oldest of a bucket gives way (counted).
// Hash: NH (RFC 4418 §5.2) over 64-bit words, secret key: two different packets agree with probability 2^-40.
// Thread rule: one owner. Times: packet time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "probe/decode/packet_view.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

class DuplicateFilter {
  public:
    enum class Verdict : std::uint8_t {
        fresh,
        copy,
        fuller  // a copy of a packet that was cut, and this one is not (or less)
    };
    static constexpr std::int64_t kWindow = 20 * wire::kMillisecond;
    // Packets that nothing numbers (no IPv4 identification, no RTP or TCP number) may repeat by themselves.
    static constexpr std::int64_t kShortWindow = 1 * wire::kMillisecond;

    explicit DuplicateFilter(wire::SipKey key);
    Verdict look(const PacketView& p, std::uint16_t zone);
    std::uint64_t displaced() const { return displaced_; }  // entries that left within their window

  private:
    static constexpr std::size_t kBuckets = 8192;
    static constexpr std::size_t kWays = 4;
    static constexpr std::size_t kKeys = 32;
    // An entry: 40 bits of the hash, "was cut", 23 bits of time in units of 2^16 ns (9 minutes round).
    static constexpr int kTimeBits = 23;
    static constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kTimeBits) - 1;
    static constexpr std::uint64_t kCut = std::uint64_t{1} << kTimeBits;
    struct alignas(32) Bucket {
        std::array<std::uint64_t, kWays> entry;
    };

    std::uint64_t digest(const PacketView& p, std::uint16_t zone, bool& numbered) const;

    std::array<std::uint64_t, kKeys> keys_;
    std::vector<Bucket> buckets_;
    std::uint64_t displaced_ = 0;
};

}  // namespace voipprobe::probe
