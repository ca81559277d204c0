#include "probe/voip/tls/tls_cipher.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace voipprobe::probe {
namespace {

constexpr std::size_t kTag = 16;
constexpr std::size_t kBlock = 16;
constexpr std::size_t kExplicitNonce = 8;  // RFC 5288 §3

// IANA TLS cipher suites. Whatever the key exchange was, the key log has its result.
constexpr auto kGcm128 = TlsAlgorithm::aes128_gcm, kGcm256 = TlsAlgorithm::aes256_gcm, kChaCha = TlsAlgorithm::chacha20,
               kCbc128 = TlsAlgorithm::aes128_cbc, kCbc256 = TlsAlgorithm::aes256_cbc;
constexpr auto k1 = TlsHash::sha1, k256 = TlsHash::sha256, k384 = TlsHash::sha384;
constexpr TlsSuite kSuites[] = {
    {0x1301, kGcm128, k256, k256}, {0x1302, kGcm256, k384, k384}, {0x1303, kChaCha, k256, k256},
    {0x009c, kGcm128, k256, k256}, {0x009d, kGcm256, k384, k384}, {0x009e, kGcm128, k256, k256}, {0x009f, kGcm256, k384, k384},
    {0xc02b, kGcm128, k256, k256}, {0xc02c, kGcm256, k384, k384}, {0xc02f, kGcm128, k256, k256}, {0xc030, kGcm256, k384, k384},
    {0xcca8, kChaCha, k256, k256}, {0xcca9, kChaCha, k256, k256}, {0xccaa, kChaCha, k256, k256},
    {0x002f, kCbc128, k256, k1},   {0x0035, kCbc256, k256, k1},   {0x0033, kCbc128, k256, k1},   {0x0039, kCbc256, k256, k1},
    {0xc009, kCbc128, k256, k1},   {0xc00a, kCbc256, k256, k1},   {0xc013, kCbc128, k256, k1},   {0xc014, kCbc256, k256, k1},
    {0x003c, kCbc128, k256, k256}, {0x003d, kCbc256, k256, k256}, {0x0067, kCbc128, k256, k256}, {0x006b, kCbc256, k256, k256},
    {0xc023, kCbc128, k256, k256}, {0xc024, kCbc256, k384, k384}, {0xc027, kCbc128, k256, k256}, {0xc028, kCbc256, k384, k384},
};

bool is_cbc(TlsAlgorithm a) { return a == kCbc128 || a == kCbc256; }
std::size_t key_octets(TlsAlgorithm a) { return a == kGcm128 || a == kCbc128 ? 16 : 32; }
std::size_t hash_octets(TlsHash h) { return h == k1 ? 20 : h == k256 ? 32 : 48; }
const char* hash_name(TlsHash h) { return h == k1 ? "SHA1" : h == k256 ? "SHA256" : "SHA384"; }
const EVP_MD* hash_of(TlsHash h) { return h == k1 ? EVP_sha1() : h == k256 ? EVP_sha256() : EVP_sha384(); }

struct Free {
    void operator()(EVP_KDF* k) const { EVP_KDF_free(k); }
    void operator()(EVP_KDF_CTX* c) const { EVP_KDF_CTX_free(c); }
};

// OpenSSL takes parameters as pointers to what may be changed, and does not change it.
OSSL_PARAM octets(const char* name, wire::Bytes b) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(b.data()), b.size());
}
OSSL_PARAM text(const char* name, const char* value) { return OSSL_PARAM_construct_utf8_string(name, const_cast<char*>(value), 0); }

bool run_kdf(const char* name, std::span<std::uint8_t> out, const std::vector<OSSL_PARAM>& parameters) {
    const std::unique_ptr<EVP_KDF, Free> kdf(EVP_KDF_fetch(nullptr, name, nullptr));
    if (!kdf) return false;
    const std::unique_ptr<EVP_KDF_CTX, Free> context(EVP_KDF_CTX_new(kdf.get()));
    return context && EVP_KDF_derive(context.get(), out.data(), out.size(), parameters.data()) == 1;
}

// HKDF-Expand-Label with an empty context (RFC 8446 §7.1).
bool expand_label(TlsHash hash, wire::Bytes secret, std::string_view label, std::span<std::uint8_t> out) {
    std::vector<std::uint8_t> info;
    wire::ByteWriter w(info);
    w.u16(static_cast<std::uint16_t>(out.size()));
    w.u8(static_cast<std::uint8_t>(6 + label.size()));
    w.text("tls13 ");
    w.text(label);
    w.u8(0);
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    return run_kdf("HKDF", out,
                   {text(OSSL_KDF_PARAM_DIGEST, hash_name(hash)), OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
                    octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()});
}

using Additional = std::array<std::uint8_t, 13>;
// seq_num, type, version, length (RFC 5246 §6.2.3.3).
Additional additional_12(const TlsKeys& k, const TlsRecord& r, std::size_t length) {
    Additional a{};
    for (std::size_t i = 0; i < 8; ++i) a[i] = static_cast<std::uint8_t>(k.sequence >> (56 - 8 * i));
    std::copy(r.header.begin(), r.header.begin() + 3, a.begin() + 8);
    a[11] = static_cast<std::uint8_t>(length >> 8);
    a[12] = static_cast<std::uint8_t>(length);
    return a;
}

std::array<std::uint8_t, 12> nonce_of(const TlsKeys& k) {  // RFC 8446 §5.3, RFC 7905 §2
    auto nonce = k.iv;
    for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] ^= static_cast<std::uint8_t>(k.sequence >> (56 - 8 * i));
    return nonce;
}

bool mac_fits(const TlsKeys& k, const Additional& head, wire::Bytes data, wire::Bytes mac) {
    std::vector<std::uint8_t> all(head.begin(), head.end());
    all.insert(all.end(), data.begin(), data.end());
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> got{};
    unsigned n = 0;
    if (HMAC(hash_of(k.suite->mac), k.mac.data(), static_cast<int>(hash_octets(k.suite->mac)), all.data(), all.size(), got.data(), &n) == nullptr)
        return false;
    return n == mac.size() && CRYPTO_memcmp(got.data(), mac.data(), n) == 0;
}

}  // namespace

const TlsSuite* tls_suite(std::uint16_t id) {
    const auto* it = std::find_if(std::begin(kSuites), std::end(kSuites), [id](const TlsSuite& s) { return s.id == id; });
    return it == std::end(kSuites) ? nullptr : it;
}

bool derive_tls12(const TlsSecret& master, const TlsRandom& client, const TlsServerHello& server, std::array<TlsKeys, 2>& out) {
    const TlsSuite* suite = tls_suite(server.suite);
    if (suite == nullptr || suite->id >> 8 == 0x13 || master.size != 48) return false;
    const std::size_t key = key_octets(suite->algorithm);
    const std::size_t mac = is_cbc(suite->algorithm) ? hash_octets(suite->mac) : 0;
    const std::size_t iv = suite->algorithm == kChaCha ? 12 : is_cbc(suite->algorithm) ? 0 : 4;
    std::array<std::uint8_t, 2 * (48 + 32 + 12)> block{};
    const std::span<std::uint8_t> material = std::span(block).first(2 * (mac + key + iv));
    std::vector<std::uint8_t> seed;
    wire::ByteWriter w(seed);
    w.text("key expansion");
    w.bytes(server.random);
    w.bytes(client);
    if (!run_kdf("TLS1-PRF", material,
                 {text(OSSL_KDF_PARAM_DIGEST, hash_name(suite->prf)), octets(OSSL_KDF_PARAM_SECRET, master.bytes()),
                  octets(OSSL_KDF_PARAM_SEED, seed), OSSL_PARAM_construct_end()}))
        return false;
    for (std::size_t i = 0; i < 2; ++i) {
        TlsKeys& k = out[i] = TlsKeys{};
        k.suite = suite;
        k.encrypt_then_mac = server.encrypt_then_mac;
        std::copy_n(material.begin() + static_cast<std::ptrdiff_t>(i * mac), mac, k.mac.begin());
        std::copy_n(material.begin() + static_cast<std::ptrdiff_t>(2 * mac + i * key), key, k.key.begin());
        std::copy_n(material.begin() + static_cast<std::ptrdiff_t>(2 * (mac + key) + i * iv), iv, k.iv.begin());
    }
    return true;
}

bool derive_tls13(const TlsSecret& traffic, std::uint16_t id, TlsKeys& out) {
    const TlsSuite* suite = tls_suite(id);
    if (suite == nullptr || id >> 8 != 0x13 || traffic.size != hash_octets(suite->prf)) return false;
    TlsKeys k;
    k.suite = suite;
    k.v13 = true;
    k.secret = traffic;
    if (!expand_label(suite->prf, traffic.bytes(), "key", std::span(k.key).first(key_octets(suite->algorithm))) ||
        !expand_label(suite->prf, traffic.bytes(), "iv", k.iv))
        return false;
    out = k;
    return true;
}

bool update_tls13(TlsKeys& keys) {
    TlsSecret next;
    next.size = keys.secret.size;
    if (!expand_label(keys.suite->prf, keys.secret.bytes(), "traffic upd", std::span(next.octets).first(next.size))) return false;
    return derive_tls13(next, keys.suite->id, keys);
}

TlsOpener::~TlsOpener() {
    for (EVP_CIPHER_CTX* c : contexts_) EVP_CIPHER_CTX_free(c);
}

// One context for each algorithm, so that a record costs its key schedule and no allocation.
EVP_CIPHER_CTX* TlsOpener::context(TlsAlgorithm a) {
    EVP_CIPHER_CTX*& c = contexts_[static_cast<std::size_t>(a)];
    if (c != nullptr) return c;
    const EVP_CIPHER* cipher = a == kGcm128   ? EVP_aes_128_gcm()
                               : a == kGcm256 ? EVP_aes_256_gcm()
                               : a == kChaCha ? EVP_chacha20_poly1305()
                               : a == kCbc128 ? EVP_aes_128_cbc()
                                              : EVP_aes_256_cbc();
    c = EVP_CIPHER_CTX_new();
    if (c != nullptr && EVP_DecryptInit_ex(c, cipher, nullptr, nullptr, nullptr) != 1) {
        EVP_CIPHER_CTX_free(c);
        c = nullptr;
    }
    return c;
}

std::optional<std::size_t> TlsOpener::open_aead(const TlsKeys& k, wire::Bytes nonce, wire::Bytes additional, wire::Bytes sealed,
                                                std::span<std::uint8_t> out) {
    if (sealed.size() < kTag || sealed.size() - kTag > out.size()) return std::nullopt;
    EVP_CIPHER_CTX* c = context(k.suite->algorithm);
    if (c == nullptr) return std::nullopt;
    const wire::Bytes text_part = sealed.first(sealed.size() - kTag);
    std::array<std::uint8_t, kTag> tag{};
    std::copy(sealed.end() - kTag, sealed.end(), tag.begin());
    int n = 0, last = 0;
    if (EVP_DecryptInit_ex(c, nullptr, nullptr, k.key.data(), nonce.data()) != 1 ||
        EVP_DecryptUpdate(c, nullptr, &n, additional.data(), static_cast<int>(additional.size())) != 1 ||
        EVP_DecryptUpdate(c, out.data(), &n, text_part.data(), static_cast<int>(text_part.size())) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, kTag, tag.data()) != 1 || EVP_DecryptFinal_ex(c, tag.data(), &last) != 1)
        return std::nullopt;
    return static_cast<std::size_t>(n);
}

std::optional<std::size_t> TlsOpener::open_cbc(const TlsKeys& k, const TlsRecord& r, std::span<std::uint8_t> out) {
    const std::size_t mac = hash_octets(k.suite->mac);
    wire::Bytes sealed = r.fragment;
    if (k.encrypt_then_mac) {  // RFC 7366 §3
        if (sealed.size() < mac + 2 * kBlock) return std::nullopt;
        const wire::Bytes given = sealed.last(mac);
        sealed = sealed.first(sealed.size() - mac);
        if (!mac_fits(k, additional_12(k, r, sealed.size()), sealed, given)) return std::nullopt;
    }
    if (sealed.size() < 2 * kBlock || sealed.size() % kBlock != 0 || sealed.size() > out.size()) return std::nullopt;
    EVP_CIPHER_CTX* c = context(k.suite->algorithm);
    if (c == nullptr) return std::nullopt;
    int n = 0;
    if (EVP_DecryptInit_ex(c, nullptr, nullptr, k.key.data(), sealed.data()) != 1 || EVP_CIPHER_CTX_set_padding(c, 0) != 1 ||
        EVP_DecryptUpdate(c, out.data(), &n, sealed.data() + kBlock, static_cast<int>(sealed.size() - kBlock)) != 1 || n <= 0)
        return std::nullopt;
    const auto size = static_cast<std::size_t>(n);
    const std::size_t padding = out[size - 1] + std::size_t{1};
    const std::size_t tail = padding + (k.encrypt_then_mac ? 0 : mac);
    if (tail > size) return std::nullopt;
    const std::size_t plain = size - tail;
    if (!k.encrypt_then_mac &&
        !mac_fits(k, additional_12(k, r, plain), wire::Bytes(out).first(plain), wire::Bytes(out).subspan(plain, mac)))
        return std::nullopt;
    return plain;
}

std::optional<TlsPlain> TlsOpener::open(const TlsKeys& k, const TlsRecord& r, std::span<std::uint8_t> out) {
    if (k.suite == nullptr) return std::nullopt;
    std::optional<std::size_t> n;
    if (k.v13) {
        n = open_aead(k, nonce_of(k), r.header, r.fragment, out);
        // The real type is the last octet that is not padding (RFC 8446 §5.2).
        while (n && *n != 0 && out[*n - 1] == 0) --*n;
        if (!n || *n == 0) return std::nullopt;
        return TlsPlain{static_cast<TlsType>(out[*n - 1]), *n - 1};
    }
    if (is_cbc(k.suite->algorithm)) {
        n = open_cbc(k, r, out);
    } else if (k.suite->algorithm == kChaCha) {
        if (r.fragment.size() < kTag) return std::nullopt;
        n = open_aead(k, nonce_of(k), additional_12(k, r, r.fragment.size() - kTag), r.fragment, out);
    } else {
        if (r.fragment.size() < kExplicitNonce + kTag) return std::nullopt;
        auto nonce = k.iv;
        std::copy_n(r.fragment.begin(), kExplicitNonce, nonce.begin() + 4);
        n = open_aead(k, nonce, additional_12(k, r, r.fragment.size() - kExplicitNonce - kTag), r.fragment.subspan(kExplicitNonce), out);
    }
    if (!n) return std::nullopt;
    return TlsPlain{r.type, *n};
}

}  // namespace voipprobe::probe
