#include "quality/score.hpp"

#include <algorithm>
#include <cmath>

#include "quality/lqo_model.hpp"

namespace voipprobe::quality {
namespace {

constexpr double kNominalBufferMs = 40;  // the adaptive 500/40 buffer's starting depth

double listening_maximum(Scale scale) noexcept {
    return scale == Scale::kNarrowband ? kNarrowbandListeningR : scale_maximum(scale);
}

// A listener hears no better than nothing: ratings below 0 carry no meaning and would spoil averages.
double floor_at_zero(double r) noexcept { return std::max(r, 0.0); }

std::optional<double> lower(const std::optional<double>& a, const std::optional<double>& b) noexcept {
    if (!a) return b;
    return b ? std::min(*a, *b) : *a;
}

}  // namespace

double packet_loss_percent(const StreamFigures& figures) noexcept {
    if (figures.expected == 0) return 0;
    const double missing = static_cast<double>(figures.lost) + static_cast<double>(figures.discarded);
    return std::clamp(100 * missing / static_cast<double>(figures.expected), 0.0, 100.0);
}

double loss_impairment(const CodecImpairment& codec, double ppl, double burst_r) noexcept {
    if (!(ppl > 0)) return codec.ie;
    double bpl = codec.bpl;
    if (codec.bpl_bursty != codec.bpl) {
        bpl += (codec.bpl_bursty - codec.bpl) * std::clamp(burst_r - 1, 0.0, 1.0);
        burst_r = 1;
    }
    return effective_impairment(codec.scale, codec.ie_lossy, bpl, ppl, burst_r);
}

std::optional<double> one_way_delay_ms(const StreamFigures& figures, const CodecImpairment& codec) noexcept {
    if (!figures.rtt_ms || !std::isfinite(*figures.rtt_ms) || *figures.rtt_ms < 0) return std::nullopt;
    return *figures.rtt_ms / 2 + figures.ptime_ms + codec.look_ahead_ms +
           figures.buffer_ms.value_or(kNominalBufferMs);
}

double nprobe_scaled_r(double r, Scale scale) noexcept {
    return std::clamp(r / scale_divisor(scale), 0.0, 100.0);
}

Score score_stream(const StreamFigures& figures) noexcept {
    Score score;
    if (figures.packets == 0 || figures.expected == 0) return score;
    score.ppl = packet_loss_percent(figures);
    score.burst_r_out_of_range = figures.burst_r > 2 && score.ppl >= 2;
    score.mos_lqo_est = estimate_mos_lqo(figures);
    const CodecImpairment codec = find_impairment(figures.codec, figures.clock, figures.variant);
    score.mos_basis = codec.basis_text;
    if (!codec.usable()) return score;

    const double ie_eff = loss_impairment(codec, score.ppl, figures.burst_r);
    const double r = listening_maximum(codec.scale) - ie_eff;
    score.scale = codec.scale;
    score.mos_scale = scale_name(codec.scale);
    score.r_factor = floor_at_zero(r);
    score.mos_lq = mos_from_r(r, codec.scale);
    score.mos_common = mos_from_r(bridge_to_fullband(codec.scale, ie_eff), Scale::kFullband);
    if (const auto delay = one_way_delay_ms(figures, codec)) {
        const double r_cq = r - delay_impairment(codec.scale, *delay);
        score.r_factor_cq = floor_at_zero(r_cq);
        score.mos_cq = mos_from_r(r_cq, codec.scale);
    }
    return score;
}

CallScore combine(const Score& a, const Score& b) noexcept {
    CallScore call;
    call.mos_common = lower(a.mos_common, b.mos_common);
    if (!a.scored() && !b.scored()) return call;
    if (a.scored() && b.scored() && a.scale != b.scale) return call;
    call.mos_scale = a.scored() ? a.mos_scale : b.mos_scale;
    call.mos = lower(a.mos_lq, b.mos_lq);
    const double mean_r =
        a.scored() && b.scored() ? (*a.r_factor + *b.r_factor) / 2 : (a.scored() ? *a.r_factor : *b.r_factor);
    call.mos_of_mean_r = mos_from_r(mean_r, a.scored() ? *a.scale : *b.scale);
    return call;
}

}  // namespace voipprobe::quality
