// Who sent a message: transport session and observation domain (RFC 7011 §2, "Transport Session"), and the name
// that rows give to the probe. Thread rule: value types.
#pragma once

#include <cstdint>
#include <functional>
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

// Address and observation domain: a probe keeps it when it restarts with another source port.
struct ProbeId {
    wire::IpAddress address;
    std::uint32_t domain = 0;

    std::string text() const { return address.text() + "/" + std::to_string(domain); }
    friend bool operator==(const ProbeId&, const ProbeId&) = default;
    friend auto operator<=>(const ProbeId&, const ProbeId&) = default;
};

}  // namespace voipprobe::collector
