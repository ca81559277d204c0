#include "probe/voip/tls/tls_record.hpp"

#include <algorithm>

namespace voipprobe::probe {
namespace {

constexpr std::uint8_t kClientHello = 1, kServerHello = 2;
constexpr std::uint16_t kServerName = 0, kEncryptThenMac = 22, kSupportedVersions = 43;
// SHA-256 of "HelloRetryRequest" (RFC 8446 §4.1.3).
constexpr TlsRandom kRetry{0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                           0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

// The body of a handshake message of `type` as far as it is here.
wire::Bytes body_of(wire::Bytes fragment, std::uint8_t type) {
    wire::ByteReader r(fragment);
    if (r.u8() != type) return {};
    const std::uint32_t length = r.u24();
    if (r.failed()) return {};
    return r.rest().first(std::min<std::size_t>(length, r.remaining()));
}

bool read_random(wire::ByteReader& r, TlsRandom& out) {
    const wire::Bytes b = r.take(out.size());
    if (r.failed()) return false;
    std::copy(b.begin(), b.end(), out.begin());
    return true;
}

std::string_view host_name(wire::Bytes extension) {
    wire::ByteReader list(extension);
    wire::ByteReader names(list.take(list.u16()));
    while (!names.empty() && !names.failed()) {
        const std::uint8_t type = names.u8();
        const wire::Bytes name = names.take(names.u16());
        if (names.failed()) return {};
        if (type != 0) continue;
        const bool clean = std::all_of(name.begin(), name.end(), [](std::uint8_t c) { return c > ' ' && c < 0x7f; });
        return clean ? wire::as_text(name) : std::string_view{};
    }
    return {};
}

}  // namespace

TlsParse parse_tls_record(wire::Bytes data, TlsRecord& out) {
    wire::ByteReader r(data);
    const std::uint8_t type = r.u8();
    if (!data.empty() && (type < 20 || type > 24)) return TlsParse::bad;
    const std::uint8_t major = r.u8();
    if (data.size() > 1 && major != 3) return TlsParse::bad;
    const std::uint8_t minor = r.u8();
    if (data.size() > 2 && minor > 4) return TlsParse::bad;
    const std::uint16_t length = r.u16();
    if (r.failed()) return TlsParse::more;
    // Only application data may be empty (RFC 5246 §6.2.1).
    if (length > kTlsMaxFragment || (length == 0 && type != 23)) return TlsParse::bad;
    if (r.remaining() < length) return TlsParse::more;
    out = {static_cast<TlsType>(type), data.first(kTlsHeader), data.subspan(kTlsHeader, length), kTlsHeader + length};
    return TlsParse::whole;
}

bool parse_client_hello(wire::Bytes fragment, TlsClientHello& out) {
    wire::ByteReader r(body_of(fragment, kClientHello));
    r.skip(2);
    if (!read_random(r, out.random)) return false;
    r.skip(r.u8());   // session
    r.skip(r.u16());  // cipher suites
    r.skip(r.u8());   // compression
    r.u16();          // length of the extensions; they may go on in another record
    while (!r.failed() && !r.empty()) {
        const std::uint16_t type = r.u16();
        const wire::Bytes value = r.take(r.u16());
        if (!r.failed() && type == kServerName) out.server_name = host_name(value);
    }
    return true;
}

bool parse_server_hello(wire::Bytes fragment, TlsServerHello& out) {
    wire::ByteReader r(body_of(fragment, kServerHello));
    out.version = r.u16();
    if (!read_random(r, out.random)) return false;
    r.skip(r.u8());  // session
    out.suite = r.u16();
    r.skip(1);
    if (r.failed()) return false;
    out.retry = out.random == kRetry;
    r.u16();
    while (!r.failed() && !r.empty()) {
        const std::uint16_t type = r.u16();
        const wire::Bytes value = r.take(r.u16());
        if (r.failed()) break;
        if (type == kSupportedVersions && value.size() == 2) out.version = wire::load_be16(value.data());
        if (type == kEncryptThenMac) out.encrypt_then_mac = true;
    }
    return true;
}

TlsParse tls_start(wire::Bytes data) {
    TlsRecord record;
    const TlsParse step = parse_tls_record(data, record);
    if (step == TlsParse::bad || data.empty() || data[0] != static_cast<std::uint8_t>(TlsType::handshake)) return TlsParse::bad;
    if (data.size() <= kTlsHeader) return TlsParse::more;
    return data[kTlsHeader] == kClientHello || data[kTlsHeader] == kServerHello ? TlsParse::whole : TlsParse::bad;
}

}  // namespace voipprobe::probe
