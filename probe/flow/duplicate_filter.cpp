#include "probe/flow/duplicate_filter.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

constexpr std::size_t kPayloadKeys = 14;  // keys before are for headers, those from 22 on for chaining and finish()
constexpr std::size_t kBlock = 64;

std::uint64_t word(const std::uint8_t* p) { return wire::load_le64(p); }

// Up to 64 octets, zeros after a shorter rest (lengths are hashed with the headers).
void add_block(wire::NhSum& nh, wire::Bytes d) {
    std::array<std::uint8_t, kBlock> rest{};
    const std::uint8_t* p = d.data();
    if (d.size() < kBlock) {
        if (!d.empty()) std::memcpy(rest.data(), p, d.size());
        p = rest.data();
    }
    for (std::size_t i = 0; i < 4; ++i) nh.add(kPayloadKeys + 2 * i, word(p + 16 * i), word(p + 16 * i + 8));
}

bool is_rtp(const PacketView& p) {
    return p.protocol == kProtoUdp && p.payload.size() >= 12 && (p.payload[0] & 0xc0) == 0x80;
}

bool is_text(std::uint8_t first) { return first >= 'A' && first <= 'Z'; }

}  // namespace

// Two packets of one flow that are equal are the same one, and no repetition by the sender.
bool DuplicateFilter::is_numbered(const PacketView& p) {
    return p.ip_id != 0 || p.fragment || is_rtp(p) || (p.protocol == kProtoTcp && p.payload_length != 0);
}

DuplicateFilter::DuplicateFilter(wire::SipKey key)
    : keys_(wire::nh_keys<kKeys>(key, 0x6475706c69636174)), buckets_(new Bucket[kBuckets]()) {}

[[gnu::noinline]] DuplicateFilter::Mark DuplicateFilter::mark_other(const PacketView& p, std::uint16_t zone) const {
    wire::NhSum nh(keys_.data());
    nh.add(0, word(p.src.octets.data()), word(p.src.octets.data() + 8));
    nh.add(2, word(p.dst.octets.data()), word(p.dst.octets.data() + 8));
    nh.add(4, name(p), std::uint64_t{p.payload_length} << 16 | zone);
    wire::Bytes d = p.payload;
    if (p.protocol == kProtoTcp) {
        // The end of the options: timestamps or selective acknowledgements tell repeated ACKs apart.
        const std::uint64_t options = p.tcp_header >= 28 ? word(d.data() - 8) : 0;
        nh.add(6, std::uint64_t{p.tcp_sequence} << 32 | p.tcp_acknowledgement, p.tcp_flags);
        nh.add(8, options, 0);
    }
    if (p.fragment) {
        d = p.part.data;
        nh.add(10, std::uint64_t{p.part.id} << 32 | p.part.offset, std::uint64_t{p.part.length} << 1 | (p.part.more ? 1 : 0));
    } else if (is_rtp(p)) {
        d = d.first(12);  // as mark_rtp(): the RTP header names the packet
    }
    add_block(nh, d.first(std::min(d.size(), kBlock)));
    std::uint64_t h = nh.finish(30);
    // Without identification: messages of one server differ late ("SIP/2.0 200 OK" and a Via fill 64 octets).
    if (d.size() <= kBlock || p.protocol != kProtoUdp || p.fragment || p.ip_id != 0 || !is_text(d[0])) return h;
    for (d = d.subspan(kBlock); !d.empty(); d = d.subspan(std::min(d.size(), kBlock))) {
        wire::NhSum block(keys_.data());
        add_block(block, d.first(std::min(d.size(), kBlock)));
        block.add(22, h, 0);
        h = block.finish(28);
    }
    return h;
}

// An entry with this packet's tag is there: a copy when it is near in time.
[[gnu::noinline]] DuplicateFilter::Verdict DuplicateFilter::judge(Bucket& b, Mark m, std::uint64_t now, bool truncated, bool numbered) {
    for (std::uint64_t& e : b.entry) {
        if (((e ^ m) & kTagMask) != 0) continue;
        if (e == 0 || since(e, now) > units(numbered ? kWindow : kShortWindow)) {
            e = (m & kTagMask) | now | (truncated ? kCut : 0);
            return Verdict::fresh;
        }
        if ((e & kCut) == 0 || truncated) return Verdict::copy;
        e &= ~kCut;
        return Verdict::fuller;
    }
    return Verdict::fresh;
}

}  // namespace voipprobe::probe
