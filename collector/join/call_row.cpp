#include "collector/join/call_row.hpp"

#include <algorithm>

#include "collector/join/heard.hpp"

namespace voipprobe::collector {
namespace {

// Milliseconds from a to b; empty when either is missing or the order is wrong.
std::optional<double> span_ms(const Count& a, const Count& b) {
    if (!a || !b || *b < *a) return std::nullopt;
    return static_cast<double>(*b - *a) / 1000;
}

Count earliest(const Count& a, const Count& b) { return a && b ? std::min(*a, *b) : a ? a : b; }

const StreamFacts* first_of(std::span<const StreamFacts> streams) {
    const StreamFacts* first = nullptr;
    for (const StreamFacts& s : streams)
        if (first == nullptr || s.first_time.value_or(UINT64_MAX) < first->first_time.value_or(UINT64_MAX))
            first = &s;
    return first;
}

struct MediaSpan {
    Count first, last;
};

MediaSpan media_span(std::span<const StreamFacts> streams) {
    MediaSpan m;
    for (const StreamFacts& s : streams) {
        m.first = earliest(m.first, s.first_time);
        if (s.last_time) m.last = std::max(m.last.value_or(0), *s.last_time);
    }
    return m;
}

void fill_times(CallRow& row, const MediaSpan& media) {
    const CallFacts& c = row.facts;
    const Count last_media = c.last_media ? c.last_media : media.last;
    const Count provisional = earliest(c.ringing, c.progress);
    row.post_dial_delay_ms = span_ms(c.invite, provisional ? provisional : c.ok);
    row.ring_ms = span_ms(c.ringing, c.ok);
    row.setup_ms = span_ms(c.invite, c.ok);
    if (c.state == "MEDIA_ONLY")
        row.duration_ms = span_ms(media.first, last_media);
    else
        row.duration_ms = span_ms(c.ok, c.bye ? c.bye : last_media);
}

}  // namespace

CallRow make_call_row(ProbeId probe, CallFacts facts, std::span<const StreamFacts> streams,
                      const ScoringOptions& scoring, const VerdictLimits& limits) {
    CallRow row;
    row.probe = probe;
    const StreamFacts* first = first_of(streams);
    if (!facts.from_exporter && first != nullptr) {
        if (facts.call_id.empty()) facts.state = "MEDIA_ONLY";
        if (facts.call_id.empty() || facts.caller_hop.address.is_none()) {
            const bool sent_by_caller = side_of(*first, facts, first) != Side::caller;
            facts.caller_hop = sent_by_caller ? first->src : first->dst;
            facts.callee_hop = sent_by_caller ? first->dst : first->src;
        }
    }
    row.facts = std::move(facts);
    const CallFacts& c = row.facts;

    std::vector<const StreamFacts*> towards_caller, towards_callee;
    row.capture_loss = c.capture_loss;
    for (const StreamFacts& s : streams) {
        if (!c.capture_loss && s.capture_loss)
            row.capture_loss = std::max(row.capture_loss.value_or(0), *s.capture_loss);
        if (!s.is_audio()) continue;
        const Side side = side_of(s, c, first);
        if (side == Side::caller) towards_caller.push_back(&s);
        if (side == Side::callee) towards_callee.push_back(&s);
    }
    row.caller = make_heard(towards_caller, c.caller_media, c.ok, scoring);
    row.callee = make_heard(towards_callee, c.callee_media, c.ok, scoring);
    fill_times(row, media_span(streams));

    const quality::CallScore combined = quality::combine(row.caller.score, row.callee.score);
    row.mos = combined.mos;
    row.mos_scale = combined.mos_scale;
    row.mos_common = combined.mos_common;
    judge(row, limits);
    if (scoring.explain_rows)
        row.explanation = "The caller hears: " + explain_stream(row.caller.main, scoring) +
                          " The callee hears: " + explain_stream(row.callee.main, scoring);
    return row;
}

}  // namespace voipprobe::collector
