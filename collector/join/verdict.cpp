#include "collector/join/verdict.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "collector/join/heard.hpp"

namespace voipprobe::collector {
namespace {

std::string figure(double v, std::string_view unit) {
    std::array<char, 64> buffer{};
    const auto end =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), v, std::chars_format::fixed, 1).ptr;
    return std::string(buffer.data(), end) + std::string(unit);
}

struct Heard {
    const HeardRow* row;
    std::string_view name;
};
using Sides = std::array<Heard, 2>;

struct Finding {
    std::string verdict, evidence;
};

std::optional<Finding> judge_signalling(const CallFacts& c) {
    const std::uint64_t code = c.response_code.value_or(0);
    const std::uint64_t cause = c.reason_cause.value_or(0);
    const auto is_code = [&](std::initializer_list<std::uint64_t> codes) {
        return std::find(codes.begin(), codes.end(), code) != codes.end();
    };
    if (c.ok || c.state == "MEDIA_ONLY") return std::nullopt;
    const std::string by_code = "SIP " + std::to_string(code);
    const std::string by_cause = "Q.850 " + std::to_string(cause);
    const bool cancelled = c.cancel || code == 487 || c.state == "CALL_CANCELED";

    if (is_code({486, 600})) return Finding{"busy", by_code};
    if (cause == 17) return Finding{"busy", by_cause};
    if (is_code({408, 480})) return Finding{"no_answer", by_code};
    if (cause == 18 || cause == 19) return Finding{"no_answer", by_cause};
    if (cancelled && c.ringing) return Finding{"no_answer", "rang, then CANCEL"};
    if (is_code({403, 603, 606, 607, 608})) return Finding{"rejected", by_code};
    if (cause == 21) return Finding{"rejected", by_cause};
    if (cancelled) return Finding{"cancelled", "CANCEL before ringing"};
    if (code >= 300) return Finding{"failed", by_code};
    if (c.state == "CALL_ERROR") return Finding{"failed", cause != 0 ? by_cause : c.signalling + " refused"};
    return std::nullopt;
}

bool silent(const HeardRow& h) { return h.streams == 0 || h.packets.value_or(0) == 0; }

std::optional<Finding> judge_media(const CallRow& row, const Sides& sides, const VerdictLimits& limits) {
    const CallFacts& c = row.facts;
    // Without CALL_MEDIA_FLAGS nothing says that the probe would have reported the media.
    const std::uint64_t flags = c.media_flags.value_or(0);
    const bool expects_caller = (flags & kCallerHears) != 0, expects_callee = (flags & kCalleeHears) != 0;
    const bool caller_silent = silent(row.caller), callee_silent = silent(row.callee);
    // Its media counts for the other call that has the same endpoints.
    if ((flags & kSharedMedia) != 0 && caller_silent && callee_silent) return std::nullopt;
    if (c.ok) {
        if ((expects_caller || expects_callee) && caller_silent && callee_silent)
            return Finding{"no_audio", "answered, no RTP towards either side"};
        const bool flags_or_other = expects_caller && expects_callee;
        if (flags_or_other && caller_silent) return Finding{"one_way", "caller hears nothing"};
        if (flags_or_other && callee_silent) return Finding{"one_way", "callee hears nothing"};
        for (const Heard& s : sides)
            if (s.row->post_answer_delay_ms && *s.row->post_answer_delay_ms > limits.late_media_ms)
                return Finding{"late_media",
                               std::string(s.name) + " first hears " +
                                   figure(*s.row->post_answer_delay_ms, " ms after the answer")};
    }
    if (c.bye && (flags & (kOnHoldAtEnd | kImage)) == 0) {  // a fax follows the audio
        for (const Heard& s : sides) {
            if (!s.row->main.last_time || *s.row->main.last_time > *c.bye) continue;
            const double silence = static_cast<double>(*c.bye - *s.row->main.last_time) / 1000;
            // When holds were is not known, only how long: what they may explain is no early stop.
            if (silence - static_cast<double>(c.hold_ns.value_or(0)) / 1e6 > limits.early_stop_ms)
                return Finding{"early_stop", std::string(s.name) + " hears nothing in the last " +
                                                 figure(silence, " ms before BYE")};
        }
    }
    return std::nullopt;
}

std::optional<Finding> judge_quality(const Sides& sides, const VerdictLimits& limits) {
    const auto named = [](const Heard& s, std::string text) { return std::string(s.name) + " " + text; };
    for (const Heard& s : sides) {
        const double gone = loss_percent(*s.row).value_or(0) + discard_percent(*s.row).value_or(0);
        const double ratio = s.row->main.burst_ratio.value_or(1);
        if (gone >= limits.burst_loss_pct && ratio >= limits.burst_ratio)
            return Finding{"burst_loss", named(s, "loss and discard " + figure(gone, " %") + ", BurstR " +
                                                      figure(ratio, ""))};
    }
    for (const Heard& s : sides)
        if (const auto loss = loss_percent(*s.row); loss && *loss >= limits.loss_pct)
            return Finding{"loss", named(s, "loss " + figure(*loss, " %"))};
    for (const Heard& s : sides) {
        const auto p95 = s.row->main.jitter_p95_ns;
        if (p95 && static_cast<double>(*p95) / 1e6 >= limits.jitter_p95_ms)
            return Finding{"jitter",
                           named(s, "95th percentile " + figure(static_cast<double>(*p95) / 1e6, " ms"))};
        if (const auto discard = discard_percent(*s.row); discard && *discard >= limits.discard_pct)
            return Finding{"jitter", named(s, "discards " + figure(*discard, " %"))};
    }
    for (const Heard& s : sides) {
        const Score& score = s.row->score;
        if (score.mos_scale == "NB" && score.clean_mos_lq && *score.clean_mos_lq < limits.codec_mos)
            return Finding{"codec",
                           named(s, s.row->main.codec + " reaches MOS " + figure(*score.clean_mos_lq, ""))};
        if (score.mos_scale != "NB" && score.clean_mos_common &&
            *score.clean_mos_common < limits.codec_mos_common)
            return Finding{"codec", named(s, s.row->main.codec + " reaches MOS " +
                                                 figure(*score.clean_mos_common, " FB"))};
    }
    return std::nullopt;
}

}  // namespace

double* find_limit(VerdictLimits& l, std::string_view name) {
    const std::array<std::pair<std::string_view, double*>, 9> all{{{"late_media_ms", &l.late_media_ms},
                                                                  {"early_stop_ms", &l.early_stop_ms},
                                                                  {"burst_loss_pct", &l.burst_loss_pct},
                                                                  {"burst_ratio", &l.burst_ratio},
                                                                  {"loss_pct", &l.loss_pct},
                                                                  {"jitter_p95_ms", &l.jitter_p95_ms},
                                                                  {"discard_pct", &l.discard_pct},
                                                                  {"codec_mos", &l.codec_mos},
                                                                  {"codec_mos_common", &l.codec_mos_common}}};
    for (const auto& [n, value] : all)
        if (n == name) return value;
    return nullptr;
}

void judge(CallRow& row, const VerdictLimits& limits) {
    const CallFacts& c = row.facts;
    const Sides sides{Heard{&row.caller, "caller"}, Heard{&row.callee, "callee"}};
    auto finding = judge_signalling(c);
    const bool open = !finding && !c.ok && (c.state == "CALL_STARTED" || c.state.empty()) && c.from_exporter;
    if (open) return;
    // Media without an RTP header: nothing is known by which it could be judged.
    if (!finding && c.state == "MEDIA_ONLY" && !row.caller.main.expected && !row.callee.main.expected) return;
    if (!finding) finding = judge_media(row, sides, limits);
    if (!finding) finding = judge_quality(sides, limits);
    row.verdict = finding ? finding->verdict : "ok";
    const bool shared = (c.media_flags.value_or(0) & kSharedMedia) != 0 && silent(row.caller) && silent(row.callee);
    row.evidence = finding ? finding->evidence : shared ? "media endpoints shared with another call" : "";
}

}  // namespace voipprobe::collector
