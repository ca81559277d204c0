// The signalling protocols beside SIP: which packets are theirs, and into calls with them. The pipeline asks once per
// packet of a flow that is not known to be anything else.
// Recognised by content: Skinny (TCP), MGCP and IAX2 (UDP), H.225 call signalling (TCP) and RAS (UDP), H.245 (TCP, at an
// address that call signalling named). Thread rule: one owner.
#pragma once

#include <unordered_map>

#include "probe/flow/flow.hpp"
#include "probe/voip/h323/h323_calls.hpp"
#include "probe/voip/iax2/iax2_calls.hpp"
#include "probe/voip/mgcp/mgcp_calls.hpp"
#include "probe/voip/sccp/sccp_calls.hpp"
#include "probe/voip/signalling/call_desk.hpp"
#include "probe/voip/signalling/framed_streams.hpp"

namespace voipprobe::probe {

class OtherSignalling {
  public:
    OtherSignalling(CallTable& calls, MediaTable& media, MediaTracker& tracker, CallDesk::Host host, wire::SipKey key);

    // Cheap, for segments of flows that nothing is known of: may it be one of these?
    bool may_be(const PacketView& p) const {
        return p.payload.size() >= kFewest && (begins_sccp(p) || begins_tpkt(p));
    }
    // The same of a datagram.
    bool may_be_datagram(const PacketView& p) const {
        if (p.payload.size() < kFewest) return false;
        if (on_port(p, kMgcpGatewayPort) || on_port(p, kMgcpAgentPort) || on_port(p, kIax2Port) || on_port(p, kRasPort)) return true;
        if (p.payload.size() >= 12 && p.payload[10] == 6 && p.payload[11] == 1 && looks_like_iax2_new(p.payload)) return true;
        return p.payload.size() > 4 && p.payload[4] == ' ' && looks_like_mgcp(p.payload);
    }
    // A datagram. False: it is none of these.
    // `known`: the flow has carried some before.
    bool on_datagram(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx, bool known);
    // A TCP segment with payload. False: it is none of these; `ctx` says where and when.
    bool on_tcp(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx);
    // The flow is gone.
    void forget(FlowIndex flow) {
        if (!connections_.empty()) close(flow);
    }

    const SccpCalls& sccp() const { return sccp_; }
    const MgcpCalls& mgcp() const { return mgcp_; }
    const Iax2Calls& iax2() const { return iax2_; }
    const H323Calls& h323() const { return h323_; }
    const FramedStreams& streams() const { return streams_; }
    const CallDesk& desk() const { return desk_; }
    CallDesk& desk() { return desk_; }

  private:
    static constexpr std::size_t kFewest = 4;  // octets of a segment that tell anything
    static constexpr std::uint16_t kSccpPort = 2000;
    static constexpr std::uint16_t kMgcpGatewayPort = 2427, kMgcpAgentPort = 2727, kIax2Port = 4569, kRasPort = 1719, kH225Port = 1720;

    static bool on_port(const PacketView& p, std::uint16_t port) { return p.src_port == port || p.dst_port == port; }
    // On its own port the beginning of one message is enough; elsewhere the segment must consist of whole ones.
    static bool begins_sccp(const PacketView& p) {
        return on_port(p, kSccpPort) ? sccp_frame_length(p.payload).has_value() : looks_like_sccp(p.payload);
    }
    // A TPKT with a Q.931 message, or one that an H.245 connection may begin with.
    bool begins_tpkt(const PacketView& p) const {
        if (p.payload[0] != 3 || p.payload[1] != 0) return false;
        if (on_port(p, kH225Port) || h323_.expects_any()) return true;
        return p.payload.size() > 4 && looks_like_q931(p.payload.subspan(4));
    }
    struct Connection {
        std::uint32_t number = 0;
        std::optional<H245Link> h245;  // what it carries, else call signalling
    };
    const Connection* connection_of(FlowIndex flow, const PacketView& p, std::uint16_t zone);
    void close(FlowIndex flow);

    CallDesk desk_;
    FramedStreams streams_;
    std::unordered_map<FlowIndex, Connection> connections_;  // as many as FramedStreams allows
    SccpCalls sccp_;
    MgcpCalls mgcp_;
    Iax2Calls iax2_;
    H323Calls h323_;
};

}  // namespace voipprobe::probe
