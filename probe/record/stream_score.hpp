// A stream's figures as quality/ wants them: one place for records of nProbe's shape and for interval scores.
#pragma once

#include "probe/voip/rtp/media_tracker.hpp"
#include "quality/score.hpp"

namespace voipprobe::probe {

// Of the whole stream.
quality::StreamFigures stream_figures(const RtpStream& s, const MediaTracker& tracker, bool g711_plc);
// Of one interval: its loss and discards, random loss assumed (BurstR 1).
quality::StreamFigures interval_score_figures(const RtpStream& s, const IntervalFigures& interval,
                                              const MediaTracker& tracker, bool g711_plc);

}  // namespace voipprobe::probe
