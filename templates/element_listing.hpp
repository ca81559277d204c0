// The element table as text: what --list-elements and --list-templates print and what tools/iegen writes to files.
// `pen` stands for our own elements' enterprise number (--pen). Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "templates/element.hpp"

namespace voipprobe::templates {

std::string list_elements_text(std::uint32_t pen = kOwnPen);  // one line per element, for people and grep
// A JSON array of {name, aliases, pen, id, v9_id, type, length, unit, scale, group, description}; `length` is the
// NetFlow v9 length of a string, whose IPFIX form is variable.
std::string list_elements_json(std::uint32_t pen = kOwnPen);
std::string elements_markdown();              // docs/elements.md
std::string libfixbuf_xml(std::uint32_t pen = kOwnPen);  // for ipfixDump -e and other libfixbuf programs
std::string list_templates_text();            // the bundled templates and their records

std::string json_string(std::string_view s);  // quoted and escaped (RFC 8259 §7)

}  // namespace voipprobe::templates
