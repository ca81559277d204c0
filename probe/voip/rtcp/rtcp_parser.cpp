#include "probe/voip/rtcp/rtcp_parser.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

enum : std::uint8_t { kSr = 200, kRr = 201, kBye = 203, kXr = 207 };
enum : std::uint8_t { kXrReceiverTime = 4, kXrDlrr = 5, kXrStatistics = 6, kXrVoip = 7 };

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

RtcpVoipMetrics voip_metrics(wire::ByteReader& in) {
    RtcpVoipMetrics m;
    m.ssrc = in.u32();
    m.loss_rate = in.u8();
    m.discard_rate = in.u8();
    m.burst_density = in.u8();
    m.gap_density = in.u8();
    m.burst_ms = in.u16();
    m.gap_ms = in.u16();
    m.round_trip_ms = in.u16();
    m.end_system_ms = in.u16();
    m.signal_dbm = static_cast<std::int8_t>(in.u8());
    m.noise_dbm = static_cast<std::int8_t>(in.u8());
    m.echo_return_loss = in.u8();
    m.gmin = in.u8();
    m.r_factor = in.u8();
    m.external_r_factor = in.u8();
    m.mos_lq = in.u8();
    m.mos_cq = in.u8();
    return m;
}

RtcpStatistics statistics(wire::ByteReader& in, std::uint8_t flags) {
    RtcpStatistics s;
    s.has_loss = (flags & 0x80) != 0;
    s.has_duplicates = (flags & 0x40) != 0;
    s.has_jitter = (flags & 0x20) != 0;
    s.ssrc = in.u32();
    in.skip(4);  // first and last sequence number
    s.lost = in.u32();
    s.duplicates = in.u32();
    in.skip(8);  // smallest and largest jitter
    s.mean_jitter = in.u32();
    return s;
}

void read_extended(wire::ByteReader& in, std::uint32_t sender, RtcpHandler& handler) {
    while (in.remaining() >= 4) {
        const std::uint8_t type = in.u8();
        const std::uint8_t flags = in.u8();
        const std::size_t octets = std::size_t{in.u16()} * 4;
        if (octets > in.remaining()) return;
        wire::ByteReader block(in.take(octets));
        switch (type) {
            case kXrReceiverTime:
                if (octets == 8) handler.receiver_time(sender, static_cast<NtpMiddle>(block.u64() >> 16));
                break;
            case kXrDlrr:
                while (block.remaining() >= 12) {
                    const std::uint32_t ssrc = block.u32();
                    const NtpMiddle last_rr = block.u32();
                    handler.receiver_delay(sender, ssrc, last_rr, block.u32());
                }
                break;
            case kXrStatistics:
                if (octets == 36) handler.statistics(sender, statistics(block, flags));
                break;
            case kXrVoip:
                if (octets == 32) handler.voip_metrics(sender, voip_metrics(block));
                break;
            default: break;
        }
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
                read_extended(in, sender, handler);
                break;
            }
            case kBye:
                for (std::uint8_t n = count; n > 0 && in.remaining() >= 4; --n) handler.bye(in.u32());
                break;
            default: break;  // SDES, APP, feedback
        }
    }
    return true;
}

}  // namespace voipprobe::probe
