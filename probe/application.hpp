// voipprobe as a whole: inputs → pipeline → records → exporter, until the input ends or a signal comes.
#pragma once

#include <functional>
#include <string>

#include "config/probe_config.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

// For SIGHUP: `read` makes the configuration anew from where it came from.
struct ConfigSource {
    std::string file;  // of --config; empty: none
    std::function<Result<config::ProbeConfig>()> read;
};

// Runs to the end and returns the exit code of docs/usage.md; what went wrong has been said on stderr.
ExitCode run_probe(const config::ProbeConfig& config, const ConfigSource& source);

}  // namespace voipprobe::probe
