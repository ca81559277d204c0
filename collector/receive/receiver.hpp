// The ways into the collector. All are driven by one thread and feed one Collector.
#pragma once

#include <functional>
#include <string>

#include "collector/collector.hpp"

namespace voipprobe::collector {

using Say = std::function<void(const std::string&)>;  // one line for a person, on stderr

// Listens on every address of the configuration until a signal, --idle-exit or --once. SIGTERM and SIGINT end it;
// what the sockets hold by then is still taken.
Result<void> receive_live(const config::CollectorConfig& config, Collector& collector, const Say& say);

// An IPFIX file (RFC 5655) or a capture (pcap, pcapng) of export packets. ExitCode::damaged_input when only a part
// could be read; what could be read was processed.
Result<void> read_file(const std::string& path, Collector& collector);

// The two kinds; read_file() chooses by the first octets.
Result<void> read_ipfix_file(const std::string& path, Collector& collector);
Result<void> read_capture_file(const std::string& path, Collector& collector);

}  // namespace voipprobe::collector
