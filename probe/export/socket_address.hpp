// Socket addresses for both families, and names to them without waiting. Thread rule: values; a NameLookup belongs to
// one thread (the resolver runs on one of its own, because it may take many seconds).
#pragma once

#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/export/sender.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    friend bool operator==(const SocketAddress& a, const SocketAddress& b);
};

// Waits for the resolver. Errors: failure, with the resolver's words.
Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port, int socket_type);
// ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT, no names. Errors: usage.
Result<SocketAddress> parse_socket_address(const std::string& text);
bool is_address_literal(const std::string& host);
// Where a socket's packets come from.
std::optional<LocalEndpoint> local_endpoint(int fd, std::uint8_t protocol);

class NameLookup {
  public:
    // Begins unless one is running.
    void start(const std::string& host, std::uint16_t port, int socket_type);
    // The result of a lookup that has ended, once; empty when it failed.
    std::optional<std::vector<SocketAddress>> take();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace voipprobe::probe
