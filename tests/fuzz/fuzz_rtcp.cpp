// Any octets as RTCP, whole and cut: the parser must stay within its bytes, and a cut packet says no more than the
// whole one.
#include <cstdlib>

#include "probe/voip/rtcp/rtcp_parser.hpp"

using namespace voipprobe;

namespace {

struct Count : probe::RtcpHandler {
    void sender_report(std::uint32_t, probe::NtpMiddle, std::uint32_t, std::uint32_t) override { ++n; }
    void report(std::uint32_t, const probe::RtcpReport& r) override {
        if (r.lost < -0x800000 || r.lost > 0x7fffff) std::abort();
        ++n;
    }
    void receiver_time(std::uint32_t, probe::NtpMiddle) override { ++n; }
    void receiver_delay(std::uint32_t, std::uint32_t, probe::NtpMiddle, std::uint32_t) override { ++n; }
    void voip_metrics(std::uint32_t, const probe::RtcpVoipMetrics&) override { ++n; }
    void statistics(std::uint32_t, const probe::RtcpStatistics&) override { ++n; }
    void bye(std::uint32_t) override { ++n; }
    std::size_t n = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const wire::Bytes all(data, size);
    Count whole;
    parse_rtcp(all, static_cast<std::uint32_t>(size), whole);
    if (whole.n > size) std::abort();
    for (std::size_t cut = 0; cut < size; cut += 1 + size / 16) {
        Count part;
        parse_rtcp(all.first(cut), static_cast<std::uint32_t>(size), part);
    }
    return 0;
}
