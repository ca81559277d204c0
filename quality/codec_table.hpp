// What each codec costs: equipment impairment Ie and loss robustness Bpl, and where those values come from.
//
// Purpose:  the one table behind every score. A codec without a row that has a basis is never scored: an
//           invented Ie of 0 would be a lie.
// Units:    Ie on the row's own rating scale, Bpl as in G.107 (7-29), bit rates in bit/s, clocks in Hz.
// Errors:   an unknown codec gives nullptr / a row with Basis::kNone; nothing throws.
// Threads:  constant data, safe from any thread; no allocation.
// Source:   G.113 (2024) Tables I.1, I.4, IV, V and its Appendices; own calibration against PESQ; each row
// says
//           which. docs/quality.md lists them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "quality/emodel.hpp"

namespace voipprobe::quality {

// How far a codec's figures can be trusted.
enum class Basis : std::uint8_t {
    kNone,        // no usable figures: no score
    kStandard,    // published by ITU-T for this codec
    kProxy,       // at least one figure stands in from a related codec, or the mode had to be assumed
    kCalibrated,  // fitted against an instrumental reference
};

// "none", "standard", "proxy", "calibrated".
const char* basis_name(Basis basis) noexcept;

enum class Bandwidth : std::uint8_t { kUnknown, kNarrow, kWide, kSuperwide, kFull };

// What is known about a stream beyond the codec's name. Defaults mean "not known".
struct CodecVariant {
    std::uint32_t bitrate = 0;                  // codec bit rate; the nearest row is taken
    Bandwidth bandwidth = Bandwidth::kUnknown;  // Opus, EVS, Speex: audio bandwidth actually coded
    // G.729 Annex B; SDP without annexb= means yes (RFC 4855).
    std::optional<bool> silence_suppression = std::nullopt;
    bool interworking = false;  // EVS only: AMR-WB IO mode, rated as AMR-WB
    bool concealment = true;  // G.711 only: the receiver hides losses (G.711 App. I)
};

// Figures of one codec in one mode.
struct CodecImpairment {
    Scale scale = Scale::kNarrowband;
    Basis basis = Basis::kNone;
    double ie = 0;          // without loss
    double ie_lossy = 0;    // with loss; differs from ie only where Ie and Bpl were published for different
                            // listening (AMR-WB: monotic Ie has no Bpl, so the diotic pair is used)
    double bpl = 0;         // random loss
    double bpl_bursty = 0;  // bursty loss; equals bpl where none is published
    double look_ahead_ms = 0;     // algorithmic look-ahead of the encoder, for the mouth-to-ear delay
    std::string_view basis_text;  // what goes into the column mos_basis
    std::string_view source;      // one sentence

    bool usable() const noexcept { return basis != Basis::kNone; }
};

// One row of the table.
struct CodecRow {
    std::string_view name;  // as in SDP
    std::string_view mode;  // what distinguishes rows of one codec, empty if nothing
    std::uint32_t clock;    // RTP clock rate
    std::uint32_t bitrate;  // 0 where the codec has only one
    Bandwidth bandwidth;    // kUnknown: the row is for any
    CodecImpairment impairment;
};

// The whole table, for documentation and tests.
std::span<const CodecRow> codec_table() noexcept;

// Figures of a codec by its SDP name (case does not matter). `clock` 0 means unknown; a clock that
// contradicts the table (speex/16000) gives no figures. Several rows and no bit rate: the row the table names
// first, with the basis lowered from standard to proxy because the mode is a guess.
CodecImpairment find_impairment(std::string_view codec, std::uint32_t clock,
                                const CodecVariant& variant) noexcept;

// True for the RTP payload formats that carry no coded speech: telephone-event, CN, red, ...
bool is_auxiliary_format(std::string_view codec) noexcept;

// ASCII case-insensitive equality, as SDP encoding names compare (RFC 4855).
bool same_codec_name(std::string_view a, std::string_view b) noexcept;

enum class MediaKind : std::uint8_t { kAudio, kVideo, kAudioVideo };

// A static payload type of RFC 3551 Tables 4 and 5.
struct StaticPayloadType {
    std::uint8_t payload_type;
    std::string_view name;
    std::uint32_t clock;    // Hz, exact: 11025, 22050 and 44100 are not rounded to kHz; G722 is 8000
    std::uint8_t channels;  // 0 for video
    MediaKind kind;
};

// nullptr for unassigned, reserved and dynamic types.
const StaticPayloadType* find_static_payload_type(std::uint8_t payload_type) noexcept;
std::span<const StaticPayloadType> static_payload_types() noexcept;

}  // namespace voipprobe::quality
