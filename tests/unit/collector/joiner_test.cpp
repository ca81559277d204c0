#include "join_bench.hpp"

namespace voipprobe::collector {
namespace {

using namespace test_join;

TEST(Joiner, OneCallOneRow) {
    Bench b;
    b.send(stream(1, 1, false, 1), 5);
    b.send(call(1, false, 1), 5);
    b.send(stream(1, 1, true, 2), 12);
    b.send(stream(1, 2, true, 1), 12);
    EXPECT_EQ(b.rows.calls.size(), 0U);
    b.send(call(1, true, 2), 12);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    ASSERT_EQ(b.rows.streams.size(), 2U);
    const CallRow& r = b.rows.calls[0];
    EXPECT_EQ(r.facts.caller, "sip:alice@example.org");
    EXPECT_EQ(r.facts.caller_name, "Alice");
    EXPECT_EQ(r.facts.callee, "tel:+4930123");
    EXPECT_EQ(r.post_dial_delay_ms, 100.0);
    EXPECT_EQ(r.ring_ms, 900.0);
    EXPECT_EQ(r.setup_ms, 1000.0);
    EXPECT_EQ(r.duration_ms, 10000.0);
    EXPECT_EQ(r.caller.streams, 1U);
    EXPECT_EQ(r.caller.packets, 490U);
    EXPECT_EQ(r.caller.main.codec, "PCMU");
    EXPECT_NEAR(*r.caller.post_answer_delay_ms, 50.001, 1e-9);
    ASSERT_TRUE(r.mos);
    EXPECT_EQ(r.mos_scale, "NB");
    EXPECT_EQ(r.mos, std::min(*r.caller.score.mos_lq, *r.callee.score.mos_lq));
    EXPECT_EQ(r.verdict, "ok");
    EXPECT_EQ(b.joiner.open_calls(), 0U);
    EXPECT_EQ(b.joiner.counters().superseded, 2U);
    b.balanced();
}

// RFC 3261 §19.1.1: what stands before the '@' is the user, ';' and '?' included (number portability, phone-context).
TEST(Joiner, PartiesKeepTheirUserPartsWhole) {
    const auto uri = [](std::string_view name_addr) { return split_name_addr(name_addr).uri; };
    EXPECT_EQ(uri("\"A\" <sip:+49301;rn=+49;npdi@b.org:5070;user=phone?x=y>"), "sip:+49301;rn=+49;npdi@b.org:5070");
    EXPECT_EQ(uri("<sip:bob@b.org;maddr=192.0.2.1?Replaces=a@b>"), "sip:bob@b.org");
    EXPECT_EQ(uri("<tel:+4930123;phone-context=example>"), "tel:+4930123");
    EXPECT_EQ(uri("sip:b.org;lr"), "sip:b.org");
}

TEST(Joiner, OrderDoesNotMatter) {
    Bench b;
    b.send(call(1), 12);
    b.send(stream(1, 1), 12);
    b.send(stream(1, 2), 12);
    EXPECT_EQ(b.rows.calls.size(), 0U);
    b.time(14);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.calls[0].caller.streams + b.rows.calls[0].callee.streams, 2U);
}

TEST(Joiner, FiveSecondsOfExportTimeAfterTheFinalRecord) {
    Bench b;
    b.send(stream(1, 1), 12);
    b.send(call(1), 12);
    b.time(16);
    EXPECT_EQ(b.rows.calls.size(), 0U);
    b.time(17);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.calls[0].verdict, "one_way");
    EXPECT_EQ(b.rows.calls[0].evidence, "callee hears nothing");
    // A stream that comes after the row has its own row; the call's row does not change.
    b.send(stream(1, 2), 18);
    EXPECT_EQ(b.rows.streams.size(), 2U);
    b.joiner.finish();
    EXPECT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.joiner.counters().late_streams, 1U);
    b.balanced();
}

TEST(Joiner, RedeliveryAndOldSnapshotsChangeNothing) {
    Bench b;
    b.send(stream(1, 1, true, 3), 12);
    b.send(stream(1, 1, false, 2), 12);  // overtaken on the way
    b.send(stream(1, 2), 12);
    b.send(call(1, true, 2), 12);
    b.send(call(1, true, 2), 12);
    b.send(stream(1, 2), 13);
    b.joiner.finish();
    EXPECT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.streams.size(), 2U);
    EXPECT_EQ(b.joiner.counters().superseded, 3U);
    b.balanced();
}

TEST(Joiner, WhatIsOpenIsWrittenAtTheEnd) {
    Bench b;
    b.send(with(call(1, false), {txt(SIP_CALL_STATE, "CALL_IN_PROGRESS"), num(CALL_BYE_TIME, 0)}), 5);
    b.send(stream(1, 1, false), 5);
    b.joiner.finish();
    ASSERT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.streams.size(), 1U);
    EXPECT_EQ(b.rows.calls[0].facts.state, "CALL_IN_PROGRESS");
    EXPECT_NEAR(*b.rows.calls[0].duration_ms, 9900, 1e-6);  // first 2xx to the last media packet
    b.balanced();
}

TEST(Joiner, ProbesAreSeparate) {
    Bench b;
    b.send(call(1), 12, 1);
    b.send(call(1), 12, 2);
    b.joiner.finish();
    ASSERT_EQ(b.rows.calls.size(), 2U);
    EXPECT_NE(b.rows.calls[0].probe.text(), b.rows.calls[1].probe.text());
}

TEST(Joiner, StreamsThatNameOnlyTheCallId) {
    Bench b;
    b.send(without(stream(1, 1), {CALL_RECORD_ID}), 12);
    b.send(without(stream(1, 2), {CALL_RECORD_ID}), 12);
    b.send(call(1), 12);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.calls[0].caller.streams, 1U);
    EXPECT_EQ(b.rows.calls[0].callee.streams, 1U);
    b.balanced();
}

Fields anonymous(int n, int side) {
    return with(without(stream(n, side), {CALL_RECORD_ID, SIP_CALL_ID}), {num(STREAM_SIDE, 0)});
}

// Media without an RTP header: what was counted, no loss, no score and no verdict; named by the stream itself.
TEST(Joiner, AnApplicationsMediaIsAMediaOnlyCallWithItsName) {
    Bench b;
    for (const int side : {1, 2})
        b.send(with(without(stream(1, side), {CALL_RECORD_ID, SIP_CALL_ID, RTP_SSRC, RTP_IN_PAYLOAD_TYPE, STREAM_PTIME, STREAM_EXPECTED, STREAM_LOST,
                                              STREAM_DISCARD_ADAPTIVE, STREAM_JITTER_MEAN, STREAM_JITTER_MAX, STREAM_JITTER_P95}),
                    {num(STREAM_SIDE, 0), num(STREAM_MATCH, 6), txt(STREAM_APPLICATION, "Zoom"), num(STREAM_SIZE_MIN, 60), num(STREAM_SIZE_MAX, 900)}), 12);
    b.time(20);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    const CallRow& r = b.rows.calls[0];
    EXPECT_EQ(r.facts.state, "MEDIA_ONLY");
    EXPECT_EQ(r.facts.signalling, "Zoom");
    EXPECT_EQ(r.callee.packets, 490U);
    EXPECT_FALSE(r.callee.lost || r.callee.expected || r.mos);
    EXPECT_EQ(r.verdict, "");
    EXPECT_EQ(b.rows.streams.at(0).facts.size_max, 900U);
}

// The probe knows by RTCP that two flows are the two ways of one call: ports need not fit.
TEST(Joiner, TwoStreamsThatTheProbePairedAreAMediaOnlyCall) {
    Bench b;
    b.send(without(with(stream(1, 1), {num(STREAM_SIDE, 0), num(L4_SRC_PORT, 6002), num(STREAM_MATCH, 6)}), {SIP_CALL_ID}), 12);
    b.send(without(with(stream(1, 2), {num(STREAM_SIDE, 0), num(STREAM_MATCH, 6)}), {SIP_CALL_ID}), 12);
    b.time(20);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    const CallRow& r = b.rows.calls[0];
    EXPECT_EQ(r.facts.state, "MEDIA_ONLY");
    EXPECT_EQ(r.caller.streams, 1U);
    EXPECT_EQ(r.callee.streams, 1U);
    EXPECT_EQ(r.facts.record_id, b.rows.streams.at(0).facts.call_record_id);
    b.balanced();
}

TEST(Joiner, TwoStreamsWithoutSignallingAreAMediaOnlyCall) {
    Bench b;
    b.send(anonymous(1, 1), 12);
    b.send(anonymous(1, 2), 12);
    b.time(20);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    const CallRow r = b.rows.calls[0];
    EXPECT_EQ(r.facts.state, "MEDIA_ONLY");
    EXPECT_TRUE(r.facts.call_id.empty());
    EXPECT_EQ(r.facts.caller_hop.port, 6000);  // sent the first packet
    EXPECT_EQ(r.callee.main.src.port, 6000);
    EXPECT_NE(r.facts.record_id, kNoId);
    ASSERT_EQ(b.rows.streams.size(), 2U);
    EXPECT_EQ(b.rows.streams[0].facts.call_record_id, r.facts.record_id);
    // The same ports again are another call.
    b.send(with(anonymous(2, 1), {num(STREAM_FIRST_TIME, kStartUs + 99'000'000)}), 110);
    b.send(with(anonymous(2, 2), {num(STREAM_FIRST_TIME, kStartUs + 99'000'000)}), 110);
    b.joiner.finish();
    ASSERT_EQ(b.rows.calls.size(), 2U);
    EXPECT_NE(b.rows.calls[1].facts.record_id, r.facts.record_id);
    b.balanced();
}

TEST(Joiner, OneStreamAloneIsNoCall) {
    Bench b;
    b.send(anonymous(1, 1), 12);
    b.joiner.finish();
    EXPECT_TRUE(b.rows.calls.empty());
    ASSERT_EQ(b.rows.streams.size(), 1U);
    EXPECT_EQ(b.rows.streams[0].facts.call_record_id, kNoId);
}

TEST(Joiner, AStreamThatFindsItsCallLaterMovesThere) {
    Bench b;
    b.send(with(anonymous(1, 1), {num(RECORD_FINAL, 0)}), 5);
    b.send(stream(1, 1, true, 2), 12);
    b.send(stream(1, 2), 12);
    b.send(call(1), 12);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    b.joiner.finish();
    EXPECT_EQ(b.rows.calls.size(), 1U);
    EXPECT_EQ(b.rows.streams.size(), 2U);
    b.balanced();
}

TEST(Joiner, MainStreamIsTheOneWhereTheSessionDescriptionPoints) {
    Bench b;
    const Fields media{
        num(CALL_CALLER_MEDIA_PORT, 4000),
        txt(CALL_CALLER_MEDIA_ADDRESS, std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16))};
    b.send(stream(1, 1), 12);
    b.send(with(stream(1, 1),
                {txt(RECORD_ID, id('H', 1)), num(IPV4_DST_ADDR, 0x0a000001), num(STREAM_PACKETS, 5000)}),
           12);
    b.send(with(stream(1, 1), {txt(RECORD_ID, id('S', 1)), num(RTP_SSRC, 8), num(STREAM_PACKETS, 10),
                               num(STREAM_EXPECTED, 12), num(STREAM_LOST, 2)}),
           12);
    b.send(stream(1, 2), 12);
    b.send(with(call(1), media), 12);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    const HeardRow& h = b.rows.calls[0].caller;
    EXPECT_EQ(h.streams, 3U);
    EXPECT_EQ(h.main.packets, 490U);
    EXPECT_EQ(h.packets, 500U);  // both SSRCs of that path
    EXPECT_EQ(h.lost, 12U);
    EXPECT_EQ(h.media.port, 4000);
}

TEST(Joiner, TheTableIsBoundedAndAnEvictedCallIsWritten) {
    JoinOptions options;
    options.limits.open_calls = 3;
    Bench b(options);
    for (int i = 0; i < 9; ++i) b.send(call(i, false), 5);
    EXPECT_EQ(b.joiner.open_calls(), 3U);
    EXPECT_EQ(b.rows.calls.size(), 6U);
    EXPECT_EQ(b.joiner.counters().evicted_calls, 6U);
    b.joiner.finish();
    EXPECT_EQ(b.rows.calls.size(), 9U);
    b.balanced();
}

TEST(Joiner, MessagesAndFlowsGoStraightThrough) {
    Bench b;
    b.send({txt(RECORD_ID, id('M', 1)), num(MESSAGE_TIME, kStartUs), num(MESSAGE_KIND, 1),
            txt(MESSAGE_METHOD, "INVITE"), txt(CALL_TRANSPORT, "UDP")},
           1);
    b.send({num(IPV4_SRC_ADDR, 1), num(IN_PKTS, 5)}, 1);
    b.send({num(RECORD_KIND, 8), num(IN_PKTS, 5)}, 1);
    ASSERT_EQ(b.rows.messages.size(), 1U);
    EXPECT_EQ(b.rows.messages[0].facts.method, "INVITE");
    EXPECT_EQ(b.rows.flows, 1);
    b.balanced();
}

}  // namespace
}  // namespace voipprobe::collector
