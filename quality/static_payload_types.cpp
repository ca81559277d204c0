// RFC 3551 section 6, Tables 4 and 5. Clock rates are those of RTP, not of the audio: G722 runs at 8000
// although it samples at 16000 (section 4.5.2 explains the historical error).
#include <algorithm>
#include <array>

#include "quality/codec_table.hpp"

namespace voipprobe::quality {
namespace {

using enum MediaKind;

constexpr std::array kStaticTypes = {
    StaticPayloadType{0, "PCMU", 8000, 1, kAudio},
    StaticPayloadType{3, "GSM", 8000, 1, kAudio},
    StaticPayloadType{4, "G723", 8000, 1, kAudio},
    StaticPayloadType{5, "DVI4", 8000, 1, kAudio},
    StaticPayloadType{6, "DVI4", 16000, 1, kAudio},
    StaticPayloadType{7, "LPC", 8000, 1, kAudio},
    StaticPayloadType{8, "PCMA", 8000, 1, kAudio},
    StaticPayloadType{9, "G722", 8000, 1, kAudio},
    StaticPayloadType{10, "L16", 44100, 2, kAudio},
    StaticPayloadType{11, "L16", 44100, 1, kAudio},
    StaticPayloadType{12, "QCELP", 8000, 1, kAudio},
    StaticPayloadType{13, "CN", 8000, 1, kAudio},
    StaticPayloadType{14, "MPA", 90000, 1, kAudio},
    StaticPayloadType{15, "G728", 8000, 1, kAudio},
    StaticPayloadType{16, "DVI4", 11025, 1, kAudio},
    StaticPayloadType{17, "DVI4", 22050, 1, kAudio},
    StaticPayloadType{18, "G729", 8000, 1, kAudio},
    // 19 is reserved; before RFC 3551 it was comfort noise, and old endpoints still send it so.
    StaticPayloadType{19, "CN", 8000, 1, kAudio},
    StaticPayloadType{25, "CelB", 90000, 0, kVideo},
    StaticPayloadType{26, "JPEG", 90000, 0, kVideo},
    StaticPayloadType{28, "nv", 90000, 0, kVideo},
    StaticPayloadType{31, "H261", 90000, 0, kVideo},
    StaticPayloadType{32, "MPV", 90000, 0, kVideo},
    StaticPayloadType{33, "MP2T", 90000, 0, kAudioVideo},
    StaticPayloadType{34, "H263", 90000, 0, kVideo},
};

}  // namespace

const StaticPayloadType* find_static_payload_type(std::uint8_t payload_type) noexcept {
    const auto found = std::lower_bound(
        kStaticTypes.begin(), kStaticTypes.end(), payload_type,
        [](const StaticPayloadType& row, std::uint8_t wanted) noexcept { return row.payload_type < wanted; });
    return found != kStaticTypes.end() && found->payload_type == payload_type ? &*found : nullptr;
}

std::span<const StaticPayloadType> static_payload_types() noexcept { return kStaticTypes; }

}  // namespace voipprobe::quality
