#include "quality/explain.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace voipprobe::quality {
namespace {

constexpr double kWorthSaying = 0.5;  // R points; less is inaudible

std::string formatted(const char* format, double value) {
    std::array<char, 48> buffer{};
    const int size = std::snprintf(buffer.data(), buffer.size(), format, value);
    return {buffer.data(),
            static_cast<std::size_t>(std::clamp(size, 0, static_cast<int>(buffer.size()) - 1))};
}

double percent(std::uint64_t part, std::uint64_t whole) noexcept {
    return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

struct Cause {
    double points;
    std::string text;
};

std::string why_no_score(const StreamFigures& figures) {
    if (figures.packets == 0 || figures.expected == 0)
        return "No score: no packets were seen in this direction.";
    if (figures.codec.empty()) return "No score: the codec is not known.";
    return "No score: no impairment figures exist for the codec " + std::string(figures.codec) + ".";
}

std::string join(const std::array<Cause, 5>& causes) {
    std::string text;
    std::size_t said = 0;
    const auto count = static_cast<std::size_t>(std::count_if(
        causes.begin(), causes.end(), [](const Cause& cause) { return cause.points >= kWorthSaying; }));
    for (const auto& cause : causes) {
        if (cause.points < kWorthSaying) continue;
        if (said > 0) text += said + 1 == count ? " and " : ", ";
        text += cause.text;
        text +=
            said == 0 ? formatted(" costs %.1f R points", cause.points) : formatted(" %.1f", cause.points);
        ++said;
    }
    return text;
}

}  // namespace

std::string_view quality_word(double mos) noexcept {
    // G.107 Annex B Table B.1: lower bounds 4.34, 4.03, 3.60, 3.10.
    if (mos >= 4.34) return "excellent";
    if (mos >= 4.03) return "good";
    if (mos >= 3.60) return "fair";
    if (mos >= 3.10) return "poor";
    return "bad";
}

Impairments explain(const StreamFigures& figures) noexcept {
    Impairments out;
    const CodecImpairment codec = find_impairment(figures.codec, figures.clock, figures.variant);
    if (!codec.usable() || figures.packets == 0 || figures.expected == 0) return out;
    const double loss_only = std::min(percent(figures.lost, figures.expected), 100.0);
    const double ppl = packet_loss_percent(figures);
    const double with_loss = loss_impairment(codec, loss_only, 1);
    const double with_discard = loss_impairment(codec, ppl, 1);
    const double with_bursts = loss_impairment(codec, ppl, figures.burst_r);
    out.codec = codec.ie;
    out.loss = with_loss - codec.ie;
    out.discard = with_discard - with_loss;
    out.bursts = with_bursts - with_discard;
    if (const auto delay = one_way_delay_ms(figures, codec))
        out.delay = delay_impairment(codec.scale, *delay);
    return out;
}

std::string explain_text(const StreamFigures& figures) {
    const Score score = score_stream(figures);
    if (!score.scored()) return why_no_score(figures);
    const Impairments cost = explain(figures);
    std::string delay = "delay";
    if (const auto ms =
            one_way_delay_ms(figures, find_impairment(figures.codec, figures.clock, figures.variant)))
        delay = formatted("a one-way delay of %.0f ms", *ms);
    std::array<Cause, 5> causes = {
        Cause{cost.codec, "the codec " + std::string(figures.codec)},
        Cause{cost.loss, formatted("%.2f %% packet loss", percent(figures.lost, figures.expected))},
        Cause{cost.discard, formatted("%.2f %% packets too late for the buffer",
                                      percent(figures.discarded, figures.expected))},
        Cause{cost.bursts, formatted("losses in bursts (BurstR %.1f)", figures.burst_r)},
        Cause{cost.delay, std::move(delay)}};
    std::stable_sort(causes.begin(), causes.end(),
                     [](const Cause& a, const Cause& b) { return a.points > b.points; });
    std::string text = formatted("MOS %.2f ", *score.mos_lq) + std::string(score.mos_scale) + " (" +
                       std::string(quality_word(*score.mos_lq)) + ")";
    const std::string reasons = join(causes);
    return text + (reasons.empty() ? ": nothing costs a noticeable amount." : ": " + reasons + ".");
}

}  // namespace voipprobe::quality
