#include "collector/session/convert.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "wire/text.hpp"
#include "wire/time.hpp"

namespace voipprobe::collector {
namespace {

using templates::Absent;
using wire::Bytes;
using wire::FieldType;

constexpr std::uint64_t kLastMicrosecond = INT64_MAX / 1000;  // what TimeNs can hold
constexpr std::size_t kTextCap = 4096;  // the encoders cap at 255; a longer text is a stranger's

std::uint64_t all_ones(std::size_t octets) { return octets >= 8 ? UINT64_MAX : (1ULL << (8 * octets)) - 1; }
bool all_zero(Bytes b) {
    return std::all_of(b.begin(), b.end(), [](std::uint8_t o) { return o == 0; });
}

Value number(const Column& c, Bytes b) {
    wire::ByteReader in(b);
    const std::uint64_t v = in.uint(b.size());
    if (c.absent == Absent::zero && v == 0) return {};
    if (c.absent == Absent::ones && v == all_ones(b.size())) return {};
    return Value::number(v);
}

Value real(Bytes b) {
    wire::ByteReader in(b);
    const double v =
        b.size() == 4 ? static_cast<double>(std::bit_cast<float>(in.u32())) : std::bit_cast<double>(in.u64());
    return std::isfinite(v) ? Value::real(v) : Value{};
}

Value time(const Column& c, wire::FlowProtocol protocol, Bytes b, std::uint64_t& unreadable) {
    wire::ByteReader in(b);
    const std::uint64_t raw = in.uint(b.size());
    if (raw == 0 || raw == all_ones(b.size())) return {};
    std::uint64_t us = raw;
    if (c.type == FieldType::seconds) us = raw * 1'000'000;
    if (c.type == FieldType::milliseconds) us = raw > kLastMicrosecond / 1000 ? UINT64_MAX : raw * 1000;
    if (c.type == FieldType::microseconds && protocol == wire::FlowProtocol::ipfix)
        us = wire::ntp_to_microseconds(raw);
    if (us > kLastMicrosecond) {
        ++unreadable;
        return {};
    }
    return Value::time(us);
}

Value text(Bytes b, std::deque<std::string>& scratch) {
    std::string_view s = wire::as_text(b);
    if (const auto nul = s.find('\0'); nul != std::string_view::npos)
        s = s.substr(0, nul);  // NetFlow v9 padding
    s = wire::cap_text(s, kTextCap);
    if (s.empty()) return {};
    if (wire::is_clean_text(s)) return Value::text(s);
    scratch.push_back(wire::clean_text(s));
    return Value::text(scratch.back());
}

bool length_fits(FieldType type, std::size_t n) {
    switch (type) {
        case FieldType::unsigned_int:
            return n >= 1 && n <= 8;
        case FieldType::float64:
            return n == 4 || n == 8;
        case FieldType::boolean:
            return n == 1;
        case FieldType::seconds:
            return n == 4;
        case FieldType::milliseconds:
        case FieldType::microseconds:
            return n == 8;
        case FieldType::mac:
            return n == 6;
        case FieldType::ipv4:
            return n == 4;
        case FieldType::ipv6:
            return n == 16;
        case FieldType::string:
        case FieldType::octets:
            return true;
    }
    return false;
}

}  // namespace

Value convert(const Column& c, wire::FlowProtocol protocol, Bytes b, std::deque<std::string>& scratch,
              std::uint64_t& unreadable) {
    if (b.empty()) return {};
    if (!c.typed) return Value::octets(b);
    if (!length_fits(c.type, b.size())) {
        ++unreadable;
        return {};
    }
    switch (c.type) {
        case FieldType::unsigned_int:
            return number(c, b);
        case FieldType::boolean:
            return Value::number(b[0] == 1 ? 1 : 0);  // RFC 7011 §6.1.5: 1 true, 2 false
        case FieldType::float64:
            return real(b);
        case FieldType::seconds:
        case FieldType::milliseconds:
        case FieldType::microseconds:
            return time(c, protocol, b, unreadable);
        case FieldType::string:
            return text(b, scratch);
        case FieldType::ipv4:
        case FieldType::ipv6:
            return c.absent == Absent::zero && all_zero(b) ? Value{} : Value::address(b);
        case FieldType::mac:
        case FieldType::octets:
            return c.absent == Absent::zero && all_zero(b) ? Value{} : Value::octets(b);
    }
    return {};
}

}  // namespace voipprobe::collector
