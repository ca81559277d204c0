#include "probe/record/privacy.hpp"

#include <openssl/hmac.h>

#include <algorithm>

#include "wire/address.hpp"
#include "wire/hex.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::int64_t kDay = 86'400 * wire::kSecond;
constexpr std::size_t kPartyOctets = 10;
constexpr std::size_t kIdentifierOctets = 16;

std::array<std::uint8_t, 32> hmac(wire::Bytes key, std::string_view text) {
    std::array<std::uint8_t, 32> out{};
    unsigned int length = 0;
    const wire::Bytes bytes = wire::as_bytes(text);
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), out.data(), &length);
    return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A telephone number without what only helps the eye; anything else as it is.
std::string plain_number(std::string_view user) {
    std::string digits;
    for (const char c : user) {
        if (is_digit(c) || (c == '+' && digits.empty())) digits.push_back(c);
        else if (c != '-' && c != '.' && c != '(' && c != ')' && c != ' ') return std::string(user);
    }
    return digits;
}

// Of URIs that name a party; anything else before a colon may be a name itself.
bool is_scheme(std::string_view text) {
    return std::ranges::any_of(std::array<std::string_view, 6>{"sip", "sips", "tel", "h323", "im", "pres"},
                               [text](std::string_view s) { return wire::equals_ignore_case(text, s); });
}

std::string_view before(std::string_view text, std::string_view any_of) { return text.substr(0, text.find_first_of(any_of)); }

}  // namespace

Privacy::Privacy(Mode mode, wire::Bytes key, bool daily)
    : mode_(mode), daily_(daily), master_(hmac(key, "voipprobe privacy")), key_(master_) {}

void Privacy::turn_to(wire::TimeNs now) {
    const std::int64_t day = now / kDay;
    if (!daily_ || day == day_) return;
    day_ = day;
    key_ = hmac(master_, "day " + std::to_string(day));
}

wire::SipKey Privacy::id_key() const {
    if (!on()) return {};
    const Digest d = hmac(master_, "record ids");
    return {wire::load_le64(d.data()), wire::load_le64(d.data() + 8)};
}

std::string Privacy::token(std::string_view text, std::size_t octets) const {
    return wire::hex(wire::Bytes(hmac(key_, text)).first(octets));
}

// A name-addr, a URI or a bare user.
std::string Privacy::party(std::string_view text) const {
    const std::size_t open = text.find('<');
    std::string_view uri = open == std::string_view::npos ? text : before(text.substr(open + 1), ">");
    std::string_view scheme;
    const std::size_t colon = uri.find(':');
    if (colon != std::string_view::npos && is_scheme(uri.substr(0, colon))) {
        scheme = uri.substr(0, colon + 1);
        uri.remove_prefix(colon + 1);
    }
    const std::size_t at = uri.rfind('@');
    std::string_view user = uri, host;
    if (at != std::string_view::npos) {
        user = uri.substr(0, at);
        host = before(uri.substr(at), ";?>");
    } else if (const std::string_view alone = before(uri, ":;?>"); wire::IpAddress::parse(alone)) {
        return std::string(scheme) + std::string(alone);  // an address names nobody; a name without @ may
    }
    user = before(user, ":;");  // neither password nor parameters
    std::string out(scheme);
    if (!user.empty()) out += token(plain_number(user), kPartyOctets);
    out += host;
    return open == std::string_view::npos ? out : "<" + out + ">";
}

std::string_view Privacy::apply(templates::Personal kind, std::string_view text, wire::TimeNs now) {
    using templates::Personal;
    if (mode_ == Mode::off || kind == Personal::no || text.empty()) return text;
    if (mode_ == Mode::drop || kind == Personal::digits) return {};
    turn_to(now);
    text_ = kind == Personal::party ? party(text) : token(text, kIdentifierOctets);
    return text_;
}

}  // namespace voipprobe::probe
