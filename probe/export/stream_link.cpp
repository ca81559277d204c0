#include "probe/export/stream_link.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace voipprobe::probe {
namespace {

constexpr int kSendBuffer = 1 << 20;
constexpr auto kStep = std::chrono::milliseconds(5);

bool is_ready(int fd, short what) {
    pollfd p{fd, what, 0};
    return ::poll(&p, 1, 0) > 0;
}

}  // namespace

StreamLink::StreamLink(Destination destination, StreamOptions options)
    : destination_(std::move(destination)), options_(std::move(options)) {}

StreamLink::~StreamLink() { drop_socket(); }

void StreamLink::drop_socket() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    ssl_ = nullptr;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void StreamLink::fail_with(std::string why) {
    error_ = std::move(why);
    drop_socket();
    state_ = State::down;
    if (!candidates_.empty()) try_next();
}

Result<void> StreamLink::open() {
    begin();
    while (state_ != State::up && state_ != State::down) {
        poll();
        std::this_thread::sleep_for(kStep);
    }
    if (state_ == State::up) return {};
    return fail(ExitCode::failure, destination_.text() + ": " + error_);
}

bool StreamLink::take_up() { return std::exchange(came_up_, false); }

void StreamLink::begin() {
    attempt_ = Clock::now();
    attempted_ = true;
    deadline_ = attempt_ + options_.connect_timeout;
    candidates_.clear();
    lookup_.start(destination_.host, destination_.port, SOCK_STREAM);
    state_ = State::resolving;
}

void StreamLink::poll() {
    switch (state_) {
        case State::down:
            if (!attempted_ || Clock::now() - attempt_ >= options_.reconnect) begin();
            return;
        case State::resolving:
            if (auto found = lookup_.take()) {
                if (found->empty()) return fail_with("cannot resolve the name");
                candidates_ = std::move(*found);
                std::reverse(candidates_.begin(), candidates_.end());
                return try_next();
            }
            break;
        case State::connecting:
            if (is_ready(fd_, POLLOUT)) return connected();
            break;
        case State::handshaking: handshake(); break;
        case State::up:
            write();
            if (state_ == State::up && peer_is_gone()) fail_with("the collector closed the connection");
            return;
    }
    if (state_ != State::down && state_ != State::up && Clock::now() > deadline_) {
        candidates_.clear();
        fail_with("no answer within " + std::to_string(options_.connect_timeout.count()) + " s");
    }
}

void StreamLink::try_next() {
    while (!candidates_.empty()) {
        const SocketAddress peer = candidates_.back();
        candidates_.pop_back();
        fd_ = ::socket(peer.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd_ < 0) continue;
        const int on = 1;
        setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
        setsockopt(fd_, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
        if (!options_.source_address.empty()) {
            const auto source = parse_socket_address(options_.source_address);
            setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
            if (!source || ::bind(fd_, source->get(), source->length) != 0) {
                error_ = "cannot send from " + options_.source_address + ": " + std::strerror(errno);
                drop_socket();
                continue;
            }
        }
        if (::connect(fd_, peer.get(), peer.length) == 0) return connected();
        if (errno == EINPROGRESS) {
            state_ = State::connecting;
            return;
        }
        error_ = std::string("cannot connect: ") + std::strerror(errno);
        drop_socket();
    }
    state_ = State::down;
}

void StreamLink::connected() {
    int error = 0;
    socklen_t n = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &n);
    if (error != 0) return fail_with(std::string("cannot connect: ") + std::strerror(error));
    if (!options_.tls) {
        state_ = State::up;
        came_up_ = true;
        return;
    }
    ssl_ = SSL_new(options_.tls.get());
    SSL_set_fd(ssl_, fd_);
    if (is_address_literal(destination_.host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), destination_.host.c_str());
    } else {
        SSL_set1_host(ssl_, destination_.host.c_str());
        SSL_ctrl(ssl_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, destination_.host.data());  // SNI
    }
    state_ = State::handshaking;
    handshake();
}

void StreamLink::handshake() {
    ERR_clear_error();
    const int done = SSL_connect(ssl_);
    if (done == 1) {
        state_ = State::up;
        came_up_ = true;
        return;
    }
    const int why = SSL_get_error(ssl_, done);
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
    const long verified = SSL_get_verify_result(ssl_);
    const std::string text = verified != X509_V_OK ? X509_verify_cert_error_string(verified) : config::tls_error_text();
    ERR_clear_error();
    fail_with("TLS: " + text);
}

void StreamLink::queue(wire::Bytes message) {
    if (written_ > 0 && written_ == buffer_.size()) {
        buffer_.clear();
        written_ = 0;
    }
    buffer_.insert(buffer_.end(), message.begin(), message.end());
    queued_total_ += message.size();
    ends_.push_back(queued_total_);
    write();
}

void StreamLink::write() {
    while (state_ == State::up && written_ < buffer_.size()) {
        const std::uint8_t* at = buffer_.data() + written_;
        const std::size_t left = buffer_.size() - written_;
        std::size_t n = 0;
        if (ssl_ != nullptr) {
            ERR_clear_error();
            const int done = SSL_write_ex(ssl_, at, left, &n);
            if (done != 1) {
                const int why = SSL_get_error(ssl_, done);
                if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return;
                return fail_with("TLS: " + config::tls_error_text());
            }
        } else {
            const ssize_t sent = ::send(fd_, at, left, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
                return fail_with(std::string("connection lost: ") + std::strerror(errno));
            }
            n = static_cast<std::size_t>(sent);
        }
        written_ += n;
        written_total_ += n;
        while (!ends_.empty() && ends_.front() <= written_total_) ends_.pop_front();
        if (written_ == buffer_.size()) {
            buffer_.clear();
            written_ = 0;
        } else if (written_ > (1U << 20)) {
            buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(written_));
            written_ = 0;
        }
    }
}

// A collector says nothing; what comes is the end (or TLS's own business).
bool StreamLink::peer_is_gone() {
    std::array<char, 256> room{};
    if (ssl_ != nullptr) {
        std::size_t n = 0;
        ERR_clear_error();
        const int done = SSL_read_ex(ssl_, room.data(), room.size(), &n);
        if (done == 1) return false;
        const int why = SSL_get_error(ssl_, done);
        return why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
    }
    const ssize_t n = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void StreamLink::forget_messages() {
    buffer_.clear();
    written_ = 0;
    ends_.clear();
    written_total_ = queued_total_;
}

bool StreamLink::finish(std::chrono::milliseconds patience) {
    if (state_ != State::up) return false;
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    ::shutdown(fd_, SHUT_WR);
    const auto end = Clock::now() + patience;
    std::array<char, 256> room{};
    while (true) {
        const ssize_t n = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
        if (n == 0) break;
        const bool nothing = n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
        if (n < 0 && !nothing) {
            fail_with(std::string("connection lost: ") + std::strerror(errno));
            return false;
        }
        if (Clock::now() > end) break;  // some never close; what they have, they have
        if (nothing) std::this_thread::sleep_for(kStep);
    }
    drop_socket();
    state_ = State::down;
    return true;
}

void StreamLink::close() {
    drop_socket();
    state_ = State::down;
    attempted_ = true;
    attempt_ = Clock::now();
}

std::optional<LocalEndpoint> StreamLink::local() const { return local_endpoint(fd_, IPPROTO_TCP); }

}  // namespace voipprobe::probe
