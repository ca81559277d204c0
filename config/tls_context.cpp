#include "config/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

namespace voipprobe::config {
namespace {

tl::unexpected<Error> bad(const std::string& option, const std::string& path) {
    return fail(ExitCode::usage, option + " " + path + ": " + tls_error_text());
}

Result<void> load(SSL_CTX* context, const TlsFiles& files) {
    if (files.certificate.empty() != files.key.empty()) return fail(ExitCode::usage, "--tls-cert and --tls-key belong together");
    if (files.certificate.empty()) return {};
    if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) return bad("--tls-cert", files.certificate);
    if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1) return bad("--tls-key", files.key);
    return {};
}

TlsContext make(const SSL_METHOD* method) {
    TlsContext context(SSL_CTX_new(method), &SSL_CTX_free);
    if (context) SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    return context;
}

}  // namespace

std::string tls_error_text() {
    std::array<char, 256> text{};
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "the connection ended";
    if (const char* reason = ERR_reason_error_string(code)) return reason;
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

Result<TlsContext> tls_client_context(const TlsFiles& files) {
    ERR_clear_error();
    TlsContext context = make(TLS_client_method());
    if (!context) return fail(ExitCode::failure, "TLS: " + tls_error_text());
    if (auto loaded = load(context.get(), files); !loaded) return tl::unexpected<Error>(loaded.error());
    const int trusted = files.ca.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                         : SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr);
    if (trusted != 1) return bad("--tls-ca", files.ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

Result<TlsContext> tls_server_context(const TlsFiles& files) {
    ERR_clear_error();
    if (files.certificate.empty()) return fail(ExitCode::usage, "tls:// needs --tls-cert FILE and --tls-key FILE");
    TlsContext context = make(TLS_server_method());
    if (!context) return fail(ExitCode::failure, "TLS: " + tls_error_text());
    if (auto loaded = load(context.get(), files); !loaded) return tl::unexpected<Error>(loaded.error());
    // Nobody comes back for a session: a connection lasts for months, and tickets would be octets nobody reads.
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    if (files.ca.empty()) return context;
    if (SSL_CTX_load_verify_locations(context.get(), files.ca.c_str(), nullptr) != 1) return bad("--tls-ca", files.ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    return context;
}

}  // namespace voipprobe::config
