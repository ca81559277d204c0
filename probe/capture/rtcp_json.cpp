#include "probe/capture/rtcp_json.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace voipprobe::probe {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxJson = 16'384;
constexpr std::size_t kMaxReports = 31;  // RFC 3550 §6.4.1: 5 bits

// Numbers of up to 64 bits; agents write some in quotes, and unsigned ones as negative ones of 32 bits.
std::optional<std::uint64_t> number(const json& object, const char* name) {
    const auto it = object.find(name);
    if (it == object.end()) return std::nullopt;
    if (it->is_number_unsigned()) return it->get<std::uint64_t>();
    if (it->is_number_integer()) return static_cast<std::uint64_t>(it->get<std::int64_t>());
    if (!it->is_string()) return std::nullopt;
    const std::string& s = it->get_ref<const std::string&>();
    std::int64_t v = 0;
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (error != std::errc{} || end != s.data() + s.size()) return std::nullopt;
    return static_cast<std::uint64_t>(v);
}

std::uint32_t low32(const json& object, const char* name) {
    return static_cast<std::uint32_t>(number(object, name).value_or(0));
}

bool is_block(const json& b) { return b.is_object() && number(b, "source_ssrc").value_or(0) != 0; }

}  // namespace

bool rtcp_from_json(wire::Bytes text, std::vector<std::uint8_t>& out) {
    if (text.empty() || text[0] != '{' || text.size() > kMaxJson) return false;
    // Deep nesting would cost stack: these objects have three levels.
    int depth = 0;
    for (const std::uint8_t c : text) {
        if (c == '{' || c == '[') ++depth;
        if (c == '}' || c == ']') --depth;
        if (depth > 16) return false;
    }
    const json all = json::parse(text.begin(), text.end(), nullptr, false);
    if (!all.is_object()) return false;
    const auto ssrc = number(all, "ssrc");
    if (!ssrc) return false;
    // The type is that of the compound's last packet with some agents (202 = SDES), so the contents decide.
    const auto info = all.find("sender_information");
    const bool sender = info != all.end() && info->is_object() && low32(*info, "packets") != 0;
    std::vector<const json*> blocks;
    if (const auto list = all.find("report_blocks"); list != all.end() && list->is_array())
        for (const json& b : *list)
            if (is_block(b) && blocks.size() < kMaxReports) blocks.push_back(&b);
    if (!sender && blocks.empty()) return false;
    wire::ByteWriter w(out);
    w.u8(static_cast<std::uint8_t>(0x80 | blocks.size()));
    w.u8(sender ? 200 : 201);
    w.u16(static_cast<std::uint16_t>((sender ? 6 : 1) + 6 * blocks.size()));
    w.u32(static_cast<std::uint32_t>(*ssrc));
    if (sender) {
        w.u32(low32(*info, "ntp_timestamp_sec"));
        w.u32(low32(*info, "ntp_timestamp_usec"));  // the fraction, whatever its name says
        w.u32(low32(*info, "rtp_timestamp"));
        w.u32(low32(*info, "packets"));
        w.u32(low32(*info, "octets"));
    }
    for (const json* b : blocks) {
        w.u32(low32(*b, "source_ssrc"));
        const auto lost = static_cast<std::int64_t>(number(*b, "packets_lost").value_or(0));
        // Low 24 bits of a negative number come through as they are.
        const auto lost24 = static_cast<std::uint32_t>(lost >= 0 && lost <= 0xffffff ? lost : std::clamp<std::int64_t>(lost, -0x800000, 0x7fffff));
        w.u32(std::min<std::uint32_t>(low32(*b, "fraction_lost"), 255) << 24 | (lost24 & 0xffffff));
        w.u32(low32(*b, "highest_seq_no"));
        w.u32(low32(*b, "ia_jitter"));
        w.u32(low32(*b, "lsr"));
        w.u32(low32(*b, "dlsr"));
    }
    return true;
}

}  // namespace voipprobe::probe
