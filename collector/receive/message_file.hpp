// Export messages from a file: an IPFIX file (RFC 5655) or a capture (pcap, pcapng) of export packets; the
// first octets tell which. Errors: ExitCode::failure when it cannot be read, ExitCode::damaged_input when
// only a part could be; what came before was handed over. Thread rule: blocking, any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "collector/session/peer.hpp"
#include "wire/bytes.hpp"
#include "wire/result.hpp"

namespace voipprobe::collector {

// False: enough, stop reading.
using TakeMessage = std::function<bool(const Peer& from, wire::Bytes message)>;

// `other_packets` counts the packets of a capture that hold no export message.
Result<void> read_message_file(const std::string& path, std::uint64_t& other_packets,
                               const TakeMessage& take);

// The two kinds.
Result<void> read_ipfix_file(const std::string& path, const TakeMessage& take);
Result<void> read_capture_file(const std::string& path, std::uint64_t& other_packets,
                               const TakeMessage& take);

}  // namespace voipprobe::collector
