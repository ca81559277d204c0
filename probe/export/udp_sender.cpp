// udp://: a connected socket, so that refusals are heard. Names are looked up again every minute and after an error;
// messages are never fragmented unless one is already made when the path shrinks (RFC 7011 §10.3.3).
#include <netinet/in.h>
#include <netinet/ip.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "probe/export/socket_address.hpp"

namespace voipprobe::probe {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSendBuffer = 1 << 20;
constexpr std::size_t kBatch = 32;
constexpr auto kLookEvery = std::chrono::seconds(60);
constexpr auto kLookAfterError = std::chrono::seconds(5);
constexpr auto kAwayFor = std::chrono::seconds(10);  // after a refusal; then it is tried again
constexpr std::size_t kLeastMessage = 512;           // RFC 7011 §10.3.3

std::error_code last_error() { return {errno, std::generic_category()}; }

class UdpSender final : public Sender {
  public:
    UdpSender(Destination d, SenderOptions o) : destination_(std::move(d)), options_(std::move(o)) {}
    ~UdpSender() override {
        if (fd_ >= 0) ::close(fd_);
    }
    UdpSender(const UdpSender&) = delete;
    UdpSender& operator=(const UdpSender&) = delete;

    Result<void> open() {
        if (!options_.source_address.empty()) {
            auto source = parse_socket_address(options_.source_address);
            if (!source) return tl::unexpected<Error>(source.error());
            source_ = *source;
        }
        const auto found = resolve(destination_.host, destination_.port, SOCK_DGRAM);
        looked_ = Clock::now();
        if (!found) {
            if (options_.may_start_unresolved) return {};
            return fail(ExitCode::failure, destination_.text() + ": cannot resolve the name: " + found.error().message);
        }
        std::error_code error = std::make_error_code(std::errc::address_family_not_supported);
        for (const SocketAddress& a : *found)
            if (!(error = connect(a))) return {};
        return fail(ExitCode::failure, destination_.text() + ": cannot open a socket: " + error.message());
    }

    std::size_t batch() const override { return kBatch; }

    void send(std::span<const wire::Bytes> messages, std::span<std::error_code> errors) override {
        std::size_t at = 0;
        bool retried = false;
        while (at < messages.size()) {
            const std::size_t n = std::min(messages.size() - at, kBatch);
            const int sent = fd_ < 0 ? -1 : send_some(messages.subspan(at, n));
            if (sent > 0) {
                for (int i = 0; i < sent; ++i) errors[at++] = {};
                retried = false;
                continue;
            }
            std::error_code error = fd_ < 0 ? std::make_error_code(std::errc::not_connected) : last_error();
            if (error == std::errc::interrupted) continue;
            if (error == std::errc::connection_refused) ++refusals_;
            // A refusal reports an earlier datagram; the one at hand was not sent.
            if (!retried && (error == std::errc::connection_refused || error == std::errc::no_buffer_space)) {
                if (error == std::errc::connection_refused) away_until_ = Clock::now() + kAwayFor;
                else std::this_thread::sleep_for(std::chrono::milliseconds(1));
                retried = true;
                continue;
            }
            if (error == std::errc::message_size) error = send_in_fragments(messages[at]);
            if (error) failed_ = true;
            if (error == std::errc::connection_refused || fd_ < 0) away_until_ = Clock::now() + kAwayFor;
            errors[at++] = error;
            retried = false;
        }
    }

    void poll() override {
        if (is_address_literal(destination_.host)) return;
        const auto now = Clock::now();
        const auto wait = failed_ || fd_ < 0 || now < away_until_ ? Clock::duration(kLookAfterError) : Clock::duration(kLookEvery);
        if (now - looked_ >= wait) {
            looked_ = now;
            failed_ = false;
            lookup_.start(destination_.host, destination_.port, SOCK_DGRAM);
        }
        const auto found = lookup_.take();  // a failed lookup keeps the address
        if (!found || found->empty() || std::find(found->begin(), found->end(), peer_) != found->end()) return;
        for (const SocketAddress& a : *found) {
            if (connect(a)) continue;
            new_peer_ = true;
            return;
        }
    }

    bool take_new_peer() override { return std::exchange(new_peer_, false); }
    std::optional<std::size_t> take_path_limit() override { return std::exchange(path_limit_, std::nullopt); }
    std::uint64_t take_refusals() override { return std::exchange(refusals_, 0); }
    bool healthy() const override { return fd_ >= 0 && Clock::now() >= away_until_; }
    std::optional<LocalEndpoint> local() const override { return local_endpoint(fd_, IPPROTO_UDP); }

  private:
    std::error_code connect(const SocketAddress& peer) {
        if (source_.length != 0 && source_.family() != peer.family()) return std::make_error_code(std::errc::address_family_not_supported);
        const int fd = ::socket(peer.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return last_error();
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);  // less only means more waiting
        const int never = IP_PMTUDISC_DO;
        if (peer.family() == AF_INET) setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof never);
        else setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &never, sizeof never);
        if (source_.length != 0) {
            const int on = 1;  // the same port again, when the collector's address changes
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        }
        if ((source_.length != 0 && ::bind(fd, source_.get(), source_.length) != 0) || ::connect(fd, peer.get(), peer.length) != 0) {
            const std::error_code error = last_error();
            ::close(fd);
            return error;
        }
        if (fd_ >= 0) ::close(fd_);
        fd_ = fd;
        peer_ = peer;
        away_until_ = {};
        return {};
    }

    int send_some(std::span<const wire::Bytes> messages) {
        std::array<mmsghdr, kBatch> headers{};
        std::array<iovec, kBatch> vectors{};
        for (std::size_t i = 0; i < messages.size(); ++i) {
            vectors[i] = {const_cast<std::uint8_t*>(messages[i].data()), messages[i].size()};
            headers[i].msg_hdr.msg_iov = &vectors[i];
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        return ::sendmmsg(fd_, headers.data(), static_cast<unsigned>(messages.size()), 0);
    }

    // The path takes less than the message at hand: this one goes in fragments, later ones are made smaller.
    std::error_code send_in_fragments(wire::Bytes message) {
        const bool v4 = peer_.family() == AF_INET;
        int mtu = 0;
        socklen_t n = sizeof mtu;
        if (getsockopt(fd_, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU : IPV6_MTU, &mtu, &n) == 0 && mtu > 0) {
            const std::size_t headers = v4 ? 28 : 48;
            path_limit_ = std::max(kLeastMessage, static_cast<std::size_t>(mtu) > headers ? static_cast<std::size_t>(mtu) - headers : 0);
        }
        set_fragments(v4, v4 ? IP_PMTUDISC_DONT : IPV6_PMTUDISC_DONT);
        std::error_code error;
        if (::send(fd_, message.data(), message.size(), 0) < 0) error = last_error();
        set_fragments(v4, v4 ? IP_PMTUDISC_DO : IPV6_PMTUDISC_DO);
        return error;
    }
    void set_fragments(bool v4, int how) const {
        setsockopt(fd_, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER, &how, sizeof how);
    }

    Destination destination_;
    SenderOptions options_;
    SocketAddress source_, peer_;
    int fd_ = -1;
    NameLookup lookup_;
    Clock::time_point looked_{}, away_until_{};
    std::uint64_t refusals_ = 0;
    bool failed_ = false;
    bool new_peer_ = false;
    std::optional<std::size_t> path_limit_;
};

}  // namespace

Result<std::unique_ptr<Sender>> open_udp_sender(const Destination& destination, const SenderOptions& options) {
    auto sender = std::make_unique<UdpSender>(destination, options);
    if (auto opened = sender->open(); !opened) return tl::unexpected<Error>(opened.error());
    return sender;
}

}  // namespace voipprobe::probe
