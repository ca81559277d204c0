// SIGHUP: which options of a running probe a new configuration changes.
// Thread rule: pure functions.
#pragma once

#include <string>
#include <vector>

#include "config/probe_config.hpp"

namespace voipprobe::config {

struct Reloaded {
    std::vector<std::string> taken;         // options that are different now
    std::vector<std::string> need_restart;  // that would be, in a new process
};

// Copies into `running` what may change while packets flow: active-timeout, idle-timeout, rtp-heuristic,
// voip-only, strict, stats, verbose, quiet.
Reloaded take_over(ProbeConfig& running, const ProbeConfig& next);

// "active-timeout, stats; after a restart: interface", for a line of the log.
std::string describe(const Reloaded& r);

}  // namespace voipprobe::config
