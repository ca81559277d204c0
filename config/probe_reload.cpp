#include "config/probe_reload.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/probe_options.hpp"

namespace voipprobe::config {
namespace {

constexpr std::array<std::string_view, 8> kWhileRunning{
    "active-timeout", "idle-timeout", "rtp-heuristic", "voip-only", "strict", "stats", "verbose", "quiet"};

std::string listed(const std::vector<std::string>& names) {
    std::string out;
    for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
    return out;
}

}  // namespace

Reloaded take_over(ProbeConfig& running, const ProbeConfig& next) {
    Reloaded out;
    for (const ProbeOption& o : probe_options()) {
        const std::vector<std::string> values = o.get(next);
        if (values == o.get(running)) continue;
        const bool now = std::find(kWhileRunning.begin(), kWhileRunning.end(), o.name) != kWhileRunning.end();
        // What an option prints it also reads.
        if (now && o.set(running, values))
            out.taken.emplace_back(o.name);
        else
            out.need_restart.emplace_back(o.name);
    }
    return out;
}

std::string describe(const Reloaded& r) {
    std::string out = r.taken.empty() ? "nothing changed" : "changed: " + listed(r.taken);
    if (!r.need_restart.empty()) out += "; only after a restart: " + listed(r.need_restart);
    return out;
}

}  // namespace voipprobe::config
