// A received field as a typed value, or "absent": what an exporter sends for "not measured" (the table's
// absent codes; all ones counts at the length received) becomes absent here and nowhere later. Text is clean
// (contract §6) and views the message or the decoder's scratch, so a value lives as long as the on_record()
// call. Thread rule: value type.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/address.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::collector {

enum class ValueKind : std::uint8_t { absent, number, real, text, octets, address, time };

class Value {
  public:
    Value() = default;
    static Value number(std::uint64_t v) { return Value(ValueKind::number, v); }
    static Value time(std::uint64_t microseconds) { return Value(ValueKind::time, microseconds); }
    static Value real(double v) {
        Value out;
        out.kind_ = ValueKind::real;
        out.real_ = v;
        return out;
    }
    static Value text(std::string_view s) { return Value(ValueKind::text, wire::as_bytes(s)); }
    static Value octets(wire::Bytes b) { return Value(ValueKind::octets, b); }
    static Value address(wire::Bytes b) { return Value(ValueKind::address, b); }  // 4 or 16 octets

    ValueKind kind() const { return kind_; }
    bool present() const { return kind_ != ValueKind::absent; }

    // The value as the wanted kind, nothing when absent or of another kind. A number reads as a real; a time
    // (microseconds since the epoch) and a number do not read as each other.
    std::optional<std::uint64_t> as_number() const { return kind_ == ValueKind::number ? std::optional(number_) : std::nullopt; }
    std::optional<std::uint64_t> as_time() const { return kind_ == ValueKind::time ? std::optional(number_) : std::nullopt; }
    std::optional<double> as_real() const;
    wire::Bytes address_octets() const { return kind_ == ValueKind::address ? bytes_ : wire::Bytes{}; }
    std::string_view as_text() const {
        return kind_ == ValueKind::text ? wire::as_text(bytes_) : std::string_view{};
    }
    wire::Bytes as_octets() const { return kind_ == ValueKind::octets ? bytes_ : wire::Bytes{}; }
    std::optional<wire::IpAddress> as_address() const;

  private:
    Value(ValueKind kind, std::uint64_t v) : kind_(kind), number_(v) {}
    Value(ValueKind kind, wire::Bytes b) : kind_(kind), bytes_(b) {}

    ValueKind kind_ = ValueKind::absent;
    union {
        std::uint64_t number_ = 0;
        double real_;
    };
    wire::Bytes bytes_;
};

}  // namespace voipprobe::collector
