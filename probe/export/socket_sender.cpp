// udp:// and tcp://. The only file of this folder with Asio in it.
#include "wire/asio.hpp"

#include <chrono>
#include <thread>

#include "probe/export/sender.hpp"

namespace voipprobe::probe {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

constexpr int kSendBuffer = 1 << 20;
constexpr std::chrono::seconds kReconnectEvery{2};

std::error_code standard(const boost::system::error_code& e) {
    return e ? std::error_code(e.value(), std::generic_category()) : std::error_code();
}

template <typename Endpoint>
LocalEndpoint endpoint_of(const Endpoint& e, std::uint8_t protocol) {
    LocalEndpoint out;
    out.port = e.port();
    out.protocol = protocol;
    if (e.address().is_v4())
        out.address = wire::IpAddress::v4(e.address().to_v4().to_uint());
    else
        out.address = wire::IpAddress::from_v6_bytes(e.address().to_v6().to_bytes().data());
    return out;
}

template <typename Protocol>
Result<typename Protocol::resolver::results_type> resolve(asio::io_context& io, const Destination& d) {
    boost::system::error_code error;
    typename Protocol::resolver resolver(io);
    auto found = resolver.resolve(d.host, std::to_string(d.port), asio::ip::resolver_base::numeric_service, error);
    if (error) return fail(ExitCode::failure, d.text() + ": cannot resolve the name: " + error.message());
    return found;
}

class UdpSender final : public Sender {
  public:
    UdpSender() : socket_(io_) {}

    Result<void> open(const Destination& d) {
        const auto found = resolve<udp>(io_, d);
        if (!found) return tl::unexpected<Error>(found.error());
        boost::system::error_code error;
        for (const auto& entry : *found) {
            error.clear();
            socket_.close(error);
            if (!socket_.open(entry.endpoint().protocol(), error) && !socket_.connect(entry.endpoint(), error)) break;
        }
        if (error) return fail(ExitCode::failure, d.text() + ": cannot open a socket: " + error.message());
        boost::system::error_code ignored;  // a smaller buffer only means more waiting
        socket_.set_option(asio::socket_base::send_buffer_size(kSendBuffer), ignored);
        return {};
    }

    std::error_code send(wire::Bytes message) override {
        boost::system::error_code error;
        socket_.send(asio::buffer(message.data(), message.size()), 0, error);
        if (error == asio::error::connection_refused) {  // reports an earlier datagram; this one was not sent
            error.clear();
            socket_.send(asio::buffer(message.data(), message.size()), 0, error);
        } else if (error == asio::error::no_buffer_space) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            error.clear();
            socket_.send(asio::buffer(message.data(), message.size()), 0, error);
        }
        return standard(error);
    }

    std::optional<LocalEndpoint> local() const override {
        boost::system::error_code error;
        const auto e = socket_.local_endpoint(error);
        if (error) return std::nullopt;
        return endpoint_of(e, 17);
    }

  private:
    asio::io_context io_;
    udp::socket socket_;
};

// IPFIX over TCP (RFC 7011 §10.4): messages carry their length, nothing is added. A broken connection is made
// anew at most every two seconds; messages in between are lost and counted.
class TcpSender final : public Sender {
  public:
    explicit TcpSender(Destination d) : destination_(std::move(d)), socket_(io_) {}

    Result<void> connect() {
        last_try_ = std::chrono::steady_clock::now();
        const auto found = resolve<tcp>(io_, destination_);
        if (!found) return tl::unexpected<Error>(found.error());
        boost::system::error_code error;
        socket_ = tcp::socket(io_);
        asio::connect(socket_, *found, error);
        if (error) return fail(ExitCode::failure, destination_.text() + ": cannot connect: " + error.message());
        boost::system::error_code ignored;
        socket_.set_option(tcp::no_delay(true), ignored);
        return {};
    }

    std::error_code send(wire::Bytes message) override {
        if (!socket_.is_open()) {
            if (std::chrono::steady_clock::now() - last_try_ < kReconnectEvery) return std::make_error_code(std::errc::not_connected);
            if (!connect()) return std::make_error_code(std::errc::not_connected);
            reconnected_ = true;
            return std::make_error_code(std::errc::connection_reset);  // this message still is of the old session
        }
        boost::system::error_code error;
        asio::write(socket_, asio::buffer(message.data(), message.size()), error);
        if (error) {
            boost::system::error_code ignored;
            socket_.close(ignored);
        }
        return standard(error);
    }

    std::error_code close() override {
        boost::system::error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        socket_.close(ignored);
        return {};
    }

    bool take_reconnected() override { return std::exchange(reconnected_, false); }

    std::optional<LocalEndpoint> local() const override {
        boost::system::error_code error;
        const auto e = socket_.local_endpoint(error);
        if (error) return std::nullopt;
        return endpoint_of(e, 6);
    }

  private:
    Destination destination_;
    asio::io_context io_;
    tcp::socket socket_;
    std::chrono::steady_clock::time_point last_try_;
    bool reconnected_ = false;
};

}  // namespace

Result<std::unique_ptr<Sender>> open_udp_sender(const Destination& destination) {
    auto sender = std::make_unique<UdpSender>();
    if (auto opened = sender->open(destination); !opened) return tl::unexpected<Error>(opened.error());
    return sender;
}

Result<std::unique_ptr<Sender>> open_tcp_sender(const Destination& destination) {
    auto sender = std::make_unique<TcpSender>(destination);
    if (auto connected = sender->connect(); !connected) return tl::unexpected<Error>(connected.error());
    return sender;
}

}  // namespace voipprobe::probe
