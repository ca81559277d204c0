// TLS records and the two hellos (RFC 5246, RFC 8446), as far as it takes to know a connection and its keys. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

enum class TlsType : std::uint8_t { change_cipher_spec = 20, alert = 21, handshake = 22, application_data = 23, heartbeat = 24 };
inline constexpr std::size_t kTlsHeader = 5;
inline constexpr std::size_t kTlsMaxFragment = 16'384 + 2'048;  // RFC 5246 §6.2.3; RFC 8446: + 256
inline constexpr std::size_t kTlsMaxPlain = 16'384;

struct TlsRecord {
    TlsType type = TlsType::alert;
    wire::Bytes header;    // the five octets: additional data of TLS 1.3
    wire::Bytes fragment;
    std::size_t octets = 0;
};
enum class TlsParse : std::uint8_t { whole, more, bad };
TlsParse parse_tls_record(wire::Bytes data, TlsRecord& out);

using TlsRandom = std::array<std::uint8_t, 32>;
struct TlsClientHello {
    TlsRandom random{};
    std::string_view server_name;  // SNI (RFC 6066 §3), empty when there is none or it is no host name
};
struct TlsServerHello {
    TlsRandom random{};
    std::uint16_t version = 0;  // 0x0303 TLS 1.2, 0x0304 TLS 1.3
    std::uint16_t suite = 0;
    bool encrypt_then_mac = false;  // RFC 7366
    bool retry = false;             // HelloRetryRequest (RFC 8446 §4.1.4)
};
// First handshake message of a record's fragment; false: another message, or damaged. Of a ClientHello that goes on in
// another record what is there is read.
bool parse_client_hello(wire::Bytes fragment, TlsClientHello& out);
bool parse_server_hello(wire::Bytes fragment, TlsServerHello& out);

// Do the first octets of a direction begin a TLS handshake? `more`: they may.
TlsParse tls_start(wire::Bytes data);

}  // namespace voipprobe::probe
