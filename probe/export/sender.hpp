// Moves finished messages to one destination. Blocking; errors are returned, never thrown, and never final: the
// next message is tried again. Thread rule: one thread, the exporter's.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "probe/export/destination.hpp"
#include "wire/address.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::probe {

struct LocalEndpoint {
    wire::IpAddress address;
    std::uint16_t port = 0;
    std::uint8_t protocol = 17;  // IP protocol number
};

class Sender {
  public:
    virtual ~Sender() = default;
    // Sends one message. UDP: a refusal left over from an earlier datagram is retried once.
    virtual std::error_code send(wire::Bytes message) = 0;
    // Flushes and closes; the error of a file that could not be written.
    virtual std::error_code close() { return {}; }
    // True once after a connection was made anew: the peer knows no template and counts from zero.
    virtual bool take_reconnected() { return false; }
    // What our own packets come from, so that a capture can leave them out.
    virtual std::optional<LocalEndpoint> local() const { return std::nullopt; }
};

// Resolves the name and opens the socket or file. Errors: name unknown, connection refused, file not writable.
Result<std::unique_ptr<Sender>> open_sender(const Destination& destination);
// Parts of open_sender, one per source file.
Result<std::unique_ptr<Sender>> open_udp_sender(const Destination& destination);
Result<std::unique_ptr<Sender>> open_tcp_sender(const Destination& destination);
Result<std::unique_ptr<Sender>> open_file_sender(const Destination& destination);

}  // namespace voipprobe::probe
