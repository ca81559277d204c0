// RTCP to the streams it is about: the RTP flow of the same endpoints (RFC 5761), or of the ports below (RFC 3550
// §11); round trips at the probe, and what receivers report. A report that came along with another flow than the one
// it answers (ends that send and receive on different ports) is tied to it by the SR that it quotes.
#include "probe/voip/rtcp/compound_blocks.hpp"
#include "probe/voip/rtcp/rtcp_parser.hpp"
#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/sip/call_media.hpp"

namespace voipprobe::probe {
namespace {

std::uint32_t hash_of(const wire::IpAddress& from, const wire::IpAddress& to, std::uint16_t zone) {
    std::uint64_t h = zone + 1U;
    for (const wire::IpAddress* a : {&from, &to})
        for (const std::size_t at : {std::size_t{0}, std::size_t{8}})
            h = (h ^ wire::load_le64(a->octets.data() + at)) * 0x9e3779b97f4a7c15, h ^= h >> 29;
    return static_cast<std::uint32_t>(h ^ h >> 32);
}

std::uint32_t hash_of(std::uint32_t session, std::uint8_t direction) {
    const std::uint64_t h = ((std::uint64_t{session} << 1 | direction) + 1) * 0xbf58476d1ce4e5b9;
    return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace

class MediaTracker::RtcpIntake : public RtcpHandler {
  public:
    RtcpIntake(MediaTracker& tracker, ReportPath path, const PacketView& p, std::uint16_t zone)
        : tracker_(tracker),
          path_(path),
          ends_(hash_of(p.src, p.dst, zone)),
          reverse_ends_(hash_of(p.dst, p.src, zone)),
          way_(hash_of(path.session, path.direction)),
          way_back_(hash_of(path.session, static_cast<std::uint8_t>(1 - path.direction))),
          time_(p.time) {}

    void packet(std::uint8_t type) override {
        RtcpCounters& c = tracker_.counters_.rtcp;
        ++(type == 200 ? c.sender_reports : type == 201 ? c.receiver_reports : type == 202 ? c.source_descriptions : type == 203 ? c.byes
           : type == 207 ? c.extended_reports : c.other_packets);
    }
    void sender_report(std::uint32_t sender, NtpMiddle ntp, std::uint32_t, std::uint32_t) override { remember(sender, ntp); }
    void receiver_time(std::uint32_t sender, NtpMiddle ntp) override { remember(sender, ntp); }
    void report(std::uint32_t, const RtcpReport& r) override {
        blocks_.report(r.ssrc, r.lost);
        const ReportPath answered = round_trip(r.ssrc, r.last_sr, r.delay);
        RtpStream* s = heard(r.ssrc, answered);
        if (s == nullptr) return;
        // The receiver's cycles start at its own first packet, near ours.
        const std::uint32_t span = r.highest - s->first_seq + 1;
        const std::uint64_t ours = s->sequence.expected();
        const bool sane = span > 0 && span / 2 <= ours + 1000 && ours / 2 <= std::uint64_t{span} + 1000;
        s->reported.expected = sane ? span : static_cast<std::uint32_t>(ours);
        s->reported.lost = r.lost;
        s->reported.jitter_ticks += r.jitter;
        s->reported.sources |= report_source::kRtcp;
        ++s->reported.reports;
    }
    void receiver_delay(std::uint32_t, std::uint32_t ssrc, NtpMiddle last_rr, std::uint32_t delay) override {
        round_trip(ssrc, last_rr, delay);
    }
    void voip_metrics(std::uint32_t, const RtcpVoipMetrics& m) override {
        blocks_.voip_metrics(m.ssrc);
        RtpStream* s = heard(m.ssrc, {});
        if (s == nullptr) return;
        const auto known = [](std::uint8_t tenths) { return tenths >= 10 && tenths <= 50; };  // 127: unavailable
        ReportedDetail& d = detail(*s);
        if (known(m.mos_lq)) s->reported.mos_lq = static_cast<std::uint16_t>(m.mos_lq * 10), d.of_whole(ReportedDetail::kMosLq);
        if (known(m.mos_cq)) s->reported.mos_cq = static_cast<std::uint16_t>(m.mos_cq * 10), d.of_whole(ReportedDetail::kMosCq);
        const auto ratio = [](std::uint8_t of_256) { return static_cast<float>(of_256) / 256; };
        d.of_whole(ReportedDetail::kDiscard | ReportedDetail::kBurst | ReportedDetail::kGap);
        d.loss_pct = 100 * ratio(m.loss_rate);
        d.discard_pct = 100 * ratio(m.discard_rate);
        d.burst_density = ratio(m.burst_density);
        d.gap_density = ratio(m.gap_density);
        if (m.round_trip_ms != 0) d.round_trip_ms = m.round_trip_ms;  // 0: not measured (RFC 3611 §4.7.3)
        if (m.end_system_ms != 0) d.end_system_ms = m.end_system_ms;
        if (m.r_factor <= 100) d.r_factor = m.r_factor;
    }
    void period(std::uint32_t, const RtcpPeriod& p) override { blocks_.add(p); }
    void delay_variation(std::uint32_t, const RtcpDelayVariation& d) override { blocks_.note(d.ssrc); }
    void delay(std::uint32_t, const RtcpDelay& d) override { blocks_.add(d); }
    void burst_summary(std::uint32_t, const RtcpBurstSummary& b) override { blocks_.add(b); }
    void bursts(std::uint32_t, const RtcpBursts& b) override { blocks_.add(b); }
    void discard_count(std::uint32_t, const RtcpDiscardCount& d) override { blocks_.add(d); }
    void sync_offset(std::uint32_t, const RtcpSyncOffset& o) override { blocks_.note(o.ssrc); }
    void score(std::uint32_t, const RtcpMos& m) override { blocks_.add(m); }
    void concealment(std::uint32_t, const RtcpConcealment& c) override { blocks_.note(c.ssrc); }
    void concealed_seconds(std::uint32_t, const RtcpConcealedSeconds& c) override { blocks_.note(c.ssrc); }
    void extended_block(std::uint8_t type, bool understood) override {
        RtcpCounters& c = tracker_.counters_.rtcp;
        ++(!understood || type > kXrMostAssigned ? c.refused_blocks : c.extended_blocks);
    }

    // Of a stream that this end sends.
    void source(std::uint32_t ssrc, SdesItem item, std::string_view text) override {
        if (!tracker_.config_.source_names || path_.session == 0 || (item != SdesItem::cname && item != SdesItem::tool)) return;
        const RtpStream* s = tracker_.find_ssrc(path_.session, path_.direction, ssrc);
        if (s == nullptr) return;
        SourceNames& names = tracker_.names_[tracker_.index_of(*s)];
        if (!(item == SdesItem::cname ? names.set_cname(text) : names.set_tool(text))) ++tracker_.counters_.rtcp.names_shortened;
    }
    // After the compound: its blocks in any order.
    void finish() {
        RtcpCounters& c = tracker_.counters_.rtcp;
        c.blocks_beyond_limit += blocks_.beyond();
        for (const StreamBlocks& b : blocks_.streams()) {
            if (b.relying == 0) continue;
            if (!b.period) c.blocks_without_period += b.relying;
            else if (RtpStream* s = heard(b.ssrc, {})) tracker_.take_blocks(*s, b);
        }
    }

  private:
    ReportedDetail& detail(RtpStream& s) { return tracker_.detail_of(s, report_source::kExtended); }

    // By the flow, so that two hops between the same hosts stay apart, and by the hosts, for one-way flows.
    void remember(std::uint32_t sender, NtpMiddle ntp) {
        if (path_.session != 0) tracker_.report_times_.remember(way_, sender, ntp, path_, time_);
        tracker_.report_times_.remember(ends_, sender, ntp, path_, time_);
    }

    // Of the end that sent this report; it receives what the quoted report went along with.
    ReportPath round_trip(std::uint32_t ssrc, NtpMiddle quoted, std::uint32_t delay) {
        if (quoted == 0) return {};
        RtcpCounters& c = tracker_.counters_.rtcp;
        std::optional<ReportTimes::Trip> trip;
        if (path_.session != 0) trip = tracker_.report_times_.round_trip(way_back_, ssrc, quoted, delay, time_);
        if (!trip) trip = tracker_.report_times_.round_trip(reverse_ends_, ssrc, quoted, delay, time_);
        if (!trip) return ++c.unmatched_quotes, ReportPath{};
        ReportPath at = trip->path;
        if (!tracker_.alive(at)) {
            if (path_.session == 0) return {};
            at = {path_.session, path_.flow, static_cast<std::uint8_t>(1 - path_.direction)};
        }
        ++c.round_trips;
        MediaFlow& m = tracker_.media_flows_[at.session];
        m.round_trips[at.direction].add(trip->ns);
        if (path_.session != 0 && path_.session != at.session) {  // two one-way flows of one conversation
            m.partner = path_;
            MediaFlow& back = tracker_.media_flows_[path_.session];
            back.partner = at;
            m.partner_ends = tracker_.ends_of(path_.flow);
            back.partner_ends = tracker_.ends_of(at.flow);
            back.round_trips[1U - path_.direction].add(trip->ns);  // the end that sends what goes this way
        }
        return at;
    }
    RtpStream* heard(std::uint32_t ssrc, ReportPath answered) {
        RtpStream* s = nullptr;
        if (path_.session != 0) {
            s = tracker_.find_ssrc(path_.session, static_cast<std::uint8_t>(1 - path_.direction), ssrc);
            const ReportPath& partner = tracker_.media_flows_[path_.session].partner;
            if (s == nullptr && tracker_.alive(partner)) s = tracker_.find_ssrc(partner.session, partner.direction, ssrc);
        }
        if (s == nullptr && tracker_.alive(answered)) s = tracker_.find_ssrc(answered.session, answered.direction, ssrc);
        return s;
    }
    MediaTracker& tracker_;
    const ReportPath path_;
    const std::uint32_t ends_, reverse_ends_, way_, way_back_;
    const wire::TimeNs time_;
    CompoundBlocks blocks_;
};

bool MediaTracker::alive(const ReportPath& p) const {
    return p.session != 0 && media_flows_[p.session].flow == p.flow && flows_.hot(p.flow).media == p.session;
}

RtpStream* MediaTracker::find_ssrc(std::uint32_t session, std::uint8_t direction, std::uint32_t ssrc) {
    for (std::uint32_t s = media_flows_[session].head[direction]; s != 0; s = streams_[s].next)
        if (streams_[s].ssrc == ssrc) return &stream(s);
    return nullptr;
}

// The RTP flow that an RTCP packet on ports of its own is about.
ReportPath MediaTracker::session_of(FlowIndex i, const PacketView& p) {
    PacketView media = p;
    --media.src_port;
    --media.dst_port;
    const FlowTable::Found found = flows_.find(flows_.key_of(media, FlowTable::zone(flows_.hot(i))), media);
    if (found.index != 0 && flows_.hot(found.index).media != 0)
        return {flows_.hot(found.index).media, found.index, found.direction};
    return promised_session(p);
}

// RTCP on a port of its own (a=rtcp, RFC 3605), or with one end behind a NAT: by what SDP says of either end, and by the
// sender's SSRC where the call has such a stream.
ReportPath MediaTracker::promised_session(const PacketView& p) const {
    const std::uint32_t ssrc = wire::load_be32(p.payload.data() + 4);
    ReportPath by_ssrc, by_side;
    const auto at = [&](wire::Endpoint end, bool towards_owner) {
        for (const std::uint16_t below : {std::uint16_t{0}, std::uint16_t{1}}) {
            end.port = static_cast<std::uint16_t>(end.port - below);
            media_.for_each(end, [&](const MediaPromise& promise) {
                const Call* call = calls_.get(promise.call, promise.serial);
                if (call == nullptr) return;
                const Side receiver = towards_owner ? promise.owner : other(promise.owner);
                for (const std::uint32_t i : call->streams) {
                    const RtpStream& s = streams_[i];
                    const std::uint32_t media = flows_.hot(s.flow).media;
                    if (s.ssrc == ssrc && s.side == receiver) by_ssrc = {media, s.flow, s.direction};
                    else if (s.line == promise.line && by_side.session == 0)
                        by_side = {media, s.flow, s.side == receiver ? s.direction : static_cast<std::uint8_t>(1 - s.direction)};
                }
            });
            if (by_ssrc.session != 0 || by_side.session != 0) return;
        }
    };
    at({p.dst, p.dst_port}, true);
    if (by_ssrc.session == 0 && by_side.session == 0) at({p.src, p.src_port}, false);
    return by_ssrc.session != 0 ? by_ssrc : by_side;
}

void MediaTracker::on_rtcp(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    ++counters_.rtcp_packets;
    const std::uint16_t zone = FlowTable::zone(flows_.hot(i));
    ReportPath path{flows_.hot(i).media, i, direction};
    if (path.session == 0) {
        if (p.payload[1] == 200 || p.payload[1] == 201)  // SR, RR: who reports may also send
            note_rtcp_sender(calls_, wire::load_be32(p.payload.data() + 4), {p.src, p.src_port}, {p.dst, p.dst_port}, p.time,
                             zone, media_);
        path = session_of(i, p);
        if (path.session == 0) {
            ++counters_.rtcp_orphans;  // what it quotes may still be known
            path = {0, i, direction};
        }
    }
    if (path.session != 0) ++media_flows_[path.session].rtcp_packets;
    RtcpIntake intake(*this, path, p, zone);
    if (!parse_rtcp(p.payload, p.payload_length, intake)) ++counters_.rtcp_refused;
    else intake.finish();
}

std::array<wire::Endpoint, 2> MediaTracker::ends_of(FlowIndex i) const { return {flows_.source(i), flows_.destination(i)}; }

std::array<wire::Endpoint, 2> MediaTracker::partner_of(const RtpStream& s) const {
    const std::uint32_t session = flows_.hot(s.flow).media;
    if (session == 0 || media_flows_[session].head[1U - s.direction] != 0) return {};  // that is the other way
    return media_flows_[session].partner_ends;
}

std::array<RoundTrips, 2> MediaTracker::sides(const RtpStream& s) const {
    const std::uint32_t session = flows_.hot(s.flow).media;
    if (session == 0) return {};
    const MediaFlow& m = media_flows_[session];
    return {m.round_trips[s.direction], m.round_trips[1 - s.direction]};
}

std::optional<double> MediaTracker::round_trip(const RtpStream& s) const {
    const std::array<RoundTrips, 2> trips = sides(s);
    if (trips[0].count == 0 || trips[1].count == 0) return std::nullopt;
    return trips[0].mean() + trips[1].mean();
}

}  // namespace voipprobe::probe
