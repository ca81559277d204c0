// XR blocks of the RTP monitoring framework (RFC 6792): each says whether it is about an instant, the last interval or
// the whole stream, and most rely on a Measurement Information Block (14) in the same compound. All counts as sent; a
// figure that its sender marked as unavailable or out of range is absent. Sources: RFC 6776 (14), RFC 6798 (15), RFC 6843
// (16), RFC 7004 (17-19), RFC 6958 (20), RFC 7003 (21), RFC 7005 (23), RFC 7002 (24), RFC 7243 (26), RFC 7244 (27, 28),
// RFC 7266 (29), RFC 7294 (30, 31). Thread rule: value types; the parser is pure.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

class RtcpHandler;

// Bits 7 and 6 of the octet after the type.
enum class XrSpan : std::uint8_t { reserved, sampled, interval, cumulative };

struct RtcpPeriod {  // type 14: what the other blocks of the compound are about
    std::uint32_t ssrc = 0;
    std::uint16_t first = 0;           // sequence number of the stream's first packet
    std::uint32_t interval_first = 0;  // extended
    std::uint32_t last = 0;            // extended
    std::uint32_t interval = 0;        // 1/65536 s
    std::uint64_t duration = 0;        // since the start; 2^-32 s
};

struct RtcpDelayVariation {  // type 15
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::uint8_t kind = 0;  // 0 MAPDV2 (ITU-T G.1020), 1 2-point PDV (ITU-T Y.1540)
    std::optional<std::int16_t> positive, negative, mean;  // 1/16 ms
    std::optional<std::uint16_t> positive_percentile, negative_percentile;  // 1/256 %
};

struct RtcpDelay {  // type 16; 1/65536 s
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::optional<std::uint32_t> mean_round_trip, least_round_trip, most_round_trip;
    std::optional<std::uint64_t> end_system;  // 2^-32 s
};

struct RtcpBurstSummary {  // types 17 (loss) and 18 (discard)
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    bool of_discards = false;
    std::optional<std::uint16_t> burst_rate, gap_rate;  // 1/32768
    std::optional<std::uint16_t> mean_ms, variance;     // of burst durations; type 17 only
};

struct RtcpFrames {  // type 19, of video
    std::uint32_t ssrc = 0;
    bool derived = false;  // else key frames
    std::uint16_t begin = 0, end = 0;
    std::uint32_t discarded = 0, duplicates = 0, lost = 0, partly_lost = 0;
};

struct RtcpBursts {  // types 20 (loss) and 21 (discard)
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    bool of_discards = false;
    bool combined = false;     // type 20: void without the block of discards in the same compound
    std::uint8_t threshold = 0;  // Gmin
    std::optional<std::uint32_t> bad, expected;  // packets within bursts
    std::optional<std::uint32_t> duration_ms;    // of all of them; this and the next two: type 20 only
    std::optional<std::uint16_t> bursts;
    std::optional<std::uint64_t> squares;        // of the durations, ms^2
};

struct RtcpJitterBuffer {  // type 23, sampled; ms
    std::uint32_t ssrc = 0;
    bool adaptive = false;
    std::optional<std::uint16_t> nominal, maximum, high_water, low_water;
};

struct RtcpDiscardCount {  // type 24
    static constexpr std::uint8_t kDuplicate = 0, kEarly = 1, kLate = 2;
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::uint8_t kind = 0;
    std::optional<std::uint32_t> packets;
};

struct RtcpDiscardedOctets {  // type 26; of RTP payload
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    bool early = false;  // else late
    std::uint32_t octets = 0;
};

struct RtcpSyncDelay {  // type 27; 1/65536 s
    std::uint32_t ssrc = 0;
    std::optional<std::uint32_t> initial;
};

struct RtcpSyncOffset {  // type 28; 2^-32 s, positive: leads
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::optional<std::int64_t> offset;
};

struct RtcpMos {  // type 29, one of its segments
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::uint8_t algorithm = 0;  // CAID: SDP says what it stands for
    std::uint8_t payload_type = 0;
    std::optional<std::uint8_t> channel;  // of several in one stream
    std::optional<float> score;           // on the algorithm's scale
};

struct RtcpConcealment {  // type 30; ticks of the stream's clock
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::uint8_t method = 0;  // 0 silence, 1 replay, 2 replay with attenuation, 3 enhancement
    std::optional<std::uint32_t> on_time, loss, adjustment, mean_interruption;
    std::optional<std::uint16_t> interruptions;
};

struct RtcpConcealedSeconds {  // type 31
    std::uint32_t ssrc = 0;
    XrSpan span = XrSpan::reserved;
    std::uint8_t method = 0;
    std::optional<std::uint32_t> unimpaired, concealed;
    std::optional<std::uint16_t> severely;
    std::uint8_t threshold = 0;  // of a severely concealed second; 1/256
};

// One block of `octets` octets after its head, if `type` is one of these. False: the length does not fit it, or the interval
// flag may not be sent with it.
bool read_metrics_block(std::uint8_t type, std::uint8_t flags, std::size_t octets, wire::ByteReader& in, std::uint32_t sender,
                        RtcpHandler& handler);

}  // namespace voipprobe::probe
