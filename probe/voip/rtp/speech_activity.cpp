#include "probe/voip/rtp/speech_activity.hpp"

#include <array>

#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kLeastSamples = 10;
constexpr std::size_t kStep = 4;
constexpr std::uint32_t kMostSilence = 8;  // octets: SID of AMR 6-7, G.729 2, G.723.1 4, EVS 6-7, Opus 1-3
constexpr std::uint32_t kThreshold = 184;  // -45 dBov of 32768

// Magnitude on the 16-bit scale (G.711 tables 1 and 2).
constexpr std::uint16_t ulaw(std::uint8_t code) {
    const auto c = static_cast<std::uint8_t>(~code & 0x7f);
    return static_cast<std::uint16_t>(((((c & 0x0f) << 3) + 132) << (c >> 4)) - 132);
}
constexpr std::uint16_t alaw(std::uint8_t code) {
    const auto c = static_cast<std::uint8_t>((code ^ 0x55) & 0x7f);
    const int segment = c >> 4, value = ((c & 0x0f) << 4) + 8;
    return static_cast<std::uint16_t>(segment == 0 ? value : (value + 256) << (segment - 1));
}
template <typename F>
constexpr std::array<std::uint16_t, 256> table(F magnitude) {
    std::array<std::uint16_t, 256> t{};
    for (int i = 0; i < 256; ++i) t[static_cast<std::size_t>(i)] = magnitude(static_cast<std::uint8_t>(i));
    return t;
}
constexpr auto kUlaw = table(ulaw);
constexpr auto kAlaw = table(alaw);
static_assert(kUlaw[0xff] == 0 && kUlaw[0x00] == 32124 && kUlaw[0x80] == 32124 && kAlaw[0xd5] == 8 && kAlaw[0x2a] == 32256);

}  // namespace

SpeechCodec speech_codec_of(std::string_view encoding) {
    if (wire::equals_ignore_case(encoding, "PCMU")) return SpeechCodec::pcmu;
    if (wire::equals_ignore_case(encoding, "PCMA")) return SpeechCodec::pcma;
    return SpeechCodec::other;
}

std::optional<bool> carries_speech(SpeechCodec codec, wire::Bytes payload, std::uint32_t length) {
    if (codec == SpeechCodec::other) return length > kMostSilence;
    if (payload.size() / kStep < kLeastSamples) return std::nullopt;
    const auto& magnitude = codec == SpeechCodec::pcmu ? kUlaw : kAlaw;
    std::uint32_t sum = 0, n = 0;
    for (std::size_t i = 0; i < payload.size(); i += kStep, ++n) sum += magnitude[payload[i]];
    return sum > kThreshold * n;
}

}  // namespace voipprobe::probe
