// mos_lqo_est: a header-only estimate of what P.862 (PESQ, mapped by P.862.1) would say of the received
// audio.
//
// Purpose:  a second score beside the E-model's, fitted on real calls by tools/fit_mos/fit.py; its error is
// in
//           docs/quality.md. Codecs that were not among those calls have no such score, nor have streams
//           whose jitter is unknown.
// Units:    ms, packets; result on the MOS-LQO scale, 1..4.5.
// Model:    MOS = 1 + (level - 1) * keep(loss + k * discard) * exp(-sensitivity * jitter), where keep() is
// what
//           random loss leaves of the codec's clean quality, and jitter counts only what exceeds the dead
//           zones.
// Ranges:   never rises when loss, discards or jitter rise. A lossless stream with a jitter deviation of 1 ms
//           and a mean of up to 10 ms loses nothing: no buffer makes that audible.
// Threads:  pure; no allocation.
#pragma once

#include <optional>

#include "quality/score.hpp"

namespace voipprobe::quality {

std::optional<double> estimate_mos_lqo(const StreamFigures& figures) noexcept;

// The same without loss, discards and jitter: the level of a clean call. Empty for other codecs.
std::optional<double> clean_mos_lqo(std::string_view codec) noexcept;

}  // namespace voipprobe::quality
