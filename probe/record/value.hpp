// What an extractor returns: a value in the element's own unit, or "not measured".
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

// Sixteen octets that are trivial to copy, so that it comes back in two registers: a record is made of dozens.
struct Value {
    enum class Kind : std::uint8_t { absent, number, real, text, bytes };
    union {
        std::uint64_t number;
        double real;
        const char* octets;  // text, bytes: they live as long as the record source
    };
    std::uint32_t size = 0;  // of them
    Kind kind = Kind::absent;

    Value() : number(0) {}
    std::string_view text() const { return {octets, size}; }

    static Value of(std::uint64_t n) {
        Value v;
        v.kind = Kind::number;
        v.number = n;
        return v;
    }
    static Value of_real(double r) {
        Value v;
        if (std::isnan(r)) return v;
        v.kind = Kind::real;
        v.real = r;
        return v;
    }
    static Value of_text(std::string_view s) {
        return s.empty() ? Value() : of_octets(Kind::text, s);
    }
    static Value of_bytes(wire::Bytes b) { return of_octets(Kind::bytes, wire::as_text(b)); }

  private:
    static Value of_octets(Kind kind, std::string_view s) {
        Value v;
        v.kind = kind;
        v.octets = s.data();
        v.size = static_cast<std::uint32_t>(s.size());
        return v;
    }
};
static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value>);

}  // namespace voipprobe::probe
