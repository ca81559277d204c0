// UDP ports whose packets are looked into for another packet.
#pragma once

#include <cstdint>

namespace voipprobe::probe {

inline constexpr std::uint16_t kPortL2tp = 1701, kPortGtpU = 2152, kPortVxlan = 4789, kPortGeneve = 6081,
                               kPortVxlanLinux = 8472, kPortTzsp = 37008;

inline bool is_tunnel_port(std::uint16_t port) {
    switch (port) {
        case kPortL2tp:
        case kPortGtpU:
        case kPortVxlan:
        case kPortGeneve:
        case kPortVxlanLinux:
        case kPortTzsp: return true;
        default: return false;
    }
}

}  // namespace voipprobe::probe
