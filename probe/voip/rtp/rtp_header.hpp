// The RTP fixed header (RFC 3550 §5.1). Pure: bytes to a struct.
#pragma once

#include <cstdint>
#include <optional>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

struct RtpHeader {
    bool marker = false;
    std::uint8_t payload_type = 0;
    std::uint16_t sequence = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint32_t payload_octets = 0;  // without header, extension and padding
    std::uint32_t header_octets = 12;  // fixed header, CSRCs, extension
};

// `payload` is what was captured of `length` octets of UDP payload; a snaplen may have cut anything after the fixed
// header, then what cannot be seen (extension length, padding) is taken as absent.
// nullopt: not RTP (version, payload type 72..76 reserved for RTCP, lengths that cannot be).
inline std::optional<RtpHeader> parse_rtp(wire::Bytes payload, std::uint32_t length) {
    if (payload.size() < 12 || (payload[0] & 0xc0) != 0x80) return std::nullopt;
    RtpHeader h;
    h.marker = (payload[1] & 0x80) != 0;
    h.payload_type = payload[1] & 0x7f;
    if (h.payload_type >= 72 && h.payload_type <= 76) return std::nullopt;
    h.sequence = wire::load_be16(payload.data() + 2);
    h.timestamp = wire::load_be32(payload.data() + 4);
    h.ssrc = wire::load_be32(payload.data() + 8);
    if (payload[0] == 0x80) {  // no padding, extension or CSRC: nearly every packet of telephony
        h.payload_octets = length - 12;
        return h;
    }
    std::uint32_t header = 12 + (payload[0] & 0x0fU) * 4;
    if ((payload[0] & 0x10) != 0) {
        if (payload.size() >= header + 4) header += 4 + std::uint32_t{wire::load_be16(payload.data() + header + 2)} * 4;
        else if (payload.size() == length) return std::nullopt;
    }
    if (header > length) return std::nullopt;
    std::uint32_t padding = 0;
    if ((payload[0] & 0x20) != 0 && payload.size() == length) {
        padding = payload[length - 1];
        if (padding == 0 || padding > length - header) return std::nullopt;
    }
    h.header_octets = header;
    h.payload_octets = length - header - padding;
    return h;
}

// RFC 5761 §4: RTCP on the same port is told by packet types 192..223 (here 192..195 FIR/NACK and 200..213).
inline bool is_rtcp(wire::Bytes payload) {
    return payload.size() >= 8 && (payload[0] & 0xc0) == 0x80 &&
           ((payload[1] >= 192 && payload[1] <= 195) || (payload[1] >= 200 && payload[1] <= 213));
}

}  // namespace voipprobe::probe
