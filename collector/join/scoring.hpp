// The seam to the quality library: figures of a stream in, scores out. Everything about codecs and the
// E-model lives there. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>

#include "collector/join/facts.hpp"
#include "quality/score.hpp"

namespace voipprobe::collector {

struct ScoringOptions {
    bool g711_concealment = true;  // --g711-plc
    bool explain_rows = false;     // --explain-column
};

// Empty = no score can be given. R on the scale's own range.
struct Score : quality::Score {
    Real clean_mos_lq, clean_mos_common;  // of the codec without any loss, for the verdict `codec`
};

// Fills what follows from the rest and is therefore not sent: codec and clock of a static payload type (RFC
// 3551 tables 4 and 5), the medium by the codec, and the smallest jitter, which is J of the first packet, 0.
void derive_missing(StreamFacts& s);

Score score_stream(const StreamFacts& s, const ScoringOptions& options);
// Why it has that score, one sentence without line end (--explain).
std::string explain_stream(const StreamFacts& s, const ScoringOptions& options);

}  // namespace voipprobe::collector
