#include "collector/receive/udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace voipprobe::collector {
namespace {

constexpr int kReceiveBuffer = 32 << 20;
constexpr std::size_t kBatch = 32;
constexpr std::size_t kDatagram = 65536;  // one more than a message may have

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = sizeof(sockaddr_storage);
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }  // the sockets API's own idiom
};

SocketAddress to_socket(const wire::Endpoint& e) {
    SocketAddress out;
    if (e.address.is_v4()) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(e.port);
        std::memcpy(&a.sin_addr, e.address.octets.data() + 12, 4);
        std::memcpy(&out.storage, &a, sizeof a);
        out.length = sizeof a;
    } else {
        sockaddr_in6 a{};
        a.sin6_family = AF_INET6;
        a.sin6_port = htons(e.port);
        std::memcpy(&a.sin6_addr, e.address.octets.data(), 16);
        std::memcpy(&out.storage, &a, sizeof a);
        out.length = sizeof a;
    }
    return out;
}

wire::Endpoint from_socket(const sockaddr_storage& s) {
    if (s.ss_family == AF_INET) {
        sockaddr_in a{};
        std::memcpy(&a, &s, sizeof a);
        return {wire::IpAddress::v4(ntohl(a.sin_addr.s_addr)), ntohs(a.sin_port)};
    }
    sockaddr_in6 a{};
    std::memcpy(&a, &s, sizeof a);
    return {wire::IpAddress::from_v6_bytes(a.sin6_addr.s6_addr), ntohs(a.sin6_port)};
}

tl::unexpected<Error> refused(int fd, const wire::Endpoint& local, const char* what) {
    const int error = errno;
    if (fd >= 0) ::close(fd);
    std::string hint;
    if (error == EADDRINUSE) hint = "; is another collector running?";
    if (error == EACCES) hint = "; ports below 1024 need more rights";
    return fail(ExitCode::failure,
                "udp://" + local.text() + ": " + what + ": " + std::strerror(error) + hint);
}

}  // namespace

Result<BoundSocket> open_udp_socket(const wire::Endpoint& local) {
    BoundSocket out;
    const int family = local.address.is_v4() ? AF_INET : AF_INET6;
    out.fd = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out.fd < 0) return refused(out.fd, local, "cannot open a socket");
    const int on = 1, size = kReceiveBuffer;
    if (setsockopt(out.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) != 0)
        setsockopt(out.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);  // as much as rmem_max allows
    setsockopt(out.fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    SocketAddress address = to_socket(local);
    if (::bind(out.fd, address.get(), address.length) != 0) return refused(out.fd, local, "cannot listen");
    SocketAddress bound;
    if (getsockname(out.fd, bound.get(), &bound.length) == 0) out.local = from_socket(bound.storage);
    socklen_t length = sizeof out.receive_buffer;
    getsockopt(out.fd, SOL_SOCKET, SO_RCVBUF, &out.receive_buffer, &length);
    return out;
}

struct UdpDrain::Buffers {
    std::vector<std::uint8_t> octets = std::vector<std::uint8_t>(kBatch * kDatagram);
    std::array<mmsghdr, kBatch> messages{};
    std::array<iovec, kBatch> vectors{};
    std::array<sockaddr_storage, kBatch> senders{};
    struct alignas(cmsghdr) Control {
        std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> octets;
    };
    std::array<Control, kBatch> controls{};
};

UdpDrain::UdpDrain() : buffers_(std::make_unique<Buffers>()) {}
UdpDrain::~UdpDrain() = default;

std::size_t UdpDrain::drain(int fd, int batches, std::uint32_t& drops_seen, DrainCounters& counters,
                            const Taker& take) {
    Buffers& b = *buffers_;
    std::size_t total = 0;
    for (int batch = 0; batch < batches; ++batch) {
        for (std::size_t i = 0; i < kBatch; ++i) {
            b.vectors[i] = {b.octets.data() + i * kDatagram, kDatagram};
            b.messages[i] = {};
            msghdr& h = b.messages[i].msg_hdr;
            h.msg_name = &b.senders[i];
            h.msg_namelen = sizeof b.senders[i];
            h.msg_iov = &b.vectors[i];
            h.msg_iovlen = 1;
            h.msg_control = b.controls[i].octets.data();
            h.msg_controllen = b.controls[i].octets.size();
        }
        const int n = recvmmsg(fd, b.messages.data(), kBatch, MSG_DONTWAIT, nullptr);
        if (n <= 0) {
            if (n < 0 && errno == EINTR) continue;
            return total;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
            msghdr& h = b.messages[i].msg_hdr;
            for (cmsghdr* c = CMSG_FIRSTHDR(&h); c != nullptr; c = CMSG_NXTHDR(&h, c)) {
                if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL) continue;
                std::uint32_t drops = 0;  // since the socket was made, modulo 2^32
                std::memcpy(&drops, CMSG_DATA(c), sizeof drops);
                counters.kernel_drops += drops - drops_seen;
                drops_seen = drops;
            }
            if ((h.msg_flags & MSG_TRUNC) != 0) ++counters.cut_datagrams;
            ++total;
            const wire::Bytes datagram(b.octets.data() + i * kDatagram, b.messages[i].msg_len);
            if (!take(from_socket(b.senders[i]), datagram)) return total;
        }
        if (static_cast<std::size_t>(n) < kBatch) return total;
    }
    return total;
}

}  // namespace voipprobe::collector
