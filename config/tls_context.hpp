// TLS for IPFIX over TCP (RFC 7011 §11): the files of the command line as OpenSSL contexts. TLS 1.2 or newer; the
// server's name and chain are always checked; with a CA the collector asks for the exporter's certificate too (§11.3).
// Thread rule: contexts are made at start-up and then shared.
#pragma once

#include <memory>
#include <string>

#include "wire/result.hpp"

struct ssl_ctx_st;

namespace voipprobe::config {

struct TlsFiles {
    std::string ca;           // PEM; exporter: empty means the system's; collector: empty means no client certificates
    std::string certificate;  // PEM chain; the collector needs one
    std::string key;          // PEM

    bool empty() const { return ca.empty() && certificate.empty() && key.empty(); }
};

using TlsContext = std::shared_ptr<ssl_ctx_st>;

// Errors: usage, naming the option whose file is wrong.
Result<TlsContext> tls_client_context(const TlsFiles& files);
Result<TlsContext> tls_server_context(const TlsFiles& files);
// The newest of this thread's OpenSSL errors, in words; the others are forgotten.
std::string tls_error_text();

}  // namespace voipprobe::config
