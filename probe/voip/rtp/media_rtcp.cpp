// RTCP to the streams it is about: the RTP flow of the same endpoints (RFC 5761), or of the ports below (RFC 3550
// §11); round trips at the probe, and what receivers report.
#include "probe/voip/rtcp/rtcp_parser.hpp"
#include "probe/voip/rtp/media_tracker.hpp"

namespace voipprobe::probe {

class MediaTracker::RtcpIntake : public RtcpHandler {
  public:
    RtcpIntake(MediaTracker& tracker, std::uint32_t session, std::uint8_t direction, wire::TimeNs time)
        : tracker_(tracker), session_(session), direction_(direction), time_(time) {}

    void sender_report(std::uint32_t sender, NtpMiddle ntp, std::uint32_t, std::uint32_t) override {
        tracker_.report_times_.remember(session_, direction_, sender, ntp, time_);
    }
    void receiver_time(std::uint32_t sender, NtpMiddle ntp) override {
        tracker_.report_times_.remember(session_, direction_, sender, ntp, time_);
    }
    void report(std::uint32_t, const RtcpReport& r) override {
        round_trip(r.ssrc, r.last_sr, r.delay);
        RtpStream* s = heard(r.ssrc);
        if (s == nullptr) return;
        // The receiver's cycles start at its own first packet, near ours.
        const std::uint32_t span = r.highest - s->first_seq + 1;
        const std::uint64_t ours = s->sequence.expected();
        const bool sane = span > 0 && span / 2 <= ours + 1000 && ours / 2 <= std::uint64_t{span} + 1000;
        s->reported.expected = sane ? span : static_cast<std::uint32_t>(ours);
        s->reported.lost = r.lost;
        s->reported.jitter_ticks += r.jitter;
        ++s->reported.reports;
    }
    void receiver_delay(std::uint32_t, std::uint32_t ssrc, NtpMiddle last_rr, std::uint32_t delay) override {
        round_trip(ssrc, last_rr, delay);
    }
    void voip_metrics(std::uint32_t, const RtcpVoipMetrics& m) override {
        RtpStream* s = heard(m.ssrc);
        if (s == nullptr) return;
        const auto known = [](std::uint8_t tenths) { return tenths >= 10 && tenths <= 50; };  // 127: unavailable
        if (known(m.mos_lq)) s->reported.mos_lq = m.mos_lq;
        if (known(m.mos_cq)) s->reported.mos_cq = m.mos_cq;
    }

  private:
    // Of the end that sent this report; it receives what goes the other way.
    void round_trip(std::uint32_t ssrc, NtpMiddle quoted, std::uint32_t delay) {
        const auto against = static_cast<std::uint8_t>(1 - direction_);
        if (const auto ns = tracker_.report_times_.round_trip(session_, against, ssrc, quoted, delay, time_))
            tracker_.media_flows_[session_].round_trips[against].add(*ns);
    }
    RtpStream* heard(std::uint32_t ssrc) {
        for (std::uint32_t s = tracker_.media_flows_[session_].head[1 - direction_]; s != 0; s = tracker_.streams_[s].next)
            if (tracker_.streams_[s].ssrc == ssrc) return &tracker_.streams_[s];
        return nullptr;
    }
    MediaTracker& tracker_;
    const std::uint32_t session_;
    const std::uint8_t direction_;
    const wire::TimeNs time_;
};

MediaTracker::Session MediaTracker::session_of(FlowIndex i, const PacketView& p) {
    PacketView media = p;
    --media.src_port;
    --media.dst_port;
    const auto zone = static_cast<std::uint16_t>(flows_.hot(i).key1 >> 48);
    const FlowTable::Found found = flows_.find(flows_.key_of(media, zone), media);
    if (found.index != 0 && flows_.hot(found.index).media != 0) return {flows_.hot(found.index).media, found.direction};
    return promised_session(p);
}

// RTCP on a port of its own (a=rtcp, RFC 3605), or with one end behind a NAT: by what SDP says of either end, and by the
// sender's SSRC where the call has such a stream.
MediaTracker::Session MediaTracker::promised_session(const PacketView& p) const {
    const std::uint32_t ssrc = wire::load_be32(p.payload.data() + 4);
    Session by_ssrc, by_side;
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
                    if (s.ssrc == ssrc && s.side == receiver) by_ssrc = {media, s.direction};
                    else if (s.line == promise.line && by_side.media == 0)
                        by_side = {media, s.side == receiver ? s.direction : static_cast<std::uint8_t>(1 - s.direction)};
                }
            });
            if (by_ssrc.media != 0 || by_side.media != 0) return;
        }
    };
    at({p.dst, p.dst_port}, true);
    if (by_ssrc.media == 0 && by_side.media == 0) at({p.src, p.src_port}, false);
    return by_ssrc.media != 0 ? by_ssrc : by_side;
}

void MediaTracker::on_rtcp(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    ++counters_.rtcp_packets;
    std::uint32_t session = flows_.hot(i).media;
    if (session == 0) {
        const Session found = session_of(i, p);
        if (found.media == 0) return void(++counters_.rtcp_orphans);
        session = found.media;
        direction = found.direction;
    }
    ++media_flows_[session].rtcp_packets;
    RtcpIntake intake(*this, session, direction, p.time);
    if (!parse_rtcp(p.payload, p.payload_length, intake)) ++counters_.rtcp_refused;
}

std::optional<double> MediaTracker::round_trip(const RtpStream& s) const {
    const std::uint32_t session = flows_.hot(s.flow).media;
    if (session == 0) return std::nullopt;
    const auto& trips = media_flows_[session].round_trips;
    if (trips[0].count == 0 || trips[1].count == 0) return std::nullopt;
    return trips[0].mean() + trips[1].mean();
}

}  // namespace voipprobe::probe
