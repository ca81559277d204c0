#include "templates/element.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace voipprobe::templates {
namespace {

using wire::FieldType;

// Names used by the rows of elements.def.
constexpr FieldType octets = FieldType::octets, unsigned_int = FieldType::unsigned_int,
                    float64 = FieldType::float64, mac = FieldType::mac, string = FieldType::string,
                    seconds = FieldType::seconds, milliseconds = FieldType::milliseconds,
                    microseconds = FieldType::microseconds, ipv4 = FieldType::ipv4, ipv6 = FieldType::ipv6;
constexpr Absent never = Absent::never, zero = Absent::zero, ones = Absent::ones, nan = Absent::nan,
                 empty = Absent::empty;
constexpr Group flow = Group::flow, sip = Group::sip, rtp = Group::rtp, cisco = Group::cisco,
                record = Group::record, call = Group::call, stream = Group::stream, message = Group::message,
                interval = Group::interval, detail = Group::detail;

constexpr std::array<Element, kElementCount> kElements{{
#define ELEMENT(NAME, ipfix, pen, id, type, length, unit, scale, absent, group, sentence) \
    {ElementId::NAME, #NAME, #ipfix, pen, id, type, length, unit, scale, absent, group, sentence},
#define ALIAS(...)
#include "templates/elements.def"
#undef ELEMENT
#undef ALIAS
}};

struct Alias {
    std::string_view name;
    ElementId id;
    bool legacy;
};
constexpr bool same = false, legacy = true;
constexpr auto kAliases = std::to_array<Alias>({
#define ELEMENT(...)
#define ALIAS(other, name, kind) {#other, ElementId::name, kind},
#include "templates/elements.def"
#undef ELEMENT
#undef ALIAS
});

constexpr std::array<Personal, kElementCount> personal_elements() {
    std::array<Personal, kElementCount> all{};
#define ELEMENT(...)
#define ALIAS(...)
#define PERSONAL(name, kind) all[static_cast<std::size_t>(ElementId::name)] = Personal::kind;
#include "templates/elements.def"
#undef ELEMENT
#undef ALIAS
    return all;
}
constexpr auto kPersonal = personal_elements();

// ---- checks: a wrong row does not compile --------------------------------------------------------------------

constexpr bool length_fits(const Element& e) {
    switch (e.type) {
        case FieldType::unsigned_int: return e.length == 1 || e.length == 2 || e.length == 4 || e.length == 8;
        case FieldType::boolean: return e.length == 1;
        case FieldType::seconds: return e.length == 4;
        case FieldType::float64:
        case FieldType::milliseconds:
        case FieldType::microseconds: return e.length == 8;
        case FieldType::mac: return e.length == 6;
        case FieldType::ipv4: return e.length == 4;
        case FieldType::ipv6: return e.length == 16;
        case FieldType::string: return e.length >= 1 && e.length <= 255;
        case FieldType::octets: return e.length >= 1 && e.length <= 64;
    }
    return false;
}

constexpr bool absent_fits(const Element& e) {
    if (e.type == FieldType::float64) return e.absent == Absent::nan || e.absent == Absent::never;
    if (e.type == FieldType::string) return e.absent == Absent::empty;
    return e.absent != Absent::nan && e.absent != Absent::empty;
}

constexpr bool is_sentence(std::string_view s) { return s.size() >= 8 && s.back() == '.'; }

template <typename Predicate>
constexpr bool every(Predicate p) {
    for (const Element& e : kElements)
        if (!p(e)) return false;
    return true;
}

template <typename Same>
constexpr bool none_twice(Same equal) {
    for (std::size_t i = 0; i < kElements.size(); ++i)
        for (std::size_t j = i + 1; j < kElements.size(); ++j)
            if (equal(kElements[i], kElements[j])) return false;
    return true;
}

constexpr bool aliases_are_new() {
    for (const Alias& a : kAliases)
        for (const Element& e : kElements)
            if (a.name == e.name) return false;
    return true;
}

static_assert(every(length_fits), "elements.def: a length does not fit its type");
static_assert(every(absent_fits), "elements.def: an absent code does not fit its type");
static_assert(every([](const Element& e) { return is_sentence(e.description); }), "elements.def: a sentence is missing");
static_assert(every([](const Element& e) { return e.number > 0 && e.number < 0x4000; }),
              "elements.def: ids are 1..0x3fff (0x4000 marks reverse elements in RFC 5103 implementations)");
static_assert(every([](const Element& e) { return e.pen != kOwnPen || e.number < 4096; }),
              "elements.def: our ids must keep 61440 + id within 16 bits");
static_assert(none_twice([](const Element& a, const Element& b) { return a.pen == b.pen && a.number == b.number; }),
              "elements.def: an id is used twice");
static_assert(none_twice([](const Element& a, const Element& b) { return a.v9() == b.v9(); }),
              "elements.def: two elements share a NetFlow v9 field type");
static_assert(none_twice([](const Element& a, const Element& b) { return a.name == b.name; }),
              "elements.def: a name is used twice");
static_assert(aliases_are_new(), "elements.def: an alias hides an element");

// ---- lookup --------------------------------------------------------------------------------------------------

const std::unordered_map<std::string_view, NameMatch>& names() {
    static const auto* map = [] {
        auto* m = new std::unordered_map<std::string_view, NameMatch>;
        for (const Element& e : kElements) m->emplace(e.name, NameMatch{e.id, false});
        for (const Alias& a : kAliases) m->emplace(a.name, NameMatch{a.id, a.legacy});
        for (const Element& e : kElements) m->emplace(e.ipfix_name, NameMatch{e.id, false});
        return m;
    }();
    return *map;
}

const std::unordered_map<std::uint64_t, const Element*>& by_number() {
    static const auto* map = [] {
        auto* m = new std::unordered_map<std::uint64_t, const Element*>;
        for (const Element& e : kElements) m->emplace(std::uint64_t{e.pen} << 16 | e.number, &e);
        return m;
    }();
    return *map;
}

const std::unordered_map<std::uint16_t, const Element*>& by_v9() {
    static const auto* map = [] {
        auto* m = new std::unordered_map<std::uint16_t, const Element*>;
        for (const Element& e : kElements) m->emplace(e.v9(), &e);
        return m;
    }();
    return *map;
}

constexpr std::size_t kLongestName = 63;
constexpr bool names_fit() {
    for (const Element& e : kElements)
        if (e.name.size() > kLongestName) return false;
    return true;
}
static_assert(names_fit(), "elements.def: a name is too long for edit_distance");

// Levenshtein's distance, or anything above `most` when it is more than that. `b` is an element's name.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > most) return most + 1;
    std::array<std::size_t, kLongestName + 1> row{};
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        std::size_t least = row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t up = row[j];
            row[j] = std::min({up + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            diagonal = up;
            least = std::min(least, row[j]);
        }
        if (least > most) return most + 1;
    }
    return row[b.size()];
}

}  // namespace

std::span<const Element> elements() { return kElements; }
const Element& element(ElementId id) { return kElements[static_cast<std::size_t>(id)]; }

std::optional<NameMatch> find_by_name(std::string_view name) {
    const auto it = names().find(name);
    if (it == names().end()) return std::nullopt;
    return it->second;
}

const Element* find_by_ipfix(std::uint32_t pen, std::uint16_t number, std::uint32_t own_pen) {
    if (pen == own_pen) pen = kOwnPen;
    const auto it = by_number().find(std::uint64_t{pen} << 16 | number);
    return it == by_number().end() ? nullptr : it->second;
}

const Element* find_by_v9(std::uint16_t v9_type) {
    const auto it = by_v9().find(v9_type);
    return it == by_v9().end() ? nullptr : it->second;
}

std::vector<std::string_view> nearest_names(std::string_view name, std::size_t limit) {
    const std::size_t most = std::max<std::size_t>(3, name.size() / 3);
    std::vector<std::pair<std::size_t, std::string_view>> ranked;
    for (const Element& e : kElements)
        if (const std::size_t d = edit_distance(name, e.name, most); d <= most) ranked.emplace_back(d, e.name);
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < std::min(limit, ranked.size()); ++i) out.push_back(ranked[i].second);
    return out;
}

std::vector<std::string_view> aliases_of(ElementId id) {
    std::vector<std::string_view> out;
    for (const Alias& a : kAliases)
        if (a.id == id) out.push_back(a.name);
    return out;
}

std::string_view type_name(wire::FieldType type) {
    switch (type) {
        case FieldType::octets: return "octetArray";
        case FieldType::unsigned_int: return "unsigned";
        case FieldType::float64: return "float64";
        case FieldType::boolean: return "boolean";
        case FieldType::mac: return "macAddress";
        case FieldType::string: return "string";
        case FieldType::seconds: return "dateTimeSeconds";
        case FieldType::milliseconds: return "dateTimeMilliseconds";
        case FieldType::microseconds: return "dateTimeMicroseconds";
        case FieldType::ipv4: return "ipv4Address";
        case FieldType::ipv6: return "ipv6Address";
    }
    return "octetArray";
}

std::string_view ipfix_type_name(const Element& e) {
    if (e.type != FieldType::unsigned_int) return type_name(e.type);
    switch (e.length) {
        case 1: return "unsigned8";
        case 2: return "unsigned16";
        case 4: return "unsigned32";
        default: return "unsigned64";
    }
}

std::string_view group_name(Group group) {
    switch (group) {
        case Group::flow: return "flow";
        case Group::sip: return "sip";
        case Group::rtp: return "rtp";
        case Group::cisco: return "cisco";
        case Group::record: return "record";
        case Group::call: return "call";
        case Group::stream: return "stream";
        case Group::message: return "message";
        case Group::interval: return "interval";
        case Group::detail: return "detail";
    }
    return "flow";
}

Personal personal(ElementId id) { return kPersonal[static_cast<std::size_t>(id)]; }

}  // namespace voipprobe::templates
