// Two ends of a TLS connection in memory (OpenSSL), their records and their key log. Nothing is sent anywhere.
#pragma once

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {

struct TlsShape {
    int version = TLS1_3_VERSION;
    const char* suite = "TLS_AES_128_GCM_SHA256";  // OpenSSL's name
    bool encrypt_then_mac = true;
};

class TlsPair {
  public:
    using Flight = std::pair<bool, Octets>;  // from the client?

    explicit TlsPair(TlsShape shape, const std::string& name = "sips.example.org") {
        client_context_ = SSL_CTX_new(TLS_client_method());
        server_context_ = SSL_CTX_new(TLS_server_method());
        for (SSL_CTX* c : {client_context_, server_context_}) {
            SSL_CTX_set_min_proto_version(c, shape.version);
            SSL_CTX_set_max_proto_version(c, shape.version);
            SSL_CTX_set_security_level(c, 0);
            check(shape.version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(c, shape.suite) : SSL_CTX_set_cipher_list(c, shape.suite));
            if (!shape.encrypt_then_mac) SSL_CTX_set_options(c, SSL_OP_NO_ENCRYPT_THEN_MAC);
        }
        SSL_CTX_set_keylog_callback(client_context_, [](const SSL* ssl, const char* line) {
            static_cast<TlsPair*>(SSL_get_ex_data(ssl, 0))->key_log_ += std::string(line) + "\n";
        });
        check(SSL_CTX_use_PrivateKey(server_context_, key()));
        check(SSL_CTX_use_certificate(server_context_, certificate()));
        client_ = SSL_new(client_context_);
        server_ = SSL_new(server_context_);
        SSL_set_ex_data(client_, 0, this);
        std::string host = name;
        check(SSL_ctrl(client_, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data()) == 1);
        for (SSL* s : {client_, server_}) SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        SSL_set_connect_state(client_);
        SSL_set_accept_state(server_);
    }
    ~TlsPair() {
        SSL_free(client_);
        SSL_free(server_);
        SSL_CTX_free(client_context_);
        SSL_CTX_free(server_context_);
    }
    TlsPair(const TlsPair&) = delete;
    TlsPair& operator=(const TlsPair&) = delete;

    // What both send until they are connected.
    std::vector<Flight> handshake() {
        std::vector<Flight> out;
        for (int i = 0; i < 20; ++i) {
            SSL_do_handshake(client_);
            move(true, out);
            SSL_do_handshake(server_);
            move(false, out);
        }
        check(SSL_is_init_finished(client_) && SSL_is_init_finished(server_));
        drain(client_);
        return out;
    }
    // One end writes; its records, and what the other one answers to them (tickets, key updates).
    std::vector<Flight> write(bool from_client, std::string_view text, std::size_t most = 1U << 14) {
        std::vector<Flight> out;
        for (std::size_t at = 0; at < text.size(); at += most) {
            const std::string_view part = text.substr(at, most);
            SSL* s = from_client ? client_ : server_;
            check(SSL_write(s, part.data(), static_cast<int>(part.size())) == static_cast<int>(part.size()));
        }
        move(from_client, out);
        drain(from_client ? server_ : client_);
        move(!from_client, out);
        return out;
    }
    void update_keys(bool from_client) { check(SSL_key_update(from_client ? client_ : server_, SSL_KEY_UPDATE_REQUESTED)); }
    const std::string& key_log() const { return key_log_; }

  private:
    static void check(bool ok) {
        if (!ok) throw std::runtime_error("OpenSSL");
    }
    static void check(int ok) { check(ok == 1); }
    static EVP_PKEY* key() {
        static EVP_PKEY* k = EVP_RSA_gen(2048);
        return k;
    }
    static X509* certificate() {
        static X509* x = [] {
            X509* c = X509_new();
            ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
            X509_gmtime_adj(X509_getm_notBefore(c), 0);
            X509_gmtime_adj(X509_getm_notAfter(c), 86'400);
            X509_set_pubkey(c, key());
            X509_sign(c, key(), EVP_sha256());
            return c;
        }();
        return x;
    }
    void drain(SSL* s) {
        char b[20'000];
        while (SSL_read(s, b, sizeof b) > 0) {
        }
    }
    // From one end's output to the other's input.
    void move(bool from_client, std::vector<Flight>& out) {
        BIO* from = SSL_get_wbio(from_client ? client_ : server_);
        BIO* to = SSL_get_rbio(from_client ? server_ : client_);
        Octets o(BIO_ctrl_pending(from));
        if (o.empty()) return;
        check(BIO_read(from, o.data(), static_cast<int>(o.size())) == static_cast<int>(o.size()));
        check(BIO_write(to, o.data(), static_cast<int>(o.size())) == static_cast<int>(o.size()));
        out.emplace_back(from_client, std::move(o));
    }

    SSL_CTX* client_context_ = nullptr;
    SSL_CTX* server_context_ = nullptr;
    SSL* client_ = nullptr;
    SSL* server_ = nullptr;
    std::string key_log_;
};

}  // namespace voipprobe::test
