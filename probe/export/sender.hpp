// Moves finished messages to one destination. Errors are returned, never thrown, and never final: the next message is
// tried again. Thread rule: one thread, the exporter's.
#pragma once

#include <memory>
#include <optional>
#include <span>
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

struct SenderOptions {
    std::string source_address;  // ADDRESS[:PORT], [ADDRESS]:PORT; empty: the system's choice
    bool may_start_unresolved = false;  // a name that does not resolve yet is no error
};

class Sender {
  public:
    virtual ~Sender() = default;
    // Messages that one call of send() takes at best.
    virtual std::size_t batch() const { return 1; }
    // Sends the messages in order; errors[i] says what became of messages[i].
    virtual void send(std::span<const wire::Bytes> messages, std::span<std::error_code> errors) = 0;
    // Looks after what changes with time; called some ten times a second.
    virtual void poll() {}
    // Flushes and closes; the error of a file that could not be written.
    virtual std::error_code close() { return {}; }
    // True once after the peer may have changed: it knows no template and counts from zero.
    virtual bool take_new_peer() { return false; }
    // Once, the largest message that the path takes, after one was too large (it was sent in fragments).
    virtual std::optional<std::size_t> take_path_limit() { return std::nullopt; }
    // Refusals heard since the last call (ICMP port unreachable): each tells that a message sent before was not taken.
    virtual std::uint64_t take_refusals() { return 0; }
    // False while the destination is known to be away.
    virtual bool healthy() const { return true; }
    // What our own packets come from, so that a capture can leave them out.
    virtual std::optional<LocalEndpoint> local() const { return std::nullopt; }
};

// udp://, file:, none (streams: stream_link.hpp). Errors: name unknown, file not writable.
Result<std::unique_ptr<Sender>> open_sender(const Destination& destination, const SenderOptions& options);
// Parts of open_sender, one per source file.
Result<std::unique_ptr<Sender>> open_udp_sender(const Destination& destination, const SenderOptions& options);
Result<std::unique_ptr<Sender>> open_file_sender(const Destination& destination);

}  // namespace voipprobe::probe
