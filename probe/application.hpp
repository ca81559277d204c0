// voipprobe as a whole: inputs → pipeline → records → exporter, until the input ends or a signal comes.
#pragma once

#include "config/probe_config.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

// Runs to the end and returns the exit code of docs/usage.md; what went wrong has been said on stderr.
ExitCode run_probe(const config::ProbeConfig& config);

}  // namespace voipprobe::probe
