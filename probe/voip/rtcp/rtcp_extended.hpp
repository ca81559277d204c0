// What XR blocks of RFC 3611 and their like say, one struct per shape; those of the monitoring framework are in
// rtcp_metrics.hpp. All counts as sent. Sources: RFC 3611 §4 (types 1-7), RFC 5725 (10), RFC 7097 (25). Other assigned
// types are recognised and counted, not read. Thread rule: value types; the parser is pure.
#pragma once

#include <cstdint>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

class RtcpHandler;

enum class XrType : std::uint8_t {
    loss_rle = 1, duplicate_rle = 2, receipt_times = 3, receiver_time = 4, receiver_delay = 5, statistics = 6,
    voip_metrics = 7, post_repair_loss_rle = 10, measurement_information = 14, delay_variation = 15, delay = 16,
    loss_summary = 17, discard_summary = 18, frames = 19, loss_bursts = 20, discard_bursts = 21, jitter_buffer = 23,
    discard_count = 24, discard_rle = 25, discarded_octets = 26, sync_delay = 27, sync_offset = 28, mos = 29,
    concealment = 30, concealed_seconds = 31
};
inline constexpr std::uint8_t kXrMostAssigned = 35;  // RFC 8015

struct RtcpVoipMetrics {  // type 7; 127 stands for "unavailable" in R factors and MOS
    std::uint32_t ssrc = 0;
    std::uint8_t loss_rate = 0, discard_rate = 0, burst_density = 0, gap_density = 0;  // 1/256
    std::uint16_t burst_ms = 0, gap_ms = 0, round_trip_ms = 0, end_system_ms = 0;
    std::int8_t signal_dbm = 0, noise_dbm = 0;
    std::uint8_t echo_return_loss = 0, gmin = 0;
    std::uint8_t r_factor = 127, external_r_factor = 127;
    std::uint8_t mos_lq = 127;  // tenths; octet 26 of the block
    std::uint8_t mos_cq = 127;  // tenths; octet 27
    std::uint8_t receiver_config = 0;  // PLC 2 bits, JBA 2 bits, JB rate 4 bits
    std::uint16_t buffer_nominal_ms = 0, buffer_maximum_ms = 0, buffer_absolute_ms = 0;
};

struct RtcpStatistics {  // type 6
    std::uint32_t ssrc = 0;
    std::uint16_t begin = 0, end = 0;  // sequence numbers, `end` excluded
    std::uint32_t lost = 0, duplicates = 0;
    std::uint32_t least_jitter = 0, most_jitter = 0, mean_jitter = 0, deviation_jitter = 0;  // ticks
    std::uint8_t least_ttl = 0, most_ttl = 0, mean_ttl = 0, deviation_ttl = 0;  // or hop limit
    bool has_loss = false, has_duplicates = false, has_jitter = false, has_ttl = false;
};

// Types 1, 2, 10, 25: what the chunks of the trace add up to. Types 1 and 10: 0 = lost; 2: 0 = duplicated;
// 25: 1 = discarded.
struct RtcpRunLengths {
    XrType type = XrType::loss_rle;
    std::uint32_t ssrc = 0;
    std::uint8_t thinning = 0;  // every 2^thinning-th number was looked at
    std::uint16_t begin = 0, end = 0;
    std::uint32_t zeros = 0, ones = 0;
};

struct RtcpReceiptTimes {  // type 3
    std::uint32_t ssrc = 0;
    std::uint8_t thinning = 0;
    std::uint16_t begin = 0, end = 0;
    std::uint32_t count = 0;
    std::uint32_t first = 0, last = 0;  // ticks of the stream's clock
};

// The blocks of one XR packet, after its sender's SSRC. A block whose length does not fit its
// type, or whose interval flag may not be sent with it, is skipped.
void read_extended_blocks(wire::ByteReader& in, std::uint32_t sender, RtcpHandler& handler);

}  // namespace voipprobe::probe
