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

constexpr std::uint8_t kEvsInterworking = 0x20;  // "EVS mode bit" of the ToC octet: AMR-WB IO

// TS 26.445 §A.2.1.3: sizes of the compact format ("protected": no other format has them). Silence is left out.
std::optional<std::uint8_t> evs_compact(std::uint32_t octets) {
    // Primary: 7.2, 8, 9.6, 13.2, 16.4, 24.4, 32, 48, 64, 96, 128 kbit/s are ToC types 1 to 11.
    constexpr std::array<std::uint16_t, 11> kPrimary{18, 20, 24, 33, 41, 61, 80, 120, 160, 240, 320};
    // AMR-WB IO: 3 bits of CMR and the speech bits of types 0 to 8.
    constexpr std::array<std::uint16_t, 9> kInterworking{17, 23, 32, 36, 40, 46, 50, 58, 60};
    for (std::size_t i = 0; i < kPrimary.size(); ++i)
        if (octets == kPrimary[i]) return static_cast<std::uint8_t>(i + 1);
    for (std::size_t i = 0; i < kInterworking.size(); ++i)
        if (octets == kInterworking[i]) return static_cast<std::uint8_t>(kEvsInterworking + i);
    return std::nullopt;
}

// §A.2.2: optional CMR octet (first bit 1), ToC octet (0, another frame follows, mode bit, Q, frame type), speech.
std::optional<std::uint8_t> evs_mode(wire::Bytes p, std::uint32_t length) {
    if (const auto compact = evs_compact(length)) return compact;
    const std::size_t at = !p.empty() && (p[0] & 0x80) != 0 ? 1 : 0;
    if (p.size() <= at || length <= at + 1) return std::nullopt;
    const std::uint8_t toc = p[at];
    if ((toc & 0xc0) != 0) return std::nullopt;  // a second CMR, or several frames
    const auto type = static_cast<std::uint8_t>(toc & 0x0f);
    const bool interworking = (toc & kEvsInterworking) != 0;
    if (type > (interworking ? 8 : 11)) return std::nullopt;  // silence, lost, no data
    return interworking ? static_cast<std::uint8_t>(kEvsInterworking + type) : type;
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
    if (wire::equals_ignore_case(encoding, "EVS")) return ModeCodec::evs;
    return ModeCodec::none;
}

std::optional<std::uint8_t> codec_mode(ModeCodec codec, wire::Bytes payload, std::uint32_t length) {
    switch (codec) {
        case ModeCodec::none: break;
        case ModeCodec::amr: return amr_mode(kAmrBits, payload, length);
        case ModeCodec::amr_wb: return amr_mode(kAmrWbBits, payload, length);
        case ModeCodec::evs: return evs_mode(payload, length);
        case ModeCodec::opus:
            if (payload.empty() || length < 3) break;  // one or two octets: silence (DTX)
            return opus_bandwidth(payload[0]);
    }
    return std::nullopt;
}

}  // namespace voipprobe::probe
