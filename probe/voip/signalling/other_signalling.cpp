#include "probe/voip/signalling/other_signalling.hpp"

namespace voipprobe::probe {
namespace {

// Whole messages, as many as there are octets.
bool all_sccp(wire::Bytes data) {
    while (!data.empty()) {
        const auto length = sccp_frame_length(data);
        if (!length || *length == 0 || *length > data.size()) return false;
        data = data.subspan(*length);
    }
    return true;
}

}  // namespace

OtherSignalling::OtherSignalling(CallTable& calls, MediaTable& media, MediaTracker& tracker, CallDesk::Host host,
                                 wire::SipKey key)
    : desk_(calls, media, tracker, std::move(host)), sccp_(desk_, key), mgcp_(desk_, key), iax2_(desk_, key) {}

std::uint32_t OtherSignalling::connection_of(FlowIndex flow, const PacketView& p) {
    if (const auto it = connections_.find(flow); it != connections_.end()) return it->second;
    Framing framing;
    if (begins_sccp(p) && (on_port(p, kSccpPort) || all_sccp(p.payload))) framing = Framing::sccp;
    else return 0;
    FlowIndex evicted = 0;
    const std::uint32_t connection = streams_.open(flow, framing, evicted);
    if (evicted != 0) connections_.erase(evicted);
    if (connection != 0) connections_.emplace(flow, connection);
    return connection;
}

bool OtherSignalling::on_datagram(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx,
                                  bool known) {
    if (on_port(p, kIax2Port) || looks_like_iax2_new(p.payload)) return iax2_.on_datagram(flow, direction, p, ctx, known);
    if (looks_like_mgcp(p.payload) || looks_like_mgcp_response(p.payload)) return mgcp_.on_datagram(wire::as_text(p.payload), ctx);
    return false;
}

bool OtherSignalling::on_tcp(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx) {
    const std::uint32_t connection = connection_of(flow, p);
    if (connection == 0) return false;
    streams_.add(connection, direction, p);
    wire::Bytes message;
    while (streams_.next(message)) {
        SccpMessage m;
        if (!parse_sccp(message, m)) continue;
        sccp_.on_message(m, ctx);
        if (m.understood && !m.line_number.empty()) desk_.registered(flow, m.line_number, ctx.dst.address);
    }
    return true;
}

void OtherSignalling::close(FlowIndex flow) {
    const auto it = connections_.find(flow);
    if (it == connections_.end()) return;
    streams_.close(it->second);
    connections_.erase(it);
}

}  // namespace voipprobe::probe
