// What an extractor returns: a value in the element's own unit, or "not measured".
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

struct Value {
    enum class Kind : std::uint8_t { absent, number, real, text, bytes };
    Kind kind = Kind::absent;
    union {
        std::uint64_t number;
        double real;
    };
    std::string_view text;  // text, bytes: a view that lives as long as the record source

    Value() : number(0) {}
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
        Value v;
        v.kind = s.empty() ? Kind::absent : Kind::text;
        v.text = s;
        return v;
    }
    static Value of_bytes(wire::Bytes b) {
        Value v;
        v.kind = Kind::bytes;
        v.text = wire::as_text(b);
        return v;
    }
};

}  // namespace voipprobe::probe
