// Whole small files (templates, configuration, keys). Thread rule: pure of state.
#pragma once

#include <optional>
#include <string>

namespace voipprobe::config {

// The content of a regular file of at most 1 MiB; nothing when it cannot be read or is larger.
std::optional<std::string> read_text_file(const std::string& path);

}  // namespace voipprobe::config
