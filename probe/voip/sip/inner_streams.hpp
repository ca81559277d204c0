// SIP within what TCP carries: WebSocket messages (RFC 7118), TLS records whose keys are known, WebSocket within TLS. Takes
// the octets of a connection in order, as SipTcpStreams has put them, and gives SIP messages back.
// A TLS connection without keys, or whose plain text is something else, is left alone (ignored()); its server name stays.
// Keys that come late are waited for 5 s of packet time, or 64 KiB. After a hole in TLS, the next record that
// authenticates under one of the 256 numbers to come tells where it goes on.
// Bounds: 64 KiB of a direction's unread text, `buffers` of them in all; the longest unused gives way
// (counted). Thread rule: one owner. Use: read() and next() until neither goes on, then settle().
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "probe/flow/reserved_array.hpp"
#include "probe/voip/sip/call.hpp"
#include "probe/voip/sip/sip_framing.hpp"
#include "probe/voip/tls/tls_cipher.hpp"
#include "probe/voip/tls/tls_key_log.hpp"
#include "probe/voip/ws/ws_frame.hpp"

namespace voipprobe::probe {

struct InnerLimits {
    std::uint32_t connections = 65'536;
    std::uint32_t buffers = 1024;
    wire::SipKey key{};  // random: of the table of TLS secrets
};

struct InnerCounters {
    std::uint64_t ws_connections = 0;
    std::uint64_t ws_frames = 0;          // parts of messages and control frames
    std::uint64_t ws_garbage_octets = 0;  // no frame: a hole, damage
    std::uint64_t ws_compressed = 0;      // messages that cannot be read (RFC 7692)
    std::uint64_t skipped_octets = 0;     // within, no SIP
    std::uint64_t cut_messages = 0;       // incomplete or beyond the bound
    std::uint64_t evicted_buffers = 0;
    std::uint64_t tls_connections = 0;
    std::uint64_t tls_with_keys = 0;         // of them, opened
    std::uint64_t tls_without_keys = 0;      // left alone: no secret, or a suite or version that is not read
    std::uint64_t tls_not_sip = 0;           // left alone: opened, and something else
    std::uint64_t tls_records = 0;           // opened
    std::uint64_t tls_unopened = 0;          // should have opened and did not
    std::uint64_t tls_garbage_octets = 0;    // no record: a hole, damage
};

// What a connection's first octets begin.
enum class InnerStart : std::uint8_t { no, maybe, websocket, tls };
InnerStart inner_start(wire::Bytes first);

struct InnerMessage {
    wire::Bytes text;
    std::size_t whole = 0;  // more than the text when it was cut
};

class InnerStreams {
  public:
    static constexpr std::uint32_t kBuffer = 65'536;
    static constexpr std::int64_t kKeep = 3600 * wire::kSecond;

    explicit InnerStreams(const InnerLimits& limits);

    // 0 when there is no room.
    std::uint32_t open(InnerStart what);
    void close(std::uint32_t connection);
    // Reads from the front of `octets`, at most up to the end of a message; returns how many are used. 0:
    // more are needed.
    std::size_t read(std::uint32_t connection, std::uint8_t way, wire::Bytes octets, wire::TimeNs now);
    // The next message of what was read; valid until the next read().
    bool next(std::uint32_t connection, std::uint8_t way, InnerMessage& out);
    // Octets are missing before those that come.
    void gap(std::uint32_t connection, std::uint8_t way);
    // No more octets come: what is here of a message is given out.
    void finish(std::uint32_t connection, std::uint8_t way);
    // Gives back what nothing is waiting in. True: a message has begun.
    bool settle(std::uint32_t connection, std::uint8_t way);
    SipTransport transport(std::uint32_t connection) const { return connections_[connection].transport; }
    // Nothing in it will ever be read.
    bool ignored(std::uint32_t connection) const { return connections_[connection].ignored; }
    // Its keys, or that it is SIP, could not be learned again.
    bool keeps(std::uint32_t connection, wire::TimeNs now) const {
        const Connection& c = connections_[connection];
        const bool learned = c.transport == SipTransport::ws ? c.way[0].begun || c.way[1].begun
                                                             : c.way[0].keys.suite != nullptr || c.way[1].keys.suite != nullptr;
        return !c.ignored && learned && now - c.last_read < kKeep;
    }
    // SNI of a TLS connection, at most 95 octets.
    std::string_view server_name(std::uint32_t connection) const {
        const Connection& c = connections_[connection];
        return {c.name.data(), c.name_size};
    }
    TlsKeyLog& keys() { return keys_; }
    const TlsKeyLog& keys() const { return keys_; }

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
        bool begun = false;     // past WebSocket's handshake
        bool complete = false;  // the buffer has a whole message
        // TLS
        bool secret = false;    // what comes is encrypted (after ChangeCipherSpec)
        bool opened = false;    // a record was
        bool hunting = false;   // octets are missing: looking for a record
        std::uint16_t trials = 0;      // after a hole: opening attempts left
        std::uint8_t held = 0;         // octets of `head`
        std::array<std::uint8_t, 96> head;  // of a WebSocket frame that goes on in the next record
        TlsKeys keys;
    };
    struct Connection {
        std::array<Way, 2> way;
        SipTransport transport = SipTransport::ws;
        bool ignored = false;
        bool websocket = false;
        bool known = false;        // what the plain text is
        bool hello = false, answer = false;  // of client and server, seen
        std::uint8_t client = 0;   // the client's direction
        std::uint8_t name_size = 0;
        std::uint32_t next_free = 0;
        wire::TimeNs waiting_since = wire::kNever;  // for keys
        wire::TimeNs last_read = 0;
        TlsRandom random;
        TlsServerHello server;
        std::array<char, 95> name;
    };

    Way& way_of(std::uint32_t owner) { return connections_[owner / 2].way[owner % 2]; }
    Buffer* buffer_of(std::uint32_t owner);
    void give_back(Way& w);
    void lose_oldest();
    bool begin_websocket(Way& w, wire::Bytes octets, std::size_t& used);
    std::size_t read_frames(std::uint32_t owner, wire::Bytes octets);
    void append(std::uint32_t owner, wire::Bytes payload, const WsPart& part);
    bool next_of_message(Way& w, InnerMessage& out);
    bool next_of_stream(Way& w, InnerMessage& out);
    // ---- inner_tls.cpp ----
    std::size_t read_tls(std::uint32_t owner, wire::Bytes octets, wire::TimeNs now);
    void on_hello(Connection& c, std::uint8_t way, wire::Bytes fragment);
    bool get_keys(Connection& c, wire::TimeNs now);
    void open_record(std::uint32_t owner, const TlsRecord& record);
    std::optional<TlsPlain> open_after_hole(Way& w, const TlsRecord& record);
    void on_plain(std::uint32_t owner, const TlsPlain& plain);
    void read_plain(std::uint32_t owner);
    void append_text(std::uint32_t owner, wire::Bytes text);
    void ignore(Connection& c, std::uint64_t& counter);

    InnerLimits limits_;
    ReservedArray<Connection> connections_;
    ReservedArray<Buffer> buffers_;
    std::uint32_t next_connection_ = 1, free_connection_ = 0;
    std::uint32_t next_buffer_ = 1, free_buffer_ = 0, oldest_ = 0, newest_ = 0;
    std::size_t in_use_ = 0, buffers_in_use_ = 0;
    TlsKeyLog keys_;
    TlsOpener opener_;
    // Plain text of the record read last: [plain_at_, plain_end_) of plain_, the direction's held octets before it.
    std::array<std::uint8_t, 96 + kTlsMaxFragment> plain_;
    std::size_t plain_at_ = 0, plain_end_ = 0;
    InnerCounters counters_;
};

}  // namespace voipprobe::probe
