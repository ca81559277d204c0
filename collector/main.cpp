// voipcollector: reads its options, opens its sinks, receives or reads, and says how it went.
#include <csignal>
#include <cstdio>

#include "collector/collector.hpp"
#include "collector/confinement.hpp"
#include "collector/receive/receiver.hpp"
#include "collector/rescore.hpp"
#include "config/collector_config.hpp"
#include "config/out_of_memory.hpp"
#include "sandbox/sandbox.hpp"
#include "wire/text.hpp"

namespace {

using namespace voipprobe;

void say(const std::string& line) { std::fprintf(stderr, "%s\n", wire::clean_text(line).c_str()); }

int fail_with(const Error& error) {
    say("voipcollector: " + error.message);
    return static_cast<int>(error.code);
}

Result<void> confine(const config::CollectorCommand& command) {
    const auto entered = sandbox::enter(collector::needs_of(command.config, command.config_file));
    if (!entered) return tl::unexpected(entered.error());
    for (const std::string& w : entered->warnings) say("voipcollector: warning: " + w);
    return {};
}

// SIGHUP. A configuration that does not hold changes nothing.
void reload(collector::Collector& collector, int argc, const char* const* argv) {
    const auto next = config::read_collector_command(argc, argv);
    if (!next) return say("voipcollector: SIGHUP: the configuration stays as it was: " + next.error().message);
    std::string line = "voipcollector: SIGHUP: the configuration was read again";
    for (const std::string& name : collector.reconfigure(next->config)) line += (line.ends_with("again") ? "; only after a restart: " : ", ") + name;
    if (collector.config().verbosity >= 0) say(line);
}

Result<void> receive(const config::CollectorCommand& command, collector::Collector& collector, int argc, const char* const* argv) {
    const config::CollectorConfig& config = collector.config();
    if (config.read.empty()) {
        collector::LiveHooks hooks;
        hooks.opened = [&] { return confine(command); };
        hooks.reload = [&, argc, argv] { reload(collector, argc, argv); };
        hooks.report = [&] {
            const bool json = config.stats == config::StatsFormat::json;
            std::fputs(collector.stats(json ? config::StatsFormat::json : config::StatsFormat::text).c_str(), stderr);
        };
        return collector::receive_live(
            collector,
            [&](const std::string& line) {
                if (config.verbosity >= 0) say(line);
            },
            hooks);
    }
    if (auto confined = confine(command); !confined) return confined;
    Result<void> out;
    for (const std::string& path : config.read) {
        auto done = collector::read_file(path, collector);
        if (!done) {
            say("voipcollector: " + done.error().message);
            if (out || done.error().code == ExitCode::failure) out = done;
        }
        if (collector.enough()) break;
    }
    return out;
}

int exit_code(const collector::Collector& collector, const Result<void>& received) {
    const config::CollectorConfig& config = collector.config();
    if (!received) return static_cast<int>(received.error().code);
    if (config.strict && collector.records_were_lost()) {
        say("voipcollector: records were lost (--strict); --stats says where");
        return static_cast<int>(ExitCode::lost);
    }
    if (collector.mos_was_missed()) {
        say("voipcollector: a call's MOS is below --fail-if-mos-below");
        return static_cast<int>(ExitCode::mos_missed);
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    config::leave_when_out_of_memory("voipcollector");
    auto command = config::read_collector_command(argc, argv);
    if (!command) return fail_with(command.error());
    if (command->only_message) {
        std::fputs(command->message.c_str(), stdout);
        return 0;
    }
    const config::CollectorConfig& config = command->config;
    if (!config.rescore.empty()) {
        const auto done = collector::rescore_file(config.rescore, config.what_if, {config.g711_plc});
        return done ? 0 : fail_with(done.error());
    }
    collector::Collector collector(config);
    if (auto opened = collector.open(); !opened) return fail_with(opened.error());
    for (const std::string& w : collector.warnings()) say("voipcollector: warning: " + w);
    const Result<void> received = receive(*command, collector, argc, argv);
    if (!received && config.read.empty()) say("voipcollector: " + received.error().message);
    const Result<void> finished = collector.finish();
    std::fputs(collector.explanation().c_str(), stdout);
    const config::StatsFormat stats = collector.config().stats;  // SIGHUP may have changed it
    if (stats != config::StatsFormat::none) std::fputs(collector.stats(stats).c_str(), stdout);
    if (!finished) return fail_with(finished.error());
    return exit_code(collector, received);
}
