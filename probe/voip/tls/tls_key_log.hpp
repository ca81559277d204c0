// Secrets of TLS connections as their programs write them (SSLKEYLOGFILE, draft-ietf-tls-keylogfile): --tls-keylog, and the
// decryption secrets blocks of pcapng.
// Bounds: 65,536 connections, the oldest forgotten (counted). Thread rule: one owner. add() allocates, find() does not.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

#include "probe/voip/tls/tls_record.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

struct TlsSecret {
    std::array<std::uint8_t, 48> octets{};
    std::uint8_t size = 0;  // 0: not known
    wire::Bytes bytes() const { return wire::Bytes(octets).first(size); }
};
struct TlsSecrets {
    TlsSecret master;                  // CLIENT_RANDOM: TLS 1.2
    std::array<TlsSecret, 2> traffic;  // CLIENT_ and SERVER_TRAFFIC_SECRET_0: TLS 1.3
};

class TlsKeyLog {
  public:
    static constexpr std::size_t kMost = 65'536;

    // `key`: random, since strangers choose their part of what is logged.
    explicit TlsKeyLog(wire::SipKey key = {}) : table_(0, Hash{key}) {}
    // Lines of a key log; a last line without its end is kept for the next call.
    void add(std::string_view text);
    const TlsSecrets* find(const TlsRandom& client_random) const;
    // Secrets may come later than the connections that they open.
    void expect() { expected_ = true; }
    bool hopeless() const { return !expected_ && table_.empty(); }
    std::size_t size() const { return table_.size(); }
    std::uint64_t evicted() const { return evicted_; }
    std::uint64_t ignored_lines() const { return ignored_; }  // neither known labels nor comments

  private:
    struct Hash {
        wire::SipKey key;
        std::size_t operator()(const TlsRandom& r) const;
    };
    void line(std::string_view text);

    std::unordered_map<TlsRandom, TlsSecrets, Hash> table_;
    std::deque<TlsRandom> order_;
    std::string rest_;
    bool expected_ = false;
    std::uint64_t evicted_ = 0, ignored_ = 0;
};

}  // namespace voipprobe::probe
