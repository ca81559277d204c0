// Any octets as one direction of a WebSocket connection: parts lie within the input, and the same messages come out
// however the octets are cut. First octet: how they are cut; second: bit 0 a handshake before them.
#include <cstdlib>
#include <string>
#include <vector>

#include "probe/voip/sip/tcp_streams.hpp"
#include "probe/voip/ws/ws_frame.hpp"

using namespace voipprobe;

namespace {

constexpr std::string_view kHandshake = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n";

void parts(wire::Bytes data) {
    probe::WsState state;
    for (std::size_t at = 0; at < data.size();) {
        const probe::WsPart p = probe::next_ws_part(data.subspan(at), state);
        if (p.kind == probe::WsPart::Kind::wait) break;
        if (p.octets == 0 || p.octets > data.size() - at || p.payload > p.octets) std::abort();
        at += p.octets;
    }
}

std::vector<std::string> messages(wire::Bytes data, std::size_t step) {
    const probe::SipTcpLimits limits{2, 2, {2, 2}};
    probe::SipTcpStreams tcp(limits);
    probe::FlowIndex evicted = 0;
    const std::uint32_t id = tcp.open(1, evicted);
    tcp.start(id, 0, 0);
    std::vector<std::string> got;
    probe::SipTcpMessage m;
    const auto read = [&] {
        while (tcp.next(m)) {
            if (m.text.empty() || m.text.size() > m.whole) std::abort();
            got.emplace_back(m.text);
        }
    };
    for (std::size_t at = 0; at < data.size(); at += step) {
        probe::PacketView p;
        p.protocol = probe::kProtoTcp;
        p.tcp_sequence = static_cast<std::uint32_t>(at);
        p.payload = data.subspan(at, std::min(step, data.size() - at));
        p.payload_length = static_cast<std::uint32_t>(p.payload.size());
        p.ip_length = p.payload_length + 40;
        tcp.add(id, 0, p);
        read();
    }
    tcp.finish(id, 0);
    read();
    tcp.close(id);
    if (tcp.inner().buffers() != 0 || tcp.inner().connections() != 0) std::abort();
    return got;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const wire::Bytes body(data + 2, size - 2);
    parts(body);
    std::size_t head = 0;
    if (probe::ws_start(body, head) == probe::WsStart::request && head > body.size()) std::abort();
    std::vector<std::uint8_t> all;
    if ((data[1] & 1) != 0) all.insert(all.end(), kHandshake.begin(), kHandshake.end());
    all.insert(all.end(), body.begin(), body.end());
    if (all.size() > 60'000) return 0;
    const auto whole = messages(all, all.empty() ? 1 : all.size());
    const auto cut = messages(all, 1U + data[0]);
    if ((data[1] & 1) != 0 && whole != cut) std::abort();
    return 0;
}
