// The seam to the quality library: figures of a stream in, scores out. Everything about codecs and the E-model
// lives there. Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>

#include "collector/join/facts.hpp"

namespace voipprobe::collector {

struct ScoringOptions {
    bool g711_concealment = true;  // --g711-plc
};

// Empty = no score can be given. R on the scale's own range.
struct Score {
    Real r_factor, mos_lq, mos_cq, mos_lqo_est, mos_common;
    std::string mos_scale, mos_basis;
    Real clean_mos_lq, clean_mos_common;  // of the codec without any loss, for the verdict `codec`
};

// Fills codec, clock rate and medium from a static payload type (RFC 3551 tables 4 and 5), if it is one.
void name_static_codec(StreamFacts& s);

Score score_stream(const StreamFacts& s, const ScoringOptions& options);

struct CombinedScore {
    Real mos, mos_common;  // the lower one; mos is empty when the scales differ
    std::string mos_scale;
};
CombinedScore combine(const Score& a, const Score& b);

}  // namespace voipprobe::collector
