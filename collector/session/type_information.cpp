#include "collector/session/type_information.hpp"

#include <algorithm>

namespace voipprobe::collector {
namespace {

using wire::FieldType;

constexpr std::size_t kMaxName = 64;

bool name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

bool usable_name(std::string_view s) {
    return !s.empty() && s.size() <= kMaxName && std::all_of(s.begin(), s.end(), name_character);
}

std::uint64_t key(std::uint32_t pen, std::uint16_t number) { return std::uint64_t{pen} << 16 | number; }

// RFC 5610 §3.1 / IANA "IPFIX Information Element Data Types". Signed integers stay octets: we have none.
bool field_type(std::uint64_t data_type, FieldType& out) {
    switch (data_type) {
        case 1:
        case 2:
        case 3:
        case 4:
            out = FieldType::unsigned_int;
            return true;
        case 9:
        case 10:
            out = FieldType::float64;
            return true;
        case 11:
            out = FieldType::boolean;
            return true;
        case 12:
            out = FieldType::mac;
            return true;
        case 13:
            out = FieldType::string;
            return true;
        case 14:
            out = FieldType::seconds;
            return true;
        case 15:
            out = FieldType::milliseconds;
            return true;
        case 16:
            out = FieldType::microseconds;
            return true;
        case 18:
            out = FieldType::ipv4;
            return true;
        case 19:
            out = FieldType::ipv6;
            return true;
        default:
            return false;
    }
}

}  // namespace

bool TypeRegistry::learn(std::uint32_t pen, std::uint16_t number, std::string_view name,
                         std::uint64_t data_type) {
    if (pen == 0 || !usable_name(name)) return false;
    const auto known = types_.find(key(pen, number));
    if (known != types_.end() && known->second.name == name) return true;
    if (known == types_.end() && types_.size() >= kMaxTypesPerExporter) return false;
    TypeInformation t;
    t.name = std::string(name);
    t.typed = field_type(data_type, t.type);
    if (const auto match = templates::find_by_name(name)) {
        const templates::Element& e = templates::element(match->id);
        if (e.pen != 0 && e.type == t.type) t.element = &e;
    }
    types_.insert_or_assign(key(pen, number), std::move(t));
    ++generation_;
    return true;
}

const TypeInformation* TypeRegistry::find(std::uint32_t pen, std::uint16_t number) const {
    const auto it = types_.find(key(pen, number));
    return it == types_.end() ? nullptr : &it->second;
}

}  // namespace voipprobe::collector
