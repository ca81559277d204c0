#include "probe/record/projection.hpp"

#include <algorithm>
#include <limits>

#include "wire/text.hpp"

namespace voipprobe::probe {

using wire::FieldType;

Projection::Projection(const templates::PlannedTemplate& plan, Privacy* privacy)
    : privacy_(privacy != nullptr && privacy->on() ? privacy : nullptr) {
    std::size_t most = 0;
    for (std::size_t i = 0; i < plan.elements.size(); ++i) {
        const templates::Element& e = templates::element(plan.elements[i]);
        const std::uint16_t length = plan.layout.fields[i].length;
        const Field f{extractor_of(e.id),
                      plan.layout.fields[i].type,
                      length,
                      length >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * length)) - 1,
                      e.absent == templates::Absent::ones ? ~std::uint64_t{0} : 0,
                      templates::personal(e.id)};
        fields_.push_back(f);
        most += f.length == wire::kVariable ? 2 + kTextCap : std::max<std::size_t>(f.length, sizeof(std::uint64_t));
    }
    out_.resize(most);
}

wire::Bytes Projection::pack(const RecordSource& source) {
    now_ = source.now;
    std::uint8_t* at = out_.data();
    for (const Field& f : fields_) {
        const Value v = f.extract(source);
        if (v.kind == Value::Kind::number) [[likely]] {
            at = put_number(at, f, v.number);
        } else {
            at_ = at;
            put(f, v);
            at = at_;
        }
    }
    at_ = at;
    return wire::Bytes(out_.data(), static_cast<std::size_t>(at_ - out_.data()));
}

void Projection::put_text(const Field& f, std::string_view text) {
    if (!wire::is_clean_text(text)) {
        scratch_ = wire::clean_text(text);
        text = scratch_;
    }
    const std::size_t cap = f.length == wire::kVariable ? kTextCap : f.length;
    if (text.size() > cap) {
        text = wire::cap_text(text, cap);
        ++shortened_;
    }
    if (f.length == wire::kVariable) at_ = put_word(at_, text.size(), 2);
    put_octets(text.data(), text.size());
    if (f.length != wire::kVariable) put_fill(0, f.length - text.size());
}

void Projection::put_absent(const Field& f) {
    if (f.type == FieldType::string) return put_text(f, {});
    if (f.type == FieldType::float64) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        return put_octets(&nan, sizeof nan);
    }
    if (f.length <= sizeof f.absent) at_ = put_word(at_, f.absent, f.length);
    else put_fill(static_cast<std::uint8_t>(f.absent), f.length);
}

void Projection::put(const Field& f, Value v) {
    switch (v.kind) {
        case Value::Kind::absent: return put_absent(f);
        case Value::Kind::text:
            return put_text(f, privacy_ == nullptr ? v.text() : privacy_->apply(f.personal, v.text(), now_));
        case Value::Kind::bytes: {
            const std::size_t n = std::min<std::size_t>(v.size, f.length);
            put_octets(v.octets, n);
            return put_fill(0, f.length - n);
        }
        case Value::Kind::real: return put_octets(&v.real, sizeof v.real);
        case Value::Kind::number: at_ = put_number(at_, f, v.number);
    }
}

}  // namespace voipprobe::probe
