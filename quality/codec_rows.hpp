// The rows of the codec table. To add a codec: one row here, with the sentence that says where its figures
// come from. Rows of one codec stand together; the first is taken when the mode is not known.
#pragma once

#include <array>

#include "quality/codec_table.hpp"

namespace voipprobe::quality::detail {

using enum Scale;
using enum Basis;
using enum Bandwidth;

constexpr CodecImpairment impairment(Scale scale, Basis basis, double ie, double bpl, double look_ahead,
                                     std::string_view source) {
    return {scale, basis, ie, ie, bpl, bpl, look_ahead, {}, source};
}

constexpr CodecImpairment with_burst(Scale scale, double ie, double bpl, double bpl_bursty,
                                     std::string_view source) {
    return {scale, kCalibrated, ie, ie, bpl, bpl_bursty, 6.5, {}, source};
}

// AMR-WB: monotic Ie without loss, diotic pair with loss (G.113 gives Bpl for diotic listening only).
constexpr CodecImpairment two_listenings(Basis basis, double monotic, double diotic, double bpl,
                                         std::string_view source) {
    return {kWideband, basis, monotic, diotic, bpl, bpl, 5, {}, source};
}

constexpr CodecImpairment no_figures(std::string_view why) {
    return {kNarrowband, kNone, 0, 0, 0, 0, 0, {}, why};
}

inline constexpr std::string_view kAdpcmSource =
    "Ie: G.113 Table I.1; no Bpl is published: 11.0 from our own fit of G.726-32 with concealment stands in";
inline constexpr std::string_view kG728Source =
    "Ie: G.113 Table I.1; no Bpl is published: that of GSM-EFR (10.0) stands in";
inline constexpr std::string_view kGsmSource =
    "Ie: recalled from G.113 Table I.1; no Bpl is published: that of GSM-EFR (10.0) stands in";
inline constexpr std::string_view kIlbcSource =
    "Ie and Bpl: recalled from G.113, not verified against its text";
inline constexpr std::string_view kG722Source =
    "Ie: G.113 Table IV; no Bpl is published: that of AMR-WB 23.05 (4.6) stands in";
inline constexpr std::string_view kG722Recalled =
    "Ie: recalled from G.113 Table IV; no Bpl is published: that of AMR-WB 23.05 (4.6) stands in";
inline constexpr std::string_view kAmrWbSource =
    "G.113 (2024) Table IV: monotic Ie without loss, diotic Ie and Bpl with loss";
inline constexpr std::string_view kAmrWbLent =
    "G.113 (2024) Table IV Ie; with loss, Bpl and where missing diotic Ie stand in from neighbouring modes";
inline constexpr std::string_view kEvsSource = "G.113 (2024) Appendix V, diotic, with Erratum 1";
inline constexpr std::string_view kOpusFit =
    "own fit of Opus at 24 kbit/s, 8 kHz bandwidth, against PESQ over 225 samples";
inline constexpr std::string_view kOpusPublished =
    "published fit of Opus against P.863 (M. Alahmadi, University of Galway), random and bursty Bpl";

// clang-format off
inline constexpr std::array kCodecRows = {
    CodecRow{"PCMU", "", 8000, 64000, kNarrow, impairment(kNarrowband, kStandard, 0, 25.1, 0, "G.113 (2024) Table I.4, G.711 with Appendix I concealment")},
    CodecRow{"PCMA", "", 8000, 64000, kNarrow, impairment(kNarrowband, kStandard, 0, 25.1, 0, "G.113 (2024) Table I.4, G.711 with Appendix I concealment")},
    CodecRow{"G729", "annex B", 8000, 8000, kNarrow, impairment(kNarrowband, kStandard, 11, 19.0, 5, "G.113 (2024) Table I.4, G.729A + VAD")},
    CodecRow{"G729", "no annex B", 8000, 8000, kNarrow, impairment(kNarrowband, kStandard, 10, 19.0, 5, "G.113 (2024) Tables I.1 and I.4, G.729A")},
    CodecRow{"G723", "6.3 kbit/s", 8000, 6300, kNarrow, impairment(kNarrowband, kStandard, 15, 16.1, 7.5, "G.113 (2024) Table I.4, G.723.1 + VAD")},
    CodecRow{"G723", "5.3 kbit/s", 8000, 5300, kNarrow, impairment(kNarrowband, kStandard, 19, 16.1, 7.5, "G.113 (2024) Tables I.1 and I.4, G.723.1")},
    CodecRow{"GSM-EFR", "", 8000, 12200, kNarrow, impairment(kNarrowband, kStandard, 5, 10.0, 0, "G.113 (2024) Table I.4")},
    CodecRow{"G726-32", "", 8000, 32000, kNarrow, impairment(kNarrowband, kProxy, 7, 11.0, 0, kAdpcmSource)},
    CodecRow{"G726-40", "", 8000, 40000, kNarrow, impairment(kNarrowband, kProxy, 2, 11.0, 0, kAdpcmSource)},
    CodecRow{"G726-24", "", 8000, 24000, kNarrow, impairment(kNarrowband, kProxy, 25, 11.0, 0, kAdpcmSource)},
    CodecRow{"G726-16", "", 8000, 16000, kNarrow, impairment(kNarrowband, kProxy, 50, 11.0, 0, kAdpcmSource)},
    CodecRow{"G727-32", "", 8000, 32000, kNarrow, impairment(kNarrowband, kProxy, 7, 11.0, 0, kAdpcmSource)},
    CodecRow{"G728", "16 kbit/s", 8000, 16000, kNarrow, impairment(kNarrowband, kProxy, 7, 10.0, 0, kG728Source)},
    CodecRow{"G728", "12.8 kbit/s", 8000, 12800, kNarrow, impairment(kNarrowband, kProxy, 20, 10.0, 0, kG728Source)},
    CodecRow{"IS641", "7.4 kbit/s", 8000, 7400, kNarrow, impairment(kNarrowband, kProxy, 10, 10.0, 5, "Ie: G.113 Table I.1 (TIA IS-641); no Bpl is published: that of GSM-EFR (10.0) stands in")},
    CodecRow{"GSM", "full rate", 8000, 13000, kNarrow, impairment(kNarrowband, kProxy, 20, 10.0, 0, kGsmSource)},
    CodecRow{"GSM-HR-08", "half rate", 8000, 5600, kNarrow, impairment(kNarrowband, kProxy, 23, 10.0, 0, kGsmSource)},
    CodecRow{"iLBC", "13.3 kbit/s", 8000, 13330, kNarrow, impairment(kNarrowband, kProxy, 11, 32, 0, kIlbcSource)},
    CodecRow{"iLBC", "15.2 kbit/s", 8000, 15200, kNarrow, impairment(kNarrowband, kProxy, 10, 34, 0, kIlbcSource)},
    CodecRow{"AMR", "12.2 kbit/s", 8000, 12200, kNarrow, impairment(kNarrowband, kProxy, 5, 10.0, 5, "no ITU value exists: GSM-EFR, the same coder at 12.2 kbit/s, stands in")},
    CodecRow{"AMR", "10.2 kbit/s", 8000, 10200, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"AMR", "7.95 kbit/s", 8000, 7950, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"AMR", "7.4 kbit/s", 8000, 7400, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"AMR", "6.7 kbit/s", 8000, 6700, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"AMR", "5.9 kbit/s", 8000, 5900, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"AMR", "5.15 kbit/s", 8000, 5150, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"AMR", "4.75 kbit/s", 8000, 4750, kNarrow, no_figures("no value exists for this mode")},
    CodecRow{"speex", "8 kHz", 8000, 0, kNarrow, impairment(kNarrowband, kCalibrated, 19.3, 17.8, 10, "own fit of Speex NB quality 8 against PESQ over 225 samples; no ITU value exists")},
    CodecRow{"opus", "8 kHz bandwidth", 48000, 24000, kNarrow, impairment(kNarrowband, kCalibrated, 6.4, 15.6, 6.5, kOpusFit)},
    CodecRow{"opus", "8 kHz bandwidth", 48000, 11000, kNarrow, with_burst(kNarrowband, 2.0, 16.0, 10.7, kOpusPublished)},
    CodecRow{"opus", "8 kHz bandwidth", 48000, 8000, kNarrow, with_burst(kNarrowband, 19.2, 15.1, 10.1, kOpusPublished)},
    CodecRow{"opus", "16 kHz bandwidth", 48000, 13000, kWide, with_burst(kWideband, 20.0, 19.5, 16.9, kOpusPublished)},
    CodecRow{"opus", "super-wideband", 48000, 25000, kSuperwide, with_burst(kFullband, 20.2, 11.3, 9.2, kOpusPublished)},
    CodecRow{"opus", "super-wideband", 48000, 40000, kSuperwide, with_burst(kFullband, 10.7, 9.8, 8.0, kOpusPublished)},
    CodecRow{"G722", "64 kbit/s", 8000, 64000, kWide, impairment(kWideband, kProxy, 13, 4.6, 0, kG722Source)},
    CodecRow{"G722", "56 kbit/s", 8000, 56000, kWide, impairment(kWideband, kProxy, 20, 4.6, 0, kG722Recalled)},
    CodecRow{"G722", "48 kbit/s", 8000, 48000, kWide, impairment(kWideband, kProxy, 31, 4.6, 0, kG722Recalled)},
    CodecRow{"AMR-WB", "12.65 kbit/s", 16000, 12650, kWide, two_listenings(kStandard, 13, 20, 4.3, kAmrWbSource)},
    CodecRow{"AMR-WB", "23.85 kbit/s", 16000, 23850, kWide, two_listenings(kStandard, 8, 10, 4.9, kAmrWbSource)},
    CodecRow{"AMR-WB", "23.05 kbit/s", 16000, 23050, kWide, two_listenings(kStandard, 1, 8, 4.6, kAmrWbSource)},
    CodecRow{"AMR-WB", "19.85 kbit/s", 16000, 19850, kWide, two_listenings(kProxy, 3, 12, 4.5, kAmrWbLent)},
    CodecRow{"AMR-WB", "18.25 kbit/s", 16000, 18250, kWide, two_listenings(kProxy, 5, 14, 4.4, kAmrWbLent)},
    CodecRow{"AMR-WB", "15.85 kbit/s", 16000, 15850, kWide, two_listenings(kProxy, 7, 17, 4.3, kAmrWbLent)},
    CodecRow{"AMR-WB", "14.25 kbit/s", 16000, 14250, kWide, two_listenings(kProxy, 10, 18.5, 4.3, kAmrWbLent)},
    CodecRow{"AMR-WB", "8.85 kbit/s", 16000, 8850, kWide, two_listenings(kProxy, 26, 41, 4.3, kAmrWbLent)},
    CodecRow{"AMR-WB", "6.6 kbit/s", 16000, 6600, kWide, two_listenings(kProxy, 41, 56, 4.3, kAmrWbLent)},
    CodecRow{"EVS", "13.2 kbit/s SWB", 16000, 13200, kSuperwide, impairment(kFullband, kStandard, 17.1, 11.7, 8.75, kEvsSource)},
    CodecRow{"EVS", "9.6 kbit/s SWB", 16000, 9600, kSuperwide, impairment(kFullband, kStandard, 22.7, 13.0, 8.75, kEvsSource)},
    CodecRow{"EVS", "16.4 kbit/s SWB", 16000, 16400, kSuperwide, impairment(kFullband, kStandard, 10.8, 10.3, 8.75, kEvsSource)},
    CodecRow{"EVS", "24.4 kbit/s SWB", 16000, 24400, kSuperwide, impairment(kFullband, kStandard, 7.2, 11.4, 8.75, kEvsSource)},
    CodecRow{"EVS", "32 kbit/s SWB", 16000, 32000, kSuperwide, impairment(kFullband, kStandard, 8.7, 9.3, 8.75, kEvsSource)},
    CodecRow{"EVS", "48 kbit/s SWB", 16000, 48000, kSuperwide, impairment(kFullband, kStandard, 10.2, 9.6, 8.75, kEvsSource)},
};
// clang-format on

// Names by which the same codec goes elsewhere.
struct CodecAlias {
    std::string_view alias;
    std::string_view name;
};
inline constexpr std::array kCodecAliases = {
    CodecAlias{"G711U", "PCMU"},
    CodecAlias{"G711A", "PCMA"},
    CodecAlias{"G711", "PCMU"},
    CodecAlias{"G729A", "G729"},
    CodecAlias{"G729B", "G729"},
    CodecAlias{"G729AB", "G729"},
    CodecAlias{"G723.1", "G723"},
    CodecAlias{"G7231", "G723"},
    CodecAlias{"GSM-FR", "GSM"},
    CodecAlias{"GSM-HR", "GSM-HR-08"},
    CodecAlias{"AMR-NB", "AMR"},
    CodecAlias{"AMRWB", "AMR-WB"},
    CodecAlias{"G721", "G726-32"},
    CodecAlias{"AAL2-G726-16", "G726-16"},
    CodecAlias{"AAL2-G726-24", "G726-24"},
    CodecAlias{"AAL2-G726-32", "G726-32"},
    CodecAlias{"AAL2-G726-40", "G726-40"},
    CodecAlias{"IS-641", "IS641"},
};

}  // namespace voipprobe::quality::detail
