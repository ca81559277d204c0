#include "probe/voip/rtcp/rtcp_metrics.hpp"

#include "probe/voip/rtcp/rtcp_parser.hpp"

namespace voipprobe::probe {
namespace {

// The two highest values of most fields of `bits` bits mean "over range" and "unavailable".
template <typename T>
std::optional<T> measured(T v, int bits = 8 * static_cast<int>(sizeof(T))) {
    const auto unavailable = static_cast<T>(static_cast<T>(~T{0}) >> (8 * static_cast<int>(sizeof(T)) - bits));
    return v >= static_cast<T>(unavailable - 1) ? std::nullopt : std::optional<T>(v);
}

// Fields of which only all ones are reserved.
template <typename T>
std::optional<T> unless_ones(T v) {
    return v == static_cast<T>(~T{0}) ? std::nullopt : std::optional<T>(v);
}

XrSpan span_of(std::uint8_t flags) { return static_cast<XrSpan>(flags >> 6); }
bool over_time(XrSpan s) { return s == XrSpan::interval || s == XrSpan::cumulative; }

// RFC 6776 §4.1. No flags.
RtcpPeriod period(wire::ByteReader& in) {
    RtcpPeriod p;
    p.ssrc = in.u32();
    in.skip(2);
    p.first = in.u16();
    p.interval_first = in.u32();
    p.last = in.u32();
    p.interval = in.u32();
    p.duration = in.u64();
    return p;
}

// RFC 6798 §3.2: 0x8000 and 0x7ffe are out of range, 0x7fff is unavailable.
std::optional<std::int16_t> variation(std::uint16_t v) {
    if (v == 0x8000 || v == 0x7ffe || v == 0x7fff) return std::nullopt;
    return static_cast<std::int16_t>(v);
}

RtcpDelayVariation delay_variation(wire::ByteReader& in, std::uint8_t flags) {
    RtcpDelayVariation d;
    d.span = span_of(flags);
    d.kind = flags >> 2 & 0x0f;
    d.ssrc = in.u32();
    d.positive = variation(in.u16());
    d.positive_percentile = unless_ones(in.u16());
    d.negative = variation(in.u16());
    d.negative_percentile = unless_ones(in.u16());
    d.mean = variation(in.u16());
    return d;
}

// RFC 6843 §3.1. The interval flag is not restricted.
RtcpDelay delay(wire::ByteReader& in, std::uint8_t flags) {
    RtcpDelay d;
    d.span = span_of(flags);
    d.ssrc = in.u32();
    d.mean_round_trip = unless_ones(in.u32());
    d.least_round_trip = unless_ones(in.u32());
    d.most_round_trip = unless_ones(in.u32());
    d.end_system = unless_ones(in.u64());
    return d;
}

// RFC 7004 §3.1.2, 3.2.2: rates are at most 0x8000.
RtcpBurstSummary burst_summary(wire::ByteReader& in, bool of_discards, std::uint8_t flags) {
    const auto rate = [](std::uint16_t v) { return v > 0x8000 ? std::nullopt : std::optional(v); };
    RtcpBurstSummary b;
    b.span = span_of(flags);
    b.of_discards = of_discards;
    b.ssrc = in.u32();
    b.burst_rate = rate(in.u16());
    b.gap_rate = rate(in.u16());
    if (of_discards) return b;
    b.mean_ms = unless_ones(in.u16());
    b.variance = unless_ones(in.u16());
    return b;
}

// RFC 7004 §4.1.1. No interval flag.
RtcpFrames frames(wire::ByteReader& in, std::uint8_t flags) {
    RtcpFrames f;
    f.derived = (flags & 0x80) != 0;
    f.ssrc = in.u32();
    f.begin = in.u16();
    f.end = in.u16();
    f.discarded = in.u32();
    f.duplicates = in.u32();
    f.lost = in.u32();
    f.partly_lost = in.u32();
    return f;
}

// RFC 6958 §3.1. The text gives the number of bursts 16 bits; the figure gives it 12, and only so the fields add up to the
// block length of 5.
RtcpBursts loss_bursts(wire::ByteReader& in, std::uint8_t flags) {
    RtcpBursts b;
    b.span = span_of(flags);
    b.combined = (flags & 0x20) != 0;
    b.ssrc = in.u32();
    b.threshold = in.u8();
    b.duration_ms = measured(in.u24(), 24);
    b.bad = measured(in.u24(), 24);
    b.expected = measured(in.u24(), 24);
    const std::uint16_t bursts_and_squares = in.u16();
    b.bursts = measured(static_cast<std::uint16_t>(bursts_and_squares >> 4), 12);
    b.squares = measured(std::uint64_t{bursts_and_squares & 0xfU} << 32 | in.u32(), 36);
    return b;
}

// RFC 7003 §3.1.
RtcpBursts discard_bursts(wire::ByteReader& in, std::uint8_t flags) {
    RtcpBursts b;
    b.span = span_of(flags);
    b.of_discards = true;
    b.ssrc = in.u32();
    b.threshold = in.u8();
    b.bad = measured(in.u24(), 24);
    b.expected = measured(in.u24(), 24);
    return b;
}

// RFC 7005 §4.1.
RtcpJitterBuffer jitter_buffer(wire::ByteReader& in, std::uint8_t flags) {
    RtcpJitterBuffer b;
    b.adaptive = (flags & 0x20) != 0;
    b.ssrc = in.u32();
    b.nominal = measured(in.u16());
    b.maximum = measured(in.u16());
    b.high_water = measured(in.u16());
    b.low_water = measured(in.u16());
    return b;
}

// RFC 7266 §3.2: segments of one kind only. 7:9 bits without, 7:6 bits with a channel.
bool scores(wire::ByteReader& in, std::uint8_t flags, std::uint32_t sender, RtcpHandler& handler) {
    RtcpMos m;
    m.span = span_of(flags);
    m.ssrc = in.u32();
    const wire::Bytes segments = in.rest();
    if (segments.empty()) return false;
    for (std::size_t at = 4; at < segments.size(); at += 4)
        if (((segments[at] ^ segments[0]) & 0x80) != 0) return false;
    while (in.remaining() >= 4) {
        const std::uint32_t segment = in.u32();
        m.algorithm = static_cast<std::uint8_t>(segment >> 23);
        m.payload_type = segment >> 16 & 0x7f;
        if ((segment & 0x80000000) == 0) {
            const auto v = measured(static_cast<std::uint16_t>(segment));
            m.score = v ? std::optional(static_cast<float>(*v) / 512) : std::nullopt;
        } else {
            const auto v = measured(static_cast<std::uint16_t>(segment & 0x1fff), 13);
            m.channel = static_cast<std::uint8_t>(segment >> 13 & 7);
            m.score = v ? std::optional(static_cast<float>(*v) / 64) : std::nullopt;
        }
        handler.score(sender, m);
    }
    return true;
}

// RFC 7294 §3.1.
RtcpConcealment concealment(wire::ByteReader& in, std::uint8_t flags) {
    RtcpConcealment c;
    c.span = span_of(flags);
    c.method = flags >> 4 & 3;
    c.ssrc = in.u32();
    c.on_time = measured(in.u32());
    c.loss = measured(in.u32());
    c.adjustment = measured(in.u32());
    c.interruptions = measured(in.u16());
    in.skip(2);
    c.mean_interruption = measured(in.u32());
    return c;
}

// RFC 7294 §4.1.
RtcpConcealedSeconds concealed_seconds(wire::ByteReader& in, std::uint8_t flags) {
    RtcpConcealedSeconds c;
    c.span = span_of(flags);
    c.method = flags >> 4 & 3;
    c.ssrc = in.u32();
    c.unimpaired = measured(in.u32());
    c.concealed = measured(in.u32());
    c.severely = measured(in.u16());
    in.skip(1);
    c.threshold = in.u8();
    return c;
}

}  // namespace

bool read_metrics_block(std::uint8_t type, std::uint8_t flags, std::size_t octets, wire::ByteReader& in, std::uint32_t sender,
                        RtcpHandler& handler) {
    const XrSpan span = span_of(flags);
    switch (static_cast<XrType>(type)) {
        case XrType::measurement_information:
            if (octets != 28) return false;
            handler.period(sender, period(in));
            return true;
        case XrType::delay_variation:
            if (octets != 16 || span == XrSpan::reserved) return false;
            handler.delay_variation(sender, delay_variation(in, flags));
            return true;
        case XrType::delay:
            if (octets != 24) return false;
            handler.delay(sender, delay(in, flags));
            return true;
        case XrType::loss_summary:
        case XrType::discard_summary: {
            const bool of_discards = static_cast<XrType>(type) == XrType::discard_summary;
            if (octets != (of_discards ? 8 : 12) || span == XrSpan::reserved) return false;
            handler.burst_summary(sender, burst_summary(in, of_discards, flags));
            return true;
        }
        case XrType::frames:
            if (octets != 24) return false;
            handler.frames(sender, frames(in, flags));
            return true;
        case XrType::loss_bursts:
            if (!over_time(span)) return false;
            if (octets == 20) return handler.bursts(sender, loss_bursts(in, flags)), true;
            [[fallthrough]];  // RFC 7003 prints 20 for the block that IANA has as 21; their lengths differ
        case XrType::discard_bursts:
            if (octets != 12 || !over_time(span)) return false;
            handler.bursts(sender, discard_bursts(in, flags));
            return true;
        case XrType::jitter_buffer:
            if (octets != 12 || span != XrSpan::sampled) return false;
            handler.jitter_buffer(sender, jitter_buffer(in, flags));
            return true;
        case XrType::discard_count: {
            RtcpDiscardCount d;
            d.span = span;
            d.kind = flags >> 4 & 3;
            if (octets != 8 || !over_time(span) || d.kind > RtcpDiscardCount::kLate) return false;
            d.ssrc = in.u32();
            d.packets = measured(in.u32());
            handler.discard_count(sender, d);
            return true;
        }
        case XrType::discarded_octets: {
            if (octets != 8 || !over_time(span)) return false;
            const std::uint32_t ssrc = in.u32();
            handler.discarded_octets(sender, {ssrc, span, (flags & 0x20) != 0, in.u32()});
            return true;
        }
        case XrType::sync_delay: {
            if (octets != 8) return false;
            const std::uint32_t ssrc = in.u32();
            handler.sync_delay(sender, {ssrc, unless_ones(in.u32())});
            return true;
        }
        case XrType::sync_offset: {
            if (octets != 12 || span == XrSpan::reserved) return false;
            const std::uint32_t ssrc = in.u32();
            const auto v = unless_ones(in.u64());
            handler.sync_offset(sender, {ssrc, span, v ? std::optional(static_cast<std::int64_t>(*v)) : std::nullopt});
            return true;
        }
        case XrType::mos: return octets >= 8 && over_time(span) && scores(in, flags, sender, handler);
        case XrType::concealment:
            if (octets != 24 || !over_time(span)) return false;
            handler.concealment(sender, concealment(in, flags));
            return true;
        case XrType::concealed_seconds:
            if (octets != 16 || !over_time(span)) return false;
            handler.concealed_seconds(sender, concealed_seconds(in, flags));
            return true;
        default: return type != 0 && type <= kXrMostAssigned;
    }
}

}  // namespace voipprobe::probe
