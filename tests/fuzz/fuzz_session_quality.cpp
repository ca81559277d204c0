// Any text as an RFC 6035 report and as endpoint statistics: what is read stays within its ranges.
#include <cstdlib>

#include "probe/voip/rtcp/endpoint_statistics.hpp"
#include "probe/voip/rtcp/session_quality.hpp"

using namespace voipprobe;

namespace {

void require(bool ok) {
    if (!ok) std::abort();
}
void within(const std::optional<float>& v, float least, float most) { require(!v || (*v >= least && *v <= most)); }

void check(const std::optional<probe::SessionReport>& r) {
    if (!r) return;
    within(r->mos_lq, 1, 5);
    within(r->mos_cq, 1, 5);
    within(r->figures.loss_pct, 0, 100);
    within(r->figures.discard_pct, 0, 100);
    within(r->figures.burst_density, 0, 1);
    within(r->figures.gap_density, 0, 1);
    within(r->figures.jitter_ms, 0, 65535);
    within(r->figures.round_trip_ms, 0, 65535);
    within(r->figures.end_system_ms, 0, 65535);
    within(r->figures.r_factor, 0, 120);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    probe::VqReport report;
    if (probe::parse_vq_report(text, report)) require(!report.call_id.empty());
    check(report.heard_by_local);
    check(report.heard_by_remote);
    check(probe::find_endpoint_statistics(text));
    return 0;
}
