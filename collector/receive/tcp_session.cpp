#include "collector/receive/tcp_session.hpp"

#include <algorithm>

#include "wire/flow_message.hpp"

namespace voipprobe::collector {
namespace {

constexpr std::size_t kBuffer = 4 * wire::kMaxMessageLength;

}  // namespace

TcpSession::TcpSession(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, const Peer& peer, Handlers handlers)
    : socket_(std::move(socket)), peer_(peer), handlers_(std::move(handlers)), buffer_(kBuffer) {
    if (tls != nullptr) tls_ = std::make_unique<Tls>(std::move(socket_), *tls);
}

void TcpSession::start() {
    if (!tls_) return read();
    tls_->async_handshake(Tls::server, [self = shared_from_this()](const boost::system::error_code& error) {
        if (error) return self->end(true);
        self->ready_ = true;
        self->read();
    });
}

void TcpSession::read() {
    auto took = [self = shared_from_this()](const boost::system::error_code& error, std::size_t n) {
        if (error) return self->end(self->used_ > 0 && error != boost::asio::error::operation_aborted);
        self->used_ += n;
        if (!self->cut_messages()) return self->end(true);
        self->read();
    };
    const auto room = boost::asio::buffer(buffer_.data() + used_, buffer_.size() - used_);
    if (tls_) tls_->async_read_some(room, std::move(took));
    else socket_.async_read_some(room, std::move(took));
}

bool TcpSession::cut_messages() {
    std::size_t at = 0;
    bool good = true;
    while (used_ - at >= 4) {
        const std::size_t length = wire::ipfix_message_length({buffer_.data() + at, used_ - at});
        if (length == 0) {
            good = false;
            break;
        }
        if (used_ - at < length) break;
        handlers_.message(peer_, {buffer_.data() + at, length});
        at += length;
    }
    std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(at),
              buffer_.begin() + static_cast<std::ptrdiff_t>(used_), buffer_.begin());
    used_ -= at;
    return good;
}

void TcpSession::drain() {
    boost::system::error_code error;
    if (tls_ && !ready_) return;
    socket().non_blocking(true, error);
    while (!error && !ended_) {
        const auto room = boost::asio::buffer(buffer_.data() + used_, buffer_.size() - used_);
        used_ += tls_ ? tls_->read_some(room, error) : socket_.read_some(room, error);
        if (!cut_messages()) return end(true);
    }
}

void TcpSession::end(bool bad) {
    if (ended_) return;
    ended_ = true;
    boost::system::error_code ignored;
    socket().close(ignored);
    handlers_.ended(peer_, bad);
}

}  // namespace voipprobe::collector
