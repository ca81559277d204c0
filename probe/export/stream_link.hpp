// A connection for IPFIX messages, tcp:// or tls:// (RFC 7011 §10.4, §11): made, watched and made again without ever
// waiting. Messages carry their length, nothing is added. Not more than one attempt in `reconnect` (§10.4.4: a minute).
// Thread rule: one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "config/tls_context.hpp"
#include "probe/export/socket_address.hpp"

struct ssl_st;

namespace voipprobe::probe {

struct StreamOptions {
    std::string source_address;
    std::chrono::seconds reconnect{60};
    std::chrono::seconds connect_timeout{10};
    config::TlsContext tls;  // none: tcp://
};

class StreamLink {
  public:
    using Clock = std::chrono::steady_clock;

    StreamLink(Destination destination, StreamOptions options);
    ~StreamLink();
    StreamLink(const StreamLink&) = delete;
    StreamLink& operator=(const StreamLink&) = delete;

    // Moves everything on: attempts, handshakes, octets that wait. Call it often.
    void poll();
    // Tries now and waits until it is up or has failed.
    Result<void> open();
    bool up() const { return state_ == State::up; }
    // True once after a connection came up: the peer knows no template and counts from zero.
    bool take_up();
    // Octets that the socket has not taken; queue() is for when they are few.
    std::size_t waiting() const { return buffer_.size() - written_; }
    void queue(wire::Bytes message);
    // Messages that were not handed over as a whole when the connection broke.
    std::size_t unsent_messages() const { return ends_.size(); }
    void forget_messages();
    const std::string& last_error() const { return error_; }
    // Says that nothing more comes and waits until the collector has closed too, which it does when it has read
    // everything. False: it went away without (the connection was reset).
    bool finish(std::chrono::milliseconds patience);
    void close();
    std::optional<LocalEndpoint> local() const;

  private:
    enum class State : std::uint8_t { down, resolving, connecting, handshaking, up };

    void begin();
    void try_next();
    void connected();
    void handshake();
    void write();
    bool peer_is_gone();
    void fail_with(std::string why);
    void drop_socket();

    Destination destination_;
    StreamOptions options_;
    State state_ = State::down;
    int fd_ = -1;
    ssl_st* ssl_ = nullptr;
    NameLookup lookup_;
    std::vector<SocketAddress> candidates_;
    Clock::time_point attempt_{};   // when the last attempt began
    Clock::time_point deadline_{};  // of this one
    bool attempted_ = false;
    bool came_up_ = false;
    std::string error_;
    std::vector<std::uint8_t> buffer_;
    std::size_t written_ = 0;
    std::uint64_t queued_total_ = 0, written_total_ = 0;
    std::deque<std::uint64_t> ends_;  // of messages, in octets of queued_total_
};

}  // namespace voipprobe::probe
