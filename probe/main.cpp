// voipprobe: options, then run_probe().
#include <cstdio>

#include "config/log.hpp"
#include "config/out_of_memory.hpp"
#include "config/probe_cli.hpp"
#include "probe/application.hpp"

int main(int argc, char** argv) {
    using namespace voipprobe;
    config::leave_when_out_of_memory("voipprobe");
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    log::init("voipprobe", log::Level::info);
    const auto invocation = config::parse_probe_command_line(arguments, config::process_environment);
    if (!invocation) {
        log::error(invocation.error().message);
        return static_cast<int>(invocation.error().code);
    }
    const config::ProbeConfig& c = invocation->config;
    if (c.syslog.empty()) log::init("voipprobe", c.log_level());
    else log::init_syslog(c.syslog, c.log_level());
    for (const std::string& w : invocation->warnings) log::warning(w);
    switch (invocation->action) {
        case config::ProbeAction::print: std::fputs(invocation->text.c_str(), stdout); return 0;
        case config::ProbeAction::check_config: log::info("the configuration is valid"); return 0;
        case config::ProbeAction::run: break;
    }
    const auto read_again = [&]() -> Result<config::ProbeConfig> {
        auto again = config::parse_probe_command_line(arguments, config::process_environment);
        if (!again) return tl::unexpected<Error>(again.error());
        return again->config;
    };
    return static_cast<int>(probe::run_probe(c, {invocation->config_file, read_again}));
}
