// From the facts of a call and its streams to the finished row. Thread rule: pure functions.
#pragma once

#include <span>

#include "collector/join/rows.hpp"
#include "collector/join/verdict.hpp"

namespace voipprobe::collector {

CallRow make_call_row(ProbeId probe, CallFacts facts, std::span<const StreamFacts> streams,
                      const ScoringOptions& scoring, const VerdictLimits& limits);

}  // namespace voipprobe::collector
