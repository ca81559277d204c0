// Names and types of information elements that are not in our table: IANA's registry, the reverse elements of RFC 5103
// (PEN 29305) and, where libfixbuf's file of them is installed, CERT's (YAF, PEN 6871). From libfixbuf's information
// model, which never sees a message. Thread rule: constant after first use.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/layout.hpp"

namespace voipprobe::wire {

struct PublicElement {
    std::string_view name;
    FieldType type = FieldType::octets;
    bool typed = false;  // false: signed numbers and lists, which are shown as octets
};

// `pen` 0 for IANA.
std::optional<PublicElement> find_public_element(std::uint32_t pen, std::uint16_t number);

}  // namespace voipprobe::wire
