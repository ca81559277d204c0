#include "collector/join/heard.hpp"

#include <algorithm>

namespace voipprobe::collector {
namespace {

constexpr std::uint64_t kMatchSdp = 1, kMatchIce = 3, kMatchHeuristic = 6;  // STREAM_MATCH

bool known(const wire::Endpoint& e) { return !e.address.is_unspecified(); }

bool same_path(const StreamFacts& a, const StreamFacts& b) { return a.src == b.src && a.dst == b.dst; }

// Of several hops the one that ends where the session description says; else most packets; ties by arrival.
const StreamFacts* choose_main(std::span<const StreamFacts* const> towards,
                               const wire::Endpoint& negotiated) {
    const auto rank = [&](const StreamFacts* s) {
        const bool closest = known(negotiated) && s->dst == negotiated;
        return std::tuple(closest, s->packets.value_or(0), ~s->first_time.value_or(UINT64_MAX));
    };
    return *std::max_element(towards.begin(), towards.end(),
                             [&](const StreamFacts* a, const StreamFacts* b) { return rank(a) < rank(b); });
}

void add(Count& sum, const Count& v) {
    if (v) sum = sum.value_or(0) + *v;
}

}  // namespace

Side side_of(const StreamFacts& s, const CallFacts& call, const StreamFacts* first) {
    if (s.side != Side::none) return s.side;
    // The probe tied it to the call and to no side: a copy for a recorder.
    if (call.from_exporter && s.match && *s.match != 0 && *s.match < kMatchHeuristic) return Side::none;
    if (known(call.caller_media) && s.dst == call.caller_media) return Side::caller;
    if (known(call.callee_media) && s.dst == call.callee_media) return Side::callee;
    if (known(call.caller_media) && s.src == call.caller_media) return Side::callee;
    if (known(call.callee_media) && s.src == call.callee_media) return Side::caller;
    if (call.from_exporter && call.state != "MEDIA_ONLY") {  // the same host often has signalling and media
        const auto& caller = call.caller_hop.address;
        const auto& callee = call.callee_hop.address;
        if (caller == callee || caller.is_none()) return Side::none;
        if (s.src.address == caller || s.dst.address == callee) return Side::callee;
        if (s.dst.address == caller || s.src.address == callee) return Side::caller;
        return Side::none;
    }
    if (first == nullptr) return Side::none;
    if (s.dst == first->src) return Side::caller;
    if (s.dst == first->dst || s.src == first->src) return Side::callee;
    // Each way has ports of its own, and the probe says that they belong together.
    if (first->call_record_id != kNoId && first->src.address != first->dst.address) {
        if (s.src.address == first->dst.address && s.dst.address == first->src.address) return Side::caller;
        if (s.src.address == first->src.address && s.dst.address == first->dst.address) return Side::callee;
    }
    return Side::none;
}

HeardRow make_heard(std::span<const StreamFacts* const> towards, const wire::Endpoint& negotiated,
                    const Count& answered, const ScoringOptions& scoring) {
    HeardRow h;
    h.media = negotiated;
    h.streams = towards.size();
    if (towards.empty()) return h;
    const StreamFacts& main = *choose_main(towards, negotiated);
    const std::uint64_t match = main.match.value_or(0);
    const bool as_negotiated = match == kMatchSdp || match == kMatchIce || match == 0;
    if (!known(negotiated) || !as_negotiated) h.media = main.dst;  // where media really goes (latched)

    Count first_heard;
    for (const StreamFacts* s : towards) {
        if (s->first_time) first_heard = std::min(first_heard.value_or(UINT64_MAX), *s->first_time);
        if (!same_path(*s, main)) continue;
        add(h.packets, s->packets);
        add(h.expected, s->expected);
        add(h.lost, s->lost);
        add(h.duplicates, s->duplicates);
        add(h.reordered, s->reordered);
    }
    if (first_heard && answered)
        h.post_answer_delay_ms = (static_cast<double>(*first_heard) - static_cast<double>(*answered)) / 1000;
    h.main = main;
    h.score = score_stream(main, scoring);
    return h;
}

std::optional<double> percent(const Count& part, const Count& whole) {
    if (!part || !whole || *whole == 0) return std::nullopt;
    return 100.0 * static_cast<double>(*part) / static_cast<double>(*whole);
}

std::optional<double> loss_percent(const HeardRow& h) { return percent(h.lost, h.expected); }
std::optional<double> discard_percent(const HeardRow& h) {
    return percent(h.main.discard_adaptive, h.main.expected);
}

}  // namespace voipprobe::collector
