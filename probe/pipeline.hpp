// One worker's packet path: decode, flow, SIP and RTP, records. No I/O, no clock: time is the packets'.
// Thread rule: one owner. Conservation: packets = decoded + sum(dropped); octets and packets of flow records =
// those decoded.
#pragma once

#include <array>
#include <cstdint>

#include "probe/capture/packet.hpp"
#include "probe/decode/decode.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/record/record_sink.hpp"
#include "probe/voip/media_table.hpp"
#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/sip/call_table.hpp"
#include "probe/voip/sip/sip_message.hpp"

namespace voipprobe::probe {

struct PipelineConfig {
    RecordContext context;
    MediaConfig media;
    std::size_t max_flows = 2'000'000;
    std::size_t max_calls = 200'000;
    std::size_t max_endpoints = 1'000'000;
    std::int64_t idle_ns = 30 * wire::kSecond;
    std::int64_t active_ns = 120 * wire::kSecond;
    bool voip_only = false;  // flow records of other traffic are not sent
    wire::SipKey table_key;  // random: keys the tables that strangers can fill
};

struct PipelineCounters {
    std::uint64_t packets = 0;
    std::uint64_t decoded = 0;
    std::uint64_t decoded_octets = 0;  // IP total length
    std::uint64_t truncated = 0;       // decoded, but cut by the snaplen
    std::uint64_t fragments = 0;
    std::array<std::uint64_t, kDropReasons> dropped{};
    std::uint64_t flow_packets = 0;  // in flow, rtp and sip records
    std::uint64_t flow_octets = 0;
    std::uint64_t unsent_packets = 0;  // of flows that no template of the run describes (or --voip-only)
    std::uint64_t flows = 0;
    std::uint64_t flows_evicted = 0;
    std::uint64_t calls = 0;
    std::uint64_t calls_evicted = 0;
    std::uint64_t sip_messages = 0;
    std::uint64_t sip_outside_calls = 0;
    std::array<std::uint64_t, static_cast<std::size_t>(SipDefect::kCount)> sip_malformed{};
};

class Pipeline {
  public:
    Pipeline(const PipelineConfig& config, RecordSink& sink);
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    void process(const RawPacket& packet);
    // Live: time goes on without packets.
    void advance(wire::TimeNs now);
    // End of input: everything open becomes a record.
    void finish();

    const PipelineCounters& counters() const { return counters_; }
    const MediaTracker& media() const { return media_; }
    const FlowTable& flows() const { return flows_; }
    const CallTable& calls() const { return calls_; }
    const MediaTable& promises() const { return promises_; }
    wire::TimeNs now() const { return now_; }

  private:
    void begin(wire::TimeNs first);
    FlowIndex flow_of(const PacketView& p, std::uint8_t& direction);
    void count(FlowIndex i, std::uint8_t direction, const PacketView& p);
    void analyse(FlowIndex i, std::uint8_t direction, PacketView& p);
    void on_sip(FlowIndex i, std::uint8_t direction, const PacketView& p);
    CallIndex new_call(const SipMessage& m, const SipContext& ctx);

    // Timeouts of one flow up to `now`; kGone when it has been removed (never when a packet is `arriving`).
    Tick on_flow_due(FlowIndex i, wire::TimeNs now, bool arriving);
    Tick next_due(FlowIndex i, wire::TimeNs now) const;
    void emit_flow(FlowIndex i, EndReason reason);
    void forget_flow(FlowIndex i);
    bool evict_flow();
    void expire();

    void on_call_due(CallIndex i);
    void end_call(CallIndex i);
    void emit_call(CallIndex i, bool final);
    void emit_dialog(CallIndex i, EndReason reason);
    void emit_stream(RtpStream& s, bool final, wire::TimeNs now);
    void on_interval(RtpStream& s, const IntervalFigures& interval, bool last);
    RecordSource stream_source(const RtpStream& s, templates::RecordKind kind) const;
    wire::TimeNs call_end(const Call& c) const;
    wire::TimeNs last_activity(const Call& c) const;
    RecordSource source(templates::RecordKind kind) const;

    PipelineConfig config_;
    RecordSink& sink_;
    FlowTable flows_;
    CallTable calls_;
    MediaTable promises_;
    MediaTracker media_;
    PipelineCounters counters_;
    wire::TimeNs now_ = wire::kNever;
};

}  // namespace voipprobe::probe
