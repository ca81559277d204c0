// What a run of the collector still needs once its sockets and sinks are open, for sandbox::enter().
// Thread rule: pure function.
#pragma once

#include <string>

#include "config/collector_config.hpp"
#include "sandbox/sandbox.hpp"

namespace voipprobe::collector {

// `config_file`: read again on SIGHUP; may be empty.
sandbox::Needs needs_of(const config::CollectorConfig& config, const std::string& config_file);

}  // namespace voipprobe::collector
