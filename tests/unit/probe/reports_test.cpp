// What endpoints report: RFC 6035 bodies, statistics of BYE, RTCP over ports of its own; round trips at the probe.
#include "probe/voip/rtcp/endpoint_statistics.hpp"
#include "probe/voip/rtcp/session_quality.hpp"
#include "probe/voip/sip/info_digits.hpp"
#include "tests/unit/probe/value_sink.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::SessionReport;

namespace {

constexpr auto kMs = wire::kMillisecond;

// The example of RFC 6035 §4.6.1 in short, with the figures of both directions.
const std::string kVqReport =
    "VQSessionReport: CallTerm\r\nCallID: wrapped@example.org\r\nLocalID: Alice <sip:alice@example.org>\r\n"
    "LocalAddr: IP=192.0.2.10 PORT=40000 SSRC=11111111\r\nRemoteAddr:IP=192.0.2.20 PORT=50000 SSRC=0x22222222\r\n"
    "LocalMetrics:\r\nTimestamps:START=2004-10-10T18:23:43Z STOP=2004-10-01T18:26:02Z\r\n"
    "SessionDesc:PT=0 PD=PCMU SR=8000 FD=20 FO=20 FPP=1 PPS=50 FMTP=\"NLR=9 x\" PLC=3 SSUP=on\r\n"
    "JitterBuffer:JBA=3 JBR=2 JBN=40 JBM=80 JBX=120\r\nPacketLoss:NLR=5.0 JDR=2.0\r\n"
    "BurstGapLoss:BLD=12.5 BD=0 GLD=2.0 GD=500 GMIN=16\r\nDelay:RTD=200 ESD=140 SOWD=100 IAJ=2 MAJ=10\r\n"
    "Signal:SL=-18 NL=-50 RERL=55\r\nQualityEst:RLQ=90 RCQ=85 EXTRI=90 MOSLQ=4.13 MOSCQ=3.97 QoEEstAlg=P.564\r\n"
    "RemoteMetrics:\r\nPacketLoss:NLR=3.0 JDR=1.0\r\nDelay:RTD=-1\r\nQualityEst:RLQ=127 MOSLQ=12.7\r\n";

TEST(SessionQuality, BothDirectionsOfAReport) {
    probe::VqReport r;
    ASSERT_TRUE(probe::parse_vq_report(kVqReport, r));
    EXPECT_EQ(r.kind, probe::VqKind::session);
    EXPECT_EQ(r.call_id, "wrapped@example.org");
    EXPECT_EQ(r.local.endpoint.text(), "192.0.2.10:40000");
    EXPECT_EQ(r.local.ssrc, 0x11111111U);
    EXPECT_EQ(r.remote.ssrc, 0x22222222U);
    ASSERT_TRUE(r.heard_by_local && r.heard_by_remote);
    const SessionReport& l = *r.heard_by_local;
    EXPECT_FLOAT_EQ(l.figures.loss_pct.value(), 5);
    EXPECT_FLOAT_EQ(l.figures.discard_pct.value(), 2);
    EXPECT_FLOAT_EQ(l.figures.burst_density.value(), 0.125);
    EXPECT_FLOAT_EQ(l.figures.gap_density.value(), 0.02F);
    EXPECT_FLOAT_EQ(l.figures.round_trip_ms.value(), 200);
    EXPECT_FLOAT_EQ(l.figures.end_system_ms.value(), 140);
    EXPECT_FLOAT_EQ(l.figures.jitter_ms.value(), 2);
    EXPECT_FLOAT_EQ(l.figures.r_factor.value(), 90);
    EXPECT_FLOAT_EQ(l.mos_lq.value(), 4.13F);
    EXPECT_FLOAT_EQ(l.mos_cq.value(), 3.97F);
    EXPECT_FALSE(r.heard_by_remote->mos_lq) << "12.7: unavailable";
    EXPECT_FALSE(r.heard_by_remote->figures.r_factor) << "127: unavailable";
    EXPECT_FALSE(r.heard_by_remote->figures.round_trip_ms);
}

TEST(SessionQuality, WhatIsNoReport) {
    probe::VqReport r;
    EXPECT_FALSE(probe::parse_vq_report("", r));
    EXPECT_FALSE(probe::parse_vq_report("v=0\r\nCallID: x\r\n", r));
    EXPECT_FALSE(probe::parse_vq_report("VQSessionReport: CallTerm\r\nLocalMetrics:\r\n", r)) << "of no call";
    EXPECT_TRUE(probe::parse_vq_report("\r\nVQIntervalReport:\n: \nVQIntervalReport\nCallID: x", r));
    EXPECT_TRUE(probe::is_vq_report("application/vq-rtcpxr"));
    EXPECT_FALSE(probe::is_vq_report("application/sdp"));
}

TEST(EndpointStatistics, MakersAndTheirSpellings) {
    const auto sipura = probe::parse_endpoint_statistics(
        "P-RTP-Stat", "PS=1234,OS=197440,PR=1190,OR=190400,PL=10,JI=2,LA=31,DU=25,EN=G.711A,DE=G.711A");
    ASSERT_TRUE(sipura);
    EXPECT_EQ(sipura->packets, 1190U);
    EXPECT_EQ(sipura->lost, 10U);
    EXPECT_NEAR(sipura->figures.loss_pct.value(), 100.0 * 10 / 1200, 1e-4);
    EXPECT_FLOAT_EQ(sipura->figures.jitter_ms.value(), 2);
    EXPECT_FALSE(sipura->figures.round_trip_ms) << "LA is another latency for every maker";
    const auto avm = probe::parse_endpoint_statistics("X-RTP-Stat", "CS=0;PS=1185;PR=1189;ER=1190;PL=3,1;JI=5,2;EN=PCMA");
    ASSERT_TRUE(avm);
    EXPECT_EQ(avm->lost, 3U);
    EXPECT_FALSE(avm->figures.jitter_ms) << "a pair whose meaning its maker does not say";
    const auto audiocodes = probe::parse_endpoint_statistics("X-RTP-Stat", "PS=207;OS=49680;;PR=314;OR=50240;PL=2;JI=600;LA=40;");
    ASSERT_TRUE(audiocodes);
    EXPECT_EQ(audiocodes->packets, 314U);
    EXPECT_EQ(audiocodes->lost, 2U);
    EXPECT_FLOAT_EQ(audiocodes->figures.jitter_ms.value(), 600);
    const auto poly = probe::parse_endpoint_statistics("X-RTP-Stat", "PS=1234,OS=34560,PR=1236,OR=24720,JI=1,DU=1230,PL=0,EN=G711U,DE=G711U,MOS=4.0");
    ASSERT_TRUE(poly);
    EXPECT_EQ(poly->packets, 1236U);
    EXPECT_FLOAT_EQ(poly->mos_lq.value(), 4);
    const auto siemens = probe::parse_endpoint_statistics(
        "X-Siemens-RTP-stats-list", "MT=0;PS=662;OS=105920;PR=661;OR=105760;PL=0;PD=3;JI=0;LA=1;SS=0;EN=8;DE=8;IE=00;TCLW=52");
    ASSERT_TRUE(siemens);
    EXPECT_EQ(siemens->packets, 661U);
    EXPECT_NEAR(siemens->figures.discard_pct.value(), 100.0 * 3 / 661, 1e-4);
    const auto cisco = probe::find_endpoint_statistics(
        "BYE sip:b@x SIP/2.0\r\nRTP-TxStat: Dur=11,Pkt=552,Oct=88320\r\n"
        "RTP-RxStat: Dur=11,Pkt=545,Oct=87200,LatePkt=5,LostPkt=5,AvgJit=3,VQMetrics=\"CCR=0.0014;MLQK=4.40;MLQKav=4.3551;MLQKmn=4.1\"\r\n\r\n");
    ASSERT_TRUE(cisco);
    EXPECT_EQ(cisco->packets, 545U);
    EXPECT_FLOAT_EQ(cisco->mos_lq.value(), 4.3551F);
    EXPECT_NEAR(cisco->figures.discard_pct.value(), 100.0 * 5 / 550, 1e-4);
    EXPECT_FALSE(probe::parse_endpoint_statistics("P-RTP-Stat", "PS=1,OS=2"));
    EXPECT_FALSE(probe::parse_endpoint_statistics("P-RTP-Stat", "PR=x,PL=-1"));
    EXPECT_FALSE(probe::find_endpoint_statistics("BYE sip:b@x SIP/2.0\r\n\r\n"));
    const auto nothing = probe::parse_endpoint_statistics("P-RTP-Stat", "PR=0,PL=0,JI=9");
    ASSERT_TRUE(nothing);
    EXPECT_FALSE(nothing->figures.jitter_ms || nothing->figures.loss_pct);
}

// ---- through the pipeline ----

const wire::IpAddress kA = ip("192.0.2.10"), kB = ip("192.0.2.20");

Octets rtp(std::uint32_t ssrc, int i, int type = 0, std::initializer_list<int> payload = {}) {
    Octets o = hex({0x80, type});
    put16(o, static_cast<std::size_t>(i));
    put32(o, static_cast<std::size_t>(i) * 160);
    put32(o, ssrc);
    if (payload.size() != 0) return o + hex(payload);
    o.resize(172, 0xff);
    return o;
}

// SR of `ssrc` with the middle 32 bits `ntp`, and a report block about `about` that quotes `lsr`.
Octets sender_report(std::uint32_t ssrc, std::uint32_t ntp, std::uint32_t about = 0, std::uint32_t lsr = 0, std::uint32_t dlsr = 0) {
    Octets o = hex({about != 0 ? 0x81 : 0x80, 200, 0, about != 0 ? 12 : 6});
    put32(o, ssrc);
    put32(o, ntp >> 16);
    put32(o, ntp << 16);
    for (int i = 0; i < 3; ++i) put32(o, 0);
    if (about != 0)
        for (const std::uint32_t v : {about, 0x0AU << 24 | 5U, 99U, 16U, lsr, dlsr}) put32(o, v);
    return o;
}

std::uint32_t units(std::int64_t ns) { return static_cast<std::uint32_t>(ns * 65536 / 1'000'000'000); }

// Caller and callee are 15 ms and 35 ms (round trip 30 and 70 ms) from the probe. Each sends from a port on which it does
// not receive, so the two directions are two flows. B reports 200 ms after A's report reached it, and A after B's.
std::vector<TimedPacket> two_one_way_flows() {
    std::vector<TimedPacket> out;
    const auto put = [&](wire::TimeNs at, bool from_a, int offset, const Octets& payload) {
        out.push_back({kCallStart + at, from_a ? ip_packet(kA, kB, 17, udp(static_cast<std::uint16_t>(41000 + offset), static_cast<std::uint16_t>(50000 + offset), payload), {})
                                               : ip_packet(kB, kA, 17, udp(static_cast<std::uint16_t>(51000 + offset), static_cast<std::uint16_t>(40000 + offset), payload), {})});
    };
    for (int i = 0; i < 250; ++i) {
        put(i * 20 * kMs, true, 0, rtp(0x0A0A0A0A, i));
        put(i * 20 * kMs + kMs, false, 0, rtp(0x0B0B0B0B, i));
    }
    put(1000 * kMs, true, 1, sender_report(0x0A0A0A0A, 0x11110000));
    // 70 ms to B and back, 200 ms held there.
    put(1270 * kMs, false, 1, sender_report(0x0B0B0B0B, 0x22220000, 0x0A0A0A0A, 0x11110000, units(200 * kMs)));
    put(1270 * kMs + 330 * kMs, true, 1, sender_report(0x0A0A0A0A, 0x11118000, 0x0B0B0B0B, 0x22220000, units(300 * kMs)));
    return out;
}

TEST(Reports, RoundTripOverTwoOneWayFlows) {
    ValueSink sink;
    probe::MediaCounters counters;
    run(two_one_way_flows(), sink, {}, &counters);
    EXPECT_NEAR(sink.values["168430090 STREAM_RTT"], 100e6, 0.1e6);
    EXPECT_NEAR(sink.values["185273099 STREAM_RTT"], 100e6, 0.1e6);
    EXPECT_NEAR(sink.values["168430090 STREAM_RTT_TO_RECEIVER"], 70e6, 0.1e6);
    EXPECT_NEAR(sink.values["168430090 STREAM_RTT_TO_SENDER"], 30e6, 0.1e6);
    EXPECT_NEAR(sink.values["185273099 STREAM_RTT_TO_RECEIVER"], 30e6, 0.1e6);
    EXPECT_NEAR(sink.values["168430090 STREAM_REPORTED_LOSS"], 5, 1e-9) << "5 of numbers 0 to 99";
    EXPECT_NEAR(sink.values["168430090 STREAM_REPORTED_JITTER"], 2e6, 1);
    EXPECT_EQ(sink.values["168430090 STREAM_REPORTED_BY"], 1);
    EXPECT_EQ(counters.rtcp.sender_reports, 3U);
    EXPECT_EQ(counters.rtcp.round_trips, 2U);
    EXPECT_EQ(counters.rtcp.unmatched_quotes, 0U);
    EXPECT_EQ(sink.texts["168430090 CALL_RECORD_ID"].size(), 16U) << "both are one MEDIA_ONLY call";
    EXPECT_EQ(sink.texts["168430090 CALL_RECORD_ID"], sink.texts["185273099 CALL_RECORD_ID"]);
}

// Nothing but the hosts says that two one-way flows belong together: nothing is said.
TEST(Reports, OneWayFlowsWithoutReportsStayAlone) {
    std::vector<TimedPacket> packets = two_one_way_flows();
    packets.resize(packets.size() - 3);
    ValueSink sink;
    run(packets, sink);
    EXPECT_FALSE(sink.texts.contains("168430090 CALL_RECORD_ID"));
}

// A relay on one host, which holds every report 40 ms: SR and answer of each hop belong together.
TEST(Reports, TwoHopsBetweenTheSameHosts) {
    std::vector<TimedPacket> out;
    const auto put = [&](wire::TimeNs at, std::uint16_t from, std::uint16_t to, const Octets& payload) {
        out.push_back({kCallStart + at, ip_packet(kA, kA, 17, udp(from, to, payload), {})});
    };
    for (int i = 0; i < 100; ++i) {
        put(i * 20 * kMs, 20000, 24000, rtp(0x0A0A0A0A, i));
        put(i * 20 * kMs + 40 * kMs, 24002, 30000, rtp(0x0A0A0A0A, i));
    }
    const Octets sr = sender_report(0x0A0A0A0A, 0x11110000);
    const Octets answer = sender_report(0x0B0B0B0B, 0x22220000, 0x0A0A0A0A, 0x11110000, units(200 * kMs));
    put(1000 * kMs, 20001, 24001, sr);
    put(1040 * kMs, 24003, 30001, sr);
    put(1240 * kMs, 30001, 24003, answer);
    put(1300 * kMs, 24001, 20001, answer);
    ValueSink sink;
    probe::MediaCounters counters;
    run(out, sink, {}, &counters);
    EXPECT_EQ(counters.rtcp.round_trips, 2U);
    EXPECT_NEAR(sink.least["168430090 STREAM_RTT_TO_RECEIVER"], 0, 0.1e6) << "behind the relay";
    EXPECT_NEAR(sink.most["168430090 STREAM_RTT_TO_RECEIVER"], 100e6, 0.1e6) << "before it";
    EXPECT_FALSE(sink.texts.contains("168430090 CALL_RECORD_ID")) << "hops are not directions";
}

TEST(Reports, OneSideAloneIsNoRoundTrip) {
    std::vector<TimedPacket> packets = two_one_way_flows();
    packets.pop_back();
    ValueSink sink;
    run(packets, sink);
    EXPECT_FALSE(sink.has("168430090 STREAM_RTT"));
    EXPECT_NEAR(sink.values["168430090 STREAM_RTT_TO_RECEIVER"], 70e6, 0.1e6);
}

// Reports on ports that have nothing to do with the media's: what they quote leads to the stream.
TEST(Reports, ReportsFromAnotherPort) {
    std::vector<TimedPacket> packets = two_one_way_flows();
    packets.resize(packets.size() - 2);
    packets.push_back({kCallStart + 1270 * kMs,
                       ip_packet(kB, kA, 17, udp(9001, 9003, sender_report(0x0B0B0B0B, 0x22220000, 0x0A0A0A0A, 0x11110000, units(200 * kMs))), {})});
    ValueSink sink;
    probe::MediaCounters counters;
    run(packets, sink, {}, &counters);
    EXPECT_NEAR(sink.values["168430090 STREAM_RTT_TO_RECEIVER"], 70e6, 0.1e6);
    EXPECT_NEAR(sink.values["168430090 STREAM_REPORTED_LOSS"], 5, 1e-9);
    EXPECT_EQ(counters.rtcp_orphans, 1U);
}

// XR: RRTR of the receiver, DLRR of the sender (RFC 3611 §4.4, 4.5).
TEST(Reports, RoundTripOfAReceiverThatSendsNothing) {
    std::vector<TimedPacket> packets = two_one_way_flows();
    packets.resize(packets.size() - 3);
    Octets rrtr = hex({0x80, 207, 0, 4});
    for (const std::uint32_t v : {0x0B0B0B0BU, 0x04000002U, 0x00001234U, 0x56780000U}) put32(rrtr, v);
    Octets dlrr = hex({0x80, 207, 0, 5});
    for (const std::uint32_t v : {0x0A0A0A0AU, 0x05000003U, 0x0B0B0B0BU, 0x12345678U, units(100 * kMs)}) put32(dlrr, v);
    packets.push_back({kCallStart + 1000 * kMs, ip_packet(kB, kA, 17, udp(51001, 40001, rrtr), {})});
    packets.push_back({kCallStart + 1130 * kMs, ip_packet(kA, kB, 17, udp(41001, 50001, dlrr), {})});
    ValueSink sink;
    run(packets, sink);
    EXPECT_NEAR(sink.values["185273099 STREAM_RTT_TO_RECEIVER"], 30e6, 0.1e6) << "A, which quoted, receives B's stream";
}

std::vector<TimedPacket> call_with(const std::string& extra_bye_header, const std::string& publish_body) {
    const CallEnds e;
    std::vector<TimedPacket> out;
    std::uint16_t id = 1;
    for (const SipStep& s : sip_steps(e)) {
        std::string text = s.text;
        if (text.starts_with("BYE")) text.insert(text.find("Content-Length"), extra_bye_header);
        const Octets datagram = udp(5060, 5060, octets_of(text));
        out.push_back({kCallStart + s.after, s.from_caller ? ip_packet(e.caller, e.callee, 17, datagram, {id}) : ip_packet(e.callee, e.caller, 17, datagram, {id})});
        ++id;
    }
    add_media(e, out);
    if (!publish_body.empty()) {
        const std::string publish = "PUBLISH sip:collector@example.org SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKp\r\n"
                                    "From: <sip:alice@example.org>;tag=p\r\nTo: <sip:collector@example.org>\r\nCall-ID: other@example.org\r\n"
                                    "CSeq: 7 PUBLISH\r\nEvent: vq-rtcpxr\r\nContent-Type: application/vq-rtcpxr\r\nContent-Length: " +
                                    std::to_string(publish_body.size()) + "\r\n\r\n" + publish_body;
        out.push_back({kCallStart + 2700 * kMs, ip_packet(e.caller, ip("192.0.2.30"), 17, udp(5060, 5060, octets_of(publish)), {id})});
    }
    return out;
}

TEST(Reports, APublishedReportGoesToTheStreamsItDescribes) {
    ValueSink sink;
    probe::MediaCounters counters;
    run(call_with("", kVqReport), sink, {}, &counters);
    EXPECT_EQ(counters.rtcp.session_reports, 2U);
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_MOS_LQ"], 4.13, 1e-6) << "what the caller hears";
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_MOS_CQ"], 3.97, 1e-6);
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_LOSS"], 5, 1e-6);
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_JITTER"], 2e6, 1);
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_RTT"], 200e6, 1);
    EXPECT_EQ(sink.values["572662306 STREAM_REPORTED_BY"], 4);
    EXPECT_NEAR(sink.values["286331153 STREAM_REPORTED_LOSS"], 3, 1e-6) << "what the callee hears";
    EXPECT_FALSE(sink.has("286331153 STREAM_REPORTED_MOS_LQ"));
    EXPECT_FALSE(sink.has("572662306 STREAM_RTT")) << "what ends report is never mixed into our figures";
}

TEST(Reports, OfAnUnknownCallIsCounted) {
    std::string other = kVqReport;
    other.replace(other.find("wrapped"), 7, "unknown");
    ValueSink sink;
    probe::MediaCounters counters;
    run(call_with("", other), sink, {}, &counters);
    EXPECT_EQ(counters.rtcp.session_reports, 0U);
    EXPECT_EQ(counters.rtcp.session_report_orphans, 1U);
}

TEST(Reports, StatisticsOfByeAreAboutWhatItsSenderHeard) {
    ValueSink sink;
    run(call_with("P-RTP-Stat: PS=99,OS=1,PR=98,OR=1,PL=2,JI=3,LA=40,DU=2\r\n", ""), sink);
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_LOSS"], 2, 1e-5) << "the caller hung up";
    EXPECT_NEAR(sink.values["572662306 STREAM_REPORTED_JITTER"], 3e6, 1);
    EXPECT_EQ(sink.values["572662306 STREAM_REPORTED_BY"], 8);
    EXPECT_FALSE(sink.has("286331153 STREAM_REPORTED_LOSS"));
}

TEST(InfoDigits, AsGatewaysWriteThem) {
    EXPECT_EQ(probe::info_digits("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n"), "5");
    EXPECT_EQ(probe::info_digits("Application/DTMF-Relay;charset=x", "Signal= *\nDuration= 100"), "*");
    EXPECT_EQ(probe::info_digits("application/dtmf-relay", "Duration=100&Signal=11"), "#");
    EXPECT_EQ(probe::info_digits("application/dtmf", "1\r\n"), "1");
    EXPECT_EQ(probe::info_digits("application/dtmf", "12a#"), "12A#");
    EXPECT_EQ(probe::info_digits("application/dtmf-relay", "Signal=16\r\n"), "");
    EXPECT_EQ(probe::info_digits("application/media_control+xml", "Signal=5"), "");
    EXPECT_EQ(probe::info_digits("application/dtmf", ""), "");
}

TEST(Reports, DigitsOfSipInfoAreHeardByTheOtherSideAndCopiesCountOnce) {
    std::vector<TimedPacket> packets = call_with("", "");
    const CallEnds e;
    std::uint16_t id = 500;
    const auto info = [&](int cseq, const std::string& digit, int at_ms) {
        const std::string body = "Signal=" + digit + "\r\nDuration=160\r\n";
        std::string text = sip_message("INFO sip:bob@192.0.2.20 SIP/2.0", std::to_string(cseq) + " INFO", body, true);
        text.replace(text.find("application/sdp"), 15, "application/dtmf-relay");
        packets.push_back({kCallStart + at_ms * kMs, ip_packet(e.caller, e.callee, 17, udp(5060, 5060, octets_of(text)), {id++})});
    };
    info(11, "4", 2000);
    info(11, "4", 2500);  // retransmitted
    info(12, "#", 2550);
    probe::PipelineConfig config;
    config.media.dtmf = true;
    ValueSink sink;
    run(packets, sink, config);
    EXPECT_EQ(sink.values["286331153 STREAM_DTMF_EVENTS"], 2) << "what the callee hears";
    EXPECT_EQ(sink.texts["286331153 RTP_DTMF_TONES"], "4#");
    EXPECT_EQ(sink.values["572662306 STREAM_DTMF_EVENTS"], 0);
}

TEST(Reports, LongGapsOutagesAndRelativeDelay) {
    std::vector<TimedPacket> out;
    wire::TimeNs t = kCallStart;
    for (int i = 0; i < 300; ++i) {
        t += i == 0 ? 0 : 20 * kMs;
        if (i == 50) t += 200 * kMs;          // late, and everything after it: a gap of 220 ms
        if (i >= 100 && i < 250) continue;    // 150 lost: 3 s without packets
        if (i == 260) t += 2500 * kMs;        // the sender pauses and says so
        Octets o = rtp(0x0C0C0C0C, i);
        if (i == 260) o[1] |= 0x80;
        out.push_back({t, ip_packet(kA, kB, 17, udp(40000, 50000, o), {})});
    }
    ValueSink sink;
    probe::PipelineConfig config;
    config.media.relative_delay = true;
    run(out, sink, config);
    EXPECT_EQ(sink.values["202116108 STREAM_GAPS_OVER_150MS"], 2);
    EXPECT_EQ(sink.values["202116108 STREAM_OUTAGES"], 1);
    EXPECT_NEAR(sink.values["202116108 STREAM_OUTAGE_TIME"], 3020e6, 1e3);
    EXPECT_NEAR(sink.values["202116108 STREAM_DELAY_MAX"], 2700e6, 1e6);
    EXPECT_NEAR(sink.values["202116108 STREAM_DELAY_MEDIAN"], 200e6, 0.02 * 200e6);
    EXPECT_NEAR(sink.values["202116108 STREAM_TRANSIT_DEVIATION"], (200e6 + 2500e6) / 149, 1e3);
}

// 100 packets of speech, 100 of silence, and so on; 3 numbers lost in speech, 5 in silence, one at the edge.
TEST(Reports, LossesInSpeechAndInPauses) {
    std::vector<TimedPacket> out;
    const auto gone = [](int i) { return (i >= 40 && i < 43) || (i >= 150 && i < 155) || i == 200; };
    for (int i = 0; i < 400; ++i) {
        if (gone(i)) continue;
        Octets o = rtp(0x0E0E0E0E, i);
        for (std::size_t k = 12; k < o.size(); ++k) o[k] = i / 100 % 2 == 0 ? (k % 2 == 0 ? 0x20 : 0xa8) : 0xfe;
        out.push_back({kCallStart + i * 20 * kMs, ip_packet(kA, kB, 17, udp(40000, 50000, o), {})});
    }
    ValueSink off, on;
    run(out, off);
    EXPECT_FALSE(off.has("235802126 STREAM_SPEECH_ACTIVITY"));
    probe::PipelineConfig config;
    config.media.speech_weighting = true;
    run(out, on, config);
    EXPECT_NEAR(on.values["235802126 STREAM_SPEECH_ACTIVITY"], 196.0 / 391, 1e-9);
    EXPECT_EQ(on.values["235802126 STREAM_LOST_IN_SPEECH"], 4);
}

TEST(SpeechActivity, WhatAPayloadSays) {
    using probe::SpeechCodec;
    const Octets loud(160, 0xaa), quiet(160, 0xd5), cut(20, 0xaa);
    EXPECT_EQ(probe::carries_speech(SpeechCodec::pcma, loud, 160), true);
    EXPECT_EQ(probe::carries_speech(SpeechCodec::pcma, quiet, 160), false);
    EXPECT_EQ(probe::carries_speech(SpeechCodec::pcma, cut, 160), std::nullopt);
    EXPECT_EQ(probe::carries_speech(SpeechCodec::other, cut, 20), true);
    EXPECT_EQ(probe::carries_speech(SpeechCodec::other, {}, 6), false) << "a descriptor of silence";
}

TEST(Reports, DigitsOnlyWhenAskedFor) {
    std::vector<TimedPacket> out;
    int n = 0;
    for (; n < 20; ++n) out.push_back({kCallStart + n * 20 * kMs, ip_packet(kA, kB, 17, udp(40000, 50000, rtp(0x0D0D0D0D, n)), {})});
    for (const int event : {1, 11, 10, 0, 16})
        for (int copy = 0; copy < 3; ++copy, ++n) {
            Octets o = rtp(0x0D0D0D0D, n, 101, {event, 0x8a, 0, 160});
            Octets stamped(o.begin(), o.begin() + 4);
            put32(stamped, static_cast<std::size_t>(1000 * (event + 1)));
            stamped.insert(stamped.end(), o.begin() + 8, o.end());
            out.push_back({kCallStart + n * 20 * kMs, ip_packet(kA, kB, 17, udp(40000, 50000, stamped), {})});
        }
    ValueSink off, on;
    run(out, off);
    EXPECT_TRUE(off.texts.empty());
    probe::PipelineConfig config;
    config.media.dtmf = true;
    run(out, on, config);
    EXPECT_EQ(on.texts["218959117 RTP_DTMF_TONES"], "1#*0") << "flash is no digit";
}

}  // namespace
