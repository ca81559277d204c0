// Who sent a message: transport session and observation domain (RFC 7011 §2, "Transport Session"), and the
// name that rows give to the probe. Thread rule: value types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "wire/address.hpp"

namespace voipprobe::collector {

enum class Transport : std::uint8_t { udp, tcp, file };

// A file is read as a session of 127.0.0.1, so that the same records give the same rows through a file and
// through UDP on loopback.
struct Peer {
    Transport transport = Transport::udp;
    wire::Endpoint endpoint;

    friend bool operator==(const Peer&, const Peer&) = default;
};

inline Peer file_peer() { return {Transport::file, {wire::IpAddress::v4(0x7f000001), 0}}; }

// What a message header says about time.
struct MessageTime {
    std::uint32_t export_seconds = 0;          // since the epoch
    std::optional<std::uint32_t> uptime_ms{};  // NetFlow v9: the exporter's uptime at that second

    // Microseconds since the epoch; the uptime counter wraps after 49.7 days (RFC 3954 §5.1).
    std::optional<std::uint64_t> of_uptime(std::uint64_t at_ms) const {
        if (!uptime_ms || at_ms > UINT32_MAX) return std::nullopt;
        const std::uint32_t ago = *uptime_ms - static_cast<std::uint32_t>(at_ms);
        const std::uint64_t now_us = std::uint64_t{export_seconds} * 1'000'000;
        const std::uint64_t ago_us = std::uint64_t{ago} * 1'000;
        if (ago > UINT32_MAX / 2)
            return now_us + (std::uint64_t{UINT32_MAX} + 1 - ago) * 1'000;  // later than the header
        return now_us > ago_us ? std::optional(now_us - ago_us) : std::nullopt;
    }
};

// Address and observation domain: a probe keeps it when it restarts with another source port.
struct ProbeId {
    wire::IpAddress address;
    std::uint32_t domain = 0;

    std::string text() const { return address.text() + "/" + std::to_string(domain); }
    friend bool operator==(const ProbeId&, const ProbeId&) = default;
    friend auto operator<=>(const ProbeId&, const ProbeId&) = default;
};

}  // namespace voipprobe::collector
