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
        const Field f{extractor_of(e.id), plan.layout.fields[i].type, plan.layout.fields[i].length, e.absent,
                      templates::personal(e.id)};
        fields_.push_back(f);
        most += f.length == wire::kVariable ? 2 + kTextCap : std::max<std::size_t>(f.length, sizeof(std::uint64_t));
    }
    out_.resize(most);
}

wire::Bytes Projection::pack(const RecordSource& source) {
    at_ = out_.data();
    now_ = source.now;
    for (const Field& f : fields_) put(f, f.extract(source));
    return wire::Bytes(out_.data(), static_cast<std::size_t>(at_ - out_.data()));
}

void Projection::put_number(std::uint64_t n, std::size_t octets) {
    const std::uint64_t most = octets == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * octets)) - 1;
    n = std::min(n, most);  // saturates rather than wraps
    std::memcpy(at_, &n, sizeof n);  // there is room for it (see the constructor), and it is quicker than `octets`
    at_ += octets;
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
    if (f.length == wire::kVariable) put_number(text.size(), 2);
    put_octets(text.data(), text.size());
    if (f.length != wire::kVariable) put_fill(0, f.length - text.size());
}

void Projection::put_absent(const Field& f) {
    if (f.type == FieldType::string) return put_text(f, {});
    if (f.type == FieldType::float64) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        return put_octets(&nan, sizeof nan);
    }
    const std::uint8_t fill = f.absent == templates::Absent::ones ? 0xff : 0x00;
    put_fill(fill, f.length);
}

void Projection::put(const Field& f, const Value& v) {
    switch (v.kind) {
        case Value::Kind::absent: return put_absent(f);
        case Value::Kind::text:
            return put_text(f, privacy_ == nullptr ? v.text : privacy_->apply(f.personal, v.text, now_));
        case Value::Kind::bytes: {
            const std::size_t n = std::min<std::size_t>(v.text.size(), f.length);
            put_octets(v.text.data(), n);
            return put_fill(0, f.length - n);
        }
        case Value::Kind::real: return put_octets(&v.real, sizeof v.real);
        case Value::Kind::number: return put_number(v.number, f.length);
    }
}

}  // namespace voipprobe::probe
