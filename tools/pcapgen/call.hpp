// One call: its script of SIP messages, its two streams, and what was seen of it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "tools/pcapgen/impairment.hpp"
#include "tools/pcapgen/rtcp.hpp"
#include "tools/pcapgen/rtp_source.hpp"
#include "tools/pcapgen/truth.hpp"

namespace voipprobe::pcapgen {

// One direction of media; side 0 is sent by the caller.
struct Stream {
    Stream(RtpSourceConfig config, const Options& options, Rng rng, const Endpoint& source,
           const Endpoint& sink);

    Endpoint from;
    Endpoint to;
    RtpSource source;
    Impairment impairment;
    FrameTemplate rtp_frame;
    FrameTemplate rtcp_frame;
    ReceiverState receiver;  // of whoever hears this stream
    std::optional<StreamTruth> truth;
    std::uint32_t sent_packets = 0;  // up to the packet before `waiting`
    std::uint32_t sent_octets = 0;
    RtpPacket waiting;  // the packet of the pending kMedia event
    Fate waiting_fate;
    Nanos last_arrival = 0;  // keeps the order under jitter
    // The last SR about this stream as its hearer got it.
    std::uint32_t last_sr = 0;
    Nanos last_sr_at_hearer = -1;
};

struct Call {
    SipParties parties;
    std::vector<SipStep> script;  // ascending in time
    std::size_t next_step = 0;
    std::array<std::unique_ptr<Stream>, 2> streams;
    CallTruth truth;
    std::uint32_t pending = 0;  // events that still refer to this call
    bool registration = false;
    bool one_way = false;
    std::array<bool, 2> rtt_seen{};
};

// Plans call number `index`, beginning at `start`: everything that can be decided beforehand.
std::unique_ptr<Call> plan_call(const Options& options, std::uint64_t index, Nanos start);
// REGISTER, 401, REGISTER with credentials, 200.
std::unique_ptr<Call> plan_registration(const Options& options, std::uint64_t index, Nanos start);

// Average time a call exists, for turning --concurrent into a rate.
double mean_call_seconds(const Options& options) noexcept;

}  // namespace voipprobe::pcapgen
