#include "probe/voip/signalling/other_signalling.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kTpktHeader = 4;
constexpr std::uint8_t kQ931 = 8;  // its protocol discriminator

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
    : desk_(calls, media, tracker, std::move(host)), sccp_(desk_, key), mgcp_(desk_, key), iax2_(desk_, key), h323_(desk_, key) {}

const OtherSignalling::Connection* OtherSignalling::connection_of(FlowIndex flow, const PacketView& p, std::uint16_t zone) {
    if (const auto it = connections_.find(flow); it != connections_.end()) return &it->second;
    if (p.payload.size() < kFewest) return nullptr;
    Framing framing = Framing::tpkt;
    Connection fresh;
    if (begins_sccp(p) && (on_port(p, kSccpPort) || all_sccp(p.payload))) {
        framing = Framing::sccp;
    } else if (begins_tpkt(p)) {
        const bool q931 = p.payload.size() > 4 && looks_like_q931(p.payload.subspan(4));
        if (!q931) fresh.h245 = h323_.expects({p.src, p.src_port}, {p.dst, p.dst_port}, zone);
        const bool beginning = on_port(p, kH225Port) && (p.payload.size() == kTpktHeader || p.payload[kTpktHeader] == kQ931);
        if (!q931 && !fresh.h245 && !beginning) return nullptr;
    } else {
        return nullptr;
    }
    FlowIndex evicted = 0;
    fresh.number = streams_.open(flow, framing, evicted);
    if (evicted != 0) connections_.erase(evicted);
    return fresh.number == 0 ? nullptr : &(connections_[flow] = fresh);
}

bool OtherSignalling::on_datagram(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx,
                                  bool known) {
    if (on_port(p, kIax2Port) || looks_like_iax2_new(p.payload)) return iax2_.on_datagram(flow, direction, p, ctx, known);
    if (on_port(p, kRasPort) && h323_.on_ras(flow, p.payload, ctx)) return true;
    if (looks_like_mgcp(p.payload) || looks_like_mgcp_response(p.payload)) return mgcp_.on_datagram(wire::as_text(p.payload), ctx);
    return false;
}

bool OtherSignalling::on_tcp(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx) {
    const Connection* connection = connection_of(flow, p, ctx.zone);
    if (connection == nullptr) return false;
    streams_.add(connection->number, direction, p);
    const bool tpkt = streams_.framing(connection->number) == Framing::tpkt;
    wire::Bytes message;
    while (streams_.next(message)) {
        if (tpkt) {
            const wire::Bytes content = message.subspan(kTpktHeader);
            if (content.empty()) continue;  // keep-alive
            if (connection->h245) h323_.on_h245(content, *connection->h245, ctx);
            else h323_.on_q931(content, ctx);
            continue;
        }
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
    streams_.close(it->second.number);
    connections_.erase(it);
}

}  // namespace voipprobe::probe
