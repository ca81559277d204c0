// SIP within what TCP carries: WebSocket messages (RFC 7118). Takes the octets of a connection in order, as
// SipTcpStreams has put them, and gives SIP messages back.
// Bounds: 64 KiB of a direction's unread text, `buffers` of them in all; the longest unused gives way
// (counted). Thread rule: one owner. Use: read() and next() until neither goes on, then settle().
#pragma once

#include <array>
#include <cstdint>

#include "probe/flow/reserved_array.hpp"
#include "probe/voip/sip/call.hpp"
#include "probe/voip/sip/sip_framing.hpp"
#include "probe/voip/ws/ws_frame.hpp"

namespace voipprobe::probe {

struct InnerLimits {
    std::uint32_t connections = 65'536;
    std::uint32_t buffers = 1024;
};

struct InnerCounters {
    std::uint64_t ws_connections = 0;
    std::uint64_t ws_frames = 0;          // parts of messages and control frames
    std::uint64_t ws_garbage_octets = 0;  // no frame: a hole, damage
    std::uint64_t ws_compressed = 0;      // messages that cannot be read (RFC 7692)
    std::uint64_t skipped_octets = 0;     // within, no SIP
    std::uint64_t cut_messages = 0;       // incomplete or beyond the bound
    std::uint64_t evicted_buffers = 0;
};

// What a connection's first octets begin.
enum class InnerStart : std::uint8_t { no, maybe, websocket };
InnerStart inner_start(wire::Bytes first);

struct InnerMessage {
    wire::Bytes text;
    std::size_t whole = 0;  // more than the text when it was cut
};

class InnerStreams {
  public:
    static constexpr std::uint32_t kBuffer = 65'536;

    explicit InnerStreams(const InnerLimits& limits);

    // 0 when there is no room.
    std::uint32_t open(InnerStart what);
    void close(std::uint32_t connection);
    // Reads from the front of `octets`, at most up to the end of a message; returns how many are used. 0:
    // more are needed.
    std::size_t read(std::uint32_t connection, std::uint8_t way, wire::Bytes octets);
    // The next message of what was read; valid until the next read().
    bool next(std::uint32_t connection, std::uint8_t way, InnerMessage& out);
    // Octets are missing before those that come.
    void gap(std::uint32_t connection, std::uint8_t way);
    // No more octets come: what is here of a message is given out.
    void finish(std::uint32_t connection, std::uint8_t way);
    // Gives back what nothing is waiting in. True: a message has begun.
    bool settle(std::uint32_t connection, std::uint8_t way);
    SipTransport transport(std::uint32_t connection) const { return connections_[connection].transport; }

    const InnerCounters& counters() const { return counters_; }
    std::size_t connections() const { return in_use_; }
    std::size_t buffers() const { return buffers_in_use_; }

  private:
    struct Buffer {
        std::uint32_t owner;  // connection * 2 + direction
        std::uint32_t older, newer;
        std::uint32_t at, size;  // unread: [at, size)
        std::uint64_t lost;      // octets that did not fit
        std::array<std::uint8_t, kBuffer> data;
    };
    struct Way {
        WsState ws;
        SipFraming framing;
        std::uint32_t buffer = 0;
        bool begun = false;     // past the handshake
        bool complete = false;  // the buffer has a whole message
    };
    struct Connection {
        std::array<Way, 2> way;
        SipTransport transport = SipTransport::ws;
        std::uint32_t next_free = 0;
    };

    Way& way_of(std::uint32_t owner) { return connections_[owner / 2].way[owner % 2]; }
    Buffer* buffer_of(std::uint32_t owner);
    void give_back(Way& w);
    void lose_oldest();
    bool begin_websocket(Way& w, wire::Bytes octets, std::size_t& used);
    std::size_t read_frames(std::uint32_t owner, wire::Bytes octets);
    void append(std::uint32_t owner, wire::Bytes payload, const WsPart& part);
    bool next_of_message(Way& w, InnerMessage& out);

    InnerLimits limits_;
    ReservedArray<Connection> connections_;
    ReservedArray<Buffer> buffers_;
    std::uint32_t next_connection_ = 1, free_connection_ = 0;
    std::uint32_t next_buffer_ = 1, free_buffer_ = 0, oldest_ = 0, newest_ = 0;
    std::size_t in_use_ = 0, buffers_in_use_ = 0;
    InnerCounters counters_;
};

}  // namespace voipprobe::probe
