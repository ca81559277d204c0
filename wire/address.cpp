#include "wire/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <span>

namespace voipprobe::wire {

IpAddress IpAddress::v4(std::uint32_t host_order) {
    const std::array<std::uint8_t, 4> b{
        static_cast<std::uint8_t>(host_order >> 24), static_cast<std::uint8_t>(host_order >> 16),
        static_cast<std::uint8_t>(host_order >> 8), static_cast<std::uint8_t>(host_order)};
    return from_v4_bytes(b.data());
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN + 1> z{};
    if (text.empty() || text.size() >= z.size()) return std::nullopt;
    std::copy(text.begin(), text.end(), z.begin());
    std::array<std::uint8_t, 16> raw{};
    if (inet_pton(AF_INET, z.data(), raw.data()) == 1) return from_v4_bytes(raw.data());
    if (inet_pton(AF_INET6, z.data(), raw.data()) == 1) return from_v6_bytes(raw.data());
    return std::nullopt;
}

bool IpAddress::is_none() const {
    return std::all_of(octets.begin(), octets.end(), [](std::uint8_t o) { return o == 0; });
}

bool IpAddress::is_unspecified() const { return is_none() || (is_v4() && v4_host_order() == 0); }

bool IpAddress::is_multicast() const { return is_v4() ? (octets[12] & 0xf0) == 0xe0 : octets[0] == 0xff; }

bool IpAddress::is_private() const {
    if (!is_v4()) return (octets[0] & 0xfe) == 0xfc || (octets[0] == 0xfe && (octets[1] & 0xc0) == 0x80);
    const std::uint32_t a = v4_host_order();
    return a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 22 == (0x64400000U >> 22) ||
           a >> 16 == 0xa9fe;
}

std::string IpAddress::text() const {
    std::array<char, INET6_ADDRSTRLEN + 1> z{};
    if (is_v4()) {  // without inet_ntop(), which prints: calls are compared by such names
        char* at = z.data();
        for (const std::uint8_t part : std::span(octets).last<4>()) {
            at = std::to_chars(at, z.data() + z.size(), part).ptr;
            *at++ = '.';
        }
        return {z.data(), at - 1};
    }
    inet_ntop(AF_INET6, octets.data(), z.data(), z.size());
    return z.data();
}

std::string Endpoint::text() const {
    const std::string a = address.text();
    return (address.is_v4() ? a : "[" + a + "]") + ":" + std::to_string(port);
}

}  // namespace voipprobe::wire
