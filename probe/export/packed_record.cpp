#include "probe/export/packed_record.hpp"

#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

struct Place {
    std::size_t at = 0;  // of the content
    std::size_t length = 0;
    bool whole = false;
};

// Where a field that starts at `at` has its content.
Place content_at(const wire::FieldLayout& f, wire::Bytes packed, std::size_t at) {
    Place p{at, f.length, false};
    if (f.length == wire::kVariable) {
        if (packed.size() < at + 2) return p;
        std::uint16_t n = 0;
        std::memcpy(&n, packed.data() + at, sizeof n);
        p = {at + 2, n, false};
    }
    p.whole = packed.size() >= p.at + p.length;
    return p;
}

}  // namespace

wire::Bytes packed_field(const wire::TemplateLayout& layout, wire::Bytes packed, std::size_t index) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < layout.fields.size(); ++i) {
        const Place p = content_at(layout.fields[i], packed, at);
        if (!p.whole) return {};
        if (i == index) return packed.subspan(p.at, p.length);
        at = p.at + p.length;
    }
    return {};
}

bool shorten_longest_string(const wire::TemplateLayout& layout, std::vector<std::uint8_t>& packed) {
    Place longest;
    std::size_t at = 0;
    for (const wire::FieldLayout& f : layout.fields) {
        const Place p = content_at(f, packed, at);
        if (!p.whole) return false;
        if (f.length == wire::kVariable && p.length > longest.length) longest = p;
        at = p.at + p.length;
    }
    if (longest.length == 0) return false;
    const auto text = wire::as_text(wire::Bytes(packed).subspan(longest.at, longest.length));
    const auto keep = static_cast<std::uint16_t>(wire::cap_text(text, longest.length / 2).size());
    std::memcpy(packed.data() + longest.at - 2, &keep, sizeof keep);
    const auto first = packed.begin() + static_cast<std::ptrdiff_t>(longest.at);
    packed.erase(first + keep, first + static_cast<std::ptrdiff_t>(longest.length));
    return true;
}

}  // namespace voipprobe::probe
