#include "collector/join/scoring.hpp"

#include <algorithm>

namespace voipprobe::collector {

void name_static_codec(StreamFacts&) {}

Score score_stream(const StreamFacts&, const ScoringOptions&) { return {}; }

CombinedScore combine(const Score& a, const Score& b) {
    CombinedScore out;
    if (a.mos_lq && b.mos_lq) {
        if (a.mos_scale == b.mos_scale) out.mos = std::min(*a.mos_lq, *b.mos_lq);
    } else {
        out.mos = a.mos_lq ? a.mos_lq : b.mos_lq;
    }
    if (out.mos) out.mos_scale = a.mos_lq ? a.mos_scale : b.mos_scale;
    out.mos_common = a.mos_common && b.mos_common ? std::min(*a.mos_common, *b.mos_common)
                     : a.mos_common              ? a.mos_common
                                                 : b.mos_common;
    return out;
}

}  // namespace voipprobe::collector
