// What the user asked for with -T: a bundled name, a file, or a list of elements in nProbe's inline grammar.
//
//   spec     = bundled name | "@" path | existing path | inline
//   inline   = { "%" NAME | NAME | "@SIP@" | "@RTP@" | "@NTOPNG@" }      names end at blanks, line ends, "%" or "@"
//   file     = inline, "#" comments to the end of the line, and optional sections "[flow]", "[call]", ... each with
//              the elements of that record kind
// Accepted without a word, because nProbe's users type it: "%A%B", a trailing "%", "% NAME", stray bare words,
// duplicates (dropped), "-T=..." and "=...", quotes around the whole. Names of older nProbe versions give a warning.
// A name that does not exist is an error (exit code 2) with its 1-based column and the nearest names.
// Source of the grammar: nProbe's documentation and issues, see docs/interop.md. Thread rule: pure functions.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "templates/element.hpp"
#include "templates/record_kind.hpp"
#include "wire/result.hpp"

namespace voipprobe::templates {

struct TemplateSection {
    std::optional<RecordKind> kind;  // none: the plan decides the kinds, as nProbe does (template_plan.hpp)
    std::vector<ElementId> elements;  // the user's order, no duplicates
};

struct TemplateSpec {
    std::string origin;                     // "voip", a path, or "-T" for an inline template: for messages
    std::vector<TemplateSection> sections;  // never empty; either one without kind or all with different kinds
    std::vector<std::string> warnings;
};

// The text of the file at `path`, or nothing when it cannot be read. This room does no I/O itself.
using FileReader = std::function<std::optional<std::string>(const std::string& path)>;

// Parses what stands behind -T. Without a reader only bundled names and inline templates are found.
Result<TemplateSpec> parse_template_spec(std::string_view argument, const FileReader& read_file = {});
// Parses an inline template. Comments and sections are part of the grammar only when `is_file`.
Result<TemplateSpec> parse_template_text(std::string_view text, std::string_view origin, bool is_file);

struct BundledTemplate {
    std::string_view name;
    std::string_view text;
};
std::span<const BundledTemplate> bundled_templates();  // by name, "voip" among them
const BundledTemplate* find_bundled_template(std::string_view name);

}  // namespace voipprobe::templates
