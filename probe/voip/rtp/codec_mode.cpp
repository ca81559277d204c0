#include "probe/voip/rtp/codec_mode.hpp"

#include <array>
#include <span>

#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

// Speech bits by frame type (RFC 4867 §3.6, TS 26.101 and 26.201); the type after the last one is silence (SID).
constexpr std::array<std::uint16_t, 8> kAmrBits{95, 103, 118, 134, 148, 159, 204, 244};
constexpr std::array<std::uint16_t, 9> kAmrWbBits{132, 177, 253, 285, 317, 365, 397, 461, 477};

std::optional<std::uint8_t> amr_mode(std::span<const std::uint16_t> bits, wire::Bytes p, std::uint32_t length) {
    if (p.size() < 2) return std::nullopt;
    // Octet-aligned: CMR(4) R(4) | F(1) FT(4) Q(1) P(2) | speech; bandwidth-efficient: CMR(4) F(1) FT(4) Q(1) speech.
    const auto aligned = static_cast<std::uint8_t>((p[1] >> 3) & 0x0f);
    const auto efficient = static_cast<std::uint8_t>((p[0] & 0x07) << 1 | p[1] >> 7);
    const bool is_aligned = (p[0] & 0x0f) == 0 && (p[1] & 0x83) == 0 && aligned < bits.size() &&
                            length == 2 + (bits[aligned] + 7U) / 8;
    const bool is_efficient = (p[0] & 0x08) == 0 && efficient < bits.size() && length == (10U + bits[efficient] + 7) / 8;
    if (is_aligned == is_efficient && !(is_aligned && aligned == efficient)) return std::nullopt;
    return is_aligned ? aligned : efficient;
}

// Configuration number to bandwidth: 0 NB, 1 MB, 2 WB, 3 SWB, 4 FB (RFC 6716 table 2).
std::uint8_t opus_bandwidth(std::uint8_t toc) {
    const std::uint8_t configuration = toc >> 3;
    if (configuration < 12) return configuration / 4;                                     // SILK: NB, MB, WB
    if (configuration < 16) return static_cast<std::uint8_t>(3 + (configuration - 12) / 2);  // hybrid: SWB, FB
    constexpr std::array<std::uint8_t, 4> kCelt{0, 2, 3, 4};
    return kCelt[(configuration - 16U) / 4];
}

}  // namespace

ModeCodec mode_codec_of(std::string_view encoding) {
    if (wire::equals_ignore_case(encoding, "opus")) return ModeCodec::opus;
    if (wire::equals_ignore_case(encoding, "AMR")) return ModeCodec::amr;
    if (wire::equals_ignore_case(encoding, "AMR-WB")) return ModeCodec::amr_wb;
    return ModeCodec::none;
}

std::optional<std::uint8_t> codec_mode(ModeCodec codec, wire::Bytes payload, std::uint32_t length) {
    switch (codec) {
        case ModeCodec::none: break;
        case ModeCodec::amr: return amr_mode(kAmrBits, payload, length);
        case ModeCodec::amr_wb: return amr_mode(kAmrWbBits, payload, length);
        case ModeCodec::opus:
            if (payload.empty() || length < 3) break;  // one or two octets: silence (DTX)
            return opus_bandwidth(payload[0]);
    }
    return std::nullopt;
}

}  // namespace voipprobe::probe
