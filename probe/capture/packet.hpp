// One captured packet as a source lends it: valid until the source is asked for the next batch.
#pragma once

#include <cstdint>

#include "wire/bytes.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

struct RawPacket {
    wire::TimeNs time = 0;         // capture time, ns since the epoch
    wire::Bytes data;              // captured octets
    std::uint32_t wire_length = 0; // octets on the wire, >= data.size() when the snaplen cut
    std::uint16_t link_type = 1;   // LINKTYPE_ value (tcpdump.org/linktypes.html)
};

}  // namespace voipprobe::probe
