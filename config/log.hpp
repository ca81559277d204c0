// What both programs say on stderr: "voipprobe: warning: ...". The libraries' core rooms never log.
// Thread rule: init() once before threads start; set_level() from the thread that did; the rest from any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace voipprobe::log {

enum class Level : std::uint8_t { debug, info, warning, error };

// Messages below `least` are not written.
void init(const std::string& program, Level least);
// The same into the system's log, under `name`.
void init_syslog(const std::string& name, Level least);
void set_level(Level least);
void debug(std::string_view message);
void info(std::string_view message);
void warning(std::string_view message);
void error(std::string_view message);

}  // namespace voipprobe::log
