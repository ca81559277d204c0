// The one list of voipprobe's settings: command line, configuration file, environment, --print-config and --help
// are made from it. Thread rule: constant data.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/probe_config.hpp"

namespace voipprobe::config {

struct ProbeOption {
    std::string_view name;         // long option without dashes, key in the file, VOIPPROBE_NAME in the environment
    char letter;                   // nProbe's, 0: none
    std::string_view placeholder;  // of the value in --help; empty: a switch that needs no value
    bool repeatable;
    std::string_view implied;  // the value of the bare option, when it may stand bare
    std::string_view group;    // heading in --help
    std::string_view help;
    std::function<Result<void>(ProbeConfig&, std::span<const std::string>)> set;
    std::function<std::vector<std::string>(const ProbeConfig&)> get;
};

std::span<const ProbeOption> probe_options();
const ProbeOption* find_probe_option(std::string_view name);

// Where a value came from, for error messages: "--snaplen", "voipprobe.yaml line 3: snaplen", "VOIPPROBE_SNAPLEN".
Result<void> apply_option(ProbeConfig& config, const ProbeOption& option, std::span<const std::string> values,
                          std::string_view where);

// The configuration as a file that --config reads.
std::string print_config(const ProbeConfig& config);

}  // namespace voipprobe::config
