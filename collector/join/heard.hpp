// What one side of a call hears: choice of the main stream and the figures made from it (docs/metrics.md,
// "X_"). Thread rule: pure functions.
#pragma once

#include <span>

#include "collector/join/rows.hpp"

namespace voipprobe::collector {

// Who hears a stream: what the record says, else by the media addresses of the session description, else (no
// signalling at all) by who sent the first packet. `first` is the call's earliest stream.
Side side_of(const StreamFacts& s, const CallFacts& call, const StreamFacts* first);

// `towards`: the audio streams this side hears. Scores the main one.
HeardRow make_heard(std::span<const StreamFacts* const> towards, const wire::Endpoint& negotiated,
                    const Count& answered, const ScoringOptions& scoring);

// Percent of expected; empty without figures.
std::optional<double> loss_percent(const HeardRow& h);     // over the 5-tuple
std::optional<double> discard_percent(const HeardRow& h);  // adaptive buffer, main stream
std::optional<double> percent(const Count& part, const Count& whole);

}  // namespace voipprobe::collector
