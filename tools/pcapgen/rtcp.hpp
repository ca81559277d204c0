// RTCP compound packets (RFC 3550 section 6): SR or RR with one report block, and SDES with a CNAME.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/pcapgen/options.hpp"

namespace voipprobe::pcapgen {

// What a receiver knows about the stream it hears (RFC 3550 A.3, A.8), in timestamp units.
class ReceiverState {
  public:
    explicit ReceiverState(std::uint32_t clock) noexcept : clock_(clock) {}

    void add(Nanos time, std::uint16_t seq, std::uint32_t timestamp, bool event) noexcept;
    bool heard() const noexcept { return received_ > 0; }

    struct Block {
        std::uint8_t fraction_lost = 0;
        std::uint32_t cumulative_lost = 0;  // 24 bits, two's complement
        std::uint32_t extended_highest = 0;
        std::uint32_t jitter = 0;
    };
    // Also begins the next interval.
    Block report() noexcept;

  private:
    std::uint32_t clock_;
    std::int64_t base_ = 0;
    std::int64_t highest_ = 0;
    std::int64_t received_ = 0;
    std::int64_t expected_before_ = 0;
    std::int64_t received_before_ = 0;
    double jitter_ = 0;
    bool have_reference_ = false;
    Nanos reference_time_ = 0;
    std::uint32_t reference_timestamp_ = 0;
};

struct SenderReport {
    bool sends = true;  // SR; RR otherwise
    std::uint32_t ssrc = 0;
    Nanos time = 0;  // at the sender, since 1970
    std::uint32_t timestamp = 0;
    std::uint32_t packets = 0;
    std::uint32_t octets = 0;
    bool hears = false;  // has a report block
    std::uint32_t heard_ssrc = 0;
    ReceiverState::Block block;
    std::uint32_t last_sr = 0;           // LSR
    std::uint32_t delay_since_last = 0;  // DLSR, 1/65536 s
    std::string cname;
};

// NTP timestamp (RFC 5905) of a time since 1970; its middle 32 bits are what LSR quotes.
std::uint64_t ntp_time(Nanos time) noexcept;

std::vector<std::uint8_t> rtcp_packet(const SenderReport& report);

}  // namespace voipprobe::pcapgen
