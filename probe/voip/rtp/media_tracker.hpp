// RTP on flows: finds streams (announced by SDP, or consistent enough on their own), measures them, ties them
// to calls. Owned by a worker; streams and their pools are bounded. Time: packet time only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/flow_table.hpp"
#include "probe/voip/media_table.hpp"
#include "probe/voip/rtcp/report_times.hpp"
#include "probe/voip/rtp/dialled_digits.hpp"
#include "probe/voip/rtp/lane_index.hpp"
#include "probe/voip/rtp/measuring_crew.hpp"
#include "probe/voip/rtp/rtp_stream.hpp"
#include "probe/voip/rtp/source_names.hpp"
#include "probe/voip/rtp/waiting_lane.hpp"
#include "probe/voip/sip/call_table.hpp"
#include "wire/prefetch.hpp"

namespace voipprobe::probe {

struct SipMessage;
struct StreamBlocks;
struct RtcpMos;

// --rtp-map: what a dynamic payload type means where no SDP was seen.
struct RtpMapEntry {
    std::uint32_t clock_rate = 0;
    std::string encoding;
};

struct MediaConfig {
    bool heuristic = true;
    std::size_t max_streams = 1'000'000;
    std::size_t series_octets = std::size_t{64} << 20;
    std::size_t histogram_octets = std::size_t{512} << 20;  // address space; touched on demand
    std::array<RtpMapEntry, 128> rtp_map{};
    std::int64_t active_ns = 120 * wire::kSecond;
    bool dtmf = false;              // keep the digits of RFC 4733 events
    bool speech_weighting = false;  // keep which packets carry speech, and which losses lay in it
    bool relative_delay = false;    // keep the distribution of the relative delay
    bool source_names = false;      // keep CNAME and TOOL of RTCP SDES
};

// The streams of one flow: a list of SSRCs per direction.
struct MediaFlow {
    FlowIndex flow = 0;
    std::array<std::uint32_t, 2> head{};
    std::uint16_t streams = 0;
    bool announced = false;
    bool confirmed = false;
    std::uint8_t strikes = 0;
    std::uint32_t rtcp_packets = 0;
    std::array<RoundTrips, 2> round_trips{};  // between the probe and the end that receives this direction
    ReportPath partner;  // the other way's flow, when RTCP showed that each way has a flow of its own
    std::array<wire::Endpoint, 2> partner_ends{};  // its source and destination; stay when it has ended
};

struct RtcpCounters {
    std::uint64_t sender_reports = 0, receiver_reports = 0, extended_reports = 0, byes = 0;
    std::uint64_t source_descriptions = 0;
    std::uint64_t names_shortened = 0;   // CNAME or TOOL above 64 octets
    std::uint64_t other_packets = 0;     // APP, feedback
    std::uint64_t extended_blocks = 0;   // of XR
    std::uint64_t refused_blocks = 0;    // whose length does not fit, or whose type is not assigned
    std::uint64_t blocks_without_period = 0;  // void without a Measurement Information Block (RFC 6776) beside them
    std::uint64_t blocks_beyond_limit = 0;    // about more than 8 streams in one compound
    std::uint64_t scores_of_unknown_algorithm = 0;  // XR MOS whose algorithm SDP did not name, or which says neither LQ nor CQ
    std::uint64_t round_trips = 0;       // a report that quotes one that had passed
    std::uint64_t unmatched_quotes = 0;  // of what had not passed
    std::uint64_t session_reports = 0;   // RFC 6035 and BYE statistics that found their stream
    std::uint64_t session_report_orphans = 0;
    std::uint64_t session_reports_refused = 0;
};

struct MediaCounters {
    std::uint64_t rtp_packets = 0;
    std::uint64_t rtcp_packets = 0;
    std::uint64_t rtcp_orphans = 0;  // of no known RTP flow
    std::uint64_t rtcp_refused = 0;  // damaged or encrypted
    RtcpCounters rtcp;
    std::uint64_t streams = 0;                // opened
    std::uint64_t unconfirmed = 0;            // given up: not consistent enough to be RTP
    std::uint64_t ssrc_overflow = 0;          // packets of an SSRC beyond the limit per flow direction
    std::uint64_t streams_full = 0;           // packets not measured because the stream table was full
    std::uint64_t orphans = 0;                // streams without a call
    std::uint64_t digits_without_stream = 0;  // messages of SIP INFO
};

class MediaTracker {
  public:
    using OnStream = std::function<void(RtpStream&, bool final, wire::TimeNs now)>;
    using OnInterval = std::function<void(RtpStream&, const IntervalFigures&, bool last)>;
    static constexpr std::size_t kMaxSsrcs = 8;     // per flow and direction
    static constexpr std::uint8_t kProbation = 5;   // consistent packets before unannounced RTP is believed
    static constexpr std::uint8_t kMaxStrikes = 8;  // packets against it before a flow is left alone

    MediaTracker(const MediaConfig& config, FlowTable& flows, CallTable& calls, MediaTable& media,
                 OnStream on_stream, wire::SipKey key);

    void reconfigure(std::int64_t active_ns, bool heuristic) {
        config_.active_ns = active_ns;
        config_.heuristic = heuristic;
    }

    // Called at the end of every 10-second interval that had packets, and for the rest when the stream ends.
    void on_interval(OnInterval f) { on_interval_ = std::move(f); }

    // Waiting packets are measured by `crew` from now on, which outlives the last packet. See
    // measure_batch().
    void employ(MeasuringCrew* crew);
    // For the crew's threads: measures a batch that was submitted to it. Batches of one stream never at a
    // time.
    void measure_batch(std::uint32_t stream, std::span<const WaitingPacket> packets) {
        streams_[stream].measure_batch(packets, pools_);
    }
    void prefetch(std::uint32_t stream) const { streams_[stream].prefetch(); }
    void prefetch_pools(std::uint32_t stream) const {
        flows_.prefetch(streams_[stream].flow);
        streams_[stream].prefetch_pools(pools_);
    }

    // Where the packets of a flow's direction wait; 0: it has no media.
    std::uint32_t lane_of(FlowIndex i, std::uint8_t direction) const {
        const std::uint32_t media = flows_.hot(i).media;
        return media == 0 ? 0 : 2 * media + direction;
    }
    // The same by what is on the wire, for IPv4.
    const LaneIndex& lane_index() const { return lane_index_; }
    void enter(const LaneKey& key, std::uint32_t lane) {
        if (lane_index_.find(key) == 0) lane_index_.add(key, lane);
    }

    // For batches: ask for the memory that the next step, at last wait() or on_media(), reads. prefetch_waiting() returns
    // the stream that its packet will have measured, 0 none.
    void prefetch_lane(std::uint32_t lane) const { wire::prefetch(&lanes_[lane]); }
    bool is_open(std::uint32_t lane) const { return lanes_[lane].until != wire::kNever; }
    std::uint32_t prefetch_waiting(std::uint32_t number) const {
        const WaitingLane& lane = lanes_[number];
        wire::prefetch(lane.packets.data() + lane.count);
        const bool measures =
            lane.stream != 0 && (lane.count + 1U >= WaitingLane::kRoom || lane.until == wire::kNever);
        if (!measures) return 0;
        for (std::size_t at = 64; at < sizeof lane; at += 64) wire::prefetch(reinterpret_cast<const char*>(&lane) + at);
        if (crew_ == nullptr) return lane.stream;
        wire::prefetch(&streams_[lane.stream].payload);  // measure_full() looks at this line before others measure
        return 0;
    }

    // A UDP packet whose payload, `length` octets, begins with the 12 octets at `rtp`, the first of them 0x80, in an IP
    // packet that has nothing but it. True: there is nothing to see in it but its figures.
    bool may_wait(std::uint32_t lane, const std::uint8_t* rtp, std::uint32_t length, wire::TimeNs time) const {
        return lanes_[lane].takes(rtp, length, time, media_.generation());
    }
    // After may_wait(). The flow's own counters get it with the others of its lane: count_waiting().
    // Nor have counters() it before waited().
    void wait(std::uint32_t number, const std::uint8_t* rtp, std::uint32_t length, wire::TimeNs time) {
        WaitingLane& lane = lanes_[number];
        if (lane.add(rtp, length, time)) measure_full(lane);
    }
    void waited(std::uint64_t packets) { counters_.rtp_packets += packets; }
    // The flow's counters now hold every packet so far.
    void count_waiting(FlowIndex i) {
        for (std::uint8_t direction = 0; direction < 2; ++direction)
            if (const std::uint32_t lane = lane_of(i, direction)) count_into_flow(lanes_[lane]);
    }
    // Before the flow's counters start anew, or it is looked at earlier than was said: its next packets go the long way.
    void close_lanes(FlowIndex i) {
        for (std::uint8_t direction = 0; direction < 2; ++direction)
            if (const std::uint32_t lane = lane_of(i, direction)) lanes_[lane].close();
    }

    // A UDP packet whose first octet is 128..191, on a flow without RTP state.
    void on_candidate(FlowIndex i, std::uint8_t direction, const PacketView& p);
    // A UDP packet on a flow with RTP state.
    void on_media(FlowIndex i, std::uint8_t direction, const PacketView& p);
    // Media without an RTP header, of which the caller makes one (media_frames.cpp): a stream that `hears` of
    // the call receives; 0: no room. Then its further packets, as long as it is one of the call's streams.
    std::uint32_t open_frames(FlowIndex i, std::uint8_t direction, const RtpHeader& h, const PacketView& p,
                              CallIndex call, Side hears);
    void on_frame(std::uint32_t stream, const RtpHeader& h, const PacketView& p);
    // A copy, from a mirror, of a packet that was seen.
    void on_copy(FlowIndex i, std::uint8_t direction, const PacketView& p);
    // The flow has been silent for its idle timeout: ends its streams unless an open call holds them.
    // True when the flow must stay.
    bool on_idle(FlowIndex i, wire::TimeNs now, bool force);
    // What a SIP message says about media: RFC 6035 reports, statistics in BYE and its response, digits of
    // INFO. `fresh`: no copy of a message seen before.
    void on_signalling(const SipMessage& m, std::string_view text, CallIndex call, bool fresh);
    // What `hears` says about the audio it received (SCCP, MGCP, IAX2).
    void on_report(const Call& call, Side hears, const SessionReport& report);
    // Ends one stream now (its call is over).
    void end(std::uint32_t stream, wire::TimeNs now);
    // Snapshots that are due (contract: every active timeout from a stream's start).
    void on_snapshot(FlowIndex i, wire::TimeNs now);
    wire::TimeNs next_snapshot(FlowIndex i) const;

    // The stream with most packets in a direction; nullptr when there is none.
    const RtpStream* main_stream(FlowIndex i, std::uint8_t direction);
    const MediaFlow* flow_media(FlowIndex i) const;
    // Both ends of the other way's flow, where each way has a flow of its own; without an address: RTCP did not show it.
    std::array<wire::Endpoint, 2> partner_of(const RtpStream& s) const;
    // A packet of a stream that is believed.
    bool carries(FlowIndex i, std::uint8_t direction, const PacketView& p) const;
    // With every packet so far measured.
    RtpStream& stream(std::uint32_t s) {
        if (streams_[s].batch != 0) [[unlikely]]
            settle(s);
        catch_up(streams_[s]);
        return streams_[s];
    }
    // Its call is over.
    void call_over(std::uint32_t s) { leave_lane(stream(s)).call_over = true; }
    const CallFormat* format_of(const RtpStream& s, std::uint8_t pt) const;
    const RtpMapEntry* map_entry(std::uint8_t pt) const;
    // Encoding name of a stream's main payload type; empty when unknown.
    std::string_view codec_of(const RtpStream& s) const;
    // Mean path round trip, ns: both sides of the probe; nullopt unless RTCP showed both.
    std::optional<double> round_trip(const RtpStream& s) const;
    // Round trips between the probe and the stream's receiver [0] and sender [1].
    std::array<RoundTrips, 2> sides(const RtpStream& s) const;
    // nullptr: nobody said more than RTCP reports do.
    const ReportedDetail* reported_detail(const RtpStream& s) const;
    // --speech-weighting on; nullptr: nothing is known (off, payload cut by the snaplen, encrypted).
    const SpeechActivity* speech(const RtpStream& s) const;
    // --dtmf on: the digits of its events.
    std::string_view digits(const RtpStream& s) const {
        return config_.dtmf ? digits_[index_of(s)].view() : std::string_view{};
    }
    // When asked for: what its sender calls itself in RTCP; nullptr otherwise.
    const SourceNames* source_names(const RtpStream& s) const { return config_.source_names ? &names_[index_of(s)] : nullptr; }
    MediaPools& pools() { return pools_; }
    const MediaPools& pools() const { return pools_; }
    const MediaCounters& counters() const { return counters_; }
    std::size_t open_streams() const { return open_streams_; }
    std::size_t most_streams() const { return next_stream_ - 1; }  // at a time
    std::size_t memory_octets() const;                             // with that many

  private:
    class RtcpIntake;
    static constexpr std::uint64_t kModeAtFirst = 32;  // packets that all show the codec's mode; then one in each lane
    static constexpr std::int64_t kPause = 5 * wire::kSecond;  // after it a stream of the same SSRC may be another call's
    void settle(std::uint32_t s);
    void measure_full(WaitingLane& lane);
    void count_into_flow(WaitingLane& lane);
    void empty(WaitingLane& lane) {
        count_into_flow(lane);
        lane.count = lane.counted = 0;
    }
    void catch_up(RtpStream& s) {
        if (s.lane == 0 || lanes_[s.lane].count == 0) return;
        WaitingLane& lane = lanes_[s.lane];
        const std::size_t n = lane.count;
        empty(lane);
        s.measure_batch(std::span(lane.packets).first(n), pools_);
    }
    bool is_tied(const RtpStream& s) const;
    void leave_index(FlowIndex i);
    void enter_lane(RtpStream& s, std::uint32_t index);
    RtpStream& leave_lane(RtpStream& s);
    wire::TimeNs last_arrival(const RtpStream& s) const;
    ReportPath session_of(FlowIndex i, const PacketView& p);
    ReportPath promised_session(const PacketView& p) const;
    void on_rtcp(FlowIndex i, std::uint8_t direction, const PacketView& p);
    void measure_speech(std::uint32_t index, const RtpHeader& h, const PacketView& p);
    std::size_t index_of(const RtpStream& s) const { return static_cast<std::size_t>(&s - streams_.data()); }
    bool alive(const ReportPath& p) const;
    std::array<wire::Endpoint, 2> ends_of(FlowIndex i) const;
    RtpStream* find_ssrc(std::uint32_t session, std::uint8_t direction, std::uint32_t ssrc);
    ReportedDetail& detail_of(RtpStream& s, std::uint8_t source);
    void take_report(RtpStream& s, const SessionReport& r, std::uint8_t source);
    void take_blocks(RtpStream& s, const StreamBlocks& blocks);
    bool take_score(RtpStream& s, const RtcpMos& score);
    void take_quality_report(std::string_view body);
    void take_info_digits(const SipMessage& m, const Call& call);
    RtpStream* main_audio(const Call& call, Side hears);
    RtpStream* described_by(const Call& call, const std::optional<std::uint32_t>& ssrc,
                            const wire::Endpoint& at);
    void settle(RtpStream& s, wire::TimeNs now);
    void end_interval(RtpStream& s, wire::TimeNs now);
    std::uint32_t find_stream(MediaFlow& m, std::uint8_t direction, const RtpHeader& h, const PacketView& p);
    std::uint32_t new_stream(MediaFlow& m, std::uint8_t direction, const RtpHeader& h, const PacketView& p);
    void measure(MediaFlow& m, std::uint32_t index, const RtpHeader& received, const PacketView& p);
    PayloadInfo resolve(const RtpStream& s, std::uint8_t pt, std::uint32_t payload_octets) const;
    bool consistent(RtpStream& s, const RtpHeader& h) const;
    bool plausible(const RtpHeader& h, const PacketView& p) const;
    // Has signalling promised anything since the stream was last looked up? Asked once a second.
    bool promises_to_see(const RtpStream& s, wire::TimeNs now) const {
        return s.media_generation != media_.generation() && now - s.looked_up >= wire::kSecond;
    }
    // media_binding.cpp
    struct Choice {
        MediaPromise promise;
        int score = -1;
        wire::TimeNs since = 0;
    };
    struct Binding {
        CallIndex call = 0;
        Side hears = Side::none;
        std::size_t line = 0;
        StreamMatch rule = StreamMatch::none;
        bool both_ends = false;
    };
    Choice best_at(const RtpStream& s, const wire::Endpoint& at, const wire::Endpoint& opposite,
                   wire::TimeNs when) const;
    Choice declared(const RtpStream& s) const;
    Binding look_up(const RtpStream& s, wire::TimeNs when) const;
    bool went_silent(const Call& call, const RtpStream& s, wire::TimeNs when) const;
    void try_bind(RtpStream& s, wire::TimeNs now);
    void bind(RtpStream& s, CallIndex call, Side hears, std::size_t line, StreamMatch match);
    bool superseded(RtpStream& s, wire::TimeNs now);
    void end_stream(MediaFlow& m, std::uint32_t index, wire::TimeNs now);
    void unlink(MediaFlow& m, std::uint32_t index);
    void strike(FlowIndex i, MediaFlow& m);
    void drop_flow(FlowIndex i);
    wire::Endpoint sender(const RtpStream& s) const;
    wire::Endpoint receiver(const RtpStream& s) const;

    MediaConfig config_;  // constant but for reconfigure()
    FlowTable& flows_;
    CallTable& calls_;
    MediaTable& media_;
    OnStream on_stream_;
    OnInterval on_interval_;
    ReportTimes report_times_;
    MediaPools pools_;
    ReservedArray<RtpStream> streams_;
    ReservedArray<MediaFlow> media_flows_;
    ReservedArray<WaitingLane> lanes_;       // two for each of them
    LaneIndex lane_index_;
    ReservedArray<ReportedDetail> details_;  // by stream; touched when an endpoint reports
    ReservedArray<DialledDigits> digits_;    // by stream; touched with --dtmf on
    ReservedArray<SpeechActivity> speech_;   // by stream; touched with --speech-weighting on
    ReservedArray<SourceNames> names_;       // by stream; touched when a template names them
    std::uint32_t next_stream_ = 1, free_stream_ = 0;
    std::uint32_t next_flow_ = 1, free_flow_ = 0;
    std::size_t open_streams_ = 0;
    MeasuringCrew* crew_ = nullptr;
    MediaCounters counters_;
};

}  // namespace voipprobe::probe
