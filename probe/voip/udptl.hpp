// One UDPTL packet (ITU-T T.38 §9.1, ASN.1 of Annex A): sequence number, primary IFP packet, error recovery
// (earlier IFP packets, or FEC). Pure: bytes to a struct. What it accepts must fill the datagram exactly, so
// that little else passes.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

struct UdptlPacket {
    std::uint16_t sequence = 0;
    std::uint16_t primary_octets = 0;
    std::uint16_t recovery_fields = 0;  // earlier IFP packets, or FEC fields
    bool fec = false;
};

// `payload` is what was captured of `length` octets of UDP payload; of a packet that was cut only the rest is
// not checked.
std::optional<UdptlPacket> parse_udptl(wire::Bytes payload, std::uint32_t length);

}  // namespace voipprobe::probe
