// Scores a stream as if something had been different: another jitter buffer, no concealment, another codec, no loss.
//
// Purpose:  answers "would a deeper buffer have helped" from figures that were stored.
// Input:    `jb=60|200|adaptive|none,plc=on|off,codec=NAME,loss=0,rtt=MS`, comma-separated, each at most once.
// Errors:   parse_what_if() gives the reason as text; apply() never fails. What was not measured stays unknown: jb=60
//           on a stream without clock gives a stream without score.
// Limits:   BurstR stays that of the adaptive buffer; mos_lqo_est keeps the jitter that was measured.
// Threads:  pure; parse_what_if() allocates.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "quality/score.hpp"
#include "wire/result.hpp"

namespace voipprobe::quality {

struct WhatIf {
    enum class Buffer : std::uint8_t { as_measured, fixed60, fixed200, adaptive, none };
    Buffer buffer = Buffer::as_measured;
    std::optional<bool> concealment;
    std::string codec;
    bool no_loss = false;
    std::optional<double> rtt_ms;

    bool changes_nothing() const noexcept {
        return buffer == Buffer::as_measured && !concealment && codec.empty() && !no_loss && !rtt_ms;
    }
    // False: the figures cannot tell (no such buffer was simulated).
    bool apply(StreamFigures& figures) const noexcept;
};

// An empty text changes nothing. Errors: ExitCode::usage.
Result<WhatIf> parse_what_if(std::string_view text);

}  // namespace voipprobe::quality
