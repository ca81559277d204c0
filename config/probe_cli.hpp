// voipprobe's command line: default < configuration file < environment (VOIPPROBE_SNAPLEN) < command line.
// nProbe's letters where it has them, with its "-x=value" spelling. Thread rule: called once at start-up.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "config/probe_config.hpp"
#include "wire/result.hpp"

namespace voipprobe::config {

enum class ProbeAction : std::uint8_t {
    run,
    check_config,  // the caller opens nothing, says that all is well and exits with 0
    print          // the caller prints `text` to stdout and exits with 0
};

struct ProbeInvocation {
    ProbeAction action = ProbeAction::run;
    ProbeConfig config;
    std::string text;                   // for ProbeAction::print
    std::vector<std::string> warnings;  // worth a line on stderr
    std::string config_file;            // of --config; empty: none
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// `arguments` without the program's name. Errors: usage (exit code 2), one line that says what to do.
Result<ProbeInvocation> parse_probe_command_line(const std::vector<std::string>& arguments,
                                                 const Environment& environment);
// The process environment.
std::optional<std::string> process_environment(const std::string& name);

}  // namespace voipprobe::config
