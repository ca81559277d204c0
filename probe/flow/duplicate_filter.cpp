#include "probe/flow/duplicate_filter.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

using u128 = unsigned __int128;

std::uint64_t word(const std::uint8_t* p) { return wire::load_le64(p); }

// The words of a packet in pairs; every pair is one multiplication, all of them independent.
class Nh {
  public:
    explicit Nh(const std::uint64_t* keys) : keys_(keys) {}
    void add(std::size_t at, std::uint64_t a, std::uint64_t b) { sum_ += u128{a + keys_[at]} * (b + keys_[at + 1]); }
    std::uint64_t finish(std::uint64_t k0, std::uint64_t k1) const {
        const u128 m = u128{static_cast<std::uint64_t>(sum_) ^ k0} * (static_cast<std::uint64_t>(sum_ >> 64) ^ k1);
        return static_cast<std::uint64_t>(m) ^ static_cast<std::uint64_t>(m >> 64);
    }

  private:
    const std::uint64_t* keys_;
    u128 sum_ = 0;
};

constexpr std::size_t kPayloadKeys = 14;  // keys before are for the headers, two at the end for finish()
constexpr std::size_t kBlock = 64;

// Up to 64 octets, zeros after a shorter rest (lengths are hashed with the headers).
void add_block(Nh& nh, wire::Bytes d) {
    std::array<std::uint8_t, kBlock> rest{};
    const std::uint8_t* p = d.data();
    if (d.size() < kBlock) {
        if (!d.empty()) std::memcpy(rest.data(), p, d.size());
        p = rest.data();
    }
    for (std::size_t i = 0; i < 4; ++i) nh.add(kPayloadKeys + 2 * i, word(p + 16 * i), word(p + 16 * i + 8));
}

bool is_text(std::uint8_t first) { return first >= 'A' && first <= 'Z'; }

}  // namespace

DuplicateFilter::DuplicateFilter(wire::SipKey key) : buckets_(kBuckets) {
    for (std::size_t i = 0; i < kKeys; ++i) keys_[i] = wire::siphash13<1>(key, {0x6475706c69636174 + i});
}

std::uint64_t DuplicateFilter::digest(const PacketView& p, std::uint16_t zone, bool& numbered) const {
    const std::uint64_t ports = std::uint64_t{p.src_port} << 48 | std::uint64_t{p.dst_port} << 32;
    const std::uint64_t name = ports | std::uint64_t{p.ip_id} << 16 | std::uint64_t{p.protocol} << 8 | p.ip_version;
    const std::uint64_t size = std::uint64_t{p.payload_length} << 16 | zone;
    Nh nh(keys_.data());
    if (p.ip_version == 4) {
        nh.add(0, std::uint64_t{p.src.v4_host_order()} << 32 | p.dst.v4_host_order(), name);
    } else {
        nh.add(0, word(p.src.octets.data()), word(p.src.octets.data() + 8));
        nh.add(2, word(p.dst.octets.data()), word(p.dst.octets.data() + 8));
        nh.add(4, name, 0);
    }
    numbered = p.ip_id != 0;
    wire::Bytes d = p.payload;
    if (p.protocol == kProtoUdp && d.size() >= 12 && (d[0] & 0xc0) == 0x80 && !p.fragment) {
        // RTP: the header names the packet, whatever the capture kept of the rest.
        numbered = true;
        nh.add(6, size, word(d.data()));
        nh.add(8, word(d.data() + 4), 0);
        return nh.finish(keys_[30], keys_[31]);
    }
    nh.add(6, size, p.tcp_flags);
    if (p.protocol == kProtoTcp) {
        // The end of the options: timestamps or selective acknowledgements tell repeated ACKs apart.
        const std::uint64_t options = p.tcp_header >= 28 ? word(p.payload.data() - 8) : 0;
        nh.add(8, std::uint64_t{p.tcp_sequence} << 32 | p.tcp_acknowledgement, options);
        numbered |= p.payload_length != 0;
    }
    if (p.fragment) {
        d = p.part.data;
        numbered = true;
        nh.add(10, std::uint64_t{p.part.id} << 32 | p.part.offset, std::uint64_t{p.part.length} << 1 | (p.part.more ? 1 : 0));
    }
    if (d.size() <= kBlock || p.protocol != kProtoUdp || p.fragment || !is_text(d[0])) {
        add_block(nh, d.first(std::min(d.size(), kBlock)));
        return nh.finish(keys_[30], keys_[31]);
    }
    // Messages of one server differ late: "SIP/2.0 200 OK" and a Via fill the first 64 octets.
    std::uint64_t h = nh.finish(keys_[30], keys_[31]);
    for (; !d.empty(); d = d.subspan(std::min(d.size(), kBlock))) {
        Nh block(keys_.data());
        add_block(block, d.first(std::min(d.size(), kBlock)));
        block.add(22, h, 0);
        h = block.finish(keys_[28], keys_[29]);
    }
    return h;
}

DuplicateFilter::Verdict DuplicateFilter::look(const PacketView& p, std::uint16_t zone) {
    bool numbered = false;
    const std::uint64_t h = digest(p, zone, numbered);
    Bucket& b = buckets_[h % kBuckets];
    const std::uint64_t now = static_cast<std::uint64_t>(p.time >> 16) & kTimeMask;
    const std::uint64_t tag = h & ~(kTimeMask | kCut);
    const auto since = [&](std::uint64_t e) {  // units of 2^16 ns, either way: captures of two ports interleave
        const std::uint64_t d = (now - e) & kTimeMask;
        return std::min(d, kTimeMask + 1 - d);
    };
    for (std::uint64_t& e : b.entry) {
        if (((e ^ h) & ~(kTimeMask | kCut)) != 0 || e == 0) [[likely]] continue;
        const bool near = since(e) <= static_cast<std::uint64_t>(numbered ? kWindow : kShortWindow) >> 16;
        if (!near) {
            e = tag | now | (p.truncated ? kCut : 0);
            return Verdict::fresh;
        }
        if ((e & kCut) != 0 && !p.truncated) {
            e &= ~kCut;
            return Verdict::fuller;
        }
        return Verdict::copy;
    }
    if (b.entry[kWays - 1] != 0 && since(b.entry[kWays - 1]) <= static_cast<std::uint64_t>(kWindow) >> 16) ++displaced_;
    for (std::size_t i = kWays - 1; i > 0; --i) b.entry[i] = b.entry[i - 1];
    b.entry[0] = tag | now | (p.truncated ? kCut : 0);
    return Verdict::fresh;
}

}  // namespace voipprobe::probe
