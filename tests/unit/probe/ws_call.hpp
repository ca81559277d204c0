// The call of test_call.hpp over WebSocket.
#pragma once

#include <functional>

#include "tests/unit/probe/test_call.hpp"
#include "tests/unit/probe/ws_frames.hpp"

namespace voipprobe::test {

using Cut = std::function<std::size_t(std::size_t)>;
struct WsShape {
    std::size_t frame = 1U << 20;  // octets of a message in one frame
    bool handshake = true;         // seen by the capture
    bool syn = true;
};

// The call of test_call.hpp over a connection of caller (masked) and callee; cut(i) octets in the i-th
// segment.

inline std::vector<TimedPacket> ws_call(const CallEnds& e, const Cut& cut, WsShape shape = {}) {
    std::vector<TimedPacket> out;
    std::uint32_t next[2] = {0xfffffff0, 77};
    std::uint16_t id = 1;
    std::size_t n = 0;
    const auto send = [&](wire::TimeNs time, bool caller, std::uint8_t flags, const Octets& o) {
        const auto& from = caller ? e.caller : e.callee;
        const auto& to = caller ? e.callee : e.caller;
        const Octets segment =
            tcp(caller ? 50123 : 8080, caller ? 8080 : 50123, next[caller ? 0 : 1], flags, o);
        out.push_back({time, ip_packet(from, to, 6, segment, {id++})});
        next[caller ? 0 : 1] += static_cast<std::uint32_t>(o.size()) + ((flags & 2) != 0 ? 1U : 0U);
    };
    const auto octets = [&](wire::TimeNs time, bool caller, const Octets& o) {
        for (std::size_t at = 0; at < o.size();) {
            const std::size_t take = std::min(cut(n++), o.size() - at);
            const auto from = o.begin() + static_cast<std::ptrdiff_t>(at);
            const bool last = at + take == o.size();
            send(time - (last ? 0 : wire::kMicrosecond), caller, 0x18,
                 Octets(from, from + static_cast<std::ptrdiff_t>(take)));
            at += take;
        }
    };
    const wire::TimeNs before = kCallStart - 50 * wire::kMillisecond;
    if (shape.syn) {
        send(before, true, 2, {});
        send(before + 1, false, 0x12, {});
    }
    if (shape.handshake) {
        octets(before + wire::kMillisecond, true, octets_of(kWsRequest));
        octets(before + 2 * wire::kMillisecond, false, octets_of(kWsResponse));
    }
    for (const SipStep& s : sip_steps(e))
        octets(kCallStart + s.after, s.from_caller, ws_message(s.text, s.from_caller, shape.frame));
    add_media(e, out);
    std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.time < y.time; });
    return out;
}

}  // namespace voipprobe::test
