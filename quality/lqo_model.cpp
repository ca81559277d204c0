#include "quality/lqo_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace voipprobe::quality {
namespace {

struct LqoCodec {
    std::string_view codec;
    double level;        // MOS-LQO of a clean call
    double sensitivity;  // to jitter, PCMU = 1
    double ie;           // of the codec's experiment with PESQ, 20 ms packets, for the shape of keep()
    double bpl;
};

// Printed by tools/fit_mos/fit.py; the study's G.711 is PCMU, PCMA differs from it in nothing that is heard.
constexpr std::array kLqoCodecs = {
    LqoCodec{"PCMU", 3.5641, 1.0000, 12.5, 14.7},  LqoCodec{"PCMA", 3.5641, 1.0000, 12.5, 14.7},
    LqoCodec{"GSM", 2.5062, 0.6932, 28.6, 22.9},   LqoCodec{"opus", 4.3391, 1.2168, 6.4, 15.6},
    LqoCodec{"speex", 3.2157, 1.2336, 19.3, 17.8},
};
constexpr double kDiscardWeight = 0.5601;  // PESQ forgives the runs that late packets come in
constexpr double kDeviationWeight = 0.11034;
constexpr double kMeanWeight = 0.11083;
constexpr double kDeviationDeadZoneMs = 1;
constexpr double kMeanDeadZoneMs = 10;
constexpr double kMeanUnitMs = 20;

const LqoCodec* find(std::string_view codec) noexcept {
    const auto row = std::find_if(kLqoCodecs.begin(), kLqoCodecs.end(), [&](const LqoCodec& candidate) {
        return same_codec_name(candidate.codec, codec);
    });
    return row == kLqoCodecs.end() ? nullptr : &*row;
}

// Share of the clean quality above 1 that `percent` of random loss leaves.
double keep(const LqoCodec& codec, double percent) noexcept {
    const double clean = kNarrowbandListeningR - codec.ie;
    const double lossy = clean - (95 - codec.ie) * percent / (percent + codec.bpl);
    return (mos_from_r(lossy) - 1) / (mos_from_r(clean) - 1);
}

// Both are 0 inside the dead zone.
double excess(double value, double dead_zone) noexcept { return std::max(value - dead_zone, 0.0); }

}  // namespace

std::optional<double> clean_mos_lqo(std::string_view codec) noexcept {
    const auto* row = find(codec);
    return row == nullptr ? std::nullopt : std::optional<double>(row->level);
}

std::optional<double> estimate_mos_lqo(const StreamFigures& figures) noexcept {
    const auto* row = find(figures.codec);
    if (row == nullptr || figures.expected == 0 || figures.packets == 0 || !figures.jitter)
        return std::nullopt;
    if (row->codec == "speex" && figures.clock > 8000)
        return std::nullopt;  // wideband Speex was not in the study
    const auto expected = static_cast<double>(figures.expected);
    const double percent =
        100 / expected *
        (static_cast<double>(figures.lost) + kDiscardWeight * static_cast<double>(figures.discarded));
    const double jitter =
        kDeviationWeight * std::sqrt(excess(figures.jitter->std_dev_ms, kDeviationDeadZoneMs)) +
        kMeanWeight * excess(figures.jitter->mean_ms, kMeanDeadZoneMs) / kMeanUnitMs;
    const double left = keep(*row, std::min(percent, 100.0)) * std::exp(-row->sensitivity * jitter);
    return 1 + (row->level - 1) * left;
}

}  // namespace voipprobe::quality
