// mos_lqo_est: a header-only estimate of what P.862 (PESQ, mapped by P.862.1) would say of the received
// audio.
//
// Purpose:  a second score beside the E-model's, calibrated on real calls; every release states its error
//           (docs/quality.md). Codecs that were not calibrated have none.
// Units:    ms, packets; result on the MOS-LQO scale, 1..4.5 (P.862.1 ends at 4.55).
// Ranges:   never rises when loss, discards, jitter or gaps rise. A lossless stream whose jitter stays below
// the
//           dead zone loses nothing.
// Threads:  pure; no allocation.
#pragma once

#include <optional>

#include "quality/score.hpp"

namespace voipprobe::quality {

std::optional<double> estimate_mos_lqo(const StreamFigures& figures) noexcept;

}  // namespace voipprobe::quality
