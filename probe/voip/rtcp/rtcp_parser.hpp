// RTCP compound packets: SR, RR, SDES, BYE (RFC 3550 §6.4-6.6), XR blocks 4 to 7 (RFC 3611 §4.4-4.7); APP, feedback
// and other XR blocks are skipped. Pure: bytes to calls of a handler; bounded by the packet.
// A compound whose lengths do not fit is refused as a whole (damaged, or encrypted by SRTCP); a packet cut by the
// snaplen is read as far as it goes.
#pragma once

#include <cstdint>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

// Middle 32 bits of an NTP timestamp: 1/65536 s.
using NtpMiddle = std::uint32_t;

struct RtcpReport {  // one report block of an SR or RR
    std::uint32_t ssrc = 0;     // of the stream it is about
    std::uint8_t fraction_lost = 0;
    std::int32_t lost = 0;      // cumulative; may be negative
    std::uint32_t highest = 0;  // extended highest sequence number
    std::uint32_t jitter = 0;   // ticks
    NtpMiddle last_sr = 0;      // 0 none
    std::uint32_t delay = 0;    // since then, 1/65536 s
};

struct RtcpVoipMetrics {  // XR block 7; 127 stands for "unavailable" in R factors and MOS
    std::uint32_t ssrc = 0;
    std::uint8_t loss_rate = 0, discard_rate = 0, burst_density = 0, gap_density = 0;  // 1/256
    std::uint16_t burst_ms = 0, gap_ms = 0, round_trip_ms = 0, end_system_ms = 0;
    std::int8_t signal_dbm = 0, noise_dbm = 0;
    std::uint8_t echo_return_loss = 0, gmin = 0;
    std::uint8_t r_factor = 127, external_r_factor = 127;
    std::uint8_t mos_lq = 127;  // tenths; octet 26 of the block
    std::uint8_t mos_cq = 127;  // tenths; octet 27
};

struct RtcpStatistics {  // XR block 6
    std::uint32_t ssrc = 0;
    std::uint32_t lost = 0, duplicates = 0;
    std::uint32_t mean_jitter = 0;  // ticks
    bool has_loss = false, has_duplicates = false, has_jitter = false;
};

class RtcpHandler {
  public:
    virtual ~RtcpHandler() = default;
    virtual void sender_report(std::uint32_t /*sender*/, NtpMiddle, std::uint32_t /*packets*/, std::uint32_t /*octets*/) {}
    virtual void report(std::uint32_t /*sender*/, const RtcpReport&) {}
    virtual void receiver_time(std::uint32_t /*sender*/, NtpMiddle) {}                       // XR RRTR
    virtual void receiver_delay(std::uint32_t /*sender*/, std::uint32_t /*ssrc*/, NtpMiddle /*last_rr*/, std::uint32_t /*delay*/) {}
    virtual void voip_metrics(std::uint32_t /*sender*/, const RtcpVoipMetrics&) {}
    virtual void statistics(std::uint32_t /*sender*/, const RtcpStatistics&) {}
    virtual void bye(std::uint32_t /*ssrc*/) {}
};

// `payload` is what was captured of `length` octets. False: refused.
bool parse_rtcp(wire::Bytes payload, std::uint32_t length, RtcpHandler& handler);

}  // namespace voipprobe::probe
