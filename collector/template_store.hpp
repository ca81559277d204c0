// --state DIR: the templates of UDP exporters in DIR/templates.json, so that data is read at once after a restart.
// Written whole and renamed. What is read is checked as a template from the network is. Errors: a folder that cannot be
// written; a damaged file is a warning, the exporters will send their templates again. Thread rule: one thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "collector/session/stored_template.hpp"
#include "wire/result.hpp"

namespace voipprobe::collector {

Result<void> write_templates(const std::filesystem::path& folder, const std::vector<StoredTemplate>& templates);
// `warning` says what was wrong with the file; what could be read is returned.
std::vector<StoredTemplate> read_templates(const std::filesystem::path& folder, std::string& warning);

// The file's text; the parser is a fuzz target.
std::string templates_to_json(const std::vector<StoredTemplate>& templates);
std::vector<StoredTemplate> templates_from_json(std::string_view text, std::string& warning);

}  // namespace voipprobe::collector
