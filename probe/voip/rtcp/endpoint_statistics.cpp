#include "probe/voip/rtcp/endpoint_statistics.hpp"

#include <algorithm>
#include <array>

#include "probe/voip/rtcp/report_text.hpp"
#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::equals_ignore_case;

constexpr float kMostCount = 1e9F;
constexpr int kMaxLines = 512;

std::optional<std::uint64_t> count(std::string_view text) {
    const auto v = report_number(text, 0, kMostCount);
    if (!v || text.find('.') != std::string_view::npos) return std::nullopt;
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return n;
}

struct Figures {
    std::optional<std::uint64_t> received, lost, late;
    std::optional<float> jitter_ms, mos_lq;
    bool averaged = false;
};

void take(Figures& f, std::string_view key, std::string_view value, bool first_number_only) {
    const auto is = [&](std::string_view name) { return equals_ignore_case(key, name); };
    const std::string_view first = first_number_only ? value.substr(0, value.find(',')) : value;
    if (is("PR") || is("Pkt")) f.received = count(first);
    else if (is("PL") || is("LostPkt")) f.lost = count(first);
    else if (is("LatePkt") || is("PD")) f.late = count(first);
    else if (is("JI") || is("AvgJit")) f.jitter_ms = report_number(value, 0, 60000);  // AVM's is a pair: left out
    else if (is("MOS")) f.mos_lq = report_number(value, 1, 5);
    else if (is("VQMetrics")) {
        for_each_pair(value, ";", [&](std::string_view k, std::string_view v) {
            const bool average = equals_ignore_case(k, "MLQKav");
            if (!average && (f.averaged || !equals_ignore_case(k, "MLQK"))) return;
            if (const auto mos = report_number(v, 1, 5)) {
                f.mos_lq = mos;
                f.averaged = average;
            }
        });
    }
}

bool is_statistics(std::string_view name) {
    constexpr std::array<std::string_view, 7> kNames{"P-RTP-Stat",          "X-RTP-Stat",               "RTP-RxStat",
                                                     "X-RTP-Stats",         "X-RTP-Statistics",
                                                     "X-Siemens-RTP-stats", "X-Siemens-RTP-stats-list"};
    return std::ranges::any_of(kNames, [name](std::string_view known) { return equals_ignore_case(name, known); });
}

}  // namespace

std::optional<SessionReport> parse_endpoint_statistics(std::string_view name, std::string_view value) {
    if (!is_statistics(name)) return std::nullopt;
    // Where ";" separates, "," is within a value. RTP-RxStat has ";" within quotes.
    const bool semicolons = !equals_ignore_case(name, "RTP-RxStat") && value.find(';') != std::string_view::npos;
    Figures f;
    for_each_pair(value, semicolons ? ";" : ",", [&](std::string_view k, std::string_view v) { take(f, k, v, semicolons); });
    SessionReport r;
    r.packets = f.received;
    r.lost = f.lost;
    r.mos_lq = f.mos_lq;
    r.figures.jitter_ms = f.jitter_ms;
    if (f.received && f.lost && *f.received + *f.lost > 0) {
        const auto all = static_cast<float>(*f.received + *f.lost);
        r.figures.loss_pct = 100 * static_cast<float>(*f.lost) / all;
        if (f.late && *f.late <= *f.received) r.figures.discard_pct = 100 * static_cast<float>(*f.late) / all;
    }
    // A telephone that received nothing has no jitter either, whatever it writes.
    if (f.received == 0U) r.figures.jitter_ms.reset();
    if (!r.packets && !r.lost && !r.mos_lq && !r.figures.jitter_ms) return std::nullopt;
    return r;
}

std::optional<SessionReport> find_endpoint_statistics(std::string_view message) {
    for (int n = 0; n < kMaxLines && !message.empty(); ++n) {
        const std::string_view line = next_report_line(message);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon < 10 || !is_statistics(wire::trim(line.substr(0, colon)))) continue;
        if (auto report = parse_endpoint_statistics(wire::trim(line.substr(0, colon)), wire::trim(line.substr(colon + 1))))
            return report;
    }
    return std::nullopt;
}

}  // namespace voipprobe::probe
