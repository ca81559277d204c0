#include "probe/voip/rtcp/compound_blocks.hpp"

namespace voipprobe::probe {
namespace {

// nullptr: a sampled value, which is of no span.
StreamBlocks::OverTime* over(StreamBlocks& s, XrSpan span) {
    return span == XrSpan::interval ? s.over.data() : span == XrSpan::cumulative ? s.over.data() + 1 : nullptr;
}

// RFC 7002 §3.2: the difference of the extended sequence numbers; both were received (RFC 6776 §4.2). The first one of the
// stream has 16 bits: its cycle is 0 (RFC 3550 A.1).
std::optional<std::uint64_t> expected(const RtcpPeriod& p, bool of_interval) {
    const std::uint32_t first = of_interval ? p.interval_first : p.first;
    if (p.last < first) return std::nullopt;
    return std::uint64_t{p.last - first} + 1;
}

std::optional<float> share(std::uint64_t part, std::uint64_t whole) {
    if (part > whole) return std::nullopt;
    return whole == 0 ? 0.0F : static_cast<float>(static_cast<double>(part) / static_cast<double>(whole));
}

std::optional<float> of_summary(const StreamBlocks::OverTime& o, std::optional<std::uint16_t> RtcpBurstSummary::*rate) {
    if (!o.loss_summary || !((*o.loss_summary).*rate)) return std::nullopt;
    return static_cast<float>(*((*o.loss_summary).*rate)) / 32768;
}

// RFC 6958 §3.2: losses that say they go along with discards are void without these.
bool counts(const StreamBlocks::OverTime& o) {
    return o.losses && o.losses->bad && o.losses->expected && (!o.losses->combined || o.discards_in_bursts);
}

std::optional<float> discard_pct(const StreamBlocks& s, bool of_interval) {
    const StreamBlocks::OverTime& o = s.over[of_interval ? 0 : 1];
    const auto all = expected(*s.period, of_interval);
    if (!o.discards_counted || o.discards_unknown || !all) return std::nullopt;
    const auto ratio = share(o.discarded, *all);
    return ratio ? std::optional(100 * *ratio) : std::nullopt;
}

std::optional<float> burst_density(const StreamBlocks& s, bool of_interval) {
    const StreamBlocks::OverTime& o = s.over[of_interval ? 0 : 1];
    if (counts(o)) return share(*o.losses->bad, *o.losses->expected);
    return of_summary(o, &RtcpBurstSummary::burst_rate);
}

// RFC 7004 §3.1.2. RTCP's own count of losses is of the whole stream, so counts of an interval give none.
std::optional<float> gap_density(const StreamBlocks& s, bool of_interval) {
    const StreamBlocks::OverTime& o = s.over[of_interval ? 0 : 1];
    if (const auto said = of_summary(o, &RtcpBurstSummary::gap_rate)) return said;
    const auto all = expected(*s.period, of_interval);
    if (of_interval || !counts(o) || !s.lost || !all) return std::nullopt;
    const std::uint64_t lost = *s.lost < 0 ? 0 : static_cast<std::uint64_t>(*s.lost);
    if (lost < *o.losses->bad || *all < *o.losses->expected) return std::nullopt;
    return share(lost - *o.losses->bad, *all - *o.losses->expected);
}

std::optional<SpannedFigure> spanned(const StreamBlocks& s, std::optional<float> (*figure)(const StreamBlocks&, bool)) {
    for (const bool of_interval : {false, true})
        if (const auto v = figure(s, of_interval)) return SpannedFigure{*v, of_interval};
    return std::nullopt;
}

}  // namespace

StreamBlocks* CompoundBlocks::of(std::uint32_t ssrc) {
    for (StreamBlocks& s : streams_)
        if (s.ssrc == ssrc) return &s;
    if (streams_.size() == kMostStreams) return nullptr;
    StreamBlocks& added = streams_.emplace_back();
    added.ssrc = ssrc;
    return &added;
}

void CompoundBlocks::add(const RtcpBursts& b) {
    StreamBlocks* s = relying(b.ssrc);
    StreamBlocks::OverTime* o = s == nullptr ? nullptr : over(*s, b.span);
    if (o == nullptr) return;
    if (b.of_discards) o->discards_in_bursts = true;
    else o->losses = b;
}

void CompoundBlocks::add(const RtcpBurstSummary& b) {
    StreamBlocks* s = relying(b.ssrc);
    StreamBlocks::OverTime* o = s == nullptr ? nullptr : over(*s, b.span);
    if (o != nullptr && !b.of_discards) o->loss_summary = b;
}

void CompoundBlocks::add(const RtcpDiscardCount& d) {
    StreamBlocks* s = relying(d.ssrc);
    StreamBlocks::OverTime* o = s == nullptr ? nullptr : over(*s, d.span);
    if (o == nullptr || d.kind == RtcpDiscardCount::kDuplicate) return;
    o->discards_counted = true;
    if (d.packets) o->discarded += *d.packets;
    else o->discards_unknown = true;
}

void CompoundBlocks::add(const RtcpMos& m) {
    StreamBlocks* s = relying(m.ssrc);
    if (s != nullptr && s->scores.size() < StreamBlocks::kMostScores) s->scores.push_back(m);
}

BlockFigures figures_of(const StreamBlocks& s) {
    BlockFigures f;
    if (!s.period) return f;
    if (!s.voip_metrics) {
        f.discard_pct = spanned(s, discard_pct);
        f.burst_density = spanned(s, burst_density);
        f.gap_density = spanned(s, gap_density);
    }
    if (s.delay && s.delay->mean_round_trip) f.round_trip_ms = static_cast<float>(*s.delay->mean_round_trip / 65.536);
    if (s.delay && s.delay->end_system)
        f.end_system_ms = static_cast<float>(static_cast<double>(*s.delay->end_system) * 1000 / 4294967296.0);
    return f;
}

}  // namespace voipprobe::probe
