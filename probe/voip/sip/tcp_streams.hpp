// SIP messages out of TCP segments as a mirror shows them (RFC 3261 §18.3): out of order, repeated, overlapping
// (what came first is kept), from the middle of a connection, with holes. Messages are framed by Content-Length;
// CRLF between them is skipped (RFC 5626 §3.5.1). After a hole or garbage, reading resumes at the next line that is
// a SIP start line.
// Bounds: 64 KiB and 256 stretches per direction, `buffers` of them and `streams` connections in all; the longest
// unused gives way (counted). A hole is given up when its buffer is full or after 2 s of packet time.
// A whole message in one segment that comes in turn is read in place.
// Thread rule: one owner. Use: add(), then next() until it is empty; messages are valid until the next add().
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/flow.hpp"
#include "probe/flow/reserved_array.hpp"
#include "probe/voip/sip/inner_streams.hpp"
#include "probe/voip/sip/sip_framing.hpp"

namespace voipprobe::probe {

struct SipTcpLimits {
    std::uint32_t streams = 65'536;
    std::uint32_t buffers = 1024;  // 64 KiB each
    InnerLimits inner{};           // WebSocket, TLS
};

struct SipTcpCounters {
    std::uint64_t opened = 0;             // connections that looked like SIP
    std::uint64_t closed_without_sip = 0; // of them, those that were not
    std::uint64_t messages = 0;
    std::uint64_t cut_messages = 0;       // incomplete: a hole, the end, a length beyond the bound
    std::uint64_t copied_octets = 0;      // sent again
    std::uint64_t holes = 0;              // given up
    std::uint64_t skipped_octets = 0;     // neither message nor keep-alive
    std::uint64_t evicted_streams = 0;
    std::uint64_t evicted_buffers = 0;
    std::uint64_t unbuffered = 0;         // segments too far ahead
};

struct SipTcpMessage {
    std::string_view text;
    std::size_t whole = 0;          // octets of the message; more than text when it was cut
    wire::TimeNs time = 0;          // of the segment that completed it
    std::uint32_t packets = 0;      // segments since the message before
    std::uint64_t octets = 0;       // IP octets of the same
};

class SipTcpStreams {
  public:
    static constexpr std::uint32_t kBuffer = 65'536;
    static constexpr std::size_t kMaxStretches = 256;
    static constexpr std::int64_t kHoleTime = 2 * wire::kSecond;

    explicit SipTcpStreams(const SipTcpLimits& limits);

    // A new connection's state; `evicted` is the flow that had to give up its own (0 = none).
    std::uint32_t open(FlowIndex flow, FlowIndex& evicted);
    void close(std::uint32_t stream);
    // The number of the first octet is known (SYN).
    void start(std::uint32_t stream, std::uint8_t direction, std::uint32_t first);
    void add(std::uint32_t stream, std::uint8_t direction, const PacketView& p);
    // No more octets come in this direction: holes are given up, the rest is delivered.
    void finish(std::uint32_t stream, std::uint8_t direction);
    bool next(SipTcpMessage& out);
    // False: the position of the octets is not known yet, start() may tell.
    bool knows(std::uint32_t stream, std::uint8_t direction) const { return streams_[stream].way[direction].known; }
    // How SIP travels on the connection, as far as it is known.
    SipTransport transport(std::uint32_t stream) const {
        return streams_[stream].inner == 0 ? SipTransport::tcp : inner_.transport(streams_[stream].inner);
    }
    // True when the connection has shown so much that is not SIP that it is none.
    bool hopeless(std::uint32_t stream) const;

    const SipTcpCounters& counters() const { return counters_; }
    InnerStreams& inner() { return inner_; }
    const InnerStreams& inner() const { return inner_; }
    // Nothing on the connection will ever be read: its segments need not come here.
    // A connection worth keeping while nothing comes: for an hour.
    bool keeps(std::uint32_t stream, wire::TimeNs now) const {
        return stream != 0 && streams_[stream].inner != 0 && inner_.keeps(streams_[stream].inner, now);
    }
    bool is_tls(std::uint32_t stream) const {
        const SipTransport t = stream == 0 ? SipTransport::tcp : transport(stream);
        return t == SipTransport::tls || t == SipTransport::wss;
    }
    bool ignored(std::uint32_t stream) const { return streams_[stream].inner != 0 && inner_.ignored(streams_[stream].inner); }
    std::string_view server_name(std::uint32_t stream) const {
        return stream == 0 || streams_[stream].inner == 0 ? std::string_view{} : inner_.server_name(streams_[stream].inner);
    }
    std::size_t streams() const { return streams_in_use_; }
    std::size_t buffers() const { return buffers_in_use_; }

  private:
    struct Stretch {
        std::uint32_t from, to;  // octets from the buffer's start
        wire::TimeNs time;       // of the last segment in it
    };
    struct Buffer {
        std::uint32_t owner;  // stream * 2 + direction
        std::uint32_t older, newer;
        std::uint32_t base;   // sequence number of octet 0
        std::uint32_t stretches;
        std::array<Stretch, kMaxStretches> stretch;
        std::array<std::uint8_t, kBuffer> data;
    };
    struct Direction : SipFraming {  // of what begins at `next`
        std::uint32_t next = 0;      // first octet not read yet
        std::uint32_t buffer = 0;
        std::uint32_t packets = 0;   // that brought something since the last message
        std::uint64_t octets = 0;
        std::uint32_t idle_segments = 0;  // that neither ended nor went on with a message
        wire::TimeNs hole_since = wire::kNever;
        bool known = false;    // `next` is right
    };
    struct Stream {
        std::array<Direction, 2> way;
        FlowIndex flow = 0;
        std::uint32_t older = 0, newer = 0;
        std::uint32_t inner = 0;  // what lies between TCP and SIP, 0 = nothing (seen)
        bool any = false;         // a message was read
    };

    Direction& direction(std::uint32_t owner) { return streams_[owner / 2].way[owner % 2]; }
    void link(std::uint32_t stream);
    void link_oldest(std::uint32_t stream);
    void unlink(std::uint32_t stream);
    std::uint32_t take_buffer(std::uint32_t owner, std::uint32_t base);
    void give_back(Direction& d);
    void lose_oldest_buffer();

    bool absorb(Direction& d);
    bool put(Direction& d);
    void compact(Direction& d);
    void find_start(Direction& d);
    void hunt_from_first(Direction& d);
    bool give_up_unread(Direction& d, SipTcpMessage& out);
    bool has_hole(const Direction& d) const;
    void note_hole(Direction& d);
    bool skip_hole(Direction& d);
    wire::Bytes ready(const Direction& d, wire::TimeNs& time) const;
    void advance(Direction& d, std::size_t octets);
    bool frame(Direction& d, SipTcpMessage& out);
    bool unwraps(Direction& d, wire::Bytes text);
    bool frame_inner(Direction& d, SipTcpMessage& out);
    void deliver(Direction& d, wire::Bytes text, std::size_t whole, wire::TimeNs time, SipTcpMessage& out);
    void settle(Direction& d);

    SipTcpLimits limits_;
    ReservedArray<Stream> streams_;
    ReservedArray<Buffer> buffers_;
    InnerStreams inner_;
    std::uint32_t next_stream_ = 1, free_stream_ = 0, oldest_stream_ = 0, newest_stream_ = 0;
    std::uint32_t next_buffer_ = 1, free_buffer_ = 0, oldest_buffer_ = 0, newest_buffer_ = 0;
    std::size_t streams_in_use_ = 0, buffers_in_use_ = 0;
    SipTcpCounters counters_;

    // What add() brought and next() reads.
    std::uint32_t owner_ = 0;       // stream * 2 + direction; 0: none
    wire::Bytes segment_;           // not looked at yet
    std::uint32_t segment_at_ = 0;  // its sequence number
    wire::Bytes direct_;            // read in place, begins at the direction's `next`
    wire::TimeNs now_ = 0;
    std::uint32_t missing_ = 0;     // octets behind the segment that the capture cut
    std::size_t taken_ = 0;         // octets of the message handed out last
    bool ending_ = false;
};

}  // namespace voipprobe::probe
