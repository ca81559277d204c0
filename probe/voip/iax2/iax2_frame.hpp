// IAX2 frames (RFC 5456). Pure: bytes to structs.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

// Frame types (RFC 5456 §8.2) and the subclasses of control and IAX frames (§8.3, §8.4) that calls need.
enum class Iax2Type : std::uint8_t { dtmf = 1, voice = 2, video = 3, control = 4, null = 5, iax = 6, text = 7, image = 8, html = 9, noise = 10 };
namespace iax2 {
inline constexpr std::uint8_t kHangup = 1, kRinging = 3, kAnswer = 4, kBusy = 5, kCongestion = 8, kProgress = 14,
                              kProceeding = 15, kHold = 16, kUnhold = 17;
inline constexpr std::uint8_t kNew = 1, kPing = 2, kPong = 3, kAck = 4, kHangupIax = 5, kReject = 6, kAccept = 7,
                              kAuthRequest = 8, kAuthReply = 9, kRegisterRequest = 13, kRegisterAck = 15, kLastIax = 40;
}  // namespace iax2

struct Iax2Full {
    std::uint16_t source = 0, destination = 0;  // call numbers, 15 bits
    bool repeated = false;
    std::uint32_t timestamp = 0;  // ms since the call began
    Iax2Type type{};
    std::uint64_t subclass = 0;   // of voice and video: the format, one bit
    wire::Bytes data;
};
// nullopt: no full frame (RFC 5456 §8.1.1), or of a type that is not assigned.
std::optional<Iax2Full> parse_iax2_full(wire::Bytes datagram);

struct Iax2Mini {  // §8.1.2
    std::uint16_t source = 0;
    std::uint16_t timestamp = 0;  // low 16 bits, ms
    wire::Bytes data;
};
std::optional<Iax2Mini> parse_iax2_mini(wire::Bytes datagram);

// A trunk frame (§8.1.3.2): the media of several calls.
class Iax2Trunk {
  public:
    // nullopt: the datagram is none.
    static std::optional<Iax2Trunk> open(wire::Bytes datagram);
    bool next(Iax2Mini& out);
    bool has_timestamps() const { return timestamps_; }
    std::uint32_t timestamp() const { return timestamp_; }  // of the trunk

  private:
    wire::ByteReader in_;
    bool timestamps_ = false;
    std::uint32_t timestamp_ = 0;
};

// What a receiver reports in PONG (§8.6.41 and on).
struct Iax2Report {
    bool any = false;
    std::optional<std::uint32_t> jitter_ms, packets, lost;
};

// Information elements (§8.6) of an IAX frame.
struct Iax2Elements {
    bool complete = false;  // the elements fill the frame exactly
    std::string_view called, calling, calling_name, user;
    std::optional<std::uint64_t> format;
    std::optional<std::uint8_t> cause;
    std::optional<std::uint16_t> version, refresh_s;
    bool encryption = false;
    Iax2Report report;
};
Iax2Elements parse_iax2_elements(wire::Bytes data);

// A NEW of version 2: what a call begins with, on whatever port.
bool looks_like_iax2_new(wire::Bytes datagram);

struct Iax2Codec {
    std::uint8_t rtp_type;
    std::uint32_t clock_rate;
    std::string_view name;
    std::uint32_t octets, milliseconds;  // so many octets last so long; 0: not said by the format
};
// The codec of a format (one bit, §8.7); name empty: not audio.
Iax2Codec iax2_codec(std::uint64_t format);

}  // namespace voipprobe::probe
