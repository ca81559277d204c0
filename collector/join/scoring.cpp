#include "collector/join/scoring.hpp"

#include <algorithm>

#include "quality/codec_mode.hpp"
#include "quality/explain.hpp"

namespace voipprobe::collector {
namespace {

constexpr double kNsToMs = 1e-6;
constexpr std::uint32_t kVideoClock = 90000;  // every video payload format; of audio only MPA has it
enum : std::uint64_t { kAudio = 1, kVideo = 2, kText = 3, kImage = 4, kApplication = 5 };

double ms(const Count& ns) { return static_cast<double>(ns.value_or(0)) * kNsToMs; }

bool is_any(std::string_view codec, std::initializer_list<const char*> names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const char* n) { return quality::same_codec_name(n, codec); });
}

std::uint64_t medium_of(const StreamFacts& s) {
    if (is_any(s.codec, {"t140"})) return kText;
    if (is_any(s.codec, {"t38"})) return kImage;
    if (is_any(s.codec, {"rtx", "ulpfec", "flexfec", "flexfec-03", "parityfec", "1d-interleaved-parityfec"})) return kApplication;
    if (s.clock_rate == kVideoClock && !is_any(s.codec, {"MPA", "mpa-robust"})) return kVideo;
    return kAudio;
}

quality::CodecVariant variant_of(const StreamFacts& s, const ScoringOptions& options) {
    quality::CodecVariant v;
    v.concealment = options.g711_concealment;
    if (s.codec_mode) quality::apply_mode(v, s.codec, *s.codec_mode);
    return v;
}

quality::StreamFigures figures_of(const StreamFacts& s, const ScoringOptions& options) {
    quality::StreamFigures f;
    f.codec = s.codec;
    f.clock = static_cast<std::uint32_t>(std::min<std::uint64_t>(s.clock_rate.value_or(0), UINT32_MAX));
    f.variant = variant_of(s, options);
    if (s.ptime_us) f.ptime_ms = static_cast<double>(*s.ptime_us) / 1000;
    f.packets = s.packets.value_or(0);
    f.expected = s.expected.value_or(0);
    f.lost = s.lost.value_or(0);
    f.discarded = s.discard_adaptive.value_or(0);
    f.discarded_f60 = s.discard_f60;
    f.discarded_f200 = s.discard_f200;
    f.burst_r = std::max(s.burst_ratio.value_or(1), 1.0);
    if (s.rtt_ns) f.rtt_ms = ms(s.rtt_ns);
    if (s.jitter_mean_ns && s.jitter_std_dev_ns)
        f.jitter = quality::JitterFigures{ms(s.jitter_mean_ns), ms(s.jitter_median_ns),  ms(s.jitter_max_ns),
                                          ms(s.jitter_iqr_ns),  ms(s.jitter_std_dev_ns), ms(s.jitter_p95_ns),
                                          ms(s.jitter_p99_ns)};
    f.max_gap_ms = ms(s.max_gap_ns);
    return f;
}

}  // namespace

void derive_missing(StreamFacts& s) {
    if (s.codec.empty() && s.payload_type && *s.payload_type < 96) {
        if (const auto* known =
                quality::find_static_payload_type(static_cast<std::uint8_t>(*s.payload_type))) {
            s.codec = std::string(known->name);
            if (!s.clock_rate) s.clock_rate = known->clock;
        }
    }
    if (!s.media) s.media = medium_of(s);
    if (!s.jitter_min_ns && s.jitter_max_ns) s.jitter_min_ns = 0;
}

Score score_stream(const StreamFacts& s, const ScoringOptions& options) {
    if (!s.is_audio()) return {};
    const quality::StreamFigures figures = figures_of(s, options);
    Score score{quality::score_stream(figures), {}, {}};
    if (score.scored()) {
        quality::StreamFigures clean = figures;
        clean.lost = clean.discarded = 0;
        const quality::Score best = quality::score_stream(clean);
        score.clean_mos_lq = best.mos_lq;
        score.clean_mos_common = best.mos_common;
    } else if (s.exporter_mos) {
        score.mos_lq = s.exporter_mos;
        score.r_factor = s.exporter_r.value_or(quality::r_from_mos(*s.exporter_mos));
        score.scale = quality::Scale::kNarrowband;
        score.mos_scale = quality::scale_name(quality::Scale::kNarrowband);
        score.mos_basis = "exporter";
    }
    return score;
}

std::string explain_stream(const StreamFacts& s, const ScoringOptions& options) {
    return quality::explain_text(figures_of(s, options));
}

}  // namespace voipprobe::collector
