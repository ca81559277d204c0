// A field of a packed record as text: what -P writes. Absent codes (templates/elements.def) are empty text. Times are
// `2026-11-22T04:22:10.123456Z`, as in the collector's CSV; octets are hex. Thread rule: pure.
#pragma once

#include <string>

#include "templates/element.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::probe {

struct FieldText {
    std::string text;     // empty: absent
    bool number = false;  // JSON writes it bare
    bool foreign = false; // text from the network: needs a guard where a spreadsheet reads it
};

// `octets`: as packed (wire/layout.hpp), without the length of a variable string.
FieldText field_text(const templates::Element& e, const wire::FieldLayout& f, wire::Bytes octets);

}  // namespace voipprobe::probe
