// Payloads that carry others again: RED (RFC 2198), and the formats that only repair (RFC 5109, RFC 8627).
// Pure.
#pragma once

#include <string_view>

#include "probe/voip/rtp/rtp_header.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {

// Makes `h` the header of the primary payload of a RED packet: its payload type, where it begins.
// payload_octets stays, so that octets are those of the packet. False, and nothing changes: the blocks do not
// fit.
inline bool open_red(wire::Bytes payload, RtpHeader& h) {
    constexpr int kMostBlocks = 32;
    std::size_t at = h.header_octets, blocks = 0;
    for (int i = 0; i < kMostBlocks && at < payload.size(); ++i) {
        if ((payload[at] & 0x80) == 0) {  // the primary payload's header is one octet and the last
            const std::size_t begins = at + 1 + blocks;
            if (begins > std::size_t{h.header_octets} + h.payload_octets) return false;
            h.payload_type = payload[at];
            h.header_octets = static_cast<std::uint32_t>(begins);
            return true;
        }
        if (payload.size() - at < 4) return false;
        blocks += (payload[at + 2] & 3U) << 8 | payload[at + 3];
        at += 4;
    }
    return false;
}

// Encoding names of forward error correction.
inline bool is_repair_format(std::string_view encoding) {
    for (const std::string_view name :
         {"ulpfec", "parityfec", "flexfec", "flexfec-03", "1d-interleaved-parityfec"})
        if (wire::equals_ignore_case(encoding, name)) return true;
    return false;
}

}  // namespace voipprobe::probe
