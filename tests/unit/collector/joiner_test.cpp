#include "collector/join/joiner.hpp"

#include "message_builder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;

constexpr std::uint32_t kStart = 1700000000;
constexpr std::uint64_t kStartUs = kStart * 1'000'000ULL;

class Rows final : public RowConsumer {
  public:
    void call(const CallRow& r) override { calls.push_back(r); }
    void stream(const StreamRow& r) override { streams.push_back(r); }
    void message(const MessageRow& r) override { messages.push_back(r); }
    void interval(const IntervalRow& r) override { intervals.push_back(r); }
    void flow(const Record&) override { ++flows; }

    std::vector<CallRow> calls;
    std::vector<StreamRow> streams;
    std::vector<MessageRow> messages;
    std::vector<IntervalRow> intervals;
    int flows = 0;
};

std::string id(char kind, int n) { return std::string(15, kind) + static_cast<char>('0' + n); }

// A record of every kind through the real decoder: one template per set of fields.
class Bench {
  public:
    explicit Bench(JoinOptions options = {}) : joiner(options, rows) {}

    void send(const std::vector<FieldValue>& fields, std::uint32_t seconds, std::uint32_t domain = 1) {
        const FlowProtocol p = FlowProtocol::ipfix;
        const Octets sets = set(2, template_record(p, 256, fields)) + set(256, record(p, fields));
        decoder.message({Transport::udp, {wire::IpAddress::v4(0x7f000001), 9}}, message(p, sets, sequence++, kStart + seconds, domain), joiner);
    }
    void time(std::uint32_t seconds) {
        decoder.message({Transport::udp, {wire::IpAddress::v4(0x7f000001), 9}}, message(FlowProtocol::ipfix, {}, sequence, kStart + seconds), joiner);
    }
    void balanced() const {
        const JoinCounters& j = joiner.counters();
        EXPECT_EQ(j.records, j.call_rows + j.stream_rows + j.message_rows + j.interval_rows + j.flow_rows + j.superseded +
                                 j.options + j.stats + j.no_identity + j.too_many_streams);
    }

    Rows rows;
    Joiner joiner;
    Decoder decoder;
    std::uint32_t sequence = 0;
};

using Fields = std::vector<FieldValue>;

Fields with(Fields base, const Fields& changes) {
    for (const FieldValue& c : changes) {
        const auto same = std::find_if(base.begin(), base.end(), [&](const FieldValue& f) { return f.id == c.id; });
        if (same != base.end())
            *same = c;
        else
            base.push_back(c);
    }
    return base;
}

Fields call(int n, bool final = true, std::uint64_t revision = 1) {
    return {txt(RECORD_ID, id('C', n)), num(RECORD_KIND, 2), num(RECORD_FINAL, final ? 1 : 0), num(RECORD_REVISION, revision),
            txt(SIP_CALL_ID, "call" + std::to_string(n)), txt(SIP_CALLING_PARTY, "\"Alice\" <sip:alice@example.org;user=phone>"),
            txt(SIP_CALLED_PARTY, "<tel:+4930123>"), txt(SIP_CALL_STATE, "CALL_COMPLETED"), num(SIP_RESPONSE_CODE, 200),
            num(IPV4_SRC_ADDR, 0xc0000201), num(IPV4_DST_ADDR, 0xc6336402), num(L4_SRC_PORT, 5060), num(L4_DST_PORT, 5060),
            num(CALL_INVITE_TIME, kStartUs), num(CALL_RINGING_TIME, kStartUs + 100'000), num(CALL_OK_TIME, kStartUs + 1'000'000),
            num(CALL_BYE_TIME, kStartUs + 11'000'000), num(CALL_MEDIA_FLAGS, 3)};
}

Fields stream(int n, int side, bool final = true, std::uint64_t revision = 1) {
    const bool to_caller = side == 1;
    return {txt(RECORD_ID, id(to_caller ? 'R' : 'E', n)), num(RECORD_FINAL, final ? 1 : 0), num(RECORD_REVISION, revision),
            txt(CALL_RECORD_ID, id('C', n)), txt(SIP_CALL_ID, "call" + std::to_string(n)),
            num(IPV4_SRC_ADDR, to_caller ? 0xc6336402 : 0xc0000201), num(L4_SRC_PORT, to_caller ? 6000 : 4000),
            num(IPV4_DST_ADDR, to_caller ? 0xc0000201 : 0xc6336402), num(L4_DST_PORT, to_caller ? 4000 : 6000),
            num(RTP_SSRC, 7), num(RTP_IN_PAYLOAD_TYPE, 0), num(STREAM_SIDE, static_cast<std::uint64_t>(side)), num(STREAM_MATCH, 1),
            num(STREAM_FIRST_TIME, kStartUs + 1'050'000 + static_cast<std::uint64_t>(side)), num(STREAM_LAST_TIME, kStartUs + 10'900'000),
            num(STREAM_PTIME, 20'000), num(STREAM_PACKETS, 490), num(STREAM_EXPECTED, 500), num(STREAM_LOST, 10), num(STREAM_DISCARD_ADAPTIVE, 0),
            num(STREAM_JITTER_MEAN, 1'000'000), num(STREAM_JITTER_MAX, 2'000'000), num(STREAM_JITTER_P95, 1'500'000)};
}

Fields without(Fields base, std::initializer_list<ElementId> gone) {
    std::erase_if(base, [&](const FieldValue& f) { return std::find(gone.begin(), gone.end(), f.id) != gone.end(); });
    return base;
}

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

TEST(Joiner, TwoStreamsWithoutSignallingAreAMediaOnlyCall) {
    Bench b;
    b.send(anonymous(1, 1), 12);
    b.send(anonymous(1, 2), 12);
    b.time(20);
    ASSERT_EQ(b.rows.calls.size(), 1U);
    const CallRow& r = b.rows.calls[0];
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
    const Fields media{num(CALL_CALLER_MEDIA_PORT, 4000), txt(CALL_CALLER_MEDIA_ADDRESS, std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16))};
    b.send(stream(1, 1), 12);
    b.send(with(stream(1, 1), {txt(RECORD_ID, id('H', 1)), num(IPV4_DST_ADDR, 0x0a000001), num(STREAM_PACKETS, 5000)}), 12);
    b.send(with(stream(1, 1), {txt(RECORD_ID, id('S', 1)), num(RTP_SSRC, 8), num(STREAM_PACKETS, 10), num(STREAM_EXPECTED, 12), num(STREAM_LOST, 2)}), 12);
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
    b.send({txt(RECORD_ID, id('M', 1)), num(MESSAGE_TIME, kStartUs), num(MESSAGE_KIND, 1), txt(MESSAGE_METHOD, "INVITE"), txt(CALL_TRANSPORT, "UDP")}, 1);
    b.send({num(IPV4_SRC_ADDR, 1), num(IN_PKTS, 5)}, 1);
    b.send({num(RECORD_KIND, 8), num(IN_PKTS, 5)}, 1);
    ASSERT_EQ(b.rows.messages.size(), 1U);
    EXPECT_EQ(b.rows.messages[0].facts.method, "INVITE");
    EXPECT_EQ(b.rows.flows, 1);
    b.balanced();
}

// ---- nProbe's own records ------------------------------------------------------------------------------------

Fields ntop_sip(const std::string& state) {
    return {num(IPV4_SRC_ADDR, 0xc0000201), num(IPV4_DST_ADDR, 0xc6336402), num(L4_SRC_PORT, 5060), num(L4_DST_PORT, 5060), num(IN_PKTS, 4),
            txt(SIP_CALL_ID, "x@y"), txt(SIP_CALLING_PARTY, "\"650\"<sip:650@10.1.8.17>"), txt(SIP_CALL_STATE, state), num(SIP_INVITE_TIME, kStart),
            num(SIP_INVITE_OK_TIME, kStart + 3), num(SIP_BYE_TIME, kStart + 33), num(SIP_RESPONSE_CODE, 200)};
}
Fields ntop_rtp(std::uint64_t in, std::uint64_t out) {
    return {num(IPV4_SRC_ADDR, 0xc0000201), num(IPV4_DST_ADDR, 0xc6336402), num(L4_SRC_PORT, 4000), num(L4_DST_PORT, 6000),
            num(FLOW_START_MILLISECONDS, kStart * 1000ULL + 3100), num(FLOW_END_MILLISECONDS, kStart * 1000ULL + 33000), num(IN_PKTS, in), num(OUT_PKTS, out),
            txt(RTP_SIP_CALL_ID, "x@y"), num(RTP_SSRC, 7), num(RTP_IN_PAYLOAD_TYPE, 8), num(RTP_OUT_PAYLOAD_TYPE, 8), num(RTP_IN_JITTER, 1353),
            none(RTP_OUT_JITTER), num(RTP_IN_PKT_LOST, 7), num(RTP_OUT_PKT_LOST, 0), num(RTP_IN_MAX_DELTA, 3395), num(RTP_OUT_MAX_DELTA, 2100)};
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
