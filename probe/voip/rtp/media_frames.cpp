// Media that is not RTP but can be measured as if it were (IAX2): whoever reads it makes the header.
#include "probe/voip/rtp/media_tracker.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::uint16_t kMaxFrameStreams = 512;  // of one flow, both ways: a trunk between two servers

}  // namespace

std::uint32_t MediaTracker::open_frames(FlowIndex i, std::uint8_t direction, const RtpHeader& h, const PacketView& p,
                                        CallIndex call, Side hears) {
    FlowHot& hot = flows_.hot(i);
    if (hot.media == 0) {
        std::uint32_t m = free_flow_;
        if (m != 0) free_flow_ = media_flows_[m].flow;
        else if (next_flow_ <= config_.max_streams) m = next_flow_++;
        else return ++counters_.streams_full, 0;
        media_flows_[m] = MediaFlow{};
        media_flows_[m].flow = i;
        media_flows_[m].announced = true;
        hot.media = m;
    }
    MediaFlow& m = media_flows_[hot.media];
    if (m.streams >= kMaxFrameStreams) return ++counters_.ssrc_overflow, 0;
    const std::uint32_t s = new_stream(m, direction, h, p);
    if (s == 0) return 0;
    bind(streams_[s], call, hears, 0, StreamMatch::sdp);
    measure(m, s, h, p);
    return s;
}

void MediaTracker::on_frame(std::uint32_t stream, const RtpHeader& h, const PacketView& p) {
    measure(media_flows_[flows_.hot(streams_[stream].flow).media], stream, h, p);
}

bool MediaTracker::carries(FlowIndex i, std::uint8_t direction, const PacketView& p) const {
    const MediaFlow* m = flow_media(i);
    const auto h = m == nullptr ? std::nullopt : parse_rtp(p.payload, p.payload_length);
    if (!h) return false;
    std::uint32_t s = m->head[direction];
    while (s != 0 && streams_[s].ssrc != h->ssrc) s = streams_[s].next;
    return s != 0 && streams_[s].confirmed;
}

}  // namespace voipprobe::probe
