// Why a stream has the score it has: R points lost to each cause, and one sentence for people.
//
// Purpose:  answers "what do I fix first". The points are those of the stream's own rating scale and add up
// to
//           the distance between the scale's best listening R and the stream's R.
// Order:    codec, then loss, then discards on top, then bursts on top, then delay: each is what its cause
// adds. Errors:   a stream without a score gives all zeros and a sentence that says why. Threads:  pure.
// explain_text() allocates; it is for reports, not for the packet path.
#pragma once

#include <string>
#include <string_view>

#include "quality/score.hpp"

namespace voipprobe::quality {

struct Impairments {
    double codec = 0;  // R points each
    double loss = 0;
    double discard = 0;  // packets that came too late for the buffer
    double bursts = 0;   // losses in a row
    double delay = 0;    // 0 when no delay was measured
    double total() const noexcept { return codec + loss + discard + bursts + delay; }
};

Impairments explain(const StreamFigures& figures) noexcept;

// One sentence in English, without line break, e.g.
// "MOS 3.79 NB (fair): the codec G729 costs 11.0 R points and 2.00 % packet loss 8.0."
std::string explain_text(const StreamFigures& figures);

// "excellent", "good", "fair", "poor", "bad" for a listening MOS relative to what its scale can reach.
std::string_view quality_word(double mos) noexcept;

}  // namespace voipprobe::quality
