#include "probe/voip/sip/info_digits.hpp"

#include "probe/voip/rtcp/report_text.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMost = 16;
constexpr std::string_view kDigits = "0123456789*#ABCD";

// "5", "#" or, as some write it, the event's number: 10 for *, 11 for # (RFC 4733 §3.2).
std::string digit(std::string_view signal) {
    if (signal == "10" || signal == "star") return "*";
    if (signal == "11" || signal == "pound") return "#";
    if (signal.size() != 1) return {};
    const char c = signal[0] >= 'a' && signal[0] <= 'd' ? static_cast<char>(signal[0] - 'a' + 'A') : signal[0];
    return kDigits.find(c) == std::string_view::npos ? std::string() : std::string(1, c);
}

}  // namespace

std::string info_digits(std::string_view content_type, std::string_view body) {
    const std::string_view type = wire::trim(content_type.substr(0, content_type.find(';')));
    std::string out;
    if (wire::equals_ignore_case(type, "application/dtmf-relay")) {
        for (int lines = 0; lines < 16 && !body.empty(); ++lines)
            for_each_pair(next_report_line(body), "&;", [&out](std::string_view key, std::string_view value) {
                if (out.empty() && wire::equals_ignore_case(key, "Signal")) out = digit(value);
            });
    } else if (wire::equals_ignore_case(type, "application/dtmf")) {
        for (const char c : wire::trim(body.substr(0, kMost))) out += digit(std::string_view(&c, 1));
    }
    return out;
}

}  // namespace voipprobe::probe
