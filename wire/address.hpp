// An IP address of either family in 16 octets; IPv4 is kept as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), which is
// also how our ipv6Address elements carry IPv4 media addresses. All zero means "none".
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::wire {

struct IpAddress {
    std::array<std::uint8_t, 16> octets{};

    static IpAddress v4(std::uint32_t host_order);
    static IpAddress from_v4_bytes(const std::uint8_t* p) {
        IpAddress a;
        a.set_v4_bytes(p);
        return a;
    }
    // In place: a copy of what was just written in smaller pieces makes the processor wait.
    void set_v4_bytes(const std::uint8_t* p) {
        std::memcpy(octets.data(), kV4Prefix.data(), kV4Prefix.size());
        std::memcpy(octets.data() + 12, p, 4);
    }
    static IpAddress from_v6_bytes(const std::uint8_t* p) {
        IpAddress a;
        std::memcpy(a.octets.data(), p, 16);
        return a;
    }
    // Dotted quad, IPv6 text (RFC 4291 §2.2, no zone); nothing else, in particular no host name.
    static std::optional<IpAddress> parse(std::string_view text);

    bool is_v4() const { return std::memcmp(octets.data(), kV4Prefix.data(), kV4Prefix.size()) == 0; }
    bool is_none() const;
    bool is_unspecified() const;  // 0.0.0.0 or ::
    bool is_multicast() const;
    bool is_private() const;  // RFC 1918, RFC 6598, RFC 4193, link-local
    std::uint32_t v4_host_order() const { return load_be32(octets.data() + 12); }
    Bytes v4_bytes() const { return {octets.data() + 12, 4}; }
    std::string text() const;  // IPv4 dotted, IPv6 per RFC 5952

    friend bool operator==(const IpAddress&, const IpAddress&) = default;
    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

    static constexpr std::array<std::uint8_t, 12> kV4Prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
};

struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;

    std::string text() const;  // 192.0.2.1:5060, [2001:db8::1]:5060
    friend bool operator==(const Endpoint&, const Endpoint&) = default;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace voipprobe::wire
