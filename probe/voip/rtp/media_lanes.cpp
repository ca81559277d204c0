// MediaTracker's lanes: when the packets of a stream may wait, and how they count in the meantime.
#include <algorithm>

#include "probe/voip/rtp/media_tracker.hpp"

namespace voipprobe::probe {

[[gnu::noinline]] void MediaTracker::measure_full(WaitingLane& lane) {
    RtpStream& s = streams_[lane.stream];
    if (s.payload.mode_codec != ModeCodec::none) lane.close();  // the next packet shows the codec's mode
    if (is_tied(s)) lane.look_again = lane.packets.back().time + kPause;
    if (crew_ == nullptr) [[likely]]
        return catch_up(s);
    if (const std::uint64_t batch = crew_->submit(lane.stream, lane.packets)) {
        s.batch = batch;
        empty(lane);
    } else {
        stream(lane.stream);
    }
}

// The stream's next packets may wait, if nothing is to be seen in them but what everybody's have.
void MediaTracker::enter_lane(RtpStream& s, std::uint32_t index) {
    const bool may = s.confirmed && s.payload.known && s.payload.kind == PayloadClass::media &&
                     (s.payload.mode_codec == ModeCodec::none || s.packets >= kModeAtFirst) && !config_.speech_weighting &&
                     WaitingLane::may_hold(s.payload_type);
    if (!may) {
        if (s.lane != 0) lanes_[s.lane].close();
        return;
    }
    const std::uint32_t number = lane_of(s.flow, s.direction);
    WaitingLane& lane = lanes_[number];
    if (lane.stream != index) {
        if (lane.stream != 0) {  // another SSRC's, until that falls silent
            RtpStream& other = streams_[lane.stream];
            if (s.last_time - last_arrival(other) < wire::kSecond) return;
            leave_lane(stream(lane.stream));
        }
        lane.stream = index;
        s.lane = number;
    }
    lane.ssrc = s.ssrc;
    lane.payload_type = s.payload_type;
    lane.generation = s.media_generation;
    lane.until = std::min(s.interval_end, flows_.to_time(flows_.hot(s.flow).due));
    // How long the media table may change before the stream is looked up again: what SDP tied stays where it is until it
    // pauses (find_stream() knows), others may be tied better by every promise, which is looked at once a second.
    lane.look_again = s.call_over || s.looked_up == wire::kNever ? wire::kNever
                      : is_tied(s)                               ? s.last_time + kPause
                                                                 : s.looked_up + wire::kSecond;
}

// By SDP, to a call that runs.
bool MediaTracker::is_tied(const RtpStream& s) const {
    return !s.call_over && s.looked_up != wire::kNever && s.match == StreamMatch::sdp;
}

// A dozen packets at a time: the flow's line of the cache is not touched for each.
void MediaTracker::count_into_flow(WaitingLane& lane) {
    if (lane.counted == lane.count) return;
    const RtpStream& s = streams_[lane.stream];
    FlowHot& h = flows_.hot(s.flow);
    const std::uint32_t headers = (FlowTable::ip_version(h) == 4 ? 20U : 40U) + 8 + 12;
    std::uint64_t octets = 0;
    wire::TimeNs last = 0;
    for (const WaitingPacket& p : std::span(lane.packets).first(lane.count).subspan(lane.counted)) {
        octets += p.octets() + headers;
        last = std::max(last, p.time);
    }
    h.packets[s.direction] += static_cast<std::uint32_t>(lane.count - lane.counted);
    h.octets[s.direction] += octets;
    h.last_us = std::max(h.last_us, last / wire::kMicrosecond);
    lane.counted = lane.count;
}

// After stream(): nothing waits, and nothing will before it enters again.
RtpStream& MediaTracker::leave_lane(RtpStream& s) {
    if (s.lane == 0) return s;
    WaitingLane& lane = lanes_[std::exchange(s.lane, 0U)];
    lane.close();
    lane.stream = 0;
    return s;
}

// Of its last packet, measured or not.
wire::TimeNs MediaTracker::last_arrival(const RtpStream& s) const {
    if (s.lane == 0) return s.last_time;
    const WaitingLane& lane = lanes_[s.lane];
    if (lane.count != 0) return lane.packets[lane.count - 1U].time;
    return s.batch != 0 ? lane.packets.back().time : s.last_time;
}

// Its number will be another flow's.
void MediaTracker::leave_index(FlowIndex i) {
    if (FlowTable::ip_version(flows_.hot(i)) != 4) return;
    const wire::Endpoint a = flows_.source(i), b = flows_.destination(i);
    lane_index_.remove(lane_index_.key_of(a, b));
    lane_index_.remove(lane_index_.key_of(b, a));
}

}  // namespace voipprobe::probe
