#include <algorithm>
#include <array>
#include <charconv>

#include "probe/voip/mgcp/mgcp_message.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;
using wire::trim;

constexpr std::size_t kMaxLines = 256;
constexpr std::size_t kMaxFirstLine = 512;
constexpr std::array<std::string_view, 10> kVerbs{"EPCF", "CRCX", "MDCX", "DLCX", "RQNT", "NTFY", "AUEP", "AUCX", "RSIP", "MESG"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Up to the line end (CRLF or LF), which is taken too.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}

std::string_view take_word(std::string_view& line) {
    line = trim(line);
    const std::string_view word = line.substr(0, line.find_first_of(" \t"));
    line.remove_prefix(word.size());
    return word;
}

template <typename T>
std::optional<T> number(std::string_view s) {
    T v{};
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (error != std::errc{} || end != s.data() + s.size()) return std::nullopt;
    return v;
}

std::optional<std::uint32_t> transaction_of(std::string_view word) {
    const auto v = number<std::uint32_t>(word);
    return v && *v != 0 && *v <= 999'999'999 ? v : std::nullopt;  // RFC 3435 §3.2.1.2
}

bool first_line(std::string_view line, MgcpMessage& m) {
    if (line.size() > kMaxFirstLine) line = line.substr(0, kMaxFirstLine);
    const std::string_view word = take_word(line);
    const auto transaction = transaction_of(take_word(line));
    if (!transaction) return false;
    m.transaction = *transaction;
    if (word.size() == 3 && std::all_of(word.begin(), word.end(), is_digit)) {
        m.verb = MgcpVerb::response;
        m.code = *number<std::uint16_t>(word);
        return m.code < 900;
    }
    const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](std::string_view v) { return equals_ignore_case(v, word); });
    if (verb == kVerbs.end()) return false;
    m.verb = static_cast<MgcpVerb>(verb - kVerbs.begin() + 1);
    m.endpoint = take_word(line);
    return !m.endpoint.empty() && equals_ignore_case(take_word(line), "MGCP");
}

void read_parameters(std::string_view list, MgcpParameters& p) {
    while (!list.empty()) {
        const std::size_t end = list.find(',');
        const std::string_view item = trim(list.substr(0, end));
        list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
        const std::size_t equals = item.find('=');
        if (equals == std::string_view::npos) continue;
        const std::string_view name = trim(item.substr(0, equals)), value = trim(item.substr(equals + 1));
        p.any = true;
        if (equals_ignore_case(name, "PR")) p.received = number<std::uint64_t>(value);
        else if (equals_ignore_case(name, "PL")) p.lost = number<std::uint64_t>(value);
        else if (equals_ignore_case(name, "JI")) p.jitter_ms = number<std::uint32_t>(value);
    }
}

void parameter(std::string_view name, std::string_view value, MgcpMessage& m) {
    const auto set = [&](std::string_view& into) {
        if (into.empty()) into = value;
    };
    if (name.size() != 1) return;
    switch (name[0] | 0x20) {
        case 'c': return set(m.call_id);
        case 'i': return set(m.connection_id);
        case 'm': return set(m.mode);
        case 'o': return set(m.observed);
        case 's': return set(m.signals);
        case 'p': return read_parameters(value, m.parameters);
        default: return;
    }
}

// One event of a list: its name without package ("L/"), parameters "(...)" and connection ("@...").
std::string_view take_event(std::string_view& list) {
    std::size_t end = 0;
    int depth = 0;
    while (end < list.size() && (list[end] != ',' || depth > 0)) {
        if (list[end] == '(') ++depth;
        else if (list[end] == ')' && depth > 0) --depth;
        ++end;
    }
    std::string_view event = list.substr(0, end);
    list.remove_prefix(std::min(end + 1, list.size()));
    event = trim(event.substr(0, event.find_first_of("(@")));
    if (const std::size_t slash = event.rfind('/'); slash != std::string_view::npos) event.remove_prefix(slash + 1);
    return event;
}

}  // namespace

bool looks_like_mgcp(wire::Bytes payload) {
    if (payload.size() < 12) return false;
    std::string_view text = wire::as_text(payload);
    MgcpMessage m;
    return first_line(take_line(text), m) && m.verb != MgcpVerb::response;
}

bool looks_like_mgcp_response(wire::Bytes payload) {
    if (payload.size() < 5 || !is_digit(static_cast<char>(payload[0]))) return false;
    std::string_view text = wire::as_text(payload);
    MgcpMessage m;
    return first_line(take_line(text), m) && m.verb == MgcpVerb::response;
}

bool next_mgcp(std::string_view& text, MgcpMessage& out) {
    out = MgcpMessage{};
    while (!text.empty() && (text[0] == '\r' || text[0] == '\n' || text[0] == ' ')) text.remove_prefix(1);
    if (text.empty() || !first_line(take_line(text), out)) return false;
    for (std::size_t lines = 0; !text.empty() && lines < kMaxLines; ++lines) {
        const std::string_view line = take_line(text);
        if (line == ".") return true;
        if (line.empty()) {  // the session description, up to another one, a dot or the end
            std::size_t end = 0;
            std::string_view rest = text;
            while (!rest.empty()) {
                const std::size_t at = text.size() - rest.size();
                const std::string_view l = take_line(rest);
                end = at;
                if (l == "." || l.empty()) break;
                end = text.size() - rest.size();
            }
            out.sdp = text.substr(0, end);
            text.remove_prefix(end);
            while (!text.empty())  // a second description (LocalConnectionDescriptor of Z2) is left out
                if (take_line(text) == ".") break;
            return true;
        }
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        parameter(trim(line.substr(0, colon)), trim(line.substr(colon + 1)), out);
    }
    text = {};
    return true;
}

bool mgcp_lists(std::string_view list, std::string_view event) {
    for (std::size_t n = 0; !list.empty() && n < kMaxLines; ++n)
        if (equals_ignore_case(take_event(list), event)) return true;
    return false;
}

std::size_t mgcp_digits(std::string_view observed, char* out, std::size_t most) {
    std::size_t n = 0;
    for (std::size_t events = 0; !observed.empty() && events < kMaxLines; ++events) {
        const std::string_view item = trim(observed.substr(0, observed.find(',')));
        const bool digits_package = item.size() > 2 && (item[0] == 'D' || item[0] == 'd') && item[1] == '/';
        const std::string_view event = take_event(observed);
        // A digit is an event of one character; a string of digits is several in one (package D, or none).
        const bool all = !event.empty() && std::all_of(event.begin(), event.end(), [](char c) {
            return is_digit(c) || c == '*' || c == '#' || (c >= 'A' && c <= 'D');
        });
        if (!all || (!digits_package && event.size() < 2 && !is_digit(event[0]))) continue;
        for (const char c : event)
            if (n < most) out[n++] = c;
    }
    return n;
}

}  // namespace voipprobe::probe
