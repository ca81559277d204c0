#include "config/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>
#include <spdlog/spdlog.h>

#include "wire/text.hpp"

namespace voipprobe::log {
namespace {

// Messages may quote names from the network or the command line: one line, no control characters.
void write(spdlog::level::level_enum level, std::string_view message) {
    if (!spdlog::should_log(level)) return;
    if (wire::is_clean_text(message))
        spdlog::log(level, "{}", message);
    else
        spdlog::log(level, "{}", wire::clean_text(message));
}

spdlog::level::level_enum level_of(Level least) {
    switch (least) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: break;
    }
    return spdlog::level::err;
}

void install(std::shared_ptr<spdlog::logger> logger, Level least) {
    logger->set_level(level_of(least));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace

void init(const std::string& program, Level least) {
    auto logger = std::make_shared<spdlog::logger>(program, std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%n: %l: %v");
    install(std::move(logger), least);
}

void init_syslog(const std::string& name, Level least) {
    auto sink = std::make_shared<spdlog::sinks::syslog_sink_mt>(name, LOG_PID, LOG_DAEMON, false);
    install(std::make_shared<spdlog::logger>(name, std::move(sink)), least);
}

void set_level(Level least) { spdlog::default_logger_raw()->set_level(level_of(least)); }

void debug(std::string_view message) { write(spdlog::level::debug, message); }
void info(std::string_view message) { write(spdlog::level::info, message); }
void warning(std::string_view message) { write(spdlog::level::warn, message); }
void error(std::string_view message) { write(spdlog::level::err, message); }

}  // namespace voipprobe::log
