#include "probe/voip/rtcp/rtcp_extended.hpp"

#include "probe/voip/rtcp/rtcp_parser.hpp"

namespace voipprobe::probe {
namespace {

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
    m.receiver_config = in.u8();
    in.skip(1);
    m.buffer_nominal_ms = in.u16();
    m.buffer_maximum_ms = in.u16();
    m.buffer_absolute_ms = in.u16();
    return m;
}

RtcpStatistics statistics(wire::ByteReader& in, std::uint8_t flags) {
    RtcpStatistics s;
    s.has_loss = (flags & 0x80) != 0;
    s.has_duplicates = (flags & 0x40) != 0;
    s.has_jitter = (flags & 0x20) != 0;
    s.has_ttl = (flags & 0x18) != 0;
    s.ssrc = in.u32();
    s.begin = in.u16();
    s.end = in.u16();
    s.lost = in.u32();
    s.duplicates = in.u32();
    s.least_jitter = in.u32();
    s.most_jitter = in.u32();
    s.mean_jitter = in.u32();
    s.deviation_jitter = in.u32();
    s.least_ttl = in.u8();
    s.most_ttl = in.u8();
    s.mean_ttl = in.u8();
    s.deviation_ttl = in.u8();
    return s;
}

// RFC 3611 §4.1.1-4.1.3: run lengths, bit vectors of 15, a terminating null chunk.
RtcpRunLengths run_lengths(wire::ByteReader& in, XrType type, std::uint8_t flags) {
    RtcpRunLengths r;
    r.type = type;
    r.thinning = flags & 0x0f;
    r.ssrc = in.u32();
    r.begin = in.u16();
    r.end = in.u16();
    const auto span = static_cast<std::uint16_t>(r.end - r.begin);
    std::uint32_t left = (std::uint32_t{span} + (1U << r.thinning) - 1) >> r.thinning;  // the last vector may be padded
    while (in.remaining() >= 2 && left > 0) {
        const std::uint16_t chunk = in.u16();
        if (chunk == 0) break;
        if ((chunk & 0x8000) == 0) {
            const std::uint32_t run = chunk & 0x3fff;
            const std::uint32_t n = run < left ? run : left;
            ((chunk & 0x4000) != 0 ? r.ones : r.zeros) += n;
            left -= n;
            continue;
        }
        for (int bit = 14; bit >= 0 && left > 0; --bit, --left) ((chunk >> bit & 1) != 0 ? r.ones : r.zeros) += 1;
    }
    return r;
}

RtcpReceiptTimes receipt_times(wire::ByteReader& in, std::uint8_t flags) {
    RtcpReceiptTimes t;
    t.thinning = flags & 0x0f;
    t.ssrc = in.u32();
    t.begin = in.u16();
    t.end = in.u16();
    for (; in.remaining() >= 4; ++t.count) {
        t.last = in.u32();
        if (t.count == 0) t.first = t.last;
    }
    return t;
}

void receiver_delays(wire::ByteReader& in, std::uint32_t sender, RtcpHandler& handler) {
    while (in.remaining() >= 12) {
        const std::uint32_t ssrc = in.u32();
        const NtpMiddle last_rr = in.u32();
        handler.receiver_delay(sender, ssrc, last_rr, in.u32());
    }
}

// False: the length does not fit the type, or the interval flag.
bool read_block(std::uint8_t type, std::uint8_t flags, std::size_t octets, wire::ByteReader& in, std::uint32_t sender,
                RtcpHandler& handler) {
    switch (static_cast<XrType>(type)) {
        case XrType::loss_rle:
        case XrType::duplicate_rle:
        case XrType::post_repair_loss_rle:
        case XrType::discard_rle:
            if (octets < 8) return false;
            handler.run_lengths(sender, run_lengths(in, static_cast<XrType>(type), flags));
            return true;
        case XrType::receipt_times:
            if (octets < 8) return false;
            handler.receipt_times(sender, receipt_times(in, flags));
            return true;
        case XrType::receiver_time:
            if (octets != 8) return false;
            handler.receiver_time(sender, static_cast<NtpMiddle>(in.u64() >> 16));
            return true;
        case XrType::receiver_delay: receiver_delays(in, sender, handler); return octets % 12 == 0;
        case XrType::statistics:
            if (octets != 36) return false;
            handler.statistics(sender, statistics(in, flags));
            return true;
        case XrType::voip_metrics:
            if (octets != 32) return false;
            handler.voip_metrics(sender, voip_metrics(in));
            return true;
        default: return read_metrics_block(type, flags, octets, in, sender, handler);
    }
}

}  // namespace

void read_extended_blocks(wire::ByteReader& in, std::uint32_t sender, RtcpHandler& handler) {
    while (in.remaining() >= 4) {
        const std::uint8_t type = in.u8();
        const std::uint8_t flags = in.u8();
        const std::size_t octets = std::size_t{in.u16()} * 4;
        if (octets > in.remaining()) return;  // cut by the snaplen, or damaged
        wire::ByteReader block(in.take(octets));
        handler.extended_block(type, read_block(type, flags, octets, block, sender, handler));
    }
}

}  // namespace voipprobe::probe
