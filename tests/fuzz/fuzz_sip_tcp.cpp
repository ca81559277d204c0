// A script of segments of SIP-like text. First octet: number of segments, 5 octets each (stream and direction, place in
// the text, length, what is cut, time step); the rest is the text. Every message must begin with a start line and be
// bounded, buffers must come back, and one segment with everything must give what the framing says.
#include <cstdlib>

#include "probe/voip/sip/sip_framing.hpp"
#include "probe/voip/sip/tcp_streams.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t steps = std::min<std::size_t>(data[0], (size - 1) / 5);
    const wire::Bytes script(data + 1, steps * 5);
    const wire::Bytes text(data + 1 + steps * 5, size - 1 - steps * 5);
    const probe::SipTcpLimits limits{2, 2};
    probe::SipTcpStreams tcp(limits);
    std::uint32_t stream[4] = {};
    probe::SipTcpMessage m;
    const auto read = [&] {
        for (int n = 0; tcp.next(m); ++n) {
            if (n > 100'000 || m.text.empty() || m.text.size() > m.whole) std::abort();
            if (probe::sip_start(wire::as_bytes(m.text), true) == probe::SipStart::no) std::abort();
            volatile char last = m.text.back();
            (void)last;
        }
        if (tcp.buffers() > limits.buffers || tcp.streams() > limits.streams) std::abort();
    };
    const auto stream_of = [&](std::size_t which) {
        if (stream[which] == 0) {
            probe::FlowIndex evicted = 0;
            stream[which] = tcp.open(static_cast<probe::FlowIndex>(which + 1), evicted);
            if (evicted != 0) stream[evicted - 1] = 0;
        }
        return stream[which];
    };
    wire::TimeNs now = 0;
    for (std::size_t s = 0; s < steps; ++s) {
        const std::uint8_t* op = &script[s * 5];
        const std::uint32_t id = stream_of(op[0] & 3);
        const auto way = static_cast<std::uint8_t>(op[0] >> 2 & 1);
        now += wire::TimeNs{op[4]} * 20 * wire::kMillisecond;
        if ((op[0] & 0xf0) == 0xf0) {
            tcp.finish(id, way);
            read();
            continue;
        }
        if ((op[0] & 0xf0) == 0xe0) {
            tcp.start(id, way, op[1]);
            continue;
        }
        const std::size_t at = text.empty() ? 0 : op[1] * text.size() / 256;
        const std::size_t n = std::min<std::size_t>(text.size() - at, op[2] * std::size_t{(op[0] & 8) != 0 ? 64U : 1U});
        probe::PacketView p;
        p.protocol = probe::kProtoTcp;
        p.tcp_sequence = static_cast<std::uint32_t>(at) + ((op[0] & 0x10) != 0 ? 0xffffff00U : 0U);
        p.payload = text.subspan(at, n);
        p.payload_length = static_cast<std::uint32_t>(n) + ((op[3] & 0x80) != 0 ? op[3] * 8U : 0U);
        p.ip_length = p.payload_length + 40;
        p.time = now;
        if (p.payload.empty()) continue;
        tcp.add(id, way, p);
        read();
        if (tcp.hopeless(id)) {
            tcp.close(id);
            stream[op[0] & 3] = 0;
        }
    }
    for (std::uint32_t& id : stream) {
        if (id == 0) continue;
        for (const std::uint8_t way : {std::uint8_t{0}, std::uint8_t{1}}) {
            tcp.finish(id, way);
            read();
        }
        tcp.close(id);
    }
    if (tcp.buffers() != 0 || tcp.streams() != 0) std::abort();
    return 0;
}
