// Live reception: one io_context, one thread; sockets are drained in batches, a timer flushes, rotates and
// ends.
#include "wire/asio.hpp"
// keep this order
#include <chrono>
#include <csignal>
#include <set>

#include "collector/receive/receiver.hpp"
#include "collector/receive/tcp_session.hpp"
#include "config/tls_context.hpp"
#include "collector/receive/udp_socket.hpp"

namespace voipprobe::collector {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using Clock = std::chrono::steady_clock;

constexpr int kBatchesPerTurn = 16;  // then timers and other sockets get their turn
constexpr int kBatchesAtEnd = 4096;
constexpr std::size_t kMaxConnections = 1024;
constexpr int kStreamBuffer = 1 << 20;
constexpr auto kTick = std::chrono::milliseconds(100);
constexpr auto kFlushEvery = std::chrono::seconds(1);

wire::IpAddress to_address(const asio::ip::address& a) {
    if (a.is_v4()) return wire::IpAddress::v4(a.to_v4().to_uint());
    return wire::IpAddress::from_v6_bytes(a.to_v6().to_bytes().data());
}

asio::ip::address from_address(const wire::IpAddress& a) {
    if (a.is_v4()) return asio::ip::address_v4(a.v4_host_order());
    return asio::ip::address_v6(a.octets);
}

class Live {
  public:
    Live(Collector& collector, const Say& say, const LiveHooks& hooks)
        : config_(collector.config()), collector_(collector), say_(say), hooks_(hooks), signals_(io_, SIGINT, SIGTERM), requests_(io_), timer_(io_) {}

    Result<void> run() {
        for (const config::ListenAddress& a : config_.listen) {
            auto listening = a.protocol == config::ListenProtocol::udp ? listen_udp(a) : listen_tcp(a);
            if (!listening) return listening;
        }
        if (hooks_.opened)
            if (auto done = hooks_.opened(); !done) return done;
        take_requests();
        signals_.async_wait([this](const boost::system::error_code& error, int) {
            if (!error) stop();
        });
        last_useful_ = last_flush_ = Clock::now();
        tick();
        io_.run();
        take_the_rest();
        return {};
    }

  private:
    struct UdpPort {
        explicit UdpPort(asio::io_context& io) : socket(io) {}
        udp::socket socket;
        std::uint32_t drops_seen = 0;
    };

    Result<void> listen_udp(const config::ListenAddress& a) {
        auto bound = open_udp_socket(a.endpoint);
        if (!bound) return tl::unexpected(bound.error());
        auto port = std::make_unique<UdpPort>(io_);
        port->socket.assign(a.endpoint.address.is_v4() ? udp::v4() : udp::v6(), bound->fd);
        udp_.push_back(std::move(port));
        say_("listening on udp://" + bound->local.text());
        wait_udp(*udp_.back());
        return {};
    }

    // Only those somebody answers: without a handler they keep their default, which ends the program.
    void take_requests() {
        boost::system::error_code ignored;
        if (hooks_.reload) requests_.add(SIGHUP, ignored);
        if (hooks_.report) requests_.add(SIGUSR1, ignored);
        wait_requests();
    }
    void wait_requests() {
        requests_.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            (signal == SIGHUP ? hooks_.reload : hooks_.report)();
            wait_requests();
        });
    }

    void wait_udp(UdpPort& port) {
        port.socket.async_wait(udp::socket::wait_read, [this, &port](const boost::system::error_code& error) {
            if (error || stopping_) return;
            drain(port, kBatchesPerTurn);
            if (!stopping_) wait_udp(port);
        });
    }

    void drain(UdpPort& port, int batches) {
        DrainCounters counters;
        drain_.drain(port.socket.native_handle(), batches, port.drops_seen, counters,
                     [this](const wire::Endpoint& from, wire::Bytes datagram) {
                         take({Transport::udp, from}, datagram);
                         return !collector_.enough();
                     });
        collector_.input().kernel_drops += counters.kernel_drops;
        collector_.input().cut_datagrams += counters.cut_datagrams;
        if (collector_.enough()) stop();
    }

    Result<void> listen_tcp(const config::ListenAddress& a) {
        boost::system::error_code error;
        const tcp::endpoint local(from_address(a.endpoint.address), a.endpoint.port);
        asio::ssl::context* tls = nullptr;
        if (a.protocol == config::ListenProtocol::tls) {
            auto context = config::tls_server_context({config_.tls_ca, config_.tls_cert, config_.tls_key});
            if (!context) return tl::unexpected(context.error());
            SSL_CTX_up_ref(context->get());
            tls_contexts_.push_back(std::make_unique<asio::ssl::context>(context->get()));
            tls = tls_contexts_.back().get();
        }
        auto acceptor = std::make_unique<tcp::acceptor>(io_);
        acceptor->open(local.protocol(), error);
        if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
        // A stated size bounds what a crash of ours can take with it: exporters send their last window again.
        if (!error) acceptor->set_option(asio::socket_base::receive_buffer_size(kStreamBuffer), error);
        if (!error) acceptor->bind(local, error);
        if (!error) acceptor->listen(128, error);
        if (error) return fail(ExitCode::failure, a.text() + ": cannot listen: " + error.message());
        const tcp::endpoint bound = acceptor->local_endpoint(error);
        say_(std::string("listening on ") + (tls != nullptr ? "tls://" : "tcp://") + wire::Endpoint{a.endpoint.address, bound.port()}.text());
        acceptors_.push_back(std::move(acceptor));
        accept(*acceptors_.back(), tls);
        return {};
    }

    void accept(tcp::acceptor& acceptor, asio::ssl::context* tls) {
        acceptor.async_accept([this, &acceptor, tls](const boost::system::error_code& error, tcp::socket socket) {
            if (error == asio::error::operation_aborted || stopping_) return;
            if (!error) welcome(std::move(socket), tls);
            accept(acceptor, tls);
        });
    }

    void welcome(tcp::socket socket, asio::ssl::context* tls) {
        boost::system::error_code error;
        const tcp::endpoint remote = socket.remote_endpoint(error);
        if (error || sessions_.size() >= kMaxConnections) return;  // closed as it goes out of scope
        ++collector_.input().connections;
        const Peer peer{Transport::tcp, {to_address(remote.address()), remote.port()}};
        auto session =
            std::make_shared<TcpSession>(std::move(socket), tls, peer,
                                         TcpSession::Handlers{[this](const Peer& from, wire::Bytes message) {
                                                                  take(from, message);
                                                                  if (collector_.enough()) stop();
                                                              },
                                                              [this](const Peer& from, bool bad) {
                                                                  if (bad)
                                                                      ++collector_.input().bad_connections;
                                                                  collector_.session_ended(from);
                                                              }});
        std::erase_if(sessions_, [](const std::weak_ptr<TcpSession>& s) { return s.expired(); });
        sessions_.push_back(session);
        session->start();
    }

    void take(const Peer& peer, wire::Bytes message) {
        if (collector_.message(peer, message)) last_useful_ = Clock::now();
    }

    void tick() {
        const auto now = Clock::now();
        if (now - last_flush_ >= kFlushEvery) {
            last_flush_ = now;
            collector_.flush();
            for (const Peer& peer : collector_.take_newly_unstable())
                say_("voipcollector: warning: " + peer.endpoint.text() + " changes its templates all the time; it is counted as unstable");
            if (auto saved = collector_.save_state(); !saved) say_("voipcollector: " + saved.error().message);
            collector_.rotate(std::chrono::system_clock::now());
        }
        const std::chrono::duration<double> idle = now - last_useful_;
        if (config_.idle_exit > 0 && idle.count() >= config_.idle_exit) return stop();
        timer_.expires_after(kTick);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) tick();
        });
    }

    void stop() {
        stopping_ = true;
        io_.stop();
    }

    void take_the_rest() {
        if (collector_.enough()) return;
        for (auto& port : udp_) drain(*port, kBatchesAtEnd);
        const auto open = sessions_;
        for (const auto& weak : open)
            if (const auto session = weak.lock()) session->drain();
    }

    const config::CollectorConfig& config_;
    Collector& collector_;
    const Say& say_;
    const LiveHooks& hooks_;
    asio::io_context io_{1};
    asio::signal_set signals_, requests_;
    asio::steady_timer timer_;
    UdpDrain drain_;
    std::vector<std::unique_ptr<UdpPort>> udp_;
    std::vector<std::unique_ptr<asio::ssl::context>> tls_contexts_;
    std::vector<std::unique_ptr<tcp::acceptor>> acceptors_;
    std::vector<std::weak_ptr<TcpSession>> sessions_;
    Clock::time_point last_useful_, last_flush_;
    bool stopping_ = false;
};

}  // namespace

Result<void> receive_live(Collector& collector, const Say& say, const LiveHooks& hooks) {
    return Live(collector, say, hooks).run();
}

}  // namespace voipprobe::collector
