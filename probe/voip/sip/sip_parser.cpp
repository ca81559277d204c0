#include <array>
#include <charconv>

#include "probe/voip/sip/sip_message.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;
using wire::trim;

constexpr std::array<std::string_view, 15> kMethods{"INVITE", "ACK",     "BYE",  "CANCEL", "OPTIONS",
                                                    "REGISTER", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH",
                                                    "INFO", "REFER",   "MESSAGE", "UPDATE", ""};
constexpr std::array<std::string_view, static_cast<std::size_t>(SipDefect::kCount)> kDefects{
    "none", "first_line", "no_call_id", "no_cseq", "no_from_to", "status"};
constexpr int kMaxHeaders = 512;

std::optional<std::uint32_t> number(std::string_view s) {
    s = trim(s);
    std::uint32_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (error != std::errc{} || s.empty() || end != s.data() + s.size()) return std::nullopt;
    return v;
}

// The next header line, folded continuation lines included; advances `rest`. False at the blank line or the end.
bool next_header(std::string_view& rest, std::string_view& line, bool& complete) {
    if (rest.empty()) return complete = false, false;
    if (rest.starts_with("\r\n")) return rest.remove_prefix(2), complete = true, false;
    if (rest.starts_with("\n")) return rest.remove_prefix(1), complete = true, false;
    std::size_t end = 0;
    for (;;) {
        end = rest.find('\n', end);
        if (end == std::string_view::npos) {  // cut inside this header
            line = rest;
            rest = {};
            return true;
        }
        ++end;
        if (end >= rest.size() || (rest[end] != ' ' && rest[end] != '\t')) break;
    }
    line = rest.substr(0, end);
    rest.remove_prefix(end);
    return true;
}

std::string_view value_of(std::string_view line, std::size_t colon) {
    std::string_view v = line.substr(colon + 1);
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!v.empty() && blank(v.front())) v.remove_prefix(1);
    while (!v.empty() && blank(v.back())) v.remove_suffix(1);
    return v;
}

void set_cseq(SipMessage& m, std::string_view value, bool& seen) {
    const std::size_t blank = wire::find_any<' ', '\t', '\r', '\n'>(value);
    if (blank == std::string_view::npos) return;
    const auto n = number(value.substr(0, blank));
    if (!n) return;
    m.cseq = *n;
    std::string_view method = value.substr(blank);
    const std::size_t start = wire::find_other<' ', '\t', '\r', '\n'>(method);
    if (start == std::string_view::npos) return;
    method = method.substr(start);
    if (!m.is_request) {
        m.method_text = method;
        m.method = method_of(method);
    }
    seen = true;
}

// First occurrence wins: what a proxy in between would act on, and what makes injected copies harmless.
void keep_first(std::string_view& field, std::string_view value) {
    if (field.empty()) field = value;
}

void take_header(SipMessage& m, std::string_view name, std::string_view value, bool& cseq_seen) {
    switch (name.size()) {
        case 1:  // compact forms, RFC 3261 §7.3.3
            switch (name[0] | 0x20) {
                case 'i': keep_first(m.call_id, value); break;
                case 'f': keep_first(m.from, value); break;
                case 't': keep_first(m.to, value); break;
                case 'v': keep_first(m.via, value); break;
                case 'm': keep_first(m.contact, value); break;
                case 'c': keep_first(m.content_type, value); break;
                case 'l': if (!m.content_length) m.content_length = number(value); break;
                default: break;
            }
            break;
        case 2: if (equals_ignore_case(name, "To")) keep_first(m.to, value); break;
        case 3: if (equals_ignore_case(name, "Via")) keep_first(m.via, value); break;
        case 4:
            if (equals_ignore_case(name, "From")) keep_first(m.from, value);
            else if (equals_ignore_case(name, "CSeq") && !cseq_seen) set_cseq(m, value, cseq_seen);
            break;
        case 6:
            if (equals_ignore_case(name, "Reason")) keep_first(m.reason, value);
            else if (equals_ignore_case(name, "Server")) keep_first(m.user_agent, value);
            break;
        case 7:
            if (equals_ignore_case(name, "Call-ID")) keep_first(m.call_id, value);
            else if (equals_ignore_case(name, "Contact")) keep_first(m.contact, value);
            break;
        case 10:
            if (equals_ignore_case(name, "User-Agent")) m.user_agent = value;
            else if (equals_ignore_case(name, "Session-ID")) keep_first(m.session_id, value);
            break;
        case 12: if (equals_ignore_case(name, "Content-Type")) keep_first(m.content_type, value); break;
        case 14:
            if (equals_ignore_case(name, "Content-Length") && !m.content_length) m.content_length = number(value);
            break;
        default: break;
    }
}

// Media types are the same in any case (RFC 2045 §5.1).
bool contains_ignore_case(std::string_view text, std::string_view what) {
    for (std::size_t i = 0; i + what.size() <= text.size(); ++i)
        if (equals_ignore_case(text.substr(i, what.size()), what)) return true;
    return false;
}

// Where `boundary` stands after the "--" that begins a line: within a part it is text like any other.
std::size_t delimiter(std::string_view text, std::string_view boundary) {
    for (std::size_t at = text.find(boundary); at != std::string_view::npos; at = text.find(boundary, at + 1))
        if (at >= 2 && text.substr(at - 2, 2) == "--" && (at == 2 || text[at - 3] == '\n')) return at;
    return std::string_view::npos;
}

bool first_line(std::string_view line, SipMessage& m, SipDefect& defect) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
    if (line.starts_with("SIP/2.0 ")) {
        m.is_request = false;
        const auto status = line.size() >= 11 ? number(line.substr(8, 3)) : std::nullopt;
        const bool separate = line.size() == 11 || (line.size() > 11 && line[11] == ' ');
        if (!status || *status < 100 || *status > 799 || !separate) return defect = SipDefect::status, false;
        m.status = static_cast<std::uint16_t>(*status);
        return true;
    }
    const std::size_t space = line.find(' ');
    const std::size_t version = line.rfind(" SIP/2.0");
    if (space == std::string_view::npos || version == std::string_view::npos || version <= space)
        return defect = SipDefect::first_line, false;
    m.is_request = true;
    m.method_text = line.substr(0, space);
    m.method = method_of(m.method_text);
    m.request_uri = trim(line.substr(space + 1, version - space - 1));
    return true;
}

}  // namespace

std::string_view method_name(SipMethod m) { return kMethods[static_cast<std::size_t>(m)]; }
std::string_view defect_name(SipDefect d) { return kDefects[static_cast<std::size_t>(d)]; }

SipMethod method_of(std::string_view token) {
    for (std::size_t i = 0; i + 1 < kMethods.size(); ++i)
        if (kMethods[i] == token) return static_cast<SipMethod>(i);
    return SipMethod::other;
}

SipDefect parse_sip(std::string_view text, std::size_t whole, SipMessage& m) {
    const std::size_t start = wire::find_other<'\r', '\n'>(text);
    if (start == std::string_view::npos) return SipDefect::first_line;
    std::string_view rest = text.substr(start);
    const std::size_t end = rest.find('\n');
    SipDefect defect = SipDefect::none;
    if (!first_line(rest.substr(0, end), m, defect)) return defect;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    const std::string_view lines = rest;

    std::string_view line;
    bool headers_complete = false, cseq_seen = false;
    for (int i = 0; i < kMaxHeaders && next_header(rest, line, headers_complete); ++i) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) continue;
        take_header(m, trim(line.substr(0, colon)), value_of(line, colon), cseq_seen);
    }
    m.head = lines.substr(0, lines.size() - rest.size());
    m.body = headers_complete ? rest : std::string_view{};
    m.octets = whole;
    m.truncated = !headers_complete || whole > text.size();
    if (m.content_length && headers_complete) {
        if (*m.content_length <= m.body.size()) {
            m.body = m.body.substr(0, *m.content_length);
            m.truncated = false;
        }
    }
    if (m.call_id.empty()) return SipDefect::no_call_id;
    if (!cseq_seen && !m.truncated) return SipDefect::no_cseq;
    if ((m.from.empty() || m.to.empty()) && !m.truncated) return SipDefect::no_from_to;
    return SipDefect::none;
}

std::string_view SipMessage::sdp() const {
    if (body.empty()) return {};
    const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
    if (equals_ignore_case(type, "application/sdp")) return body;
    if (content_type.empty() && body.starts_with("v=0")) return body;
    if (type.size() < 10 || !equals_ignore_case(type.substr(0, 10), "multipart/")) return {};
    // RFC 2046 §5.1: parts separated by lines of "--boundary".
    const std::string_view boundary = header_parameter(content_type, "boundary");
    std::string_view rest = body;
    while (!boundary.empty() && !rest.empty()) {
        const std::size_t mark = delimiter(rest, boundary);
        if (mark == std::string_view::npos) return {};
        rest.remove_prefix(mark + boundary.size());
        std::size_t blank_line = rest.find("\r\n\r\n"), skip = 4;
        if (blank_line == std::string_view::npos) blank_line = rest.find("\n\n"), skip = 2;
        if (blank_line == std::string_view::npos) return {};
        const std::string_view headers = rest.substr(0, blank_line);
        std::string_view content = rest.substr(blank_line + skip);
        const std::size_t next = delimiter(content, boundary);
        if (contains_ignore_case(headers, "application/sdp"))
            return next == std::string_view::npos ? content : content.substr(0, next - 2);
        rest = content;
    }
    return {};
}

}  // namespace voipprobe::probe
