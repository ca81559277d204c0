// Which packets of a stream carry speech, and how many of the lost and discarded ones lay next to speech
// (--speech-weighting on): a loss in a pause is not heard.
//   G.711         speech when the mean magnitude of the payload's samples is above -45 dBov (looked at: every 4th)
//   other codecs  silence when the payload is a descriptor of silence (DTX): at most 8 octets, or comfort noise
//   a loss        in speech when the packet before the hole or the one after it carries speech
//   a discard     in speech when the packet itself does
// Limits: a fixed threshold; encrypted payload says nothing and must not be fed. Payload cut by the snaplen to less
// than 40 octets is not judged. Counters only; no allocation. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class SpeechCodec : std::uint8_t { other, pcmu, pcma };
SpeechCodec speech_codec_of(std::string_view encoding);

// nullopt: not enough of the payload was captured. `length`: octets of payload in the packet.
std::optional<bool> carries_speech(SpeechCodec codec, wire::Bytes payload, std::uint32_t length);

struct SpeechActivity {
    std::uint64_t judged = 0;
    std::uint64_t active = 0;
    std::uint64_t lost_in_speech = 0;  // and discarded
    bool before = false;               // the packet before carried speech

    // `hole`: numbers missing before this packet; `late`: the adaptive buffer discards it; `filled`: a reordered packet
    // that had been taken for lost.
    void add(bool speech, std::uint64_t hole, bool late, bool filled) {
        ++judged;
        active += speech ? 1 : 0;
        if (speech || before) lost_in_speech += hole;
        if (filled && speech && lost_in_speech > 0) --lost_in_speech;
        if (late && speech) ++lost_in_speech;
        if (!filled) before = speech;
    }
};

}  // namespace voipprobe::probe
