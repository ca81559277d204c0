// Recognises packets that a mirror delivers twice (both directions of a port, two VLANs, before and after a tunnel):
// the same innermost IP packet within 20 ms. Compared are addresses, ports, protocol, IPv4 identification, lengths,
// TCP numbers and payload; not what a hop changes (TTL, TOS, checksums, link layer, VLAN, tunnel).
// A bounded table of keyed hashes: 8,192 entries in buckets of 4 (20 ms of 400,000 packets per second; 64 KiB, so
// that it stays in the cache), the oldest of a bucket gives way (counted).
// Hash: wire/nh_hash.hpp, secret key: two different packets agree with probability 2^-40.
// Thread rule: one owner. Times: packet time.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "probe/decode/packet_view.hpp"
#include "wire/nh_hash.hpp"
#include "wire/prefetch.hpp"

namespace voipprobe::probe {

class DuplicateFilter {
  public:
    enum class Verdict : std::uint8_t {
        fresh,
        copy,
        fuller  // a copy of a packet that was cut, and this one is not
    };
    static constexpr std::int64_t kWindow = 20 * wire::kMillisecond;
    // Packets that nothing numbers (no IPv4 identification, no RTP or TCP number) may repeat by themselves.
    static constexpr std::int64_t kShortWindow = 1 * wire::kMillisecond;

    using Mark = std::uint64_t;  // what a packet is compared by

    explicit DuplicateFilter(wire::SipKey key);

    // Any thread.
    Mark mark(const PacketView& p, std::uint16_t zone) const {
        const bool rtp = p.protocol == kProtoUdp && p.ip_version == 4 && p.payload.size() >= 12 &&
                         (p.payload[0] & 0xc0) == 0x80 && !p.fragment;
        return rtp ? mark_rtp(p, zone) : mark_other(p, zone);
    }
    // What mark() says of the UDP packet over IPv4 at `ip` (no options, zone 0) with 12 octets of RTP header in it.
    Mark mark_of_rtp(const std::uint8_t* ip, std::uint32_t length) const {
        return mark_rtp(wire::load_be64(ip + 12), name(wire::load_be32(ip + 20), wire::load_be16(ip + 4), kProtoUdp, 4), ip + 28, length, 0);
    }
    void prefetch(Mark m) const { wire::prefetch(buckets_.get() + m % kBuckets); }  // what look() reads
    Verdict look(Mark m, const PacketView& p) { return look(m, p.time, p.truncated, p); }
    // The same of a packet with a mark_of_rtp(); `numbered`: is_numbered() would say so, or the packet.
    template <typename Numbered>
    Verdict look(Mark m, wire::TimeNs time, bool truncated, const Numbered& numbered) {
        Bucket& b = buckets_.get()[m % kBuckets];
        bool known = false;
#pragma GCC unroll 4
        for (std::size_t i = 0; i < 4; ++i) known |= (b.entry[i] ^ m) <= (kTimeMask | kCut);
        const std::uint64_t now = units(time) & kTimeMask;
        if (known) [[unlikely]] return judge(b, m, now, truncated, is_numbered(numbered));
        displaced_ += ((now - b.entry[3]) & kTimeMask) <= units(kWindow) ? 1 : 0;
        b.entry[3] = b.entry[2];
        b.entry[2] = b.entry[1];
        b.entry[1] = b.entry[0];
        b.entry[0] = (m & kTagMask) | now | (truncated ? kCut : 0);
        return Verdict::fresh;
    }
    Verdict look(const PacketView& p, std::uint16_t zone) { return look(mark(p, zone), p); }

    std::uint64_t displaced() const { return displaced_; }  // entries that left within their window

  private:
    static constexpr std::size_t kBuckets = 2048;

  public:
    static constexpr std::size_t kEntries = 4 * kBuckets, kOctets = kEntries * sizeof(std::uint64_t);

  private:
    static constexpr std::size_t kKeys = 32;
    // An entry: 40 bits of the hash, "was cut", 23 bits of time in units of 2^16 ns (9 minutes round).
    static constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << 23) - 1;
    static constexpr std::uint64_t kCut = std::uint64_t{1} << 23;
    static constexpr std::uint64_t kTagMask = ~(kTimeMask | kCut);
    struct alignas(32) Bucket {
        std::array<std::uint64_t, 4> entry;
    };

    static std::uint64_t units(std::int64_t ns) { return static_cast<std::uint64_t>(ns) >> 16; }
    // Either way: captures of two ports interleave.
    static std::uint64_t since(std::uint64_t entry, std::uint64_t now) {
        const std::uint64_t d = (now - entry) & kTimeMask;
        return d <= kTimeMask / 2 ? d : kTimeMask + 1 - d;
    }
    static bool is_numbered(bool numbered) { return numbered; }
    static bool is_numbered(const PacketView& p);
    static std::uint64_t name(std::uint32_t ports, std::uint16_t ip_id, std::uint8_t protocol, std::uint8_t version) {
        return std::uint64_t{ports} << 32 | std::uint64_t{ip_id} << 16 | std::uint64_t{protocol} << 8 | version;
    }
    static std::uint64_t name(const PacketView& p) {
        return name(std::uint32_t{p.src_port} << 16 | p.dst_port, p.ip_id, p.protocol, p.ip_version);
    }
    Mark mark_rtp(const PacketView& p, std::uint16_t zone) const {
        return mark_rtp(std::uint64_t{p.src.v4_host_order()} << 32 | p.dst.v4_host_order(), name(p), p.payload.data(), p.payload_length, zone);
    }
    // IPv4. The header names the packet, whatever the capture kept of the rest.
    Mark mark_rtp(std::uint64_t addresses, std::uint64_t named, const std::uint8_t* rtp, std::uint32_t length, std::uint16_t zone) const {
        wire::NhSum nh(keys_.data());
        nh.add(0, addresses, named);
        nh.add(2, wire::load_le64(rtp), std::uint64_t{wire::load_be32(rtp + 8)} << 32 | (length & 0xffff) << 16 | zone);
        return nh.finish(30);
    }
    Mark mark_other(const PacketView& p, std::uint16_t zone) const;
    static Verdict judge(Bucket& b, Mark m, std::uint64_t now, bool truncated, bool numbered);

    wire::NhKeys<kKeys> keys_;
    alignas(64) std::unique_ptr<Bucket[]> buckets_;  // the keys are read by other threads
    std::uint64_t displaced_ = 0;
};

}  // namespace voipprobe::probe
