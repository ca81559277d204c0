// nProbe's own records.
#include "join_bench.hpp"

namespace voipprobe::collector {
namespace {

using namespace test_join;

// ------------------------------------------------------------------------------------

Fields ntop_sip(const std::string& state) {
    return {num(IPV4_SRC_ADDR, 0xc0000201),
            num(IPV4_DST_ADDR, 0xc6336402),
            num(L4_SRC_PORT, 5060),
            num(L4_DST_PORT, 5060),
            num(IN_PKTS, 4),
            txt(SIP_CALL_ID, "x@y"),
            txt(SIP_CALLING_PARTY, "\"650\"<sip:650@10.1.8.17>"),
            txt(SIP_CALL_STATE, state),
            num(SIP_INVITE_TIME, kStart),
            num(SIP_INVITE_OK_TIME, kStart + 3),
            num(SIP_BYE_TIME, kStart + 33),
            num(SIP_RESPONSE_CODE, 200)};
}
Fields ntop_rtp(std::uint64_t in, std::uint64_t out) {
    return {num(IPV4_SRC_ADDR, 0xc0000201),
            num(IPV4_DST_ADDR, 0xc6336402),
            num(L4_SRC_PORT, 4000),
            num(L4_DST_PORT, 6000),
            num(FLOW_START_MILLISECONDS, kStart * 1000ULL + 3100),
            num(FLOW_END_MILLISECONDS, kStart * 1000ULL + 33000),
            num(IN_PKTS, in),
            num(OUT_PKTS, out),
            txt(RTP_SIP_CALL_ID, "x@y"),
            num(RTP_SSRC, 7),
            num(RTP_IN_PAYLOAD_TYPE, 8),
            num(RTP_OUT_PAYLOAD_TYPE, 8),
            num(RTP_IN_JITTER, 1353),
            none(RTP_OUT_JITTER),
            num(RTP_IN_PKT_LOST, 7),
            num(RTP_OUT_PKT_LOST, 0),
            num(RTP_IN_MAX_DELTA, 3395),
            num(RTP_OUT_MAX_DELTA, 2100)};
}

// Cisco Medianet's ids (v9 37019 ... 37041, as tshark names them): one direction, an interval a record.
Fields medianet(bool forward, std::uint64_t packets, std::uint64_t lost, std::uint64_t mean_us, std::uint64_t max_us, std::uint64_t at) {
    return {num(IPV4_SRC_ADDR, forward ? 0xc0000201 : 0xc6336402), num(IPV4_DST_ADDR, forward ? 0xc6336402 : 0xc0000201),
            num(L4_SRC_PORT, forward ? 4000 : 6000), num(L4_DST_PORT, forward ? 6000 : 4000), num(IN_PKTS, packets),
            num(FLOW_START_MILLISECONDS, kStart * 1000ULL + at), num(FLOW_END_MILLISECONDS, kStart * 1000ULL + at + 30'000),
            num(TRANSPORT_RTP_SSRC, forward ? 7 : 8), num(TRANSPORT_RTP_PAYLOAD_TYPE, 8), num(TRANSPORT_PACKETS_LOST, lost),
            num(TRANSPORT_RTP_JITTER_MEAN, mean_us), num(TRANSPORT_RTP_JITTER_MIN, 10), num(TRANSPORT_RTP_JITTER_MAX, max_us)};
}

TEST(Joiner, ReadsWhatCiscoMeasured) {
    Bench b;
    b.send(medianet(true, 1000, 5, 300, 900, 0), 30);
    b.send(medianet(false, 1500, 0, 100, 200, 0), 30);
    b.send(medianet(true, 3000, 15, 700, 2000, 30'000), 60);
    b.joiner.finish();
    ASSERT_EQ(b.rows.streams.size(), 2U);
    const StreamRow& s = b.rows.streams[0].facts.ssrc == 7U ? b.rows.streams[0] : b.rows.streams[1];
    EXPECT_EQ(s.facts.codec, "PCMA");
    EXPECT_EQ(s.facts.packets, 4000U);
    EXPECT_EQ(s.facts.lost, 20U);
    EXPECT_EQ(s.facts.expected, 4020U);
    EXPECT_EQ(s.facts.jitter_mean_ns, 600'000U);
    EXPECT_EQ(s.facts.jitter_min_ns, 10'000U);
    EXPECT_EQ(s.facts.jitter_max_ns, 2'000'000U);
    EXPECT_FALSE(s.facts.jitter_median_ns);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.calls[0].facts.state, "MEDIA_ONLY");
}

TEST(Joiner, JoinsNprobeRecordsByCallId) {
    Bench b;
    b.send(ntop_rtp(700, 650), 30);
    b.send(ntop_sip("CALL_COMPLETED"), 35);
    b.send(ntop_rtp(300, 350), 60);
    b.time(110);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    const CallRow& r = b.rows.calls[0];
    EXPECT_EQ(r.facts.caller, "sip:650@10.1.8.17");
    EXPECT_EQ(r.duration_ms, 30000.0);
    EXPECT_EQ(r.callee.packets, 1000U);  // deltas added, src -> dst is what the callee hears
    EXPECT_EQ(r.callee.lost, 7U);
    EXPECT_EQ(r.callee.main.codec, "PCMA");
    EXPECT_EQ(r.callee.main.jitter_last_ns, 1'353'000U);
    EXPECT_EQ(r.callee.main.max_gap_ns, 33'950'000U);
    EXPECT_FALSE(r.caller.main.jitter_last_ns);
    EXPECT_TRUE(r.mos);
    EXPECT_EQ(b.rows.streams.size(), 2U);
    EXPECT_EQ(b.rows.flows, 3);
    EXPECT_EQ(b.rows.streams[0].facts.call_record_id, r.facts.record_id);
    b.balanced();
}

TEST(Joiner, ADirectionNprobeDidNotSeeHasNoScore) {
    Bench b;
    Fields one_way = ntop_rtp(700, 0);
    one_way = with(one_way, {none(RTP_OUT_PAYLOAD_TYPE), num(RTP_OUT_MOS, 441), num(RTP_OUT_R_FACTOR, 9295)});
    b.send(one_way, 30);
    b.send(ntop_sip("CALL_COMPLETED"), 35);
    b.joiner.finish();
    ASSERT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.calls[0].caller.streams, 0U);
    EXPECT_FALSE(b.rows.calls[0].caller.score.mos_lq);
    EXPECT_EQ(b.rows.calls[0].mos, b.rows.calls[0].callee.score.mos_lq);
}

}  // namespace
}  // namespace voipprobe::collector
