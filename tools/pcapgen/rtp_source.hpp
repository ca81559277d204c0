// The sender of one RTP stream: which packet leaves when. Impairments come later.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/pcapgen/frame.hpp"

namespace voipprobe::pcapgen {

// Everything that distinguishes one packet of a stream from the next.
struct RtpPacket {
    std::uint16_t seq = 0;
    std::uint16_t payload_octets = 0;
    std::uint16_t pattern_at = 0;  // even offset into the payload pattern
    std::uint8_t payload_type = 0;
    bool marker = false;
    bool event = false;  // telephone-event
    std::uint32_t timestamp = 0;
    std::uint32_t event_word = 0;  // payload of a telephone-event (RFC 4733 section 2.3)
};

struct RtpSourceConfig {
    Codec codec{};
    std::uint32_t ptime_ms = 20;
    std::uint32_t ssrc = 0;
    std::uint16_t first_seq = 0;
    std::uint32_t first_timestamp = 0;
    bool telephone_event = false;
    // When media flows: [from, to) at the capture point without impairments, ascending.
    std::vector<std::pair<Nanos, Nanos>> segments;
};

class RtpSource {
  public:
    RtpSource(RtpSourceConfig config, Rng rng);

    struct Sent {
        Nanos time = 0;
        RtpPacket packet;
    };
    // The next packet, none after the last segment.
    std::optional<Sent> next();

    Nanos start() const noexcept { return start_; }
    Nanos end() const noexcept { return config_.segments.empty() ? 0 : config_.segments.back().second; }
    bool empty() const noexcept { return config_.segments.empty(); }
    std::uint32_t sent_packets() const noexcept { return sent_; }
    std::uint32_t sent_octets() const noexcept { return sent_octets_; }
    std::uint32_t timestamp_at(Nanos time) const noexcept;
    const RtpSourceConfig& config() const noexcept { return config_; }

  private:
    RtpPacket audio();
    RtpPacket digit(std::uint64_t position);

    RtpSourceConfig config_;
    Rng rng_;
    Nanos start_ = 0;
    Nanos interval_ = 0;
    std::uint64_t tick_ = 0;
    std::size_t segment_ = 0;
    std::uint16_t seq_ = 0;
    bool marker_next_ = true;
    std::uint32_t sent_ = 0;
    std::uint32_t sent_octets_ = 0;
    std::uint32_t event_timestamp_ = 0;
    std::uint8_t digit_ = 0;
    bool digit_open_ = false;  // false once a pause cut a digit short
};

// Writes the RTP header and payload after the frame's headers. Returns the frame's size.
std::size_t write_rtp(FrameTemplate& frame, const RtpSourceConfig& config, const RtpPacket& packet,
                      const PayloadPattern& pattern, std::uint8_t* out);

// Octets of RTP header plus payload.
inline std::size_t rtp_octets(const RtpPacket& packet) noexcept { return 12U + packet.payload_octets; }

}  // namespace voipprobe::pcapgen
