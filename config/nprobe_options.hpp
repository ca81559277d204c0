// An nProbe command line in our words: its option letters and long names that are spelt otherwise here, those that need
// nothing here (a warning says why), and those that are refused, each with one line that says what to do. Letters that
// mean the same in both programs are in probe_options.cpp. Source: nProbe's documentation, "Command Line Options".
// Thread rule: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/result.hpp"

namespace voipprobe::config {

struct NprobeTranslation {
    std::vector<std::string> arguments;  // for our own parser
    std::vector<std::string> warnings;
};

// Errors: usage, naming the option. Arguments that are ours already pass unchanged.
Result<NprobeTranslation> translate_nprobe_options(const std::vector<std::string>& arguments);

// nProbe's configuration file, one "-x=value" or "--long=value" a line ("-a=" for switches), "#" comments, as a command
// line. Nothing when the text is no such file: its first line that says anything must begin with an option.
std::optional<std::vector<std::string>> read_nprobe_file(std::string_view text);

}  // namespace voipprobe::config
