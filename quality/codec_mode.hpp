// From the mode seen in the payload (STREAM_CODEC_MODE) to what the codec table distinguishes: AMR and AMR-WB bit
// rate by frame type (RFC 4867 tables 1a and 1b), EVS primary bit rate by ToC type or, from 32 on, AMR-WB IO mode
// (TS 26.445 Annex A), Opus bandwidth (RFC 6716 §2: 0 NB, 1 MB, 2 WB, 3 SWB, 4 FB).
// One rule for both programs. Pure; a mode that means nothing changes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "quality/codec_table.hpp"

namespace voipprobe::quality {

inline void apply_mode(CodecVariant& variant, std::string_view codec, std::uint64_t mode) noexcept {
    constexpr std::array<std::uint32_t, 8> kAmr{4750, 5150, 5900, 6700, 7400, 7950, 10200, 12200};
    constexpr std::array<std::uint32_t, 9> kAmrWb{6600, 8850, 12650, 14250, 15850, 18250, 19850, 23050, 23850};
    constexpr std::array kOpus{Bandwidth::kNarrow, Bandwidth::kNarrow, Bandwidth::kWide, Bandwidth::kSuperwide,
                               Bandwidth::kFull};
    if (same_codec_name(codec, "AMR") && mode < kAmr.size()) variant.bitrate = kAmr[mode];
    if (same_codec_name(codec, "AMR-WB") && mode < kAmrWb.size()) variant.bitrate = kAmrWb[mode];
    if (same_codec_name(codec, "EVS")) {
        constexpr std::array<std::uint32_t, 12> kEvs{2800,  7200,  8000,  9600,  13200, 16400,
                                                     24400, 32000, 48000, 64000, 96000, 128000};
        constexpr std::size_t kFirstSuperwide = 3;  // 9.6 kbit/s; slower modes code at most wideband
        if (mode < kEvs.size()) {
            variant.bitrate = kEvs[mode];
            if (mode < kFirstSuperwide) variant.bandwidth = Bandwidth::kWide;
        } else if (mode >= 32 && mode - 32 < kAmrWb.size()) {
            variant.bitrate = kAmrWb[mode - 32];
            variant.bandwidth = Bandwidth::kWide;
            variant.interworking = true;
        }
    }
    if (same_codec_name(codec, "opus") && mode < kOpus.size()) variant.bandwidth = kOpus[mode];
}

}  // namespace voipprobe::quality
