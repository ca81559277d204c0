// A template on its way through a restart of the collector. RFC 7011 §8: never of a TCP session, and over UDP only for
// the same address, port and domain, until the exporter sends its own again. Thread rule: value type.
#pragma once

#include "collector/session/peer.hpp"
#include "wire/flow_template.hpp"

namespace voipprobe::collector {

struct StoredTemplate {
    wire::Endpoint exporter;  // UDP
    std::uint32_t domain = 0;
    wire::FlowProtocol protocol = wire::FlowProtocol::ipfix;
    wire::TemplateSpec spec;
};

}  // namespace voipprobe::collector
