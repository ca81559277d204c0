// What changes within a dialog: offers and answers, hold, refresh, new addresses.
#include <gtest/gtest.h>

#include "tests/unit/probe/dialog_steps.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::CallEvent;

namespace {

TEST(DialogChanges, lateOffer) {
    Scene s;
    Sip empty = invite();
    empty.body.clear();
    s.sip(0, kA, kB, empty).sip(900, kB, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000, "a=rtpmap:8 PCMA/8000\r\n", "8 0")));
    Sip k = ack("b");
    k.body = audio_sdp("192.0.2.10", 40000, "", "0");
    s.sip(910, kA, kB, k).rtp(1000, kMediaB, kMediaA, {.ssrc = 1}).rtp(1000, kMediaA, kMediaB, {.ssrc = 2}).end();
    const probe::Call& c = s.call();
    EXPECT_EQ(c.codecs, "PCMU");
    EXPECT_EQ(c.audio_of(probe::Side::caller)->endpoint.text(), "192.0.2.10:40000");
    EXPECT_EQ(s.stream(1).match, probe::StreamMatch::sdp);
    EXPECT_EQ(s.stream(1).side, probe::Side::caller);
    EXPECT_EQ(s.stream(2).side, probe::Side::callee);
}

TEST(DialogChanges, offerAndAnswerInPrack) {
    Scene s;
    Sip empty = invite();
    empty.body.clear();
    s.sip(0, kA, kB, empty).sip(100, kB, kA, reply("183", "b", "i1", audio_sdp("192.0.2.20", 50000)));
    s.sip(110, kA, kB, {.line = "PRACK", .cseq = "2 PRACK", .to_tag = "b", .branch = "p", .headers = "RAck: 1 1 INVITE\r\n", .body = audio_sdp("192.0.2.10", 40000)});
    s.sip(120, kB, kA, {.line = "200", .cseq = "2 PRACK", .to_tag = "b", .branch = "p"});
    s.rtp(130, kMediaB, kMediaA, {.ssrc = 1, .packets = 20});
    s.sip(900, kB, kA, reply("200", "b")).sip(910, kA, kB, ack("b")).end();
    EXPECT_EQ(s.stream(1).match, probe::StreamMatch::sdp);
    EXPECT_EQ(s.stream(1).call_id, "call@example.org");
    EXPECT_EQ(at_ms(s.call(), CallEvent::ok), 900);
    EXPECT_EQ(at_ms(s.call(), CallEvent::progress), 100);
}

TEST(DialogChanges, holdAndResume) {
    Scene s;
    answer(s);
    const auto re = [](int n, std::string body, std::string method = "INVITE") {
        return Sip{.line = method, .cseq = std::to_string(n) + " " + method, .to_tag = "b", .branch = "r" + std::to_string(n), .body = body};
    };
    const auto ok = [](int n, std::string body, std::string method = "INVITE") {
        return Sip{.line = "200", .cseq = std::to_string(n) + " " + method, .to_tag = "b", .branch = "r" + std::to_string(n), .body = body};
    };
    const std::string a = audio_sdp("192.0.2.10", 40000), b = audio_sdp("192.0.2.20", 50000);
    s.sip(2000, kA, kB, re(2, a + "a=sendonly\r\n")).sip(2010, kB, kA, ok(2, b + "a=recvonly\r\n"));
    s.sip(5000, kA, kB, re(3, a + "a=sendrecv\r\n")).sip(5010, kB, kA, ok(3, b));
    s.sip(6000, kA, kB, re(4, a + "a=inactive\r\n", "UPDATE")).sip(6010, kB, kA, ok(4, b + "a=inactive\r\n", "UPDATE"));
    s.sip(7000, kA, kB, re(5, a, "UPDATE")).sip(7010, kB, kA, ok(5, b, "UPDATE"));
    // Refused: nothing changes.
    s.sip(8000, kA, kB, re(6, a + "a=sendonly\r\n")).sip(8500, kB, kA, {.line = "488", .cseq = "6 INVITE", .to_tag = "b", .branch = "r6"});
    s.sip(9000, kA, kB, bye("b")).end();
    EXPECT_EQ(s.call().held_ns, 4000 * wire::kMillisecond);
    EXPECT_EQ(s.call().holders, 0);
    EXPECT_EQ(at_ms(s.call(), CallEvent::ok), 900);
    EXPECT_EQ(s.call().response_code, 200);
}

TEST(DialogChanges, holdByTheUnspecifiedAddressKeepsWhereMediaWas) {
    Scene s;
    answer(s);
    s.sip(2000, kA, kB, {.line = "INVITE", .cseq = "2 INVITE", .to_tag = "b", .branch = "r2", .body = audio_sdp("0.0.0.0", 40000)});
    s.sip(2010, kB, kA, {.line = "200", .cseq = "2 INVITE", .to_tag = "b", .branch = "r2", .body = audio_sdp("192.0.2.20", 50000)});
    s.sip(4000, kA, kB, bye("b")).end();
    EXPECT_EQ(s.call().hold_ns(s.call().at(CallEvent::bye)), 2000 * wire::kMillisecond);
    EXPECT_EQ(s.call().audio_of(probe::Side::caller)->endpoint.text(), "192.0.2.10:40000");
}

TEST(DialogChanges, refreshAndReInviteOfTheCalleeLeaveTheSetUpTimesAlone) {
    Scene s;
    answer(s);
    // The callee's own CSeq space begins at the caller's number.
    const Sip refresh{.line = "INVITE", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r1", .body = audio_sdp("192.0.2.20", 50000)};
    s.sip(60000, kB, kA, refresh).sip(60010, kA, kB, {.line = "100", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r1"});
    s.sip(60020, kA, kB, {.line = "183", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r1"});
    s.sip(60030, kA, kB, {.line = "200", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r1", .body = audio_sdp("192.0.2.10", 40000)});
    s.sip(60040, kB, kA, {.line = "ACK", .cseq = "1 ACK", .from_tag = "b", .to_tag = "a", .branch = "r2"});
    s.sip(120000, kA, kB, {.line = "UPDATE", .cseq = "2 UPDATE", .to_tag = "b", .branch = "u"});
    s.sip(130000, kA, kB, bye("b")).end();
    const probe::Call& c = s.call();
    EXPECT_EQ(at_ms(c, CallEvent::trying), 10);
    EXPECT_FALSE(c.has(CallEvent::progress));
    EXPECT_EQ(at_ms(c, CallEvent::ok), 900);
    EXPECT_EQ(at_ms(c, CallEvent::ack), 1000);
    EXPECT_EQ(at_ms(c, CallEvent::bye), 130000);
    EXPECT_EQ(s.sink.calls.size(), 1U);
}

TEST(DialogChanges, newAddressIsBoundAndTheOldOneKept) {
    Scene s;
    answer(s);
    s.rtp(1000, kMediaB, kMediaA, {.ssrc = 1, .packets = 60});
    s.sip(2000, kA, kB, {.line = "INVITE", .cseq = "2 INVITE", .to_tag = "b", .branch = "r2", .body = audio_sdp("192.0.2.99", 42000, "", "8")});
    s.sip(2010, kB, kA, {.line = "200", .cseq = "2 INVITE", .to_tag = "b", .branch = "r2", .body = audio_sdp("192.0.2.20", 50000, "", "8")});
    s.rtp(2020, kMediaB, {"192.0.2.99", 42000}, {.ssrc = 2, .type = 8}).rtp(2020, kMediaB, kMediaA, {.ssrc = 3, .packets = 5});
    s.sip(4000, kA, kB, bye("b")).end();
    for (const std::uint32_t ssrc : {1U, 2U, 3U}) {
        EXPECT_EQ(s.stream(ssrc).call_id, "call@example.org") << ssrc;
        EXPECT_EQ(s.stream(ssrc).side, probe::Side::caller) << ssrc;
        EXPECT_EQ(s.stream(ssrc).match, probe::StreamMatch::sdp) << ssrc;
    }
    EXPECT_EQ(s.stream(2).codec, "PCMA");
    EXPECT_EQ(s.call().audio_of(probe::Side::caller)->endpoint.text(), "192.0.2.99:42000");
}

TEST(DialogChanges, refusedNewAddressIsForgotten) {
    Scene s;
    answer(s);
    s.sip(2000, kA, kB, {.line = "INVITE", .cseq = "2 INVITE", .to_tag = "b", .branch = "r2", .body = audio_sdp("192.0.2.99", 42000)});
    s.sip(2010, kB, kA, {.line = "491", .cseq = "2 INVITE", .to_tag = "b", .branch = "r2"});
    s.end();
    EXPECT_EQ(s.call().audio_of(probe::Side::caller)->endpoint.text(), "192.0.2.10:40000");
}

}  // namespace
