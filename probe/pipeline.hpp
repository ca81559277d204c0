// One worker's packet path: decode, flow, SIP and RTP, records. No I/O, no clock: time is the packets'.
// Thread rule: one owner.
// Conservation, exact after finish() (before, fragments wait for their flow in addition):
//   packets        = decoded + sum(dropped)
//   decoded        = flow_packets + unsent_packets + duplicates + joined
//   decoded_octets = flow_octets + unsent_octets + duplicate_octets
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "probe/capture/packet.hpp"
#include "probe/decode/decode.hpp"
#include "probe/decode/fragment_table.hpp"
#include "probe/flow/duplicate_filter.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/flow/intern_table.hpp"
#include "probe/prepared_packet.hpp"
#include "probe/record/record_sink.hpp"
#include "probe/voip/dpi/classifier.hpp"
#include "probe/voip/media_table.hpp"
#include "probe/voip/plain_media.hpp"
#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/signalling/other_signalling.hpp"
#include "probe/voip/sip/call_table.hpp"
#include "probe/voip/sip/dialog.hpp"
#include "probe/voip/sip/legs.hpp"
#include "probe/voip/sip/registers.hpp"
#include "probe/voip/sip/sip_message.hpp"
#include "probe/voip/sip/tcp_streams.hpp"

namespace voipprobe::probe {

// --flow-key: what besides the 5-tuple tells flows apart.
enum class FlowKey : std::uint8_t { addresses, vlan, tunnel, vlan_and_tunnel };

struct PipelineConfig {
    RecordContext context;
    MediaConfig media;
    std::size_t max_flows = 2'000'000;
    std::size_t max_calls = 200'000;
    std::size_t max_endpoints = 1'000'000;
    std::int64_t idle_ns = 30 * wire::kSecond;
    std::int64_t active_ns = 120 * wire::kSecond;
    bool voip_only = false;  // flow records of other traffic are not sent
    bool dpi = false;        // name applications, where built with nDPI
    bool dedup = true;       // copies of a mirror are left out
    FlowKey flow_key = FlowKey::addresses;
    FragmentLimits fragments;
    SipTcpLimits sip_tcp;
    LegOptions legs;
    std::uint32_t max_tunnels = 65'535;  // different ones at a time, beyond flows have no TUNNEL_ elements
    wire::SipKey table_key;              // random: keys the tables that strangers can fill
};

struct PipelineCounters {
    std::uint64_t packets = 0;
    std::uint64_t decoded = 0;
    std::uint64_t decoded_octets = 0;  // IP total length of the innermost packets
    std::uint64_t duplicates = 0;      // copies by a mirror
    std::uint64_t duplicate_octets = 0;
    std::uint64_t joined =
        0;  // captured packets beyond the first that carried one tunnelled packet in fragments
    std::uint64_t truncated = 0;  // decoded, but cut by the snaplen
    std::uint64_t fragments = 0;
    std::array<std::uint64_t, kDropReasons> dropped{};
    std::uint64_t flow_packets = 0;  // in flow, rtp and sip records
    std::uint64_t flow_octets = 0;
    std::uint64_t unsent_packets = 0;  // of flows that no template of the run describes (or --voip-only)
    std::uint64_t unsent_octets = 0;
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

    // Packets in order of capture. Several at a time cost less: what they need is fetched while others are
    // worked on.
    void process(std::span<const RawPacket> packets);
    void process(const RawPacket& packet) { process(std::span(&packet, 1)); }
    // The same in two steps: prepare() may run on any threads, beside process(); process() has one owner. `decoded` was
    // used before or is new; process() gets as many of them, in the same order.
    void prepare(const RawPacket& packet, PreparedPacket& out, DecodedPacket& decoded) const;
    void process(std::span<const PreparedPacket> packets, std::span<DecodedPacket> decoded);
    // Streams are measured by a crew from now on; nullptr ends that.
    void employ(MeasuringCrew* crew) { media_.employ(crew); }
    MediaTracker& media() { return media_; }
    // Live: time goes on without packets.
    void advance(wire::TimeNs now);
    // Lines of an SSLKEYLOGFILE: TLS connections that begin after, or up to 5 s before, can be read.
    void add_tls_keys(std::string_view lines) {
        sip_tcp_.inner().keys().expect();
        sip_tcp_.inner().keys().add(lines);
    }
    // SIGHUP: takes the timeouts, voip_only and media.heuristic of `next`, nothing else. Flows and calls that are open keep the deadline they wait for.
    void reconfigure(const PipelineConfig& next);
    // End of input: everything open becomes a record.
    void finish();

    const PipelineCounters& counters() const { return counters_; }
    const MediaTracker& media() const { return media_; }
    const FlowTable& flows() const { return flows_; }
    const CallTable& calls() const { return calls_; }
    const MediaTable& promises() const { return promises_; }
    const LegTable& legs() const { return legs_; }
    const PlainMedia& plain() const { return plain_; }
    const FragmentTable& fragments() const { return fragments_; }
    const DuplicateFilter& duplicate_filter() const { return duplicates_; }
    const SipTcpStreams& sip_tcp() const { return sip_tcp_; }
    const Classifier* classifier() const { return classifier_.get(); }  // nullptr: off
    const OtherSignalling& others() const { return others_; }
    const InternTable<TunnelInfo>& tunnels() const { return tunnels_; }
    const InternTable<std::uint64_t>& zones() const { return zones_; }
    wire::TimeNs now() const { return now_; }

  private:
    static constexpr std::size_t kBatch = 32;

    struct Turn {  // of a packet of the batch
        std::uint32_t lane = 0;  // where it may wait
        bool whole = false;      // a shortcut that was decoded, too
    };
    struct PlainTally {  // of a batch
        std::uint64_t packets = 0, octets = 0;
    };
    void take_batch(std::span<const PreparedPacket> batch, std::span<DecodedPacket> decoded);
    void begin(wire::TimeNs first);
    void prepare_whole(const RawPacket& packet, DecodedPacket& out) const;
    void decode_shortcut(const PreparedPacket& packet, DecodedPacket& out, Turn& turn) const;
    void identify(DecodedPacket& packet, std::uint16_t zone) const;  // its key and mark
    void look_ahead(std::span<const PreparedPacket> batch, std::span<DecodedPacket> decoded);
    void look_ahead_at_flows(std::span<const PreparedPacket> batch, std::span<DecodedPacket> decoded,
                             std::span<const std::uint32_t> places);
    bool take_plain_rtp(const PreparedPacket& packet, DecodedPacket& decoded, Turn& turn, PlainTally& tally);
    void take_plain_copy(const PreparedPacket& packet, DecodedPacket& decoded, Turn& turn, DuplicateFilter::Verdict verdict);
    void note_lane(const PreparedPacket& packet, const DecodedPacket& decoded, FlowIndex i);
    bool take_media(DecodedPacket& packet);
    FlowIndex take(DecodedPacket& packet, std::uint16_t zone);
    void take_the_long_way(const PreparedPacket& packet, DecodedPacket& decoded, Turn& turn);
    FlowIndex flow_of(const PacketView& p, std::uint16_t zone, std::uint8_t& direction);
    FlowIndex flow_of(const PacketView& p, std::uint16_t zone, const FlowTable::Key& key,
                      FlowTable::Found found, std::uint8_t& direction);
    void count(FlowIndex i, std::uint8_t direction, const PacketView& p, std::uint32_t packets,
               std::uint64_t octets);
    // A UDP payload; `packets` and `octets` of the flow carried it.
    void analyse(FlowIndex i, std::uint8_t direction, PacketView& p, std::uint32_t packets,
                 std::uint64_t octets);
    SipContext context_of(const PacketView& p, SipTransport transport, std::uint16_t zone) const;
    void on_sip(FlowIndex i, std::uint8_t direction, std::string_view text, std::size_t whole,
                SipContext ctx);
    void take_from_flow(FlowIndex i, std::uint8_t direction, SipContext& ctx);

    // ---- what a mirror makes of packets: pipeline_wrapping.cpp ----
    std::uint16_t zone_of(const PacketView& p);
    void on_copy(FlowIndex i, std::uint8_t direction, PacketView& p, DuplicateFilter::Verdict verdict);
    void count_copy(const PacketView& p);
    void on_fragment(PacketView& p, std::uint16_t zone);
    void on_datagram(std::uint32_t datagram, wire::TimeNs time);
    FlowIndex count_datagram(Datagram& d, wire::TimeNs time, std::uint8_t& direction);
    void on_tcp(FlowIndex i, std::uint8_t direction, const PacketView& p);
    bool may_carry_sip(FlowIndex i, std::uint8_t direction, const PacketView& p) const;
    bool overtook_the_first(FlowIndex i, std::uint8_t direction, const PacketView& p) const;
    void read_sip_tcp(FlowIndex i, std::uint8_t direction, SipContext ctx);
    void end_sip_tcp(FlowIndex i);
    void close_sip_tcp(FlowIndex i);

    CallIndex add_call(std::string_view call_id);
    CallDesk::Host desk_host();
    void assign_legs(wire::TimeNs now);
    void classify(FlowIndex i, const PacketView& p);
    void count_plain(FlowIndex i, std::uint8_t direction, const PacketView& p);
    bool take_image(FlowIndex i, std::uint8_t direction, const PacketView& p);
    void note_shared_media(CallIndex i);
    bool take_signalling(FlowIndex i, std::uint8_t direction, const PacketView& p);
    bool take_signalling_tcp(FlowIndex i, std::uint8_t direction, const PacketView& p);
    CallIndex new_call(const SipMessage& m, const SipContext& ctx);
    CallIndex fork_call(CallIndex first, const SipMessage& m, const SipContext& ctx);

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
    void emit_plain(PlainStream& s, bool final, wire::TimeNs now);
    void on_interval(RtpStream& s, const IntervalFigures& interval, bool last);
    RecordSource stream_source(const RtpStream& s, templates::RecordKind kind) const;
    wire::TimeNs call_end(const Call& c);
    wire::TimeNs last_activity(const Call& c);
    RecordSource source(templates::RecordKind kind) const;

    // prepare() reads these on other threads: nothing beside them is written for each packet.
    PipelineConfig config_;
    bool shortcuts_ = false;  // packets of known media are not looked at by flow
    RecordSink& sink_;
    FlowTable flows_;
    CallTable calls_;
    MediaTable promises_;
    MediaTracker media_;
    PlainMedia plain_;
    DuplicateFilter duplicates_;
    FragmentTable fragments_;
    SipTcpStreams sip_tcp_;
    RegisterTable registers_;
    OtherSignalling others_;
    std::unique_ptr<Classifier> classifier_;
    LegTable legs_;
    InternTable<TunnelInfo> tunnels_;   // of flows
    InternTable<std::uint64_t> zones_;  // --flow-key
    PipelineCounters counters_;
    std::array<PreparedPacket, kBatch> batch_;
    std::array<DecodedPacket, kBatch> decoded_;
    std::array<Turn, kBatch> turns_;
    std::uint32_t lanes_version_ = 0;  // of the lanes in the batch
    wire::TimeNs now_ = wire::kNever;
    wire::TimeNs next_slot_ = wire::kNever;  // when timers are due
};

}  // namespace voipprobe::probe
