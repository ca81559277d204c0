// Reports in text, RFC 6035 bodies and statistics headers: every figure in its range, everything else absent.
#include <gtest/gtest.h>

#include "probe/voip/rtcp/endpoint_statistics.hpp"
#include "probe/voip/rtcp/session_quality.hpp"

using namespace voipprobe;
using probe::SessionReport;

namespace {

TEST(SessionQuality, KindsAndSpellings) {
    probe::VqReport r;
    EXPECT_FALSE(probe::parse_vq_report("vqintervalreport\n: \nVQIntervalReport\nCallID: x", r)) << "the first line must name it";
    ASSERT_TRUE(probe::parse_vq_report("VQIntervalReport:\ncallid : x@y \nCallID: z\nMETRICS:\npacketloss:nlr=1 JDR=2\nRemoteMetrics:\n", r));
    EXPECT_EQ(r.kind, probe::VqKind::interval);
    EXPECT_EQ(r.call_id, "x@y") << "the first of two";
    ASSERT_TRUE(r.heard_by_local && r.heard_by_remote);
    EXPECT_FLOAT_EQ(r.heard_by_local->figures.loss_pct.value(), 1);
    EXPECT_FLOAT_EQ(r.heard_by_local->figures.discard_pct.value(), 2);
    ASSERT_TRUE(probe::parse_vq_report("VQAlertReport: Type=NLR Severity=Critical Dir=local\r\nCallID:1\r\n", r));
    EXPECT_EQ(r.kind, probe::VqKind::alert);
    EXPECT_FALSE(r.heard_by_local || r.heard_by_remote);
}

TEST(SessionQuality, FiguresOutOfTheirRangeAreAbsent) {
    probe::VqReport r;
    ASSERT_TRUE(probe::parse_vq_report("VQSessionReport:\nCallID:1\nPacketLoss:NLR=9\nLocalMetrics:\nPacketLoss:NLR=100.1 JDR=-1\n"
                                       "BurstGapLoss:BLD=101 GLD=x\nDelay:RTD=65536 ESD= IAJ=-0.1\nQualityEst:RLQ=121 MOSLQ=0.9 MOSCQ=5.1\n"
                                       "Signal:NLR=5\n", r));
    const SessionReport& l = *r.heard_by_local;
    EXPECT_FALSE(l.figures.loss_pct) << "nor what stands before the section, or in another line";
    EXPECT_FALSE(l.figures.discard_pct || l.figures.burst_density || l.figures.gap_density || l.figures.round_trip_ms);
    EXPECT_FALSE(l.figures.end_system_ms || l.figures.jitter_ms || l.figures.r_factor || l.mos_lq || l.mos_cq);
    ASSERT_TRUE(probe::parse_vq_report("VQSessionReport:\nCallID:1\nLocalMetrics:\nPacketLoss:NLR=100\nBurstGapLoss:BLD=100 GLD=0\n"
                                       "QualityEst:RLQ=120 MOSLQ=1 MOSCQ=5\n", r));
    EXPECT_FLOAT_EQ(r.heard_by_local->figures.loss_pct.value(), 100);
    EXPECT_FLOAT_EQ(r.heard_by_local->figures.burst_density.value(), 1);
    EXPECT_FLOAT_EQ(r.heard_by_local->figures.gap_density.value(), 0);
    EXPECT_FLOAT_EQ(r.heard_by_local->figures.r_factor.value(), 120);
    EXPECT_FLOAT_EQ(r.heard_by_local->mos_lq.value(), 1);
    EXPECT_FLOAT_EQ(r.heard_by_local->mos_cq.value(), 5);
}

TEST(SessionQuality, Ends) {
    const auto local = [](const std::string& value) {
        probe::VqReport r;
        EXPECT_TRUE(probe::parse_vq_report("VQSessionReport:\nCallID:1\nLocalAddr:" + value + "\n", r));
        return r.local;
    };
    EXPECT_EQ(local("ip=2001:db8::1\tport=5 ssrc=0XFfff0000").endpoint.text(), "[2001:db8::1]:5");
    EXPECT_EQ(local("ip=2001:db8::1 port=5 ssrc=0XFfff0000").ssrc, 0xffff0000U);
    for (const char* none : {"IP=here PORT=5", "IP=192.0.2.1", "IP=192.0.2.1 PORT=65536", "PORT=5", ""})
        EXPECT_TRUE(local(none).endpoint.address.is_none()) << none;
    for (const char* none : {"SSRC=", "SSRC=0x", "SSRC=12g", "SSRC=123456789", ""}) EXPECT_FALSE(local(none).ssrc) << none;
}

TEST(SessionQuality, ABodyWithoutEndIsReadSoFar) {
    std::string body = "VQSessionReport:\n";
    for (int i = 0; i < 300; ++i) body += "X: y\n";
    probe::VqReport r;
    EXPECT_FALSE(probe::parse_vq_report(body + "CallID: 1\n", r)) << "beyond 256 lines";
    EXPECT_TRUE(probe::parse_vq_report("VQSessionReport:\nCallID: 1\n" + body, r));
}

TEST(EndpointStatistics, ScoresAndCounts) {
    const auto of = [](const char* value) { return probe::parse_endpoint_statistics("RTP-RxStat", value); };
    EXPECT_FLOAT_EQ(of("Pkt=5,VQMetrics=\"MLQKav=3.5;MLQK=4.40\"")->mos_lq.value(), 3.5) << "the mean, wherever it stands";
    EXPECT_FLOAT_EQ(of("Pkt=5,VQMetrics=\"MLQK=4.40;CCR=1\"")->mos_lq.value(), 4.4F);
    EXPECT_FALSE(of("Pkt=5,VQMetrics=\"MLQK=0;MLQKav=9\"")->mos_lq);
    EXPECT_FALSE(of("Pkt=5,MOS=5.5")->mos_lq);
    EXPECT_FALSE(of("Pkt=1.5,LostPkt=-1")) << "counts are whole";
    EXPECT_EQ(of("LostPkt=3")->lost, 3U);
    EXPECT_FALSE(of("LostPkt=3")->figures.loss_pct) << "of how many?";
    EXPECT_FALSE(of("Pkt=10,LostPkt=0,LatePkt=11")->figures.discard_pct) << "later than all that came";
    EXPECT_FLOAT_EQ(of("Pkt=10,LostPkt=0,LatePkt=10")->figures.discard_pct.value(), 100);
    EXPECT_FALSE(probe::parse_endpoint_statistics("RTP-TxStat", "Pkt=5"));
    EXPECT_FALSE(probe::find_endpoint_statistics("BYE x SIP/2.0\r\nRTP-RxStat: Dur=1\r\n")) << "nothing that is known";
    std::string far = "BYE x SIP/2.0\r\n";
    for (int i = 0; i < 600; ++i) far += "X: y\r\n";
    EXPECT_FALSE(probe::find_endpoint_statistics(far + "RTP-RxStat: Pkt=5\r\n")) << "beyond 512 lines";
}

}  // namespace
