// What a run of the probe still needs once its inputs and outputs are open, for sandbox::enter().
// Thread rule: pure function, but for looking which inputs are folders.
#pragma once

#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "probe/export/destination.hpp"
#include "probe/inputs.hpp"
#include "sandbox/sandbox.hpp"

namespace voipprobe::probe {

// `config_file`: read again on SIGHUP; may be empty. `hep`: servers that reports of calls go to.
sandbox::Needs needs_of(const config::ProbeConfig& config, const std::vector<Input>& inputs,
                        const std::vector<Destination>& destinations, const std::vector<std::string>& hep,
                        const std::string& config_file);

}  // namespace voipprobe::probe
