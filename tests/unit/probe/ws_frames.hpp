// SIP over WebSocket as octets: handshake and frames of one direction.
#pragma once

#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {

// RFC 7118 §8.1.
inline const std::string kWsRequest =
    "GET / HTTP/1.1\r\nHost: sip-ws.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: "
    "http://www.example.com\r\nSec-WebSocket-Protocol: sip\r\n"
    "Sec-WebSocket-Version: 13\r\n\r\n";
inline const std::string kWsResponse =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n";

inline Octets ws_frame(int first_octet, const Octets& payload, bool masked) {
    Octets o = hex({first_octet});
    const int m = masked ? 0x80 : 0;
    if (payload.size() < 126) {
        o.push_back(static_cast<std::uint8_t>(m | static_cast<int>(payload.size())));
    } else if (payload.size() < 65'536) {
        o.push_back(static_cast<std::uint8_t>(m | 126));
        put16(o, payload.size());
    } else {
        o.push_back(static_cast<std::uint8_t>(m | 127));
        put32(o, payload.size() >> 32);
        put32(o, payload.size() & 0xffffffff);
    }
    if (!masked) return o + payload;
    const Octets mask = hex({0x37, 0xfa, 0x21, 0x3d});
    o = o + mask;
    for (std::size_t i = 0; i < payload.size(); ++i) o.push_back(payload[i] ^ mask[i & 3]);
    return o;
}

// One message in frames of `most` octets, a ping between them.
inline Octets ws_message(std::string_view text, bool masked, std::size_t most = 1U << 20) {
    Octets out;
    for (std::size_t at = 0; at < text.size(); at += most) {
        const bool last = at + most >= text.size();
        out = out + ws_frame((last ? 0x80 : 0) | (at == 0 ? 1 : 0), octets_of(text.substr(at, most)), masked);
        if (!last) out = out + ws_frame(0x89, octets_of("ping"), masked);
    }
    return out;
}

}  // namespace voipprobe::test
