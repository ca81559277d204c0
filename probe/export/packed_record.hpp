// Looking into packed records (wire/layout.hpp). Thread rule: pure functions.
#pragma once

#include <vector>

#include "wire/bytes.hpp"
#include "wire/layout.hpp"

namespace voipprobe::probe {

// The octets of field `index`, without the length of a variable string; empty when the record ends before.
wire::Bytes packed_field(const wire::TemplateLayout& layout, wire::Bytes packed, std::size_t index);

// Halves the longest variable string of the record at a UTF-8 boundary. False when all are empty already.
bool shorten_longest_string(const wire::TemplateLayout& layout, std::vector<std::uint8_t>& packed);

}  // namespace voipprobe::probe
