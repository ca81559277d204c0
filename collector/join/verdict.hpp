// One word for what went wrong with a call, and the figure that says so (docs/calls.md, "verdict"). The
// first rule that holds wins. Thread rule: pure functions.
#pragma once

#include <string_view>

#include "collector/join/rows.hpp"

namespace voipprobe::collector {

// Thresholds, from the configuration; defaults are the documented ones.
struct VerdictLimits {
    double late_media_ms = 2000;  // first RTP after the 2xx
    double early_stop_ms = 5000;  // silence before BYE
    double burst_loss_pct = 1;    // loss + discard, together with burst_ratio
    double burst_ratio = 2;
    double loss_pct = 3;
    double jitter_p95_ms = 50;
    double discard_pct = 1;
    double codec_mos = 3.6;         // clean listening MOS on the narrowband scale
    double codec_mos_common = 2.8;  // the same on the common scale
};

// The threshold of that name (the member's); nullptr when there is none.
double* find_limit(VerdictLimits& limits, std::string_view name);

// Fills row.verdict and row.evidence; everything else of the row must be complete. Both stay empty while a
// call has no final response.
void judge(CallRow& row, const VerdictLimits& limits);

}  // namespace voipprobe::collector
