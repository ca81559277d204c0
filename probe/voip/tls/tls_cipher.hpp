// Opening TLS records with known secrets, by OpenSSL's EVP primitives: TLS 1.2 (RFC 5246, 5288, 7905, 7366) and 1.3
// (RFC 8446) with AES-GCM and ChaCha20-Poly1305; TLS 1.2 with AES-CBC. What does not authenticate is not opened.
// Thread rule: a TlsOpener has one owner; keys are values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "probe/voip/tls/tls_key_log.hpp"
#include "probe/voip/tls/tls_record.hpp"

struct evp_cipher_ctx_st;

namespace voipprobe::probe {

enum class TlsAlgorithm : std::uint8_t { aes128_gcm, aes256_gcm, chacha20, aes128_cbc, aes256_cbc, kCount };
enum class TlsHash : std::uint8_t { sha1, sha256, sha384 };
struct TlsSuite {
    std::uint16_t id;
    TlsAlgorithm algorithm;
    TlsHash prf;  // of the key derivation
    TlsHash mac;  // CBC only
};
// nullptr: a suite that is not read.
const TlsSuite* tls_suite(std::uint16_t id);

// One direction's.
struct TlsKeys {
    const TlsSuite* suite = nullptr;
    bool v13 = false;
    bool encrypt_then_mac = false;
    std::uint64_t sequence = 0;  // of the next record
    std::array<std::uint8_t, 32> key{};
    std::array<std::uint8_t, 12> iv{};
    std::array<std::uint8_t, 48> mac{};
    TlsSecret secret;  // TLS 1.3: the one that the keys come from
};

// Keys of a TLS 1.2 connection, client's and server's.
bool derive_tls12(const TlsSecret& master, const TlsRandom& client, const TlsServerHello& server, std::array<TlsKeys, 2>& out);
bool derive_tls13(const TlsSecret& traffic, std::uint16_t suite, TlsKeys& out);
// After a KeyUpdate (RFC 8446 §7.2).
bool update_tls13(TlsKeys& keys);

struct TlsPlain {
    TlsType type = TlsType::alert;
    std::size_t octets = 0;
};

class TlsOpener {
  public:
    TlsOpener() = default;
    ~TlsOpener();
    TlsOpener(const TlsOpener&) = delete;
    TlsOpener& operator=(const TlsOpener&) = delete;

    // The record with number keys.sequence into `out` (room for kTlsMaxFragment); nullopt: it is not that one. The number is
    // the caller's to count.
    std::optional<TlsPlain> open(const TlsKeys& keys, const TlsRecord& record, std::span<std::uint8_t> out);

  private:
    std::optional<std::size_t> open_aead(const TlsKeys& k, wire::Bytes nonce, wire::Bytes additional, wire::Bytes sealed, std::span<std::uint8_t> out);
    std::optional<std::size_t> open_cbc(const TlsKeys& k, const TlsRecord& r, std::span<std::uint8_t> out);
    evp_cipher_ctx_st* context(TlsAlgorithm a);

    std::array<evp_cipher_ctx_st*, static_cast<std::size_t>(TlsAlgorithm::kCount)> contexts_{};
};

}  // namespace voipprobe::probe
