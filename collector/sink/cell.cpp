#include "collector/sink/cell.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "wire/time.hpp"

namespace voipprobe::collector {
namespace {

template <typename... T>
struct Overloaded : T... {
    using T::operator()...;
};
template <typename... T>
Overloaded(T...) -> Overloaded<T...>;  // clang 14 does not deduce for aggregates

void append_number(std::string& out, std::uint64_t v) {
    std::array<char, 24> b{};
    out.append(b.data(), std::to_chars(b.data(), b.data() + b.size(), v).ptr);
}

// Fixed notation without exponent, and no "-0.000".
void append_decimal(std::string& out, Decimal d) {
    std::array<char, 400> b{};
    const auto [end, error] =
        std::to_chars(b.data(), b.data() + b.size(), d.value, std::chars_format::fixed, d.places);
    if (error != std::errc{}) return;
    std::string_view s(b.data(), static_cast<std::size_t>(end - b.data()));
    if (s.starts_with('-') && s.find_first_not_of("-0.") == std::string_view::npos) s.remove_prefix(1);
    out += s;
}

}  // namespace

Cell text_cell(std::string_view s) { return s.empty() ? Cell{} : Cell{s}; }
Cell count_cell(const Count& v) { return v ? Cell{*v} : Cell{}; }
Cell time_cell(const Count& v) { return v ? Cell{Micros{*v}} : Cell{}; }
Cell decimal_cell(const Real& v, int places) {
    return v && std::isfinite(*v) ? Cell{Decimal{*v, places}} : Cell{};
}
Cell scaled_cell(const Count& v, double scale, int places) {
    return v ? Cell{Decimal{static_cast<double>(*v) * scale, places}} : Cell{};
}
Cell id_cell(const RecordId& id) { return id == kNoId ? Cell{} : Cell{Literal{wire::hex(id)}}; }
Cell address_cell(const wire::Endpoint& e) {
    return e.address.is_none() ? Cell{} : Cell{Literal{e.address.text()}};
}
Cell port_cell(const wire::Endpoint& e) { return e.address.is_none() ? Cell{} : Cell{std::uint64_t{e.port}}; }

void append_plain(std::string& out, const Cell& cell) {
    std::visit(
        Overloaded{[](std::monostate) {}, [&](std::string_view s) { out += s; },
                   [&](const Literal& l) { out += l.text; }, [&](std::uint64_t v) { append_number(out, v); },
                   [&](Decimal d) { append_decimal(out, d); },
                   [&](Micros t) { out += wire::iso_time(static_cast<wire::TimeNs>(t.since_epoch * 1000)); }},
        cell);
}

}  // namespace voipprobe::collector
