// What a stream's sender calls itself in RTCP SDES (RFC 3550 §6.5): CNAME and TOOL, the first 64 octets of each. The last word
// counts. Thread rule: one owner.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "wire/text.hpp"

namespace voipprobe::probe {

class SourceNames {
  public:
    static constexpr std::size_t kMost = 64;

    std::string_view cname() const { return cname_.view(); }
    std::string_view tool() const { return tool_.view(); }
    // False: shortened.
    bool set_cname(std::string_view text) { return cname_.set(text); }
    bool set_tool(std::string_view text) { return tool_.set(text); }

  private:
    struct Name {
        std::array<char, kMost> text{};
        std::uint8_t length = 0;
        std::string_view view() const { return {text.data(), length}; }
        bool set(std::string_view whole) {
            const std::string_view kept = wire::cap_text(whole, kMost);
            std::copy(kept.begin(), kept.end(), text.begin());
            length = static_cast<std::uint8_t>(kept.size());
            return kept.size() == whole.size();
        }
    };
    Name cname_, tool_;
};

}  // namespace voipprobe::probe
