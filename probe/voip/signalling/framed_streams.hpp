// Messages with a length in front (SCCP; TPKT, RFC 1006 §6) out of TCP segments as a mirror shows them: out of order,
// repeated, from the middle of a connection, with holes.
// Bounds: kBuffer octets and kStretches holes per direction, `buffers` of them and `connections` in all; the longest
// unused gives way (counted). A hole is given up when its buffer is full or after 2 s of packet time; reading resumes at
// the next segment that begins like a message. A whole message in a segment that comes in turn is read in place.
// Thread rule: one owner. Use: add(), then next() until it is empty; messages are valid until the next add().
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/flow.hpp"
#include "probe/flow/reserved_array.hpp"

namespace voipprobe::probe {

enum class Framing : std::uint8_t { sccp, tpkt };

// Octets of the message that begins at the first octet, its header included; 0: the header is not whole yet;
// nullopt: no message begins here.
std::optional<std::uint32_t> sccp_frame_length(wire::Bytes data);
std::optional<std::uint32_t> tpkt_frame_length(wire::Bytes data);

struct FramedLimits {
    std::uint32_t connections = 65'536;
    std::uint32_t buffers = 1024;  // 16 KiB each
};

struct FramedCounters {
    std::uint64_t opened = 0;
    std::uint64_t messages = 0;
    std::uint64_t holes = 0;           // given up
    std::uint64_t skipped_octets = 0;  // of no message, or of one that is too long or has a hole
    std::uint64_t copied_octets = 0;   // sent again
    std::uint64_t evicted_connections = 0;
    std::uint64_t evicted_buffers = 0;
};

class FramedStreams {
  public:
    static constexpr std::uint32_t kBuffer = 16'384;
    static constexpr std::size_t kStretches = 32;
    static constexpr std::int64_t kHoleTime = 2 * wire::kSecond;

    explicit FramedStreams(const FramedLimits& limits = {})
        : limits_(limits), connections_(limits.connections + std::size_t{1}), buffers_(limits.buffers + std::size_t{1}) {}

    // A new connection; `evicted` is the flow that lost its own (0 = none).
    std::uint32_t open(FlowIndex flow, Framing framing, FlowIndex& evicted);
    void close(std::uint32_t connection);
    Framing framing(std::uint32_t connection) const { return connections_[connection].framing; }

    void add(std::uint32_t connection, std::uint8_t direction, const PacketView& p);
    // One message with its header; false when there is no whole one.
    bool next(wire::Bytes& message);

    const FramedCounters& counters() const { return counters_; }
    std::size_t connections() const { return in_use_; }

  private:
    struct Stretch {
        std::uint32_t from, to;  // octets from the buffer's start
    };
    struct Buffer {
        std::uint32_t owner;  // connection * 2 + direction
        std::uint32_t older, newer;
        std::uint32_t base;  // sequence number of octet 0
        std::uint32_t stretches;
        std::array<Stretch, kStretches> stretch;
        std::array<std::uint8_t, kBuffer> data;
    };
    struct Direction {
        std::uint32_t next = 0;  // first octet not read yet
        std::uint32_t buffer = 0;
        std::uint32_t skip = 0;  // octets to leave out: the rest of a message that is too long
        wire::TimeNs hole_since = wire::kNever;
        bool known = false;  // `next` is right, and a message begins there
    };
    struct Connection {
        std::array<Direction, 2> way;
        FlowIndex flow = 0;
        Framing framing = Framing::sccp;
        std::uint32_t older = 0, newer = 0;
    };

    std::optional<std::uint32_t> length_of(wire::Bytes data) const;
    Direction& direction(std::uint32_t owner) { return connections_[owner / 2].way[owner % 2]; }
    void link(std::uint32_t connection);
    void unlink(std::uint32_t connection);
    bool take_buffer(Direction& d, std::uint32_t owner);
    void give_back(Direction& d);
    bool keep(Direction& d, std::uint32_t at, wire::Bytes data);
    void resume(Direction& d);
    void lose(Direction& d);
    wire::Bytes ready(const Direction& d) const;
    void advance(Direction& d, std::uint32_t n);

    FramedLimits limits_;
    ReservedArray<Connection> connections_;
    ReservedArray<Buffer> buffers_;
    std::uint32_t next_connection_ = 1, free_connection_ = 0, oldest_ = 0, newest_ = 0;
    std::uint32_t next_buffer_ = 1, free_buffer_ = 0, oldest_buffer_ = 0, newest_buffer_ = 0;
    std::size_t in_use_ = 0;
    FramedCounters counters_;

    std::uint32_t owner_ = 0;  // connection * 2 + direction of the last add(); 0: none
    wire::Bytes direct_;       // read in place, begins at the direction's `next`
    std::uint32_t taken_ = 0;  // octets of the message handed out last
};

}  // namespace voipprobe::probe
