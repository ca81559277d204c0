// A configuration file: one flat YAML mapping from option names to scalars or lists of scalars. Strict: an
// unknown key, a nested value or a repeated key is an error that names the line and, for a typing slip, the
// nearest key. Limits: 128 KiB. Thread rule: pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/result.hpp"

namespace voipprobe::config {

struct YamlSetting {
    std::string key;
    std::vector<std::string> values;  // one for a scalar
    int line = 0;                     // from 1
};

// In the order of the file. `known_keys`: what is allowed.
Result<std::vector<YamlSetting>> read_yaml_settings(const std::string& path,
                                                    const std::vector<std::string_view>& known_keys);
// The same from text; `name` is for messages.
Result<std::vector<YamlSetting>> parse_yaml_settings(const std::string& text, const std::string& name,
                                                     const std::vector<std::string_view>& known_keys);

// The candidate with the smallest edit distance, empty when none is near.
std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace voipprobe::config
