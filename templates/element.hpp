// The vocabulary: what templates/elements.def says, as types. Compile-time checks (unique names and ids, lengths
// that fit the type, a sentence for every element) are in element.cpp. Thread rule: constant data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "wire/layout.hpp"

namespace voipprobe::templates {

inline constexpr std::uint32_t kIanaPen = 0;
inline constexpr std::uint32_t kCiscoPen = 9;
inline constexpr std::uint32_t kNtopPen = 35632;
// Enterprise number of our own elements until one is assigned: IANA's "Example Enterprise Number for
// Documentation Use" (RFC 5612). --pen replaces it at run time.
inline constexpr std::uint32_t kOwnPen = 32473;

enum class ElementId : std::uint16_t {
#define ELEMENT(name, ...) name,
#define ALIAS(...)
#include "templates/elements.def"
#undef ELEMENT
#undef ALIAS
    kCount
};
inline constexpr std::size_t kElementCount = static_cast<std::size_t>(ElementId::kCount);

enum class Absent : std::uint8_t { never, zero, ones, nan, empty };
enum class Group : std::uint8_t { flow, sip, rtp, cisco, record, call, stream, message, interval, detail };

// What an element says of a person: --privacy decides what becomes of it.
enum class Personal : std::uint8_t { no, party, identifier, digits };
Personal personal(ElementId id);

struct Element {
    ElementId id;
    std::string_view name;        // canonical (NetFlow) name
    std::string_view ipfix_name;  // IPFIX name
    std::uint32_t pen;            // kOwnPen for ours, whatever --pen says
    std::uint16_t number;         // IPFIX id
    wire::FieldType type;
    std::uint16_t length;  // octets; strings: the NetFlow v9 length
    std::string_view unit;
    double scale;
    Absent absent;
    Group group;
    std::string_view description;

    // NetFlow v9 field type. ntop's rule is 57472 + id (measured against its listing), Cisco's is its enterprise
    // bit (32768 + id); ours is 61440 + id: ntop would need an id above 3967 to reach it.
    constexpr std::uint16_t v9() const {
        switch (pen) {
            case kNtopPen: return static_cast<std::uint16_t>(57472 + number);
            case kCiscoPen: return static_cast<std::uint16_t>(32768 + number);
            case kOwnPen: return static_cast<std::uint16_t>(61440 + number);
            default: return number;
        }
    }
};

std::span<const Element> elements();
const Element& element(ElementId id);

struct NameMatch {
    ElementId id;
    bool legacy;  // an outdated name: worth a warning
};
// By canonical name, IPFIX name or alias, case-sensitive as nProbe is.
std::optional<NameMatch> find_by_name(std::string_view name);
// By what a template on the wire says; `own_pen` is the enterprise number in use for our elements.
const Element* find_by_ipfix(std::uint32_t pen, std::uint16_t number, std::uint32_t own_pen = kOwnPen);
const Element* find_by_v9(std::uint16_t v9_type);
// Names nearest to a misspelt one (edit distance), best first.
std::vector<std::string_view> nearest_names(std::string_view name, std::size_t limit = 3);
std::vector<std::string_view> aliases_of(ElementId id);

std::string_view type_name(wire::FieldType type);  // RFC 7012 §3.1 spelling for `length`-independent types
std::string_view ipfix_type_name(const Element& e);  // unsigned8 .. unsigned64, string, dateTimeMicroseconds ...
std::string_view group_name(Group group);

}  // namespace voipprobe::templates
