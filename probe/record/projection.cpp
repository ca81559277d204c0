#include "probe/record/projection.hpp"

#include <algorithm>
#include <limits>

#include "wire/text.hpp"

namespace voipprobe::probe {

using wire::FieldType;

Projection::Projection(const templates::PlannedTemplate& plan) {
    for (std::size_t i = 0; i < plan.elements.size(); ++i) {
        const templates::Element& e = templates::element(plan.elements[i]);
        fields_.push_back({extractor_of(e.id), plan.layout.fields[i].type, plan.layout.fields[i].length, e.absent});
    }
    out_.reserve(2048);
}

wire::Bytes Projection::pack(const RecordSource& source) {
    out_.clear();
    for (const Field& f : fields_) put(f, f.extract(source));
    return out_;
}

void Projection::put_number(std::uint64_t n, std::size_t octets) {
    const std::uint64_t most = octets == 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * octets)) - 1;
    n = std::min(n, most);  // saturates rather than wraps
    const auto* p = reinterpret_cast<const std::uint8_t*>(&n);
    out_.insert(out_.end(), p, p + octets);
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
    out_.insert(out_.end(), text.begin(), text.end());
    if (f.length != wire::kVariable) out_.insert(out_.end(), f.length - text.size(), std::uint8_t{0});
}

void Projection::put_absent(const Field& f) {
    if (f.type == FieldType::string) return put_text(f, {});
    if (f.type == FieldType::float64) {
        const double nan = std::numeric_limits<double>::quiet_NaN();
        const auto* p = reinterpret_cast<const std::uint8_t*>(&nan);
        out_.insert(out_.end(), p, p + sizeof nan);
        return;
    }
    const std::uint8_t fill = f.absent == templates::Absent::ones ? 0xff : 0x00;
    out_.insert(out_.end(), f.length, fill);
}

void Projection::put(const Field& f, const Value& v) {
    switch (v.kind) {
        case Value::Kind::absent: return put_absent(f);
        case Value::Kind::text: return put_text(f, v.text);
        case Value::Kind::bytes: {
            const std::size_t n = std::min<std::size_t>(v.text.size(), f.length);
            out_.insert(out_.end(), v.text.begin(), v.text.begin() + static_cast<std::ptrdiff_t>(n));
            out_.insert(out_.end(), f.length - n, std::uint8_t{0});
            return;
        }
        case Value::Kind::real: {
            const auto* p = reinterpret_cast<const std::uint8_t*>(&v.real);
            out_.insert(out_.end(), p, p + sizeof v.real);
            return;
        }
        case Value::Kind::number: return put_number(v.number, f.length);
    }
}

}  // namespace voipprobe::probe
