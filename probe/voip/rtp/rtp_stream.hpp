// One direction of one SSRC: everything measured from RTP headers and arrival times (docs/metrics.md).
// Owned by the media slab. The packets of a stream that is known well wait in a lane (waiting_lane.hpp) and
// are measured together: whoever reads a figure asks MediaTracker::stream(). Times: ns of packet time.
// Sources: RFC 3550 (6.4.1, A.1, A.3, A.8), RFC 3551, RFC 4733.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "probe/flow/flow.hpp"
#include "probe/voip/rtp/burst_gap.hpp"
#include "probe/voip/rtp/clock_skew.hpp"
#include "probe/voip/rtp/codec_mode.hpp"
#include "probe/voip/rtp/jitter_buffer.hpp"
#include "probe/voip/rtp/jitter_series.hpp"
#include "probe/voip/rtp/long_gaps.hpp"
#include "probe/voip/rtp/pending_clock.hpp"
#include "probe/voip/rtp/relative_delay.hpp"
#include "probe/voip/rtp/reported.hpp"
#include "probe/voip/rtp/rtp_header.hpp"
#include "probe/voip/rtp/rtp_sequence.hpp"
#include "probe/voip/rtp/speech_activity.hpp"
#include "probe/voip/rtp/stream_interval.hpp"
#include "probe/voip/rtp/waiting_lane.hpp"
#include "quality/histogram.hpp"
#include "wire/prefetch.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

// What a payload type means for measurement.
// repair: packets that only help to rebuild others (RFC 5109, RFC 8627, RFC 4588). redundant: RFC 2198, several payloads in one packet;
// measured as its primary payload.
enum class PayloadClass : std::uint8_t { media, comfort_noise, telephone_event, repair, redundant };
struct PayloadInfo {
    std::uint32_t clock_rate = 0;  // Hz, 0 unknown
    PayloadClass kind = PayloadClass::media;
    bool known = false;  // by SDP, --rtp-map or RFC 3551
    ModeCodec mode_codec = ModeCodec::none;
    SpeechCodec speech_codec = SpeechCodec::other;
};

// What tied a stream to its call (contract: sdp nat ice ssrc reverse heuristic).
enum class StreamMatch : std::uint8_t {
    none = 0,
    sdp = 1,
    nat = 2,
    ice = 3,
    ssrc = 4,
    reverse = 5,
    heuristic = 6
};
enum class Side : std::uint8_t { none = 0, caller = 1, callee = 2 };

struct MediaPools {
    SeriesPool series;
    ReservedArray<quality::HistogramPage> histogram_pages;
    quality::HistogramPagePool histograms;
    JitterBufferPool buffers;
    RelativeDelays delays;  // of the streams that have buffers; off unless somebody wants them
    // Threads of a MeasuringCrew take from them too.
    void share() {
        series.share();
        histograms.share();
        buffers.share();
    }
    explicit MediaPools(std::size_t series_octets, std::size_t histogram_octets,
                        std::size_t max_streams = 1024)
        : series(series_octets),
          histogram_pages(histogram_octets / sizeof(quality::HistogramPage)),
          histograms({histogram_pages.data(), histogram_pages.capacity()}),
          buffers(max_streams),
          delays(max_streams) {}
};

struct JitterSummary {  // ns
    double last = 0, mean = 0, median = 0, min = 0, max = 0, iqr = 0, std_dev = 0, p95 = 0, p99 = 0;
    std::uint64_t n = 0;
};

struct alignas(64) RtpStream {
    // ---- touched by every measurement ----
    bool has_reference = false;  // jitter: a packet to compare with exists
    bool after_noise = false;    // the packet before was comfort noise
    bool folded = false;         // the series is in the histogram
    bool confirmed = false;      // announced by SDP or consistent enough
    std::uint32_t reference_ts = 0;
    wire::TimeNs reference_time = 0;
    wire::TimeNs last_time = 0;
    double ns_per_tick = 0;
    double transit = 0;  // ns, relative to the first packet with a clock
    double jitter = 0;
    double jitter_sum = 0;
    double jitter_sum2 = 0;

    double interval_jitter_max = 0;  // of the running interval
    std::uint64_t jitter_n = 0;
    std::uint64_t packets = 0;
    std::uint64_t octets = 0;
    std::int64_t max_gap = -1;
    std::int64_t max_delta = -1;
    std::uint32_t series_last = 0;
    std::uint32_t highest_ts = 0;
    std::uint32_t step_candidate = 0;  // RTP timestamp step between neighbours: majority vote
    std::int32_t step_votes = 0;

    std::uint32_t last_ts = 0;
    std::uint16_t last_seq = 0;
    std::uint16_t series_in_page = 0;
    std::uint32_t buffers = 0;  // simulated jitter buffers, 0 = none
    std::uint32_t lane = 0;     // where its packets wait, 0: nowhere
    PayloadInfo payload;
    std::uint8_t payload_type = 0xff;  // current, with the meaning above
    std::uint8_t type_slots = 0;
    std::array<std::uint8_t, 4> types{};  // payload types seen, media first
    std::array<std::uint32_t, 4> type_count{};
    std::array<std::uint32_t, 4> type_clock{};  // Hz, 0 unknown
    FlowIndex flow = 0;
    wire::TimeNs looked_up = wire::kNever;
    std::uint8_t direction = 0;  // of its flow
    bool call_over = false;      // its call has ended: another call may take over the endpoints
    StreamMatch match = StreamMatch::none;
    alignas(64) ClockSkew skew;  // each of these begins with what every packet touches
    alignas(64) BurstGap burst_gap;
    alignas(64) RtpSequence sequence;

    // ---- touched now and then ----
    std::uint32_t ssrc = 0;
    std::uint32_t next = 0;              // other SSRCs of the same flow and direction
    std::uint32_t media_generation = 0;  // of the media table when last looked up
    std::uint8_t red_type = 0xff;        // payload type of RFC 2198; packets of it are measured as what they carry
    wire::TimeNs interval_end = INT64_MAX;
    std::uint64_t batch = 0;  // of its packets, the last one given to a MeasuringCrew; 0 none under way
    double jitter_max = 0;                      // of the intervals before this one
    IntervalStart interval;
    std::uint32_t series_first = 0;
    std::uint32_t learned_rate = 0;    // Hz, by the packets' own timestamps; 0 none
    std::uint8_t learned_type = 0xff;  // of this payload type
    ModeVote mode;
    std::uint64_t mode_seen_at = 0;  // packets so far when the mode was last looked at
    PendingPackets pending;
    ReportedFigures reported;
    LongGaps long_gaps;
    float mos_min = 0;               // of the 10-second intervals, 0 none
    std::uint8_t first_type = 0xff;  // payload type of the first packet
    std::uint16_t first_seq = 0;
    std::uint32_t first_ts = 0;
    wire::TimeNs first_time = 0;
    std::uint32_t dtmf_events = 0;
    std::uint32_t event_ts = 0;
    bool event_seen = false;
    std::uint8_t tos = 0;
    std::uint16_t vlan = 0;
    std::uint8_t probation = 0;  // consistent packets in a row while unconfirmed
    std::uint32_t call = 0;  // call index, 0 = none
    std::uint32_t call_serial = 0;
    wire::TimeNs next_snapshot = 0;
    std::uint32_t revision = 0;
    Side side = Side::none;
    std::uint8_t media_kind = 0;  // sdp MediaKind
    std::uint8_t line = 0;        // index of the m= line
    quality::JitterHistogram histogram;

    // Ask for the memory that measuring reads: first the stream's own, then what that names.
    void prefetch() const;
    void prefetch_pools(const MediaPools& pools) const;

    void start(const RtpHeader& h, wire::TimeNs t);
    // The whole measurement of one packet. `payload` must already describe h.payload_type.
    SequenceStep on_packet(const RtpHeader& h, wire::TimeNs t, MediaPools& pools);
    // Packets that waited, of the current payload type.
    void measure_batch(std::span<const WaitingPacket> packets, MediaPools& pools);
    // The same packet once more, from a mirror: counted as packet and duplicate, measured only as a gap.
    void on_copy(const RtpHeader& h, wire::TimeNs t);
    // A payload type with another meaning: the clock may change (RFC 7160), then jitter starts from a new
    // reference.
    void set_payload(std::uint8_t type, PayloadInfo info);

    JitterSummary jitter_summary(const MediaPools& pools) const;
    // nullptr: no packet had a clock, nothing can be said about discards.
    const JitterBuffers* jitter_buffers(const MediaPools& pools) const {
        return buffers == 0 || !has_jitter() ? nullptr : &pools.buffers[buffers];
    }
    // Deltas since the interval's start; begin_interval() starts the next one.
    IntervalFigures interval_figures(const MediaPools& pools) const;
    void begin_interval(wire::TimeNs start, const MediaPools& pools);
    // The packets kept until their clock became known are measured now.
    void replay(MediaPools& pools);
    // Mean of |D| of RFC 3550 §6.4.1, ns, from the jitter series: 16 (J_n - J_0) is the sum of |D| - J_(i-1).
    std::optional<double> transit_deviation() const {
        if (!has_jitter() || jitter_n < 2) return std::nullopt;
        return (15 * jitter + jitter_sum) / static_cast<double>(jitter_n - 1);
    }
    // Jitter is claimed only where the clock of the most frequent payload type is known.
    bool has_jitter() const { return jitter_n > 0 && clock_rate() != 0; }
    std::uint8_t main_payload_type() const;
    std::uint32_t clock_rate() const {
        return type_slots == 0 ? 0 : type_clock[main_slot()];
    }                                // Hz, 0 unknown
    std::uint32_t ptime_us() const;  // 0 unknown
    void release(MediaPools& pools);

  private:
    std::uint64_t discarded(const MediaPools& pools) const {
        return buffers == 0 ? 0 : pools.buffers[buffers].adaptive();
    }
    std::size_t measure_run(std::span<const WaitingPacket> packets, MediaPools& pools);
    void record_run(std::span<const double> jitters, MediaPools& pools);
    bool update_jitter(std::uint32_t timestamp, wire::TimeNs t, MediaPools& pools);
    bool buffer(wire::TimeNs t, MediaPools& pools);
    void remember(const RtpHeader& h, wire::TimeNs t, MediaPools& pools);
    void record_jitter(MediaPools& pools);
    void keep_jitter(double jitter_ns, MediaPools& pools);
    void fold(MediaPools& pools);
    void count_type(std::uint8_t type, std::uint32_t clock_rate, std::uint32_t n);
    template <bool Plain>
    SequenceStep measure(const RtpHeader& h, wire::TimeNs t, MediaPools& pools);
    std::size_t main_slot() const;
    void count_event(std::uint32_t ts);
    void vote_step(std::uint32_t step);
};

inline constexpr std::uint64_t kExactJitterValues = 4096;
// A step of more than 10 s between RTP time and arrival is no jitter: the packet becomes the new reference.
inline constexpr double kMaxClockStep = 10e9;  // ns

// Boyer-Moore majority vote: the step that more than half of the neighbours share is also the median.
inline void RtpStream::vote_step(std::uint32_t step) {
    if (step == step_candidate) {
        step_votes = std::min(step_votes + 1, 1 << 20);
    } else if (step_votes > 0) {
        --step_votes;
    } else {
        step_candidate = step;
        step_votes = 1;
    }
}

inline void RtpStream::prefetch() const {
    const auto* p = reinterpret_cast<const char*>(this);
    for (std::size_t at = 0; at <= offsetof(RtpStream, skew); at += 64) wire::prefetch(p + at);
    wire::prefetch(&burst_gap);
    wire::prefetch(&sequence);
}

inline void RtpStream::prefetch_pools(const MediaPools& pools) const {
    sequence.prefetch();
    pools.buffers[buffers].prefetch();
    if (!folded) wire::prefetch(pools.series[series_last].values.data() + series_in_page);
}

}  // namespace voipprobe::probe
