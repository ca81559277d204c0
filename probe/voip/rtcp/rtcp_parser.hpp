// RTCP compound packets: SR, RR, SDES, BYE (RFC 3550 §6.4-6.6), XR (rtcp_extended.hpp, rtcp_metrics.hpp); APP and feedback are
// skipped. Pure: bytes to calls of a handler; bounded by the packet.
// A compound whose lengths do not fit is refused as a whole (damaged, or encrypted by SRTCP); a packet cut by the
// snaplen is read as far as it goes.
#pragma once

#include <cstdint>
#include <string_view>

#include "probe/voip/rtcp/rtcp_extended.hpp"
#include "probe/voip/rtcp/rtcp_metrics.hpp"
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

enum class SdesItem : std::uint8_t { cname = 1, name = 2, email = 3, phone = 4, location = 5, tool = 6, note = 7, priv = 8 };

class RtcpHandler {
  public:
    virtual ~RtcpHandler() = default;
    virtual void sender_report(std::uint32_t /*sender*/, NtpMiddle, std::uint32_t /*packets*/, std::uint32_t /*octets*/) {}
    virtual void report(std::uint32_t /*sender*/, const RtcpReport&) {}
    virtual void receiver_time(std::uint32_t /*sender*/, NtpMiddle) {}                       // XR RRTR
    virtual void receiver_delay(std::uint32_t /*sender*/, std::uint32_t /*ssrc*/, NtpMiddle /*last_rr*/, std::uint32_t /*delay*/) {}
    virtual void voip_metrics(std::uint32_t /*sender*/, const RtcpVoipMetrics&) {}
    virtual void statistics(std::uint32_t /*sender*/, const RtcpStatistics&) {}
    virtual void run_lengths(std::uint32_t /*sender*/, const RtcpRunLengths&) {}
    virtual void receipt_times(std::uint32_t /*sender*/, const RtcpReceiptTimes&) {}
    virtual void period(std::uint32_t /*sender*/, const RtcpPeriod&) {}
    virtual void delay_variation(std::uint32_t /*sender*/, const RtcpDelayVariation&) {}
    virtual void delay(std::uint32_t /*sender*/, const RtcpDelay&) {}
    virtual void burst_summary(std::uint32_t /*sender*/, const RtcpBurstSummary&) {}
    virtual void frames(std::uint32_t /*sender*/, const RtcpFrames&) {}
    virtual void bursts(std::uint32_t /*sender*/, const RtcpBursts&) {}
    virtual void jitter_buffer(std::uint32_t /*sender*/, const RtcpJitterBuffer&) {}
    virtual void discard_count(std::uint32_t /*sender*/, const RtcpDiscardCount&) {}
    virtual void discarded_octets(std::uint32_t /*sender*/, const RtcpDiscardedOctets&) {}
    virtual void sync_delay(std::uint32_t /*sender*/, const RtcpSyncDelay&) {}
    virtual void sync_offset(std::uint32_t /*sender*/, const RtcpSyncOffset&) {}
    virtual void score(std::uint32_t /*sender*/, const RtcpMos&) {}  // once for each segment
    virtual void concealment(std::uint32_t /*sender*/, const RtcpConcealment&) {}
    virtual void concealed_seconds(std::uint32_t /*sender*/, const RtcpConcealedSeconds&) {}
    virtual void extended_block(std::uint8_t /*type*/, bool /*understood*/) {}  // after each XR block
    virtual void packet(std::uint8_t /*type*/) {}  // before what a packet of the compound says
    virtual void bye(std::uint32_t /*ssrc*/) {}
    virtual void source(std::uint32_t /*ssrc*/, SdesItem, std::string_view /*text*/) {}  // UTF-8, its sender says
};

// `payload` is what was captured of `length` octets. False: refused.
bool parse_rtcp(wire::Bytes payload, std::uint32_t length, RtcpHandler& handler);

}  // namespace voipprobe::probe
