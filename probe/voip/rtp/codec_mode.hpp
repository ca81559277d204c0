// The mode a codec works in, read from the first octets of its payload: AMR and AMR-WB frame type (RFC 4867, one
// frame per packet, octet-aligned or bandwidth-efficient, told apart by the payload's length), EVS bit rate (TS 26.445
// Annex A: compact format by the payload's size, header-full format by its ToC octet; one frame per packet; AMR-WB IO
// modes are 32 + their number), Opus bandwidth (RFC 6716 §3.1). nullopt: not clear, silence, or another codec. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class ModeCodec : std::uint8_t { none, amr, amr_wb, evs, opus };
ModeCodec mode_codec_of(std::string_view encoding);

// `length`: octets of payload in the packet; `payload` may be cut by the snaplen.
std::optional<std::uint8_t> codec_mode(ModeCodec codec, wire::Bytes payload, std::uint32_t length);

// The most frequent mode by majority vote (Boyer-Moore).
struct ModeVote {
    static constexpr std::uint8_t kNone = 0xff;
    std::uint8_t mode = kNone;
    std::uint16_t votes = 0;
    void add(std::uint8_t m) {
        if (m == mode) votes = votes == 0xffff ? votes : static_cast<std::uint16_t>(votes + 1);
        else if (votes > 0) --votes;
        else {
            mode = m;
            votes = 1;
        }
    }
};

}  // namespace voipprobe::probe
