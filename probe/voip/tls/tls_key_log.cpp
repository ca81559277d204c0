#include "probe/voip/tls/tls_key_log.hpp"

#include <algorithm>
#include <span>

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxLine = 512;

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Octets of hexadecimal text; 0: none, or too many for `out`.
std::size_t from_hex(std::string_view text, std::span<std::uint8_t> out) {
    if (text.size() % 2 != 0 || text.size() / 2 > out.size()) return 0;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]), low = digit(text[i + 1]);
        if (high < 0 || low < 0) return 0;
        out[i / 2] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return text.size() / 2;
}

std::string_view word(std::string_view& text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t\r"), text.size());
    const std::size_t end = std::min(text.find_first_of(" \t\r", begin), text.size());
    const std::string_view out = text.substr(begin, end - begin);
    text = text.substr(end);
    return out;
}

}  // namespace

std::size_t TlsKeyLog::Hash::operator()(const TlsRandom& r) const {
    const auto word = [&r](std::size_t at) { return wire::load_le64(r.data() + at); };
    return wire::siphash13<4>(key, {word(0), word(8), word(16), word(24)});
}

void TlsKeyLog::add(std::string_view text) {
    rest_ += text;
    std::size_t at = 0;
    for (std::size_t end; (end = rest_.find('\n', at)) != std::string::npos; at = end + 1)
        line(std::string_view(rest_).substr(at, end - at));
    rest_.erase(0, at);
    if (rest_.size() > kMaxLine) rest_.clear();
}

void TlsKeyLog::line(std::string_view text) {
    if (text.size() > kMaxLine) return void(++ignored_);
    const std::string_view label = word(text);
    if (label.empty() || label[0] == '#') return;
    const int which = label == "CLIENT_RANDOM"             ? 0
                      : label == "CLIENT_TRAFFIC_SECRET_0" ? 1
                      : label == "SERVER_TRAFFIC_SECRET_0" ? 2
                                                           : -1;
    // Handshake, early and exporter secrets open nothing that carries SIP.
    if (which < 0) return label.ends_with("_SECRET") ? void() : void(++ignored_);
    TlsRandom random{};
    TlsSecret secret;
    if (from_hex(word(text), random) != random.size()) return void(++ignored_);
    secret.size = static_cast<std::uint8_t>(from_hex(word(text), secret.octets));
    if (secret.size != 48 && (which == 0 || secret.size != 32)) return void(++ignored_);
    const auto [it, fresh] = table_.try_emplace(random);
    if (fresh) order_.push_back(random);
    (which == 0 ? it->second.master : it->second.traffic[static_cast<std::size_t>(which - 1)]) = secret;
    if (order_.size() > kMost) {
        table_.erase(order_.front());
        order_.pop_front();
        ++evicted_;
    }
}

const TlsSecrets* TlsKeyLog::find(const TlsRandom& client_random) const {
    const auto it = table_.find(client_random);
    return it == table_.end() ? nullptr : &it->second;
}

}  // namespace voipprobe::probe
