// IPFIX over TCP (RFC 7011 §10.4), with TLS or without (§11): one connection is one transport session; messages are cut by their length
// field. Octets that are no IPFIX end the connection (§9.1). Thread rule: the io_context's one thread.
#pragma once

#include "wire/asio.hpp"
// keep this order
#include <boost/asio/ssl.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "collector/session/peer.hpp"
#include "wire/bytes.hpp"

namespace voipprobe::collector {

class TcpSession : public std::enable_shared_from_this<TcpSession> {
  public:
    struct Handlers {
        std::function<void(const Peer&, wire::Bytes)> message;
        std::function<void(const Peer&, bool bad)> ended;
    };

    // `tls`: nullptr for plain TCP.
    TcpSession(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls, const Peer& peer, Handlers handlers);
    void start();
    // What has arrived by now, without waiting.
    void drain();

  private:
    void read();
    bool cut_messages();  // false: the octets are no IPFIX
    void end(bool bad);

    using Tls = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;
    boost::asio::ip::tcp::socket& socket() { return tls_ ? tls_->next_layer() : socket_; }

    boost::asio::ip::tcp::socket socket_;
    std::unique_ptr<Tls> tls_;  // has taken over the socket
    Peer peer_;
    Handlers handlers_;
    std::vector<std::uint8_t> buffer_;
    std::size_t used_ = 0;
    bool ready_ = false;  // TLS: the handshake is over
    bool ended_ = false;
};

}  // namespace voipprobe::collector
