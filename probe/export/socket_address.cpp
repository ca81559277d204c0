#include "probe/export/socket_address.hpp"

#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <charconv>
#include <cstring>
#include <thread>

namespace voipprobe::probe {
namespace {

LocalEndpoint endpoint_of(const SocketAddress& a, std::uint8_t protocol) {
    LocalEndpoint out;
    out.protocol = protocol;
    if (a.family() == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &a.storage, sizeof v4);
        out.address = wire::IpAddress::v4(ntohl(v4.sin_addr.s_addr));
        out.port = ntohs(v4.sin_port);
    } else {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &a.storage, sizeof v6);
        out.address = wire::IpAddress::from_v6_bytes(v6.sin6_addr.s6_addr);
        out.port = ntohs(v6.sin6_port);
    }
    return out;
}

SocketAddress make(const wire::IpAddress& address, std::uint16_t port) {
    SocketAddress out;
    if (address.is_v4()) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(address.v4_host_order());
        std::memcpy(&out.storage, &a, sizeof a);
        out.length = sizeof a;
    } else {
        sockaddr_in6 a{};
        a.sin6_family = AF_INET6;
        a.sin6_port = htons(port);
        std::memcpy(&a.sin6_addr, address.octets.data(), 16);
        std::memcpy(&out.storage, &a, sizeof a);
        out.length = sizeof a;
    }
    return out;
}

}  // namespace

bool operator==(const SocketAddress& a, const SocketAddress& b) {
    return a.length == b.length && std::memcmp(&a.storage, &b.storage, a.length) == 0;
}

Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port, int socket_type) {
    addrinfo wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = socket_type;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found); error != 0)
        return fail(ExitCode::failure, gai_strerror(error));
    std::vector<SocketAddress> out;
    for (const addrinfo* a = found; a != nullptr; a = a->ai_next) {
        SocketAddress address;
        std::memcpy(&address.storage, a->ai_addr, a->ai_addrlen);
        address.length = a->ai_addrlen;
        out.push_back(address);
    }
    freeaddrinfo(found);
    return out;
}

Result<SocketAddress> parse_socket_address(const std::string& text) {
    std::string host = text, port;
    if (const std::size_t end = text.find(']'); text.starts_with('[') && end != text.npos) {
        host = text.substr(1, end - 1);
        if (end + 1 < text.size()) port = text.substr(end + 1);
    } else if (const std::size_t colon = text.find(':'); colon != text.npos && text.find(':', colon + 1) == text.npos) {
        host = text.substr(0, colon);
        port = text.substr(colon);
    }
    const auto address = wire::IpAddress::parse(host);
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data() + (port.empty() ? 0 : 1), port.data() + port.size(), number);
    const bool good_port = port.empty() || (port.size() > 1 && port[0] == ':' && error == std::errc() && end == port.data() + port.size());
    if (!address || !good_port)
        return fail(ExitCode::usage, "--source-address: '" + text + "' is no address such as 192.0.2.1, 192.0.2.1:4000 or [2001:db8::1]:4000");
    return make(*address, number);
}

bool is_address_literal(const std::string& host) { return wire::IpAddress::parse(host).has_value(); }

std::optional<LocalEndpoint> local_endpoint(int fd, std::uint8_t protocol) {
    SocketAddress a;
    a.length = sizeof a.storage;
    if (fd < 0 || getsockname(fd, reinterpret_cast<sockaddr*>(&a.storage), &a.length) != 0) return std::nullopt;
    return endpoint_of(a, protocol);
}

struct NameLookup::State {
    std::atomic<bool> done{false};
    std::vector<SocketAddress> found;  // written before `done`
};

void NameLookup::start(const std::string& host, std::uint16_t port, int socket_type) {
    if (state_) return;
    state_ = std::make_shared<State>();
    std::thread([state = state_, host, port, socket_type] {
        if (auto found = resolve(host, port, socket_type)) state->found = std::move(*found);
        state->done = true;
    }).detach();
}

std::optional<std::vector<SocketAddress>> NameLookup::take() {
    if (!state_ || !state_->done) return std::nullopt;
    auto out = std::move(state_->found);
    state_.reset();
    return out;
}

}  // namespace voipprobe::probe
