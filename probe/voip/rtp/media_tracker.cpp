#include "probe/voip/rtp/media_tracker.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "probe/voip/rtp/redundant_payload.hpp"
#include "probe/voip/sip/call_media.hpp"
#include "quality/codec_table.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
MediaTracker::MediaTracker(const MediaConfig& config, FlowTable& flows, CallTable& calls, MediaTable& media,
                           OnStream on_stream, wire::SipKey key)
    : config_(config),
      flows_(flows),
      calls_(calls),
      media_(media),
      on_stream_(std::move(on_stream)),
      pools_(config.series_octets, config.histogram_octets, config.max_streams),
      streams_(config.max_streams + 1),
      media_flows_(config.max_streams + 1),
      lanes_(2 * (config.max_streams + 1)),
      lane_index_(key),
      details_(config.max_streams + 1),
      digits_(config.dtmf ? config.max_streams + 1 : 1),
      speech_(config.speech_weighting ? config.max_streams + 1 : 1),
      names_(config.source_names ? config.max_streams + 1 : 1) {
    pools_.delays.want(config.relative_delay);
}

// ---- packets
// -------------------------------------------------------------------------------------------------

[[gnu::noinline]] void MediaTracker::on_candidate(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    if (is_rtcp(p.payload)) return on_rtcp(i, direction, p);
    const auto h = parse_rtp(p.payload, p.payload_length);
    const bool announced = h && (media_.knows({p.dst, p.dst_port}) || media_.knows({p.src, p.src_port}));
    if (!h || (!announced && !(config_.heuristic && plausible(*h, p)))) {
        if (++flows_.cold(i).strikes >= kMaxStrikes) flows_.hot(i).kind = FlowKind::other;
        return;
    }
    std::uint32_t m = free_flow_;
    if (m != 0)
        free_flow_ = media_flows_[m].flow;
    else if (next_flow_ <= config_.max_streams)
        m = next_flow_++;
    else
        return void(++counters_.streams_full);
    media_flows_[m] = MediaFlow{};
    media_flows_[m].flow = i;
    media_flows_[m].announced = announced;
    flows_.hot(i).media = m;
    flows_.hot(i).kind = FlowKind::media;
    on_media(i, direction, p);
}

void MediaTracker::on_media(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    MediaFlow& m = media_flows_[flows_.hot(i).media];
    if (p.payload.empty()) return;
    if ((p.payload[0] & 0xc0) != 0x80) {
        // RFC 7983: STUN 0..3, ZRTP 16..19, DTLS 20..63 and TURN channels 64..79 share the port with RTP.
        if (p.payload[0] > 79) strike(i, m);
        return;
    }
    if (is_rtcp(p.payload)) return on_rtcp(i, direction, p);
    const auto h = parse_rtp(p.payload, p.payload_length);
    if (!h) return strike(i, m);
    const std::uint32_t s = find_stream(m, direction, *h, p);
    if (s == 0) return;
    ++counters_.rtp_packets;
    measure(m, s, *h, p);
    if (!m.confirmed && !streams_[s].confirmed && streams_[s].probation <= 1 && streams_[s].packets > 1)
        strike(i, m);
}

[[gnu::noinline]] void MediaTracker::settle(std::uint32_t s) {
    crew_->settle(s, std::exchange(streams_[s].batch, 0));
}

void MediaTracker::employ(MeasuringCrew* crew) {
    if (crew == nullptr && crew_ != nullptr)
        for (std::uint32_t s = 1; s < next_stream_; ++s)
            if (streams_[s].batch != 0) settle(s);
    crew_ = crew;
    if (crew != nullptr) pools_.share();
}

void MediaTracker::on_copy(FlowIndex i, std::uint8_t direction, const PacketView& p) {
    if (flows_.hot(i).media == 0 || is_rtcp(p.payload)) return;
    const auto h = parse_rtp(p.payload, p.payload_length);
    if (!h) return;
    for (std::uint32_t s = media_flows_[flows_.hot(i).media].head[direction]; s != 0; s = streams_[s].next)
        if (streams_[s].ssrc == h->ssrc) return stream(s).on_copy(*h, p.time);
}

std::uint32_t MediaTracker::find_stream(MediaFlow& m, std::uint8_t direction, const RtpHeader& h,
                                        const PacketView& p) {
    std::size_t n = 0;
    for (std::uint32_t s = m.head[direction]; s != 0; s = streams_[s].next, ++n) {
        if (streams_[s].ssrc != h.ssrc) continue;
        const RtpStream& known = streams_[s];
        if (known.media_generation == media_.generation()) return s;
        const bool may_be_over = known.call_over || p.time - last_arrival(known) > kPause;
        if (!may_be_over || !superseded(streams_[s], p.time)) return s;
        end_stream(m, s, p.time);  // another call took over these endpoints with the same SSRC
        break;
    }
    if (n >= kMaxSsrcs) {
        std::uint32_t doubtful = m.head[direction];
        while (doubtful != 0 && streams_[doubtful].confirmed) doubtful = streams_[doubtful].next;
        if (doubtful == 0) return ++counters_.ssrc_overflow, 0;
        // RTP does not go on for ever with SSRCs of which none comes again.
        if (!m.confirmed && !m.announced && ++m.strikes >= kMaxStrikes) return drop_flow(m.flow), 0;
        end_stream(m, doubtful, p.time);
    }
    return new_stream(m, direction, h, p);
}

[[gnu::noinline]] std::uint32_t MediaTracker::new_stream(MediaFlow& m, std::uint8_t direction,
                                                         const RtpHeader& h, const PacketView& p) {
    std::uint32_t s = free_stream_;
    if (s != 0)
        free_stream_ = streams_[s].next;
    else if (next_stream_ <= config_.max_streams)
        s = next_stream_++;
    else
        return ++counters_.streams_full, 0;
    RtpStream& stream = *new (&streams_[s]) RtpStream;
    stream.start(h, p.time);
    if (config_.dtmf) digits_[s] = DialledDigits{};
    if (config_.speech_weighting) speech_[s] = SpeechActivity{};
    if (config_.source_names) names_[s] = SourceNames{};
    stream.first_type = h.payload_type;
    stream.flow = m.flow;
    stream.direction = direction;
    stream.tos = p.tos;
    stream.vlan = p.vlan;
    // A packet whose clock went back must not be owed the snapshots of all the time since.
    count_waiting(m.flow);
    const wire::TimeNs flow_time = flows_.hot(m.flow).last_us * wire::kMicrosecond;
    stream.next_snapshot = std::max(p.time, flow_time) + config_.active_ns;
    stream.next = m.head[direction];
    m.head[direction] = s;
    ++m.streams;
    ++counters_.streams;
    ++open_streams_;
    try_bind(stream, p.time);
    return s;
}

void MediaTracker::measure(MediaFlow& m, std::uint32_t index, const RtpHeader& received, const PacketView& p) {
    RtpStream& s = stream(index);
    RtpHeader h = received;
    if (promises_to_see(s, p.time)) try_bind(s, p.time);
    if (h.payload_type == s.red_type) open_red(p.payload, h);
    if (h.payload_type != s.payload_type || !s.payload.known) {
        PayloadInfo info = resolve(s, h.payload_type, h.payload_octets);
        if (info.kind == PayloadClass::redundant && open_red(p.payload, h)) {
            s.red_type = received.payload_type;
            const std::uint32_t clock_rate = info.clock_rate;
            info = resolve(s, h.payload_type, h.payload_octets);
            if (info.clock_rate == 0) info.clock_rate = clock_rate;  // RFC 2198 §4: the same for all
        }
        s.set_payload(h.payload_type, info);
    }
    // What follows the header, of redundant payloads the primary one.
    const std::uint32_t carried = h.payload_octets - (h.header_octets - received.header_octets);
    const bool copy = s.packets != 0 && h.sequence == s.last_seq && h.timestamp == s.last_ts;  // of a mirror
    if (!s.confirmed && !copy) {
        s.probation = consistent(s, h) ? static_cast<std::uint8_t>(s.probation + 1) : std::uint8_t{1};
        if (s.probation >= kProbation) s.confirmed = m.confirmed = true;
    }
    if (p.time >= s.interval_end) end_interval(s, p.time);
    if (config_.speech_weighting) [[unlikely]]
        measure_speech(index, h, p);
    else
        s.on_packet(h, p.time, pools_);
    if (config_.dtmf && s.payload.kind == PayloadClass::telephone_event && p.payload.size() > h.header_octets)
        digits_[index].add(p.payload.subspan(h.header_octets), h.timestamp);
    if (s.payload.mode_codec != ModeCodec::none && p.payload.size() > h.header_octets &&
        (s.packets < kModeAtFirst || s.packets - s.mode_seen_at >= WaitingLane::kRoom)) {
        if (const auto mode = codec_mode(s.payload.mode_codec, p.payload.subspan(h.header_octets), carried))
            s.mode.add(*mode);
        s.mode_seen_at = s.packets;
    }
    enter_lane(s, index);
}

[[gnu::noinline]] void MediaTracker::end_interval(RtpStream& s, wire::TimeNs now) {
    if (on_interval_ && s.confirmed && s.packets > s.interval.packets)
        on_interval_(s, s.interval_figures(pools_), false);
    s.begin_interval(s.interval.time + (now - s.interval.time) / kIntervalNs * kIntervalNs, pools_);
}

// Before a stream's last record: a clock that became known after its last packet still counts.
void MediaTracker::settle(RtpStream& s, wire::TimeNs) {
    if (s.pending.empty()) return;
    const std::uint8_t type = s.main_payload_type();
    const PayloadInfo info = resolve(s, type, 0);
    if (info.clock_rate == 0 || info.kind != PayloadClass::media) return;
    s.set_payload(type, info);
    s.replay(pools_);
    for (std::size_t i = 0; i < s.type_slots; ++i)
        if (s.types[i] == type) s.type_clock[i] = info.clock_rate;
}

// Sequence numbers forward by 1..50 and timestamps that do not go back; at the fifth packet they must have
// moved.
[[gnu::noinline]] bool MediaTracker::consistent(RtpStream& s, const RtpHeader& h) const {
    if (s.packets == 0) return true;
    const auto step = static_cast<std::uint16_t>(h.sequence - s.last_seq);
    const auto advance = static_cast<std::int32_t>(h.timestamp - s.last_ts);
    if (step == 0 || step > 50 || advance < 0) return false;
    return s.probation + 1 < kProbation || h.timestamp != s.first_ts;
}

// What unannounced RTP may look like: unprivileged ports, an assigned or dynamic payload type, some payload.
bool MediaTracker::plausible(const RtpHeader& h, const PacketView& p) const {
    if (p.src_port < 1024 || p.dst_port < 1024 || p.src_port == 5353 || p.dst_port == 5353 ||
        p.src_port == 5355 || p.dst_port == 5355 || p.dst.is_multicast())
        return false;
    if (h.payload_type > 34 && h.payload_type < 96) return false;
    return h.payload_octets > 0;
}

[[gnu::noinline]] void MediaTracker::strike(FlowIndex i, MediaFlow& m) {
    if (m.confirmed || m.announced) return;
    if (++m.strikes < kMaxStrikes) return;
    drop_flow(i);
}

// Not RTP after all: forget the tentative streams; nothing was reported of them.
void MediaTracker::drop_flow(FlowIndex i) {
    FlowHot& hot = flows_.hot(i);
    MediaFlow& m = media_flows_[hot.media];
    for (std::uint32_t& head : m.head)
        while (head != 0) {
            ++counters_.unconfirmed;
            unlink(m, head);
        }
    leave_index(i);
    m.flow = free_flow_;
    free_flow_ = hot.media;
    hot.media = 0;
    hot.kind = FlowKind::other;
}

// ---- meaning of payload types
// --------------------------------------------------------------------------------

const CallFormat* MediaTracker::format_of(const RtpStream& s, std::uint8_t pt) const {
    const Call* call = s.call == 0 ? nullptr : calls_.get(s.call, s.call_serial);
    return call == nullptr ? nullptr : find_format(*call, s.side, s.line, pt);
}

const RtpMapEntry* MediaTracker::map_entry(std::uint8_t pt) const {
    return config_.rtp_map[pt & 0x7f].clock_rate != 0 ? &config_.rtp_map[pt & 0x7f] : nullptr;
}

std::string_view MediaTracker::codec_of(const RtpStream& s) const {
    const std::uint8_t pt = s.main_payload_type();
    if (const CallFormat* f = format_of(s, pt)) return f->encoding;
    if (const RtpMapEntry* e = map_entry(pt)) return e->encoding;
    if (const auto* known = quality::find_static_payload_type(pt)) return known->name;
    return {};
}

// SDP, then --rtp-map, then RFC 3551, then what the timestamps say; else unknown.
[[gnu::noinline]] PayloadInfo MediaTracker::resolve(const RtpStream& s, std::uint8_t pt,
                                                    std::uint32_t payload_octets) const {
    PayloadInfo info;
    std::string_view encoding;
    if (const CallFormat* f = format_of(s, pt)) {
        info.clock_rate = f->clock_rate;
        encoding = f->encoding;
    } else if (const RtpMapEntry* e = map_entry(pt)) {
        info.clock_rate = e->clock_rate;
        encoding = e->encoding;
    } else if (const auto* known = quality::find_static_payload_type(pt)) {
        info.clock_rate = known->clock;
        encoding = known->name;
    } else if (s.learned_rate != 0 && s.learned_type == pt) {
        info.clock_rate = s.learned_rate;  // still not `known`: SDP may come
        return info;
    } else if (pt >= 96 && payload_octets == 4) {
        // Without SDP: a dynamic type with 4 octets of payload is taken for RFC 4733 (no speech codec sends
        // these).
        info.kind = PayloadClass::telephone_event;
        return info;
    }
    info.known = info.clock_rate != 0;
    info.mode_codec = mode_codec_of(encoding);
    info.speech_codec = speech_codec_of(encoding);
    if (wire::equals_ignore_case(encoding, "telephone-event")) info.kind = PayloadClass::telephone_event;
    if (is_repair_format(encoding)) info.kind = PayloadClass::repair;
    if (wire::equals_ignore_case(encoding, "red")) info.kind = PayloadClass::redundant;
    if (pt == 13 || pt == 19 || wire::equals_ignore_case(encoding, "CN")) info.kind = PayloadClass::comfort_noise;
    return info;
}

// ---- ends
// ----------------------------------------------------------------------------------------------------

bool MediaTracker::on_idle(FlowIndex i, wire::TimeNs now, bool force) {
    FlowHot& hot = flows_.hot(i);
    if (hot.media == 0) return false;
    MediaFlow& m = media_flows_[hot.media];
    bool keep = false;
    for (const std::uint32_t head : m.head)
        for (std::uint32_t s = head; s != 0;) {
            const std::uint32_t following = streams_[s].next;
            RtpStream& stream = this->stream(s);
            if (stream.match != StreamMatch::sdp) try_bind(stream, now);
            const Call* call = stream.call == 0 ? nullptr : calls_.get(stream.call, stream.call_serial);
            if (!force && call != nullptr && !call->ended())
                keep = true;
            else
                end_stream(m, s, now);
            s = following;
        }
    if (keep) return true;
    leave_index(i);
    m.flow = free_flow_;
    free_flow_ = hot.media;
    hot.media = 0;
    hot.kind = FlowKind::fresh;
    return false;
}

[[gnu::noinline]] void MediaTracker::end_stream(MediaFlow& m, std::uint32_t index, wire::TimeNs now) {
    RtpStream& s = stream(index);
    if (s.confirmed) {
        if (s.match != StreamMatch::sdp && s.media_generation != media_.generation()) try_bind(s, now);
        settle(s, now);
        if (on_interval_ && s.packets > s.interval.packets) on_interval_(s, s.interval_figures(pools_), true);
        if (s.call == 0) ++counters_.orphans;
        on_stream_(s, true, now);
    } else {
        ++counters_.unconfirmed;
    }
    if (Call* call = s.call == 0 ? nullptr : calls_.get(s.call, s.call_serial)) {
        call->last_media = std::max(call->last_media, s.last_time);
        std::erase(call->streams, index);
    }
    unlink(m, index);
}

void MediaTracker::end(std::uint32_t stream, wire::TimeNs now) {
    end_stream(media_flows_[flows_.hot(streams_[stream].flow).media], stream, now);
}

void MediaTracker::unlink(MediaFlow& m, std::uint32_t index) {
    RtpStream& s = stream(index);
    for (std::uint32_t* link = &m.head[s.direction]; *link != 0; link = &streams_[*link].next) {
        if (*link != index) continue;
        *link = s.next;
        break;
    }
    leave_lane(s).release(pools_);
    s.next = free_stream_;
    free_stream_ = index;
    --m.streams;
    --open_streams_;
}

void MediaTracker::on_snapshot(FlowIndex i, wire::TimeNs now) {
    if (flows_.hot(i).media == 0) return;
    for (const std::uint32_t head : media_flows_[flows_.hot(i).media].head)
        for (std::uint32_t s = head; s != 0; s = streams_[s].next) {
            RtpStream& stream = this->stream(s);
            if (stream.next_snapshot > now) continue;
            stream.next_snapshot = wire::boundary_after(now, stream.next_snapshot, config_.active_ns);
            if (!stream.confirmed) continue;
            if (stream.match != StreamMatch::sdp) try_bind(stream, now);
            on_stream_(stream, false, now);
        }
}

wire::TimeNs MediaTracker::next_snapshot(FlowIndex i) const {
    wire::TimeNs next = INT64_MAX;
    if (flows_.hot(i).media == 0) return next;
    for (const std::uint32_t head : media_flows_[flows_.hot(i).media].head)
        for (std::uint32_t s = head; s != 0; s = streams_[s].next)
            next = std::min(next, streams_[s].next_snapshot);
    return next;
}

const MediaFlow* MediaTracker::flow_media(FlowIndex i) const {
    return flows_.hot(i).media == 0 ? nullptr : &media_flows_[flows_.hot(i).media];
}

const RtpStream* MediaTracker::main_stream(FlowIndex i, std::uint8_t direction) {
    const MediaFlow* m = flow_media(i);
    const RtpStream* best = nullptr;
    for (std::uint32_t s = m == nullptr ? 0 : m->head[direction]; s != 0; s = streams_[s].next)
        if (streams_[s].confirmed && (best == nullptr || stream(s).packets > best->packets))
            best = &stream(s);
    return best;
}

std::size_t MediaTracker::memory_octets() const {
    return next_stream_ * sizeof(RtpStream) + next_flow_ * (sizeof(MediaFlow) + 2 * sizeof(WaitingLane)) + lane_index_.octets() +
           pools_.series.in_use() * 1024 + pools_.buffers.in_use() * JitterBufferPool::octets_each() +
           pools_.histograms.in_use() * sizeof(quality::HistogramPage);
}

}  // namespace voipprobe::probe
