#include "probe/capture/hep_source.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <ctime>

#include "probe/capture/rtcp_json.hpp"
#include "probe/decode/link.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {
namespace {

constexpr int kReceiveBuffer = 8 << 20;
constexpr std::size_t kMaxConnections = 1024;
constexpr std::size_t kMaxStreams = 65'536;
constexpr std::size_t kMaxMessage = 65'535;
constexpr std::uint32_t kApart = 1U << 17;  // beyond what is waited for in a stream: another base is a new beginning
constexpr std::int64_t kMostAhead = 60 * wire::kSecond;  // of an agent's clock

wire::TimeNs wall_clock() {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return wire::TimeNs{t.tv_sec} * wire::kSecond + t.tv_nsec;
}

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

SocketAddress to_socket(const wire::IpAddress& a, std::uint16_t port) {
    SocketAddress out;
    if (a.is_v4()) {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        std::memcpy(&v4.sin_addr, a.v4_bytes().data(), 4);
        std::memcpy(&out.storage, &v4, sizeof v4);
        out.size = sizeof v4;
    } else {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, a.octets.data(), 16);
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.size = sizeof v6;
    }
    return out;
}

std::uint16_t bound_port(int fd) {
    sockaddr_storage s{};
    socklen_t n = sizeof s;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&s), &n) != 0) return 0;
    in_port_t port = 0;
    const std::size_t at = s.ss_family == AF_INET ? offsetof(sockaddr_in, sin_port) : offsetof(sockaddr_in6, sin6_port);
    std::memcpy(&port, reinterpret_cast<const char*>(&s) + at, sizeof port);
    return ntohs(port);
}

wire::SipKey random_key() {
    wire::SipKey key;
    if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key)) key = {0x9e3779b9, 0x7f4a7c15};
    return key;
}

}  // namespace

Result<HepConfig> parse_hep_url(const std::string& url) {
    const auto bad = [&](const char* why) { return fail(ExitCode::usage, "-i " + url + ": " + why + "; write hep://0.0.0.0:9060 or hep://[::]:9060"); };
    HepConfig c;
    std::string_view rest = url;
    rest.remove_prefix(std::min<std::size_t>(rest.size(), 6));
    if (rest.ends_with('/')) rest.remove_suffix(1);
    std::string_view port;
    if (rest.starts_with('[')) {
        const std::size_t end = rest.find(']');
        if (end == rest.npos) return bad("a bracket is not closed");
        c.address = std::string(rest.substr(1, end - 1));
        rest = rest.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return bad("something behind the bracket");
        port = rest.empty() ? rest : rest.substr(1);
    } else if (const std::size_t colon = rest.find(':'); colon != rest.npos) {
        c.address = std::string(rest.substr(0, colon));
        port = rest.substr(colon + 1);
    } else {
        c.address = std::string(rest);
    }
    if (!wire::IpAddress::parse(c.address)) return bad("no address of this machine");
    if (!port.empty()) {
        unsigned n = 0;
        const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), n);
        if (error != std::errc{} || end != port.data() + port.size() || n > 65'535) return bad("no port in 0..65535");
        c.port = static_cast<std::uint16_t>(n);
    }
    return c;
}

std::size_t HepSource::StreamHash::operator()(const StreamKey& k) const {
    const auto word = [](const wire::IpAddress& a, std::size_t at) { return wire::load_le64(a.octets.data() + at); };
    return wire::siphash13<5>({k0, k1}, {word(k.src.address, 0), word(k.src.address, 8), word(k.dst.address, 0), word(k.dst.address, 8),
                                         std::uint64_t{k.src.port} << 16 | k.dst.port});
}

HepSource::HepSource(const HepConfig& config)
    : name_("hep://" + wire::Endpoint{*wire::IpAddress::parse(config.address), config.port}.text()),
      datagram_(kMaxMessage),
      streams_(0, [] {
          const wire::SipKey k = random_key();
          return StreamHash{k.k0, k.k1};
      }()) {
    arena_.reserve(kArena);
}

HepSource::~HepSource() {
    for (const auto& [fd, c] : connections_) ::close(fd);
    for (const int fd : {udp_, tcp_, poll_})
        if (fd >= 0) ::close(fd);
}

Result<std::unique_ptr<HepSource>> HepSource::open(const HepConfig& config) {
    std::unique_ptr<HepSource> s(new HepSource(config));
    if (auto done = s->listen(config); !done) return tl::unexpected<Error>(done.error());
    return s;
}

Result<void> HepSource::listen(const HepConfig& config) {
    const auto failed = [this](const char* what) {
        return fail(ExitCode::failure, "-i " + name_ + ": " + what + ": " + std::strerror(errno));
    };
    const wire::IpAddress address = *wire::IpAddress::parse(config.address);
    const int family = address.is_v4() ? AF_INET : AF_INET6;
    udp_ = ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    tcp_ = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    poll_ = ::epoll_create1(EPOLL_CLOEXEC);
    if (udp_ < 0 || tcp_ < 0 || poll_ < 0) return failed("no socket");
    const int on = 1;
    setsockopt(tcp_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(udp_, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof on);
    if (setsockopt(udp_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer) != 0)
        setsockopt(udp_, SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof kReceiveBuffer);
    SocketAddress a = to_socket(address, config.port);
    if (::bind(tcp_, reinterpret_cast<sockaddr*>(&a.storage), a.size) != 0 || ::listen(tcp_, 64) != 0) return failed("TCP");
    port_ = bound_port(tcp_);
    a = to_socket(address, port_);
    if (::bind(udp_, reinterpret_cast<sockaddr*>(&a.storage), a.size) != 0) return failed("UDP");
    name_ = "hep://" + wire::Endpoint{address, port_}.text();
    watch(udp_);
    watch(tcp_);
    return {};
}

void HepSource::watch(int fd) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    epoll_ctl(poll_, EPOLL_CTL_ADD, fd, &e);
}

std::size_t HepSource::read_batch(std::span<RawPacket> out) {
    arena_.clear();
    std::size_t n = 0;
    for (const int fd : std::exchange(unread_, {}))
        if (const auto c = connections_.find(fd); c != connections_.end()) take_whole(c->second, fd, out, n);
    std::array<epoll_event, 64> ready{};
    const int count = epoll_wait(poll_, ready.data(), static_cast<int>(ready.size()), 0);
    for (int i = 0; i < count; ++i) {
        const int fd = ready[static_cast<std::size_t>(i)].data.fd;
        if (fd == udp_) read_datagrams(out, n);
        else if (fd == tcp_) accept_one();
        else read_connection(fd, out, n);
    }
    state_ = n == 0 ? SourceState::idle : SourceState::more;
    packets_ += n;
    return n;
}

void HepSource::read_datagrams(std::span<RawPacket> out, std::size_t& n) {
    while (n < out.size() && room()) {
        iovec v{datagram_.data(), datagram_.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint32_t))> control{};
        msghdr m{};
        m.msg_iov = &v;
        m.msg_iovlen = 1;
        m.msg_control = control.data();
        m.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(udp_, &m, 0);
        if (got < 0) return;
        for (cmsghdr* c = CMSG_FIRSTHDR(&m); c != nullptr; c = CMSG_NXTHDR(&m, c))
            if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) std::memcpy(&kernel_drops_, CMSG_DATA(c), sizeof kernel_drops_);
        if (take(wire::Bytes(datagram_).first(static_cast<std::size_t>(got)), out[n])) ++n;
    }
}

void HepSource::accept_one() {
    const int fd = ::accept4(tcp_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    if (connections_.size() >= kMaxConnections) {
        ++hep_.connections_refused;
        ::close(fd);
        return;
    }
    ++hep_.connections;
    connections_[fd];
    watch(fd);
}

void HepSource::read_connection(int fd, std::span<RawPacket> out, std::size_t& n) {
    Connection& c = connections_[fd];
    if (c.waiting.size() < kMaxMessage) {
        const std::size_t before = c.waiting.size();
        c.waiting.resize(kMaxMessage);
        const ssize_t got = ::recv(fd, c.waiting.data() + before, c.waiting.size() - before, 0);
        c.waiting.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return drop(fd);
    }
    take_whole(c, fd, out, n);
}

void HepSource::take_whole(Connection& c, int fd, std::span<RawPacket> out, std::size_t& n) {
    std::size_t at = 0;
    for (;;) {
        const wire::Bytes rest = wire::Bytes(c.waiting).subspan(at);
        const auto length = hep_length(rest);
        if (!length) {
            ++hep_.connections_dropped;
            return drop(fd);
        }
        if (*length == 0 || *length > rest.size()) break;
        if (n == out.size() || !room()) {
            unread_.push_back(fd);
            break;
        }
        if (take(rest.first(*length), out[n])) ++n;
        at += *length;
    }
    c.waiting.erase(c.waiting.begin(), c.waiting.begin() + static_cast<std::ptrdiff_t>(at));
}

void HepSource::drop(int fd) {
    ::close(fd);
    connections_.erase(fd);
}

// Where the message stands in its stream: an agent gives whole messages, not octets and their numbers.
TcpPlace HepSource::place_of(const HepMessage& m, std::size_t octets) {
    if (hep_is_datagram(m)) return {};
    if (streams_.size() >= kMaxStreams) {
        hep_.streams_forgotten += streams_.size();
        streams_.clear();
        forgot_streams_ = true;
    }
    const auto [it, fresh] = streams_.try_emplace({m.src, m.dst}, next_base_);
    if (fresh) next_base_ += kApart;
    const TcpPlace place{it->second, fresh && forgot_streams_};
    it->second += static_cast<std::uint32_t>(octets);
    return place;
}

bool HepSource::take(wire::Bytes message, RawPacket& out) {
    ++hep_.messages;
    HepMessage m;
    const HepDefect defect = parse_hep(message, m);
    if (defect != HepDefect::none) {
        ++hep_.refused[static_cast<std::size_t>(defect)];
        return false;
    }
    if (m.compressed) {
        ++hep_.compressed;
        return false;
    }
    wire::Bytes payload = m.payload;
    if (m.type == HepType::rtcp && payload[0] == '{') {
        scratch_.clear();
        if (!rtcp_from_json(payload, scratch_)) {
            ++hep_.rtcp_json_refused;
            return false;
        }
        ++hep_.rtcp_json;
        payload = scratch_;
        m.protocol = 17;
    } else if (m.type != HepType::sip && m.type != HepType::rtp && m.type != HepType::rtcp) {
        ++hep_.other_kinds;
        return false;
    }
    const wire::TimeNs now = wall_clock();
    if (m.time == 0 || m.time > now + kMostAhead) {
        m.time = now;
        ++hep_.times_replaced;
    }
    const std::size_t at = arena_.size();
    if (!write_packet(m, payload, place_of(m, payload.size()), arena_)) {
        ++hep_.too_long;
        return false;
    }
    out.time = m.time;
    out.data = wire::Bytes(arena_).subspan(at);
    out.wire_length = static_cast<std::uint32_t>(out.data.size());
    out.link_type = kLinkRaw;
    return true;
}

CaptureStats HepSource::stats() const { return {packets_, kernel_drops_, 0, true, hep_}; }

}  // namespace voipprobe::probe
