// From a stream's figures to its scores.
//
// Purpose:  one rule for both programs: what the probe exports and what the collector writes agree.
// Model:    MOS-LQ from R = maximum - Ie,eff (narrowband 93.355 - Ie,eff): what one hears, delay left out
//           (RFC 3611 section 4.7.5). MOS-CQ adds Id and exists only where a delay was measured. Ppl counts
//           lost + discarded packets; BurstR is that of both together.
// Units:    milliseconds, packets, R on the stream's own scale (NB <= 100, WB <= 129, FB <= 148).
// Errors:   none; what cannot be scored has no value. Never 0, never a default.
// Threads:  pure functions; no allocation.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "quality/codec_table.hpp"

namespace voipprobe::quality {

// The RFC 3550 jitter series J of one stream, as exported (docs/metrics.md), in ms. Today's mos_lqo_est reads
// the mean and the deviation; the others are here so that a better fit changes no caller.
struct JitterFigures {
    double mean_ms = 0;
    double median_ms = 0;
    double max_ms = 0;
    double iqr_ms = 0;
    double std_dev_ms = 0;
    double p95_ms = 0;
    double p99_ms = 0;
};

// What the probe measured about one direction.
struct StreamFigures {
    std::string_view codec;   // SDP name
    std::uint32_t clock = 0;  // Hz, 0 unknown
    CodecVariant variant;
    double ptime_ms = 20;       // median packet time
    std::uint64_t packets = 0;  // received
    std::uint64_t expected = 0;
    std::uint64_t lost = 0;                                      // expected - unique
    std::uint64_t discarded = 0;                                 // by the adaptive 500/40 buffer
    std::optional<std::uint64_t> discarded_f60 = std::nullopt;   // by the fixed 60 ms buffer
    std::optional<std::uint64_t> discarded_f200 = std::nullopt;  // by the fixed 200 ms buffer
    double burst_r = 1;                                          // of lost + discarded, clamped to >= 1
    std::optional<double> rtt_ms = std::nullopt;         // path round trip; none means no delay source
    std::optional<double> buffer_ms = std::nullopt;      // mean buffer hold; none: 40, its nominal
    std::optional<JitterFigures> jitter = std::nullopt;  // none: clock unknown, no mos_lqo_est
    double max_gap_ms = 0;
};

// One direction's scores. Optional values that are empty are empty cells.
struct Score {
    std::optional<double> r_factor;     // listening R on `scale`
    std::optional<double> r_factor_cq;  // conversational R on `scale`
    std::optional<double> mos_lq;
    std::optional<double> mos_cq;
    std::optional<double> mos_lqo_est;  // estimate on the P.862.1 MOS-LQO scale (quality/lqo_model.hpp)
    std::optional<double> mos_common;   // listening MOS bridged to the fullband scale
    std::optional<Scale> scale;
    std::string_view mos_scale;  // "NB", "WB", "FB" or empty
    std::string_view mos_basis;  // begins with none, standard, proxy or calibrated; empty if nothing was seen
    double ppl = 0;              // percent lost + discarded
    bool burst_r_out_of_range = false;  // outside G.107's validity: BurstR > 2 with Ppl >= 2 %

    bool scored() const noexcept { return r_factor.has_value(); }
};

// A direction not seen (no packets, nothing expected) and a codec without basis have no score.
Score score_stream(const StreamFigures& figures) noexcept;

// Percent of the expected packets that the listener did not get: lost + discarded, 0..100.
double packet_loss_percent(const StreamFigures& figures) noexcept;

// Ie,eff of a codec on its own scale. Codecs with a published bursty Bpl move from the random to the bursty
// value between BurstR 1 and 2, instead of using BurstR in the formula.
double loss_impairment(const CodecImpairment& codec, double ppl, double burst_r) noexcept;

// Mean one-way mouth-to-ear delay: RTT / 2 + packet time + look-ahead + jitter buffer. Empty without RTT.
std::optional<double> one_way_delay_ms(const StreamFigures& figures, const CodecImpairment& codec) noexcept;

// R for nProbe's RTP_*_R_FACTOR: every scale stretched to 0..100 (WB R / 1.29, FB R / 1.48).
double nprobe_scaled_r(double r, Scale scale) noexcept;

// The two directions of a call together.
struct CallScore {
    std::optional<double> mos;  // the lower listening MOS, empty when the scales differ
    std::string_view mos_scale;
    std::optional<double> mos_common;     // the lower one on the common scale
    std::optional<double> mos_of_mean_r;  // MOS(mean R of the directions seen): nProbe's RTP_MOS; empty when
                                          // the scales differ
};

CallScore combine(const Score& a, const Score& b) noexcept;

}  // namespace voipprobe::quality
