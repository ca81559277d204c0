// Media without an RTP header: T.38 fax over UDPTL where a session description announced it, and the UDP
// flows of applications that make calls, as nDPI names them (--dpi on). Counted are packets, octets, sizes
// and gaps of each direction; T.38 has sequence numbers, so loss too. docs/calls.md,
// docs/decisions/0004-media-without-rtp.md. Bounded: kMostFlows, beyond that flows are not counted
// (counters().full). Thread rule: one owner. Time: packet time.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/voip/media_table.hpp"
#include "probe/voip/rtp/rtp_sequence.hpp"
#include "probe/voip/sip/call_table.hpp"

namespace voipprobe::probe {

// Mean and standard deviation of a series as it comes (Welford).
struct RunningMoments {
    std::uint64_t n = 0;
    double mean = 0, m2 = 0;
    void add(double v) {
        ++n;
        const double d = v - mean;
        mean += d / static_cast<double>(n);
        m2 += d * (v - mean);
    }
    double std_dev() const;  // n - 1; 0 below two values
};

// One direction of one flow.
struct PlainStream {
    wire::TimeNs first_time = wire::kNever, last_time = wire::kNever;
    std::uint64_t packets = 0;
    std::uint64_t octets = 0;   // UDP payload
    std::int64_t max_gap = -1;  // ns
    RunningMoments gaps;        // ns
    RunningMoments sizes;       // octets of UDP payload
    std::uint16_t size_min = 0, size_max = 0;
    std::uint16_t vlan = 0;
    std::uint8_t tos = 0;
    std::uint8_t direction = 0;                 // of its flow
    bool image = false;                         // T.38
    std::uint16_t first_seq = 0, last_seq = 0;  // T.38
    RtpSequence sequence;                       // T.38
    std::string_view application;               // nDPI's name; empty: T.38
    FlowIndex flow = 0;
    CallIndex call = 0;  // T.38
    std::uint32_t call_serial = 0;
    Side side = Side::none;  // who receives it
    StreamMatch match = StreamMatch::none;
    std::uint32_t revision = 0;
};

struct PlainCounters {
    std::uint64_t image_packets = 0;        // T.38
    std::uint64_t application_packets = 0;  // of the records that were sent
    std::uint64_t streams = 0;              // with a final record
    std::uint64_t full = 0;                 // flows for which there was no room
};

class PlainMedia {
  public:
    using OnStream = std::function<void(PlainStream&, bool final, wire::TimeNs now)>;
    static constexpr std::size_t kMostFlows = 65'536;
    // An application's flow carries media, not control, when one direction has this many packets at this
    // rate.
    static constexpr std::uint64_t kFewestPackets = 25;
    static constexpr std::int64_t kShortest = 2 * wire::kSecond;
    static constexpr double kSlowest = 5;  // packets per second

    PlainMedia(FlowTable& flows, CallTable& calls, const MediaTable& media, std::int64_t active_ns,
               OnStream on_stream);

    bool any() const { return !index_.empty(); }
    // nDPI begins to look at the flow; counted from here on, until settle() says that it is none of these.
    void watch(FlowIndex flow);
    void settle(FlowIndex flow, std::string_view application);
    // The flow turned out to be RTP.
    void leave(FlowIndex flow);
    // A packet with payload. STUN (RFC 8489) is not media.
    void on_packet(FlowIndex flow, std::uint8_t direction, const PacketView& p);
    // True: UDPTL to, or from, where a running call said that it receives T.38; counted.
    bool on_image(FlowIndex flow, std::uint8_t direction, const PacketView& p);
    bool counts(FlowIndex flow) const { return any() && index_.contains(flow); }
    wire::TimeNs next_snapshot(FlowIndex flow) const;
    void on_snapshot(FlowIndex flow, wire::TimeNs now);
    // Its records are final; nothing is known of the flow any more.
    void end(FlowIndex flow, wire::TimeNs now);

    const PlainCounters& counters() const { return counters_; }

  private:
    struct Entry {
        FlowIndex flow = 0;  // or the next free one
        bool image = false;
        bool settled = false;
        wire::TimeNs next_snapshot = INT64_MAX;
        std::array<PlainStream, 2> streams;
    };
    struct Owner {
        MediaPromise promise;
        Side hears = Side::none;
        StreamMatch match = StreamMatch::none;
    };
    Entry* find(FlowIndex flow);
    Entry* make(FlowIndex flow);
    void release(FlowIndex flow);
    Owner owner_of(const PacketView& p) const;
    void add(Entry& e, std::uint8_t direction, const PacketView& p);
    void report(Entry& e, bool final, wire::TimeNs now);
    static bool is_media(const Entry& e);

    FlowTable& flows_;
    CallTable& calls_;
    const MediaTable& media_;
    const std::int64_t active_ns_;
    OnStream on_stream_;
    ReservedArray<Entry> entries_;
    std::uint32_t next_ = 1, free_ = 0;
    std::unordered_map<FlowIndex, std::uint32_t> index_;
    PlainCounters counters_;
};

}  // namespace voipprobe::probe
