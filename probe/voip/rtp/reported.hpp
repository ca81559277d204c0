// What an endpoint says about a stream it received, beside our own figures and never mixed with them.
// Where from: RTCP RR/SR blocks, RTCP XR, RFC 6035 reports, statistics headers of BYE (ReportSource bits).
// Thread rule: value types.
#pragma once

#include <cstdint>
#include <optional>

namespace voipprobe::probe {

namespace report_source {
inline constexpr std::uint8_t kRtcp = 1;      // SR and RR blocks
inline constexpr std::uint8_t kExtended = 2;  // RTCP XR
inline constexpr std::uint8_t kSession = 4;   // vq-rtcpxr (RFC 6035)
inline constexpr std::uint8_t kHeader = 8;    // X-RTP-Stat, P-RTP-Stat, RTP-RxStat of BYE or its response
inline constexpr std::uint8_t kSignalling = 16;  // SCCP statistics, MGCP connection parameters, IAX2 receiver reports
}  // namespace report_source

// Kept in every stream.
struct ReportedFigures {
    static constexpr std::uint16_t kNone = 0xffff;
    std::uint32_t expected = 0;  // at the last RTCP report; 0: none came
    std::int32_t lost = 0;       // cumulative, may be negative (duplicates)
    std::uint32_t reports = 0;
    double jitter_ticks = 0;     // sum over the RTCP reports
    std::uint16_t mos_lq = kNone;  // hundredths
    std::uint16_t mos_cq = kNone;
    std::uint8_t sources = 0;    // report_source bits
};

// What RTCP reports alone do not say; kept apart, for streams about which somebody says it. The last word counts.
struct ReportedDetail {
    std::optional<float> loss_pct, discard_pct;          // percent of the expected packets
    std::optional<float> jitter_ms;
    std::optional<float> burst_density, gap_density;     // ratio
    std::optional<float> round_trip_ms, end_system_ms;
    std::optional<float> r_factor;                       // 0..100
    // Figures that are of an interval: as long as nobody spoke of the whole stream. Bits:
    static constexpr std::uint8_t kDiscard = 1, kBurst = 2, kGap = 4, kMosLq = 8, kMosCq = 16;
    std::uint8_t of_interval = 0;
    void of_whole(unsigned bits) { of_interval = static_cast<std::uint8_t>(of_interval & ~bits); }
};

// One report of one end about what it received, from signalling.
struct SessionReport {
    ReportedDetail figures;
    std::optional<float> mos_lq, mos_cq;  // 1..5
    std::optional<std::uint64_t> packets, lost;  // received and lost, where only counts are given
};

}  // namespace voipprobe::probe
