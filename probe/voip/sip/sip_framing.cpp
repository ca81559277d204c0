#include "probe/voip/sip/sip_framing.hpp"

#include <algorithm>
#include <charconv>

#include "probe/voip/sip/sip_message.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMaxStartLine = 2048;
constexpr std::size_t kMaxMethod = 32;

bool is_token(char c) {  // RFC 3261 §25.1
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos;
}

bool begins_known_method(std::string_view word, bool whole) {
    for (int i = 0; i < static_cast<int>(SipMethod::other); ++i) {
        const std::string_view name = method_name(static_cast<SipMethod>(i));
        if (whole ? name == word : name.starts_with(word)) return true;
    }
    return false;
}

}  // namespace

SipStart sip_start(wire::Bytes data, bool any_method) {
    const std::string_view text = wire::as_text(data.first(std::min(data.size(), kMaxStartLine)));
    if (text.empty()) return SipStart::maybe;
    if (!is_token(text[0]) && text[0] != '\r' && text[0] != '\n') return SipStart::no;  // most of what is not SIP
    if (text.find('\n') != std::string_view::npos) return looks_like_sip(wire::as_bytes(text)) ? SipStart::yes : SipStart::no;
    if (data.size() >= kMaxStartLine) return SipStart::no;
    constexpr std::string_view kVersion = "SIP/2.0 ";
    if (text.starts_with(kVersion) || kVersion.starts_with(text)) return SipStart::maybe;
    std::size_t n = 0;
    while (n < text.size() && n < kMaxMethod && is_token(text[n])) ++n;
    if (n == 0) return SipStart::no;
    if (n == text.size()) return any_method || begins_known_method(text, false) ? SipStart::maybe : SipStart::no;
    if (text[n] != ' ' || !(any_method || begins_known_method(text.substr(0, n), true))) return SipStart::no;
    const auto printable = [](char c) { return static_cast<unsigned char>(c) >= ' '; };
    return std::all_of(text.begin(), text.end() - 1, printable) ? SipStart::maybe : SipStart::no;
}

std::size_t find_sip_start(wire::Bytes data) {
    std::size_t at = 0;
    while (at < data.size()) {
        if (data[at] != '\r' && data[at] != '\n' && sip_start(data.subspan(at), false) != SipStart::no) return at;
        const std::string_view text = wire::as_text(data);
        const std::size_t end = text.find('\n', at);
        if (end == std::string_view::npos) return data.size();
        at = end + 1;
    }
    return data.size();
}

std::optional<std::size_t> sip_header_length(wire::Bytes data, std::size_t scanned) {
    const std::string_view text = wire::as_text(data);
    std::size_t at = scanned < 3 ? 0 : scanned - 3;
    while ((at = text.find('\n', at)) != std::string_view::npos) {
        const std::string_view rest = text.substr(at + 1, 2);
        if (rest.starts_with('\n')) return at + 2;
        if (rest == "\r\n") return at + 3;
        ++at;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> sip_content_length(wire::Bytes headers) {
    std::string_view text = wire::as_text(headers);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty() || ((line[0] | 0x20) != 'l' && (line[0] | 0x20) != 'c')) continue;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view name = wire::trim(line.substr(0, colon));
        if (!wire::equals_ignore_case(name, "Content-Length") && !wire::equals_ignore_case(name, "l")) continue;
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && (value.back() == '\r' || value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
        value = wire::trim(value);
        std::uint32_t n = 0;
        const auto [stop, error] = std::from_chars(value.data(), value.data() + value.size(), n);
        if (error != std::errc{} || value.empty() || stop != value.data() + value.size()) return std::nullopt;
        return n;
    }
    return std::nullopt;
}

SipUnit next_sip_unit(wire::Bytes data, SipFraming& state, std::size_t keep) {
    using Kind = SipUnit::Kind;
    if (data.empty()) return {};
    std::size_t blank = 0;
    while (blank < data.size() && (data[blank] == '\r' || data[blank] == '\n')) ++blank;
    if (blank != 0) return {Kind::blank, blank, blank};
    if (state.length == 0) {
        switch (sip_start(data, !state.hunting)) {
            case SipStart::maybe: return {};
            case SipStart::no: {
                const std::size_t n = find_sip_start(data);
                state.hunting = true;
                return {Kind::garbage, n, n};
            }
            case SipStart::yes: state.hunting = false;
        }
        const auto head = sip_header_length(data, state.scanned);
        if (!head) {
            state.scanned = static_cast<std::uint32_t>(data.size());
            return {};
        }
        const auto body = sip_content_length(data.first(*head));
        // Without a length (RFC 3261 §20.14 forbids that) the body ends where another message begins.
        if (!body) state.length = static_cast<std::uint32_t>(*head + find_sip_start(data.subspan(*head)));
        else state.length = static_cast<std::uint32_t>(*head + (*body > kMaxSipBody ? 0 : *body));
    }
    if (data.size() >= state.length) return {Kind::message, state.length, state.length};
    if (state.length <= keep) return {};
    return {Kind::message, data.size(), state.length};
}

}  // namespace voipprobe::probe
