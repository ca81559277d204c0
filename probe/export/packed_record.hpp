// Looking into packed records (wire/layout.hpp). Thread rule: pure functions.
#pragma once

#include <cstring>
#include <vector>

#include "wire/bytes.hpp"
#include "wire/layout.hpp"

namespace voipprobe::probe {

// The octets of field `index`, without the length of a variable string; empty when the record ends before.
wire::Bytes packed_field(const wire::TemplateLayout& layout, wire::Bytes packed, std::size_t index);

// All fields in order: visit(index, octets); stops where the record ends.
template <typename Visit>
void for_each_packed_field(const wire::TemplateLayout& layout, wire::Bytes packed, Visit&& visit) {
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
        std::size_t length = layout.fields[i].length;
        if (length == wire::kVariable) {
            if (packed.size() < 2) return;
            std::uint16_t n = 0;
            std::memcpy(&n, packed.data(), sizeof n);
            packed = packed.subspan(2);
            length = n;
        }
        if (packed.size() < length) return;
        visit(i, packed.first(length));
        packed = packed.subspan(length);
    }
}

// Halves the longest variable string of the record at a UTF-8 boundary. False when all are empty already.
bool shorten_longest_string(const wire::TemplateLayout& layout, std::vector<std::uint8_t>& packed);

}  // namespace voipprobe::probe
