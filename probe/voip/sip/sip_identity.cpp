// Headers that say who is behind a call: asserted identity, diversion, attestation. Read from the INVITE alone.
#include <array>

#include "probe/voip/sip/sip_message.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::trim;

constexpr std::size_t kMaxPassport = 4096;  // octets of the JWT payload that are looked at
constexpr int kMaxHops = 32;                // History-Info entries

// The end of the first value of a comma-separated list: ',' outside quotes and angle brackets.
std::size_t value_end(std::string_view s) {
    bool quoted = false, angle = false;
    for (std::size_t i = 0; i < s.size(); ++i) {
        const char c = s[i];
        if (quoted && c == '\\') ++i;
        else if (c == '"' && !angle) quoted = !quoted;
        else if (quoted) continue;
        else if (c == '<') angle = true;
        else if (c == '>') angle = false;
        else if (c == ',' && !angle) return i;
    }
    return std::string_view::npos;
}

std::string_view first_uri(std::string_view value) {
    return bare_uri(parse_name_address(value.substr(0, value_end(value))).uri);
}

int base64url(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

std::string decode_base64url(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text.substr(0, kMaxPassport)) {
        const int v = base64url(c);
        if (v < 0) break;
        bits = bits << 6 | static_cast<std::uint32_t>(v);
        if ((count += 6) < 8) continue;
        count -= 8;
        out += static_cast<char>(bits >> count & 0xff);
    }
    return out;
}

}  // namespace

std::optional<std::string_view> next_header_value(std::string_view& head, std::string_view name) {
    while (!head.empty()) {
        std::size_t end = 0;
        do {
            end = head.find('\n', end);
            end = end == std::string_view::npos ? head.size() : end + 1;
        } while (end < head.size() && (head[end] == ' ' || head[end] == '\t'));
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(end);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || !wire::equals_ignore_case(trim(line.substr(0, colon)), name)) continue;
        std::string_view value = line.substr(colon + 1);
        constexpr std::string_view kBlank = " \t\r\n";
        const std::size_t first = value.find_first_not_of(kBlank);
        if (first == std::string_view::npos) return std::string_view{};
        return value.substr(first, value.find_last_not_of(kBlank) - first + 1);
    }
    return std::nullopt;
}

std::string_view header_value(std::string_view head, std::string_view name) {
    return next_header_value(head, name).value_or(std::string_view{});
}

std::string_view asserted_identity(std::string_view head) {
    return first_uri(header_value(head, "P-Asserted-Identity"));
}

std::string_view diverting_party(std::string_view head) {
    if (const std::string_view diversion = header_value(head, "Diversion"); !diversion.empty())
        return first_uri(diversion);
    std::string_view before, last;
    int hops = 0;
    while (auto value = next_header_value(head, "History-Info")) {
        std::string_view rest = *value;
        while (!rest.empty() && ++hops <= kMaxHops) {
            const std::size_t end = value_end(rest);
            before = last;
            last = first_uri(rest);
            rest = end == std::string_view::npos ? std::string_view{} : trim(rest.substr(end + 1));
        }
    }
    return before;
}

char attestation_level(std::string_view head) {
    while (auto value = next_header_value(head, "Identity")) {
        const std::size_t payload = value->find('.');
        if (payload == std::string_view::npos) continue;
        const std::string_view rest = value->substr(payload + 1);
        const std::string json = decode_base64url(rest.substr(0, rest.find('.')));
        std::size_t at = json.find("\"attest\"");
        if (at == std::string::npos) continue;
        at = json.find_first_not_of(" \t\r\n:", at + 8);
        if (at != std::string::npos && at + 2 < json.size() && json[at] == '"' && json[at + 1] >= 'A' &&
            json[at + 1] <= 'C' && json[at + 2] == '"')
            return json[at + 1];
    }
    return 0;
}

}  // namespace voipprobe::probe
