// From the mode seen in the payload (STREAM_CODEC_MODE) to what the codec table distinguishes: AMR and AMR-WB bit
// rate by frame type (RFC 4867 tables 1a and 1b), Opus bandwidth (RFC 6716 §2: 0 NB, 1 MB, 2 WB, 3 SWB, 4 FB).
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
    if (same_codec_name(codec, "opus") && mode < kOpus.size()) variant.bandwidth = kOpus[mode];
}

}  // namespace voipprobe::quality
