// IAX2 frames for tests (RFC 5456 §8).
#pragma once

#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test::iax2 {

struct Element {
    int id;
    Octets value;
};
inline Octets word(std::uint32_t v) {
    Octets o;
    put32(o, v);
    return o;
}
inline Octets elements(const std::vector<Element>& list) {
    Octets o;
    for (const Element& e : list) {
        o.push_back(static_cast<std::uint8_t>(e.id));
        o.push_back(static_cast<std::uint8_t>(e.value.size()));
        o = o + e.value;
    }
    return o;
}
inline Octets full(int source, int destination, std::uint32_t ms, int type, int subclass, const Octets& data = {}, bool repeated = false) {
    Octets o;
    put16(o, static_cast<std::size_t>(source | 0x8000));
    put16(o, static_cast<std::size_t>(destination | (repeated ? 0x8000 : 0)));
    put32(o, ms);
    o = o + hex({0, 0, type, subclass});
    return o + data;
}
inline Octets mini(int source, std::uint32_t ms, const Octets& data) {
    Octets o;
    put16(o, static_cast<std::size_t>(source));
    put16(o, ms & 0xffff);
    return o + data;
}
// `entries` of a trunk with timestamps: source, ms, data.
struct Entry {
    int source;
    std::uint32_t ms;
    Octets data;
};
inline Octets trunk(std::uint32_t ms, const std::vector<Entry>& entries, bool timestamps = true) {
    Octets o = hex({0, 0, 1, timestamps ? 1 : 0});
    put32(o, ms);
    for (const Entry& e : entries) {
        if (timestamps) {
            put16(o, e.data.size());
            put16(o, static_cast<std::size_t>(e.source));
            put16(o, e.ms & 0xffff);
        } else {
            put16(o, static_cast<std::size_t>(e.source));
            put16(o, e.data.size());
        }
        o = o + e.data;
    }
    return o;
}
inline Octets new_call(int source, std::uint32_t ms = 1) {
    return full(source, 0, ms, 6, 1,
                elements({{11, hex({0, 2})}, {1, octets_of("2000")}, {2, octets_of("1000")}, {4, octets_of("Ann")}, {9, word(4)}, {8, word(0xe)}}));
}

}  // namespace voipprobe::test::iax2
