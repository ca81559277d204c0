#include "probe/record/stream_score.hpp"

#include <algorithm>

#include "quality/codec_mode.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint8_t kAudio = 1;

quality::StreamFigures basics(const RtpStream& s, const MediaTracker& tracker, bool g711_plc) {
    quality::StreamFigures f;
    f.codec = tracker.codec_of(s);
    f.clock = s.clock_rate();
    f.variant.concealment = g711_plc;
    if (s.mode.mode != ModeVote::kNone) quality::apply_mode(f.variant, f.codec, s.mode.mode);
    if (s.ptime_us() != 0) f.ptime_ms = s.ptime_us() / 1000.0;
    return f;
}

}  // namespace

quality::StreamFigures stream_figures(const RtpStream& s, const MediaTracker& tracker, bool g711_plc) {
    quality::StreamFigures f = basics(s, tracker, g711_plc);
    f.packets = s.packets;
    f.expected = s.sequence.expected();
    f.lost = s.sequence.lost();
    if (const JitterBuffers* b = s.jitter_buffers(tracker.pools())) {
        f.discarded = b->adaptive();
        f.discarded_f60 = b->f60();
        f.discarded_f200 = b->f200();
    }
    f.burst_r = std::max(s.burst_gap.figures().burst_ratio, 1.0);
    if (const auto trip = tracker.round_trip(s)) f.rtt_ms = *trip / 1e6;
    f.max_gap_ms = s.max_gap < 0 ? 0 : static_cast<double>(s.max_gap) / 1e6;
    return f;
}

quality::StreamFigures interval_score_figures(const RtpStream& s, const IntervalFigures& interval,
                                              const MediaTracker& tracker, bool g711_plc) {
    if (s.media_kind > kAudio) return {};
    quality::StreamFigures f = basics(s, tracker, g711_plc);
    f.packets = interval.packets;
    f.expected = interval.expected;
    f.lost = interval.lost;
    f.discarded = interval.discarded;
    return f;
}

}  // namespace voipprobe::probe
