// One cell of a row, typed: what a column is, before any sink formats it. Empty = not measured.
// Thread rule: value types; text views live as long as the row.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "collector/join/facts.hpp"
#include "wire/hex.hpp"

namespace voipprobe::collector {

struct Decimal {
    double value;
    int places;
};
struct Micros {
    std::uint64_t since_epoch;
};

// `Literal`: text made by us from numbers (addresses, ids), which needs no guard.
struct Literal {
    std::string text;
};
using Cell = std::variant<std::monostate, std::string_view, Literal, std::uint64_t, Decimal, Micros>;

Cell text_cell(std::string_view s);
Cell count_cell(const Count& v);
Cell time_cell(const Count& microseconds);
Cell decimal_cell(const Real& v, int places);
Cell scaled_cell(const Count& v, double scale, int places);  // v * scale
Cell id_cell(const RecordId& id);                            // 32 hex digits, empty when all zero
Cell address_cell(const wire::Endpoint& e);
Cell port_cell(const wire::Endpoint& e);  // empty without an address

// Plain text of any cell, without quoting: `2026-11-22T04:22:10.123456Z`, 12.345, 0 -> "0". Appends to `out`.
void append_plain(std::string& out, const Cell& cell);

}  // namespace voipprobe::collector
