// voipcollector: reads its options, opens its sinks, receives or reads, and says how it went.
#include <csignal>
#include <cstdio>

#include "collector/collector.hpp"
#include "collector/receive/receiver.hpp"
#include "collector/rescore.hpp"
#include "config/collector_config.hpp"

namespace {

using namespace voipprobe;

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

int fail_with(const Error& error) {
    say("voipcollector: " + error.message);
    return static_cast<int>(error.code);
}

Result<void> receive(const config::CollectorConfig& config, collector::Collector& collector) {
    if (config.read.empty()) {
        return collector::receive_live(config, collector, [&](const std::string& line) {
            if (config.verbosity >= 0) say(line);
        });
    }
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

int exit_code(const config::CollectorConfig& config, const collector::Collector& collector,
              const Result<void>& received) {
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
    const Result<void> received = receive(config, collector);
    if (!received && config.read.empty()) say("voipcollector: " + received.error().message);
    const Result<void> finished = collector.finish();
    std::fputs(collector.explanation().c_str(), stdout);
    if (config.stats != config::StatsFormat::none) std::fputs(collector.stats(config.stats).c_str(), stdout);
    if (!finished) return fail_with(finished.error());
    return exit_code(config, collector, received);
}
