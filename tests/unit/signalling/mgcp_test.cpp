// MGCP: messages and calls.
#include <gtest/gtest.h>

#include "probe/voip/mgcp/mgcp_message.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/unit/probe/dialog_scene.hpp"
#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::test {
namespace {

using enum probe::CallEvent;

const Host kAgent{"192.0.2.1", 2727}, kGatewayA{"192.0.2.10", 2427}, kGatewayB{"192.0.2.20", 2427};
const Host kMediaA{"192.0.2.10", 24000}, kMediaB{"192.0.2.20", 25000};

std::string sdp_at(const Host& h) { return sdp_of(ip(h.address.c_str()), h.port); }
std::string lines(std::string_view first, std::initializer_list<std::string> rest, const std::string& sdp = {}) {
    std::string out = std::string(first) + "\r\n";
    for (const std::string& l : rest) out += l + "\r\n";
    return sdp.empty() ? out : out + "\r\n" + sdp;
}

TEST(MgcpParser, ReadsCommandsAndResponses) {
    const std::string text = lines("CRCX 1204 aaln/1@rgw-2567.example.net MGCP 1.0",
                                   {"C: A3C47F21456789F0", "L: p:10, a:PCMU", "m:recvonly", "X: 0123456789AD"}, sdp_at(kMediaA));
    ASSERT_TRUE(probe::looks_like_mgcp(wire::as_bytes(text)));
    std::string_view rest = text;
    probe::MgcpMessage m;
    ASSERT_TRUE(probe::next_mgcp(rest, m));
    EXPECT_EQ(m.verb, probe::MgcpVerb::crcx);
    EXPECT_EQ(m.transaction, 1204U);
    EXPECT_EQ(m.endpoint, "aaln/1@rgw-2567.example.net");
    EXPECT_EQ(m.call_id, "A3C47F21456789F0");
    EXPECT_EQ(m.mode, "recvonly");
    EXPECT_EQ(m.sdp, sdp_at(kMediaA));
    EXPECT_TRUE(rest.empty());

    const std::string answer = "250 1210 OK\nP: PS=1245, OS=62345, PR=780, OR=45123, PL=10, JI=27, LA=48\n";
    ASSERT_TRUE(probe::looks_like_mgcp_response(wire::as_bytes(answer)));
    rest = answer;
    ASSERT_TRUE(probe::next_mgcp(rest, m));
    EXPECT_EQ(m.code, 250);
    EXPECT_EQ(m.parameters.received, 780U);
    EXPECT_EQ(m.parameters.lost, 10U);
    EXPECT_EQ(m.parameters.jitter_ms, 27U);
}

// RFC 3435 §3.5.5: a response and a command in one datagram.
TEST(MgcpParser, TakesPiggybackedMessagesApart) {
    const std::string text = "200 2005 OK\r\n.\r\nDLCX 1244 card23/21@tgw-7.example.net MGCP 1.0\r\nC: A3\r\nI: FDE234C8\r\n";
    std::string_view rest = text;
    probe::MgcpMessage m;
    ASSERT_TRUE(probe::next_mgcp(rest, m));
    EXPECT_EQ(m.verb, probe::MgcpVerb::response);
    ASSERT_TRUE(probe::next_mgcp(rest, m));
    EXPECT_EQ(m.verb, probe::MgcpVerb::dlcx);
    EXPECT_EQ(m.connection_id, "FDE234C8");
    EXPECT_FALSE(probe::next_mgcp(rest, m));

    const std::string with_sdp = "200 1 OK\r\nI: 1\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n.\r\n200 2 OK\r\n";
    rest = with_sdp;
    ASSERT_TRUE(probe::next_mgcp(rest, m));
    EXPECT_EQ(m.sdp, "v=0\r\nm=audio 1 RTP/AVP 0\r\n");
    ASSERT_TRUE(probe::next_mgcp(rest, m));
    EXPECT_EQ(m.transaction, 2U);
}

TEST(MgcpParser, ReadsEventLists) {
    EXPECT_TRUE(probe::mgcp_lists("L/hd(N), D/[0-9](D)", "hd"));
    EXPECT_TRUE(probe::mgcp_lists("G/rt@FDE234C8", "rt"));
    EXPECT_TRUE(probe::mgcp_lists("hu", "HU"));
    EXPECT_FALSE(probe::mgcp_lists("L/hdx", "hd"));
    char digits[8];
    EXPECT_EQ(probe::mgcp_digits("D/9,D/1,D/2,D/#", digits, 8), 4U);
    EXPECT_EQ(std::string_view(digits, 4), "912#");
    EXPECT_EQ(probe::mgcp_digits("912018294266", digits, 8), 8U);
    EXPECT_EQ(probe::mgcp_digits("L/hd", digits, 8), 0U);
}

TEST(MgcpParser, OtherTextIsNone) {
    for (const char* text : {"INVITE sip:a SIP/2.0\r\n", "200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n", "CRCX 0 a@b MGCP 1.0\r\n",
                             "NOTIFY * HTTP/1.1\r\n", "DLCX 12 a@b HTTP 1.0\r\n"})
        EXPECT_FALSE(probe::looks_like_mgcp(wire::as_bytes(text))) << text;
}

// RFC 3435 appendix F, two residential gateways with one call agent.
void play_call(Scene& s, bool with_responses = true) {
    const auto ask = [&](int ms, const Host& gateway, const std::string& command, const std::string& response) {
        s.udp_text(ms, kAgent, gateway, command);
        if (with_responses) s.udp_text(ms + 5, gateway, kAgent, response);
    };
    s.udp_text(-500, kGatewayA, kAgent, lines("NTFY 2002 aaln/1@a MGCP 1.0", {"O: L/hd"}));
    s.udp_text(-200, kGatewayA, kAgent, lines("NTFY 2003 aaln/1@a MGCP 1.0", {"O: D/2,D/0,D/0,D/0"}));
    ask(0, kGatewayA, lines("CRCX 1204 aaln/1@a MGCP 1.0", {"C: A3C4", "M: recvonly"}),
        lines("200 1204 OK", {"I: FDE234C8"}, sdp_at(kMediaA)));
    ask(50, kGatewayB, lines("CRCX 1205 aaln/1@b MGCP 1.0", {"C: A3C4", "M: sendrecv"}, sdp_at(kMediaA)),
        lines("200 1205 OK", {"I: 32F345E2"}, sdp_at(kMediaB)));
    ask(100, kGatewayA, lines("MDCX 1206 aaln/1@a MGCP 1.0", {"C: A3C4", "I: FDE234C8", "M: recvonly"}, sdp_at(kMediaB)), lines("200 1206 OK", {}));
    ask(150, kGatewayB, lines("RQNT 1207 aaln/1@b MGCP 1.0", {"R: hd", "S: rg"}), lines("200 1207 OK", {}));
    ask(160, kGatewayA, lines("RQNT 1208 aaln/1@a MGCP 1.0", {"R: hu", "S: rt"}), lines("200 1208 OK", {}));
    s.udp_text(2000, kGatewayB, kAgent, lines("NTFY 2004 aaln/1@b MGCP 1.0", {"O: L/hd"}));
    ask(2050, kGatewayA, lines("MDCX 1209 aaln/1@a MGCP 1.0", {"C: A3C4", "I: FDE234C8", "M: sendrecv"}), lines("200 1209 OK", {}));
    s.rtp(2100, kMediaA, kMediaB, {.ssrc = 0xa, .packets = 50});
    s.rtp(2105, kMediaB, kMediaA, {.ssrc = 0xb, .packets = 50});
    s.udp_text(4000, kGatewayB, kAgent, lines("NTFY 2005 aaln/1@b MGCP 1.0", {"O: L/hu"}));
    ask(4050, kGatewayA, lines("DLCX 1210 aaln/1@a MGCP 1.0", {"C: A3C4", "I: FDE234C8"}),
        lines("250 1210 OK", {"P: PS=50, OS=8000, PR=45, OR=7200, PL=5, JI=27, LA=48"}));
    ask(4060, kGatewayB, lines("DLCX 1211 aaln/1@b MGCP 1.0", {"C: A3C4", "I: 32F345E2"}),
        lines("250 1211 OK", {"P: PS=50, OS=8000, PR=50, OR=8000, PL=0, JI=2, LA=48"}));
}

class ReportSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind != templates::RecordKind::stream || !s.final || s.stream->ssrc != 0xb) return;
        if (const auto* d = s.tracker->reported_detail(*s.stream)) detail = *d;
    }
    probe::ReportedDetail detail;
};

TEST(MgcpCalls, TwoGatewaysAreOneCall) {
    Scene s;
    play_call(s);
    ReportSink reports;
    {
        probe::Pipeline pipeline({}, reports);
        s.replay(pipeline);
    }
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.call("A3C4@192.0.2.1");
    EXPECT_EQ(probe::signalling_name(c.signalling), "MGCP");
    EXPECT_EQ(c.caller.name_address, "<aaln/1@a>");
    EXPECT_EQ(c.callee.name_address, "<aaln/1@b>");
    EXPECT_EQ(c.request_uri, "2000");
    EXPECT_EQ(c.caller_hop.text(), "192.0.2.10:2427");
    EXPECT_EQ(c.callee_hop.text(), "192.0.2.20:2427");
    EXPECT_EQ(at_ms(c, invite), 0);
    EXPECT_EQ(at_ms(c, ringing), 150);
    EXPECT_EQ(at_ms(c, ok), 2000);
    EXPECT_EQ(at_ms(c, bye), 4050);
    EXPECT_EQ(c.hangup_by, probe::Side::callee);
    EXPECT_EQ(c.codecs, "PCMU");
    EXPECT_EQ(c.retransmissions, 0U);
    EXPECT_EQ(s.stream(0xa).side, probe::Side::callee);
    EXPECT_EQ(s.stream(0xb).side, probe::Side::caller);
    EXPECT_EQ(s.stream(0xb).match, probe::StreamMatch::sdp);
    EXPECT_EQ(reports.detail.loss_pct, 10.0F);
    EXPECT_EQ(reports.detail.jitter_ms, 27.0F);
    expect_conserved(s.pipeline().counters());
}

// Only the call agent's commands pass the probe.
TEST(MgcpCalls, CommandsAloneMakeTheCall) {
    Scene s;
    play_call(s, false);
    s.end();
    const probe::Call& c = s.call("A3C4@192.0.2.1");
    EXPECT_EQ(at_ms(c, ok), 2000);
    EXPECT_EQ(s.stream(0xa).side, probe::Side::callee);
    EXPECT_EQ(s.stream(0xb).side, probe::Side::caller);
}

// One gateway, the other party somewhere else: answered when the connection is open both ways.
TEST(MgcpCalls, OneGateway) {
    Scene s;
    s.udp_text(0, kAgent, kGatewayA, lines("CRCX 1 aaln/1@a MGCP 1.0", {"C: 77", "M: recvonly"}));
    s.udp_text(0, kAgent, kGatewayA, lines("CRCX 1 aaln/1@a MGCP 1.0", {"C: 77", "M: recvonly"}));  // sent again
    s.udp_text(5, kGatewayA, kAgent, lines("200 1 OK", {"I: 1"}, sdp_at(kMediaA)));
    s.udp_text(900, kAgent, kGatewayA, lines("MDCX 2 aaln/1@a MGCP 1.0", {"C: 77", "I: 1", "M: sendrecv"}, sdp_at(kMediaB)));
    s.rtp(1000, kMediaB, kMediaA, {.ssrc = 0xb, .packets = 50});
    s.udp_text(3000, kGatewayA, kAgent, lines("DLCX 9 aaln/1@a MGCP 1.0", {"C: 77", "I: 1", "E: 900 - Hardware error", "P: PR=50, PL=0"}));
    s.udp_text(4000, kAgent, kGatewayA, lines("CRCX 3 aaln/1@a MGCP 1.0", {"C: 77", "M: recvonly"}));  // the CallId again
    s.udp_text(4010, kGatewayA, kAgent, lines("401 3 Phone off hook", {}));
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 2U);
    const probe::Call& c = s.sink.calls[0];
    EXPECT_EQ(at_ms(c, ok), 900);
    EXPECT_EQ(at_ms(c, bye), 3000);
    EXPECT_EQ(c.hangup_by, probe::Side::caller);
    EXPECT_EQ(c.retransmissions, 1U);
    EXPECT_EQ(s.stream(0xb).side, probe::Side::caller);
    EXPECT_EQ(probe::state_name(s.sink.calls[1].state()), "CALL_ERROR");
}

// tshark 4.0: RQNT, RSIP, NTFY, AUEP and their responses, 23 messages, no connection.
TEST(MgcpCorpus, NoConnectionIsNoCall) {
    const auto folder = corpus();
    if (!folder) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    CollectingSink sink;
    auto source = probe::FileSource::open((*folder / "captures/ndpi-mgcp.pcap").string());
    ASSERT_TRUE(source);
    probe::Pipeline pipeline({}, sink);
    std::array<probe::RawPacket, 64> batch;
    while ((*source)->state() == probe::SourceState::more) pipeline.process(std::span(batch).first((*source)->read_batch(batch)));
    pipeline.finish();
    EXPECT_EQ(sink.calls.size(), 0U);
    EXPECT_EQ(pipeline.others().mgcp().counters().messages, 23U);
    EXPECT_EQ(pipeline.others().mgcp().counters().refused, 0U);
}

}  // namespace
}  // namespace voipprobe::test
