// Values inside SIP headers: name-addr, parameters, Reason.
#include <charconv>

#include "probe/voip/sip/sip_message.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;
using wire::trim;

bool blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::string_view strip(std::string_view s) {
    while (!s.empty() && blank(s.front())) s.remove_prefix(1);
    while (!s.empty() && blank(s.back())) s.remove_suffix(1);
    return s;
}

// End of a quoted string that starts at `i`; backslash escapes (RFC 3261 §25.1). npos when it does not end.
std::size_t after_quoted(std::string_view s, std::size_t i) {
    for (++i; i < s.size(); ++i) {
        if (s[i] == '\\') ++i;
        else if (s[i] == '"') return i + 1;
    }
    return std::string_view::npos;
}

// Where the header parameters begin: the first ';' outside quotes and angle brackets; npos when there are none.
std::size_t parameters_at(std::string_view s) {
    for (std::size_t i = 0; i < s.size();) {
        if (s[i] == '"') {
            i = after_quoted(s, i);
            if (i == std::string_view::npos) return i;
        } else if (s[i] == '<') {
            i = s.find('>', i);
            if (i == std::string_view::npos) return i;
        } else if (s[i] == ';') {
            return i;
        } else {
            ++i;
        }
    }
    return std::string_view::npos;
}

// Where the parameter that `s` begins with ends: ';' or ',' outside quotes. A quote that does not end quotes nothing,
// and `quotes` is false from there on: a value full of them must not be walked once for each.
std::size_t parameter_end(std::string_view s, bool& quotes) {
    std::size_t i = 0;
    while (quotes) {
        i = wire::find_any<';', ',', '"'>(s, i);
        if (i == std::string_view::npos || s[i] != '"') return i;
        const std::size_t end = after_quoted(s, i);
        if (end == std::string_view::npos) quotes = false;
        else i = end;
    }
    return wire::find_any<';', ','>(s, i);
}

}  // namespace

std::string_view header_parameter(std::string_view value, std::string_view name) {
    std::size_t at = parameters_at(value);
    bool quotes = true;
    while (at != std::string_view::npos) {
        std::string_view rest = value.substr(at + 1);
        const std::size_t end = parameter_end(rest, quotes);
        std::string_view one = strip(rest.substr(0, end));
        const std::size_t equals = one.find('=');
        if (equals_ignore_case(strip(one.substr(0, equals)), name)) {
            if (equals == std::string_view::npos) return {};
            std::string_view v = strip(one.substr(equals + 1));
            if (v.size() >= 2 && v.front() == '"' && v.back() == '"') v = v.substr(1, v.size() - 2);
            return v;
        }
        if (end == std::string_view::npos || rest[end] == ',') return {};
        at += 1 + end;
    }
    return {};
}

NameAddress parse_name_address(std::string_view value) {
    NameAddress n;
    value = strip(value);
    const std::size_t parameters = parameters_at(value);
    n.full = strip(value.substr(0, parameters));
    n.tag = header_parameter(value, "tag");
    std::size_t open = 0;
    if (!n.full.empty() && n.full.front() == '"') {
        const std::size_t end = after_quoted(n.full, 0);
        if (end != std::string_view::npos) {
            n.display = n.full.substr(1, end - 2);
            open = end;
        }
    }
    open = n.full.find('<', open);
    if (open != std::string_view::npos) {
        if (n.display.empty()) n.display = strip(n.full.substr(0, open));
        const std::size_t close = n.full.find('>', open);
        n.uri = strip(n.full.substr(open + 1, close == std::string_view::npos ? close : close - open - 1));
    } else {
        n.display = {};
        n.uri = n.full;  // addr-spec: every parameter belongs to the header (RFC 3261 §20.10)
    }
    return n;
}

std::string_view bare_uri(std::string_view uri) {
    // ';' and '?' may stand inside the user part (RFC 3261 §19.1.1), so look behind the '@' where there is one.
    const std::size_t at = uri.find('@');
    const std::size_t end = wire::find_any<';', '?'>(uri, at == std::string_view::npos ? 0 : at);
    return strip(uri.substr(0, end));
}

std::string unfolded(std::string_view value) {
    if (wire::find_any<'\r', '\n'>(value) == std::string_view::npos)
        return wire::is_clean_text(value) ? std::string(value) : wire::clean_text(value);
    std::string out;
    for (std::size_t i = 0; i < value.size();) {
        if (value[i] == '\r' || value[i] == '\n') {
            while (i < value.size() && blank(value[i])) ++i;
            while (!out.empty() && blank(out.back())) out.pop_back();
            out += ' ';
        } else {
            out += value[i++];
        }
    }
    return wire::is_clean_text(out) ? out : wire::clean_text(out);
}

std::optional<std::uint32_t> reason_cause(std::string_view reason) {
    const std::string_view cause = header_parameter(reason, "cause");
    std::uint32_t v = 0;
    const auto [end, error] = std::from_chars(cause.data(), cause.data() + cause.size(), v);
    if (error != std::errc{} || cause.empty() || end != cause.data() + cause.size()) return std::nullopt;
    return v;
}

}  // namespace voipprobe::probe
