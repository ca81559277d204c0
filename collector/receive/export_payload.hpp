// From a captured packet to the export message in it: link layer (Ethernet with VLAN tags, Linux cooked,
// loopback, raw IP), IPv4 or IPv6, UDP. Fragments and other protocols give nothing. Thread rule: pure
// function.
#pragma once

#include <optional>

#include "wire/address.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::collector {

struct ExportPayload {
    wire::Endpoint source;
    wire::Bytes message;
};

// `link_type`: as in a capture file (LINKTYPE_..., tcpdump.org/linktypes.html). A payload is taken for an
// export message when its first 16 bits are 9 or 10 and the UDP length is whole.
std::optional<ExportPayload> find_export_payload(int link_type, wire::Bytes packet);

}  // namespace voipprobe::collector
