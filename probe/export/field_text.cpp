#include "probe/export/field_text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "wire/address.hpp"
#include "wire/hex.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {
namespace {

using templates::Absent;
using wire::FieldType;

bool all(wire::Bytes octets, std::uint8_t value) {
    return std::all_of(octets.begin(), octets.end(), [value](std::uint8_t o) { return o == value; });
}

std::uint64_t unsigned_of(wire::Bytes octets) {
    std::uint8_t v8 = 0;
    std::uint16_t v16 = 0;
    std::uint32_t v32 = 0;
    std::uint64_t v64 = 0;
    switch (octets.size()) {
        case 1: std::memcpy(&v8, octets.data(), 1); return v8;
        case 2: std::memcpy(&v16, octets.data(), 2); return v16;
        case 4: std::memcpy(&v32, octets.data(), 4); return v32;
        case 8: std::memcpy(&v64, octets.data(), 8); return v64;
        default: return 0;
    }
}

// Beyond what TimeNs holds (2262) there is no packet time.
std::string time_text(std::uint64_t value, std::uint64_t per_second) {
    constexpr std::uint64_t kLastSecond = 9'223'372'036;
    if (value / per_second >= kLastSecond) return {};
    return wire::iso_time(static_cast<wire::TimeNs>(value) * (wire::kSecond / static_cast<wire::TimeNs>(per_second)));
}

}  // namespace

FieldText field_text(const templates::Element& e, const wire::FieldLayout& f, wire::Bytes octets) {
    if (octets.empty()) return {};
    if (e.absent == Absent::zero && all(octets, 0)) return {};
    if (e.absent == Absent::ones && all(octets, 0xff)) return {};
    switch (f.type) {
        case FieldType::string: {
            const std::string_view text = wire::as_text(octets);
            return {std::string(text.substr(0, text.find('\0'))), false, true};
        }
        case FieldType::float64: {
            double v = 0;
            if (octets.size() != sizeof v) return {};
            std::memcpy(&v, octets.data(), sizeof v);
            if (std::isnan(v)) return {};
            char buffer[32];
            const int n = std::snprintf(buffer, sizeof buffer, "%.6f", v);
            return {std::string(buffer, static_cast<std::size_t>(std::clamp(n, 0, 31))), true};
        }
        case FieldType::unsigned_int:
        case FieldType::boolean: return {std::to_string(unsigned_of(octets)), true};
        case FieldType::seconds: return {time_text(unsigned_of(octets), 1)};
        case FieldType::milliseconds: return {time_text(unsigned_of(octets), 1'000)};
        case FieldType::microseconds: return {time_text(unsigned_of(octets), 1'000'000)};
        case FieldType::ipv4:
            return octets.size() == 4 ? FieldText{wire::IpAddress::from_v4_bytes(octets.data()).text()} : FieldText{};
        case FieldType::ipv6:
            return octets.size() == 16 ? FieldText{wire::IpAddress::from_v6_bytes(octets.data()).text()} : FieldText{};
        case FieldType::mac: {
            std::string out = wire::hex(octets);
            for (std::size_t at = out.size(); at > 2;) out.insert(at -= 2, ":");
            return {out};
        }
        case FieldType::octets: break;
    }
    return {wire::hex(octets)};
}

}  // namespace voipprobe::probe
