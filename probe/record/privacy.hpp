// --privacy: what records may say of people. Applied where a field is written, so that every output has it.
//   hash   the user part of a URI becomes a token: HMAC-SHA256 under the key, 80 bits as hex; the host stays. The same
//          number gives the same token (sip:+49-30-1@a and tel:+49301 too). Display names go. A Call-ID and what else
//          names a call becomes a token whole. Digits go: there are too few of them to hide.
//   drop   all of these go.
//   daily  the tokens' key changes at midnight UTC of packet time, so that tokens of two days cannot be compared.
// Sources: RFC 2104; RFC 3261 §19.1.1 (user), RFC 3966 §3 (visual separators).
// Thread rule: one owner; a returned view is valid until the next call.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "templates/element.hpp"
#include "wire/bytes.hpp"
#include "wire/siphash.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

class Privacy {
  public:
    enum class Mode : std::uint8_t { off, hash, drop };

    Privacy() = default;
    Privacy(Mode mode, wire::Bytes key, bool daily);

    bool on() const { return mode_ != Mode::off; }
    // `text` of an element as it may leave at time `now`.
    std::string_view apply(templates::Personal kind, std::string_view text, wire::TimeNs now);
    // For record ids: they are made of Call-IDs too.
    wire::SipKey id_key() const;

  private:
    using Digest = std::array<std::uint8_t, 32>;
    std::string party(std::string_view text) const;
    std::string token(std::string_view text, std::size_t octets) const;
    void turn_to(wire::TimeNs now);

    Mode mode_ = Mode::off;
    bool daily_ = false;
    std::int64_t day_ = INT64_MIN;
    Digest master_{};  // of the key file
    Digest key_{};     // today's
    std::string text_;
};

}  // namespace voipprobe::probe
