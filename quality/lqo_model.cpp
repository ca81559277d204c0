#include "quality/lqo_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace voipprobe::quality {
namespace {

// Ie and Bpl on the PESQ scale (docs/quality.md): 20 ms packets, no BurstR, since PESQ does not punish
// bursts.
struct Calibration {
    std::string_view codec;
    double ie;
    double bpl;
};

constexpr std::array kCalibrations = {
    Calibration{"PCMU", 12.5, 14.7},  Calibration{"PCMA", 12.5, 14.7}, Calibration{"G726-32", 12.2, 11.0},
    Calibration{"G729", 23.6, 19.2},  Calibration{"GSM", 28.6, 22.9},  Calibration{"AMR", 14.4, 15.1},
    Calibration{"speex", 19.3, 17.8}, Calibration{"opus", 6.4, 15.6},
};

constexpr double kJitterDeadZoneMs = 1;  // no buffer makes this audible
constexpr double kJitterSlope = 11;

}  // namespace

std::optional<double> estimate_mos_lqo(const StreamFigures& figures) noexcept {
    const auto row = std::find_if(kCalibrations.begin(), kCalibrations.end(), [&](const Calibration& c) {
        return same_codec_name(c.codec, figures.codec);
    });
    if (row == kCalibrations.end() || figures.expected == 0 || figures.packets == 0) return std::nullopt;
    const double ppl = packet_loss_percent(figures);
    double r = kNarrowbandListeningR - row->ie - (95 - row->ie) * ppl / (ppl + row->bpl);
    if (figures.jitter) {
        const double excess = std::max(figures.jitter->std_dev_ms - kJitterDeadZoneMs, 0.0);
        r -= kJitterSlope * std::log1p(excess);
    }
    return mos_from_r(r);
}

}  // namespace voipprobe::quality
