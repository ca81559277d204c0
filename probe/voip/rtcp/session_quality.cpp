#include "probe/voip/rtcp/session_quality.hpp"

#include <charconv>

#include "probe/voip/rtcp/report_text.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;
using wire::trim;

constexpr int kMaxLines = 256;

void take_end(std::string_view value, VqEnd& end) {
    std::string_view address, port;
    for_each_pair(value, " \t", [&](std::string_view key, std::string_view v) {
        if (equals_ignore_case(key, "IP")) address = v;
        else if (equals_ignore_case(key, "PORT")) port = v;
        else if (equals_ignore_case(key, "SSRC")) {
            if (v.starts_with("0x") || v.starts_with("0X")) v.remove_prefix(2);
            std::uint32_t ssrc = 0;
            const auto [end_of, error] = std::from_chars(v.data(), v.data() + v.size(), ssrc, 16);
            if (error == std::errc{} && end_of == v.data() + v.size()) end.ssrc = ssrc;
        }
    });
    const auto parsed = wire::IpAddress::parse(address);
    const auto number = report_number(port, 0, 65535);
    if (parsed && number) end.endpoint = {*parsed, static_cast<std::uint16_t>(*number)};
}

void take_pair(std::string_view line, std::string_view key, std::string_view value, SessionReport& r) {
    const auto is = [&](std::string_view name) { return equals_ignore_case(key, name); };
    const auto percent = [&] { return report_number(value, 0, 100); };
    const auto ms = [&] { return report_number(value, 0, 65535); };
    const auto density = [&]() -> std::optional<float> {
        const auto p = percent();
        return p ? std::optional<float>(*p / 100) : std::nullopt;
    };
    if (equals_ignore_case(line, "PacketLoss")) {
        if (is("NLR")) r.figures.loss_pct = percent();
        else if (is("JDR")) r.figures.discard_pct = percent();
    } else if (equals_ignore_case(line, "BurstGapLoss")) {
        if (is("BLD")) r.figures.burst_density = density();
        else if (is("GLD")) r.figures.gap_density = density();
    } else if (equals_ignore_case(line, "Delay")) {
        if (is("RTD")) r.figures.round_trip_ms = ms();
        else if (is("ESD")) r.figures.end_system_ms = ms();
        else if (is("IAJ")) r.figures.jitter_ms = ms();
    } else if (equals_ignore_case(line, "QualityEst")) {
        if (is("RLQ")) r.figures.r_factor = report_number(value, 0, 120);
        else if (is("MOSLQ")) r.mos_lq = report_number(value, 1, 5);
        else if (is("MOSCQ")) r.mos_cq = report_number(value, 1, 5);
    }
}

}  // namespace

bool is_vq_report(std::string_view content_type) {
    return equals_ignore_case(trim(content_type.substr(0, content_type.find(';'))), "application/vq-rtcpxr");
}

bool parse_vq_report(std::string_view body, VqReport& out) {
    out = VqReport{};
    SessionReport* section = nullptr;
    bool begun = false;
    for (int n = 0; n < kMaxLines && !body.empty(); ++n) {
        const std::string_view line = next_report_line(body);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const std::string_view name = trim(line.substr(0, colon));
        const std::string_view value = trim(line.substr(colon + 1));
        if (!begun) {
            if (equals_ignore_case(name, "VQSessionReport")) out.kind = VqKind::session;
            else if (equals_ignore_case(name, "VQIntervalReport")) out.kind = VqKind::interval;
            else if (equals_ignore_case(name, "VQAlertReport")) out.kind = VqKind::alert;
            else return false;
            begun = true;
        } else if (equals_ignore_case(name, "CallID")) {
            if (out.call_id.empty()) out.call_id = value;
        } else if (equals_ignore_case(name, "LocalAddr")) {
            take_end(value, out.local);
        } else if (equals_ignore_case(name, "RemoteAddr")) {
            take_end(value, out.remote);
        } else if (equals_ignore_case(name, "LocalMetrics") || equals_ignore_case(name, "Metrics")) {
            section = &out.heard_by_local.emplace();
        } else if (equals_ignore_case(name, "RemoteMetrics")) {
            section = &out.heard_by_remote.emplace();
        } else if (section != nullptr) {
            for_each_pair(value, " \t", [&](std::string_view key, std::string_view v) { take_pair(name, key, v, *section); });
        }
    }
    return begun && !out.call_id.empty();
}

}  // namespace voipprobe::probe
