#include "probe/voip/rtcp/rtcp_parser.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

enum : std::uint8_t { kSr = 200, kRr = 201, kSdes = 202, kBye = 203, kXr = 207 };

// Lengths chain to the end exactly (what the snaplen cut is taken on trust).
bool fits(wire::Bytes payload, std::uint32_t length) {
    std::size_t at = 0;
    while (at < length) {
        if (length - at < 4) return false;
        if (payload.size() < at + 4) return at > 0 || payload.size() >= 8;  // cut here
        if ((payload[at] & 0xc0) != 0x80) return false;
        at += 4 + std::size_t{wire::load_be16(payload.data() + at + 2)} * 4;
    }
    return at == length;
}

void read_blocks(wire::ByteReader& in, std::uint32_t sender, std::uint8_t count, RtcpHandler& handler) {
    for (; count > 0 && in.remaining() >= 24; --count) {
        RtcpReport r;
        r.ssrc = in.u32();
        const std::uint32_t loss = in.u32();
        r.fraction_lost = static_cast<std::uint8_t>(loss >> 24);
        r.lost = static_cast<std::int32_t>(loss << 8) >> 8;  // 24 bits, two's complement
        r.highest = in.u32();
        r.jitter = in.u32();
        r.last_sr = in.u32();
        r.delay = in.u32();
        handler.report(sender, r);
    }
}

// RFC 3550 §6.5: each chunk is an SSRC or CSRC and items; an octet 0 ends the list, and further ones pad to 32 bits. What
// an item's length takes beyond the packet is not read.
void read_sources(wire::ByteReader& in, std::uint8_t count, RtcpHandler& handler) {
    for (; count > 0 && in.remaining() >= 4; --count) {
        const std::uint32_t ssrc = in.u32();
        for (std::uint8_t type = in.u8(); type != 0; type = in.u8()) {
            const wire::Bytes text = in.take(in.u8());
            if (in.failed()) return;
            handler.source(ssrc, static_cast<SdesItem>(type), wire::as_text(text));
        }
        in.skip((4 - in.position() % 4) % 4);
    }
}

}  // namespace

bool parse_rtcp(wire::Bytes payload, std::uint32_t length, RtcpHandler& handler) {
    if (payload.size() > length || !fits(payload, length)) return false;
    wire::ByteReader all(payload);
    while (all.remaining() >= 8) {
        const std::uint8_t first = all.u8();
        const std::uint8_t type = all.u8();
        std::size_t octets = std::size_t{all.u16()} * 4;
        octets = std::min(octets, all.remaining());
        wire::Bytes body = all.take(octets);
        const auto count = static_cast<std::uint8_t>(first & 0x1f);
        if ((first & 0x20) != 0 && !body.empty() && all.empty() && payload.size() == length)  // padding: last packet only
            body = body.first(body.size() - std::min<std::size_t>(body.back(), body.size()));
        wire::ByteReader in(body);
        if (in.remaining() < 4) continue;
        handler.packet(type);
        switch (type) {
            case kSr: {
                if (in.remaining() < 24) break;
                const std::uint32_t sender = in.u32();
                const std::uint64_t ntp = in.u64();
                in.skip(4);
                const std::uint32_t packets = in.u32();
                handler.sender_report(sender, static_cast<NtpMiddle>(ntp >> 16), packets, in.u32());
                read_blocks(in, sender, count, handler);
                break;
            }
            case kRr: {
                const std::uint32_t sender = in.u32();
                read_blocks(in, sender, count, handler);
                break;
            }
            case kXr: {
                const std::uint32_t sender = in.u32();
                read_extended_blocks(in, sender, handler);
                break;
            }
            case kBye:
                for (std::uint8_t n = count; n > 0 && in.remaining() >= 4; --n) handler.bye(in.u32());
                break;
            case kSdes: read_sources(in, count, handler); break;
            default: break;  // APP, feedback
        }
    }
    return true;
}

}  // namespace voipprobe::probe
