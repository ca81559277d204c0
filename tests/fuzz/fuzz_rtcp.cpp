// Any octets as RTCP, whole and cut: the parser must stay within its bytes, and a cut packet says no more than the
// whole one. Shares made of XR blocks stay shares.
#include <cstdlib>

#include "probe/voip/rtcp/compound_blocks.hpp"
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
    void period(std::uint32_t, const probe::RtcpPeriod& p) override { blocks.add(p), ++n; }
    void delay_variation(std::uint32_t, const probe::RtcpDelayVariation& d) override {
        if ((d.positive && *d.positive == -0x8000) || (d.mean && *d.mean >= 0x7ffe)) std::abort();
        ++n;
    }
    void delay(std::uint32_t, const probe::RtcpDelay& d) override { blocks.add(d), ++n; }
    void burst_summary(std::uint32_t, const probe::RtcpBurstSummary& b) override { blocks.add(b), ++n; }
    void frames(std::uint32_t, const probe::RtcpFrames&) override { ++n; }
    void bursts(std::uint32_t, const probe::RtcpBursts& b) override {
        if ((b.bursts && *b.bursts > 0xffd) || (b.squares && *b.squares > 0xffffffffd)) std::abort();
        blocks.add(b), ++n;
    }
    void jitter_buffer(std::uint32_t, const probe::RtcpJitterBuffer&) override { ++n; }
    void discard_count(std::uint32_t, const probe::RtcpDiscardCount& d) override { blocks.add(d), ++n; }
    void discarded_octets(std::uint32_t, const probe::RtcpDiscardedOctets&) override { ++n; }
    void sync_delay(std::uint32_t, const probe::RtcpSyncDelay&) override { ++n; }
    void sync_offset(std::uint32_t, const probe::RtcpSyncOffset&) override { ++n; }
    void score(std::uint32_t, const probe::RtcpMos& m) override {
        if (m.score && !(*m.score >= 0 && *m.score < 128)) std::abort();
        blocks.add(m), ++n;
    }
    void concealment(std::uint32_t, const probe::RtcpConcealment&) override { ++n; }
    void concealed_seconds(std::uint32_t, const probe::RtcpConcealedSeconds&) override { ++n; }
    std::size_t n = 0;
    probe::CompoundBlocks blocks;
};

// What is made of a compound's blocks is a share, whatever they say.
void check(const probe::CompoundBlocks& blocks) {
    for (const probe::StreamBlocks& s : blocks.streams()) {
        const probe::BlockFigures f = figures_of(s);
        if (!s.period && (f.discard_pct || f.burst_density || f.gap_density || f.round_trip_ms)) std::abort();
        if (f.discard_pct && !(f.discard_pct->value >= 0 && f.discard_pct->value <= 100)) std::abort();
        for (const auto& density : {f.burst_density, f.gap_density})
            if (density && !(density->value >= 0 && density->value <= 1)) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const wire::Bytes all(data, size);
    Count whole;
    parse_rtcp(all, static_cast<std::uint32_t>(size), whole);
    if (whole.n > size) std::abort();
    check(whole.blocks);
    for (std::size_t cut = 0; cut < size; cut += 1 + size / 16) {
        Count part;
        parse_rtcp(all.first(cut), static_cast<std::uint32_t>(size), part);
    }
    return 0;
}
