// Codecs as they look on the wire: payload type, clock, frame length and payload size.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace voipprobe::pcapgen {

struct Codec {
    std::string_view name;        // as in SDP
    std::uint8_t payload_type;    // static, or the dynamic one used here
    std::uint32_t clock;          // RTP clock
    std::uint32_t channels;       // in rtpmap
    std::uint32_t frame_ms;       // packet time must be a multiple
    std::uint32_t default_ms;     // usual packet time
    std::uint32_t frame_octets;   // per frame
    std::uint32_t packet_octets;  // once per packet (AMR payload header)
    std::uint32_t spread;         // payload varies by up to this many octets (VBR)
    std::uint8_t head_size;       // octets of `head` that begin every payload: TOC, CMR ...
    std::array<std::uint8_t, 2> head;
    std::string_view fmtp;  // parameters, may be empty

    std::uint32_t payload_octets(std::uint32_t ptime_ms) const noexcept {
        return packet_octets + frame_octets * (ptime_ms / frame_ms);
    }
    std::uint32_t samples(std::uint32_t ptime_ms) const noexcept { return clock / 1000 * ptime_ms; }
    bool one_frame_only() const noexcept { return packet_octets > 0; }
    bool dynamic() const noexcept { return payload_type >= 96; }
};

inline constexpr std::uint8_t kTelephoneEventType = 101;

std::span<const Codec> all_codecs() noexcept;
std::optional<Codec> find_codec(std::string_view name) noexcept;

}  // namespace voipprobe::pcapgen
