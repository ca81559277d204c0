#include <algorithm>

#include "probe/voip/sip/sip_message.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxFirstLine = 2048;

bool is_token(char c) {  // RFC 3261 §25.1
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos;
}

}  // namespace

// SSDP, HTTP and RTSP share the shape of the first line: only " SIP/2.0" at its end makes it SIP.
bool looks_like_sip(wire::Bytes payload) {
    while (!payload.empty() && (payload[0] == '\r' || payload[0] == '\n')) payload = payload.subspan(1);
    if (payload.size() < 12) return false;
    const std::string_view text = wire::as_text(payload);
    if (text.starts_with("SIP/2.0 ")) return text[8] >= '1' && text[8] <= '7';
    std::size_t i = 0;
    while (i < 64 && i < text.size() && is_token(text[i])) ++i;
    if (i == 0 || i >= text.size() || text[i] != ' ') return false;
    const std::string_view line = text.substr(0, std::min(text.find('\n'), kMaxFirstLine));
    const std::size_t at = line.rfind(" SIP/2.0");
    if (at == std::string_view::npos || at <= i) return false;
    const std::string_view rest = line.substr(at + 8);
    return std::all_of(rest.begin(), rest.end(), [](char c) { return c == '\r' || c == ' ' || c == '\t'; });
}

}  // namespace voipprobe::probe
