// Dialogs as they really are: each case is a message flow and what its record must say.
#include <gtest/gtest.h>

#include "tests/unit/probe/dialog_steps.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::CallEvent;
using probe::CallState;

namespace {

TEST(Dialogs, plainCall) {
    Scene s;
    answer(s);
    s.sip(5000, kB, kA, {.line = "BYE", .cseq = "7 BYE", .from_tag = "b", .to_tag = "a", .headers = "Reason: Q.850;cause=16;text=\"x\"\r\n", .from = "<sip:bob@example.org>", .to = "<sip:alice@example.org>"});
    s.sip(5010, kA, kB, {.line = "200", .cseq = "7 BYE", .from_tag = "b", .to_tag = "a"});
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.call();
    EXPECT_EQ(at_ms(c, CallEvent::invite), 0);
    EXPECT_EQ(at_ms(c, CallEvent::trying), 10);
    EXPECT_EQ(at_ms(c, CallEvent::ringing), 200);
    EXPECT_EQ(at_ms(c, CallEvent::ok), 900);
    EXPECT_EQ(at_ms(c, CallEvent::ack), 1000);
    EXPECT_EQ(at_ms(c, CallEvent::bye), 5000);
    EXPECT_EQ(at_ms(c, CallEvent::bye_ok), 5010);
    EXPECT_EQ(c.state(), CallState::completed);
    EXPECT_EQ(c.hangup_by, probe::Side::callee);
    EXPECT_EQ(c.reason_cause, 16U);
    EXPECT_EQ(c.forks(), 0U);
    EXPECT_EQ(c.retransmissions, 0U);
}

TEST(Dialogs, agentOfTheCalleeIsNotThatOfTheProxyOnTheWay) {
    const std::string proxy = "Server: proxy\r\n", phone = "User-Agent: phone\r\n";
    Sip trying = reply("100", ""), challenge = reply("407", "p"), ringing = reply("180", "b"), ok = reply("200", "b");
    trying.headers = challenge.headers = proxy;
    ringing.headers = ok.headers = phone;
    {
        Scene s;  // the proxy's 100 first
        s.sip(0, kA, kP, invite()).sip(1, kP, kA, trying).sip(9, kB, kP, ringing).sip(10, kP, kA, ringing).sip(20, kP, kA, ok).end();
        EXPECT_EQ(s.call().callee.user_agent, "phone");
    }
    {
        Scene s;  // the proxy's challenge first; and only a challenge
        Sip again = invite("i2"), late = reply("200", "b", "i2");
        again.cseq = late.cseq = "2 INVITE";
        late.headers = phone;
        s.sip(0, kA, kP, invite()).sip(1, kP, kA, challenge).run();
        s.sip(10, kA, kP, again).sip(20, kP, kA, late).end();
        EXPECT_EQ(s.call().callee.user_agent, "phone");
        Scene refused;
        refused.sip(0, kA, kP, invite()).sip(1, kP, kA, challenge).end();
        EXPECT_EQ(refused.call().callee.user_agent, "proxy");
    }
    {
        Scene s;  // the proxy's answer to CANCEL, before a word of the callee
        Sip canceling{.line = "200", .cseq = "1 CANCEL", .to_tag = "p", .branch = "i1", .headers = proxy};
        s.sip(0, kA, kP, invite()).sip(1, kP, kA, trying).sip(5, kA, kP, {.line = "CANCEL", .cseq = "1 CANCEL", .branch = "i1"});
        s.sip(6, kP, kA, canceling).end();
        EXPECT_EQ(s.call().callee.user_agent, "");
    }
}

TEST(Dialogs, forkedCallHasARecordForEachConfirmedDialogAndCountsTheOthers) {
    Scene s;
    s.sip(0, kA, kP, invite());
    s.sip(200, kP, kA, reply("180", "b1")).sip(210, kP, kA, reply("180", "b2")).sip(220, kP, kA, reply("183", "b3", "i1", audio_sdp("192.0.2.77", 5000)));
    s.sip(900, kP, kA, reply("200", "b1", "i1", audio_sdp("192.0.2.20", 50000))).sip(910, kA, kP, ack("b1", "k1"));
    s.sip(950, kP, kA, reply("200", "b2", "i1", audio_sdp("192.0.2.30", 52000))).sip(960, kA, kP, ack("b2", "k2"));
    s.sip(970, kA, kP, bye("b2", "y2")).sip(980, kP, kA, bye_ok("b2", "y2"));
    s.rtp(1000, kMediaB, kMediaA, {.ssrc = 1}).rtp(1000, kMediaA, kMediaB, {.ssrc = 2});
    s.sip(9000, kA, kP, bye("b1", "y1")).sip(9010, kP, kA, bye_ok("b1", "y1"));
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 2U);
    const probe::Call &first = s.call(), &second = s.call("call@example.org", 1);
    EXPECT_EQ(at_ms(first, CallEvent::ok), 900);
    EXPECT_EQ(at_ms(first, CallEvent::bye), 9000);
    EXPECT_EQ(at_ms(first, CallEvent::ack), 910);
    EXPECT_EQ(first.forks(), 1U);
    EXPECT_EQ(first.audio_of(probe::Side::callee)->endpoint.text(), "192.0.2.20:50000");
    EXPECT_EQ(at_ms(second, CallEvent::invite), 0);
    EXPECT_EQ(at_ms(second, CallEvent::ok), 950);
    EXPECT_EQ(at_ms(second, CallEvent::ack), 960);
    EXPECT_EQ(at_ms(second, CallEvent::bye), 970);
    EXPECT_EQ(at_ms(second, CallEvent::bye_ok), 980);
    EXPECT_EQ(second.audio_of(probe::Side::callee)->endpoint.text(), "192.0.2.30:52000");
    EXPECT_NE(probe::call_record_id({}, first), probe::call_record_id({}, second));
    EXPECT_NE(probe::call_uid({}, first), probe::call_uid({}, second));
    EXPECT_EQ(s.stream(1).side, probe::Side::caller);
    EXPECT_EQ(s.stream(2).side, probe::Side::callee);
}

// The confirmed branch described itself before another one did, and not again in its 2xx.
TEST(Dialogs, earlyMediaOfAnotherBranchIsNotTheCalls) {
    Scene s;
    s.sip(0, kA, kP, invite());
    s.sip(200, kP, kA, reply("183", "b1", "i1", audio_sdp("192.0.2.20", 50000)));
    s.sip(300, kP, kA, reply("183", "b2", "i1", audio_sdp("192.0.2.30", 52000)));
    s.sip(900, kP, kA, reply("200", "b1")).sip(910, kA, kP, ack("b1"));
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    EXPECT_EQ(s.call().audio_of(probe::Side::callee)->endpoint.text(), "192.0.2.20:50000");
    EXPECT_EQ(s.call().forks(), 1U);
}

// Two branches answer with different codecs: the one that is confirmed names the call's, whenever it described itself.
TEST(Dialogs, codecsAreThoseOfTheConfirmedBranch) {
    Sip offer = invite();
    offer.body = audio_sdp("192.0.2.10", 40000, "", "0 8 3");
    const auto first = reply("183", "b1", "i1", audio_sdp("192.0.2.20", 50000, "", "0"));
    const auto second = reply("183", "b2", "i1", audio_sdp("192.0.2.30", 52000, "", "8"));
    {
        Scene s;  // in its 183
        s.sip(0, kA, kP, offer).sip(200, kP, kA, first).sip(300, kP, kA, second);
        s.sip(900, kP, kA, reply("200", "b2")).sip(910, kA, kP, ack("b2")).end();
        EXPECT_EQ(s.call().codecs, "PCMA");
    }
    {
        Scene s;  // in its 2xx alone
        s.sip(0, kA, kP, offer).sip(200, kP, kA, first);
        s.sip(900, kP, kA, reply("200", "b2", "i1", audio_sdp("192.0.2.30", 52000, "", "3"))).sip(910, kA, kP, ack("b2")).end();
        EXPECT_EQ(s.call().codecs, "GSM");
    }
    {
        Scene s;  // both are confirmed, the second without another description
        s.sip(0, kA, kP, offer).sip(200, kP, kA, first).sip(300, kP, kA, second);
        s.sip(900, kP, kA, reply("200", "b1")).sip(910, kA, kP, ack("b1", "k1"));
        s.sip(950, kP, kA, reply("200", "b2")).sip(960, kA, kP, ack("b2", "k2")).end();
        EXPECT_EQ(s.call().codecs, "PCMU");
        EXPECT_EQ(s.call("call@example.org", 1).codecs, "PCMA");
    }
    {
        Scene s;  // what a dialog says first is its answer (RFC 3261 §13.2.1)
        s.sip(0, kA, kP, offer).sip(200, kP, kA, first).sip(900, kP, kA, reply("200", "b1", "i1", audio_sdp("192.0.2.20", 50000, "", "8"))).end();
        EXPECT_EQ(s.call().codecs, "PCMU");
    }
}

// Seen on both sides of the proxy: one branch is refused long before another answers.
TEST(Dialogs, refusedBranchDoesNotEndTheCall) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(5, kP, kA, reply("100", "", "i1"));
    s.sip(10, kP, kB, invite("i2")).sip(300, kB, kP, reply("486", "b", "i2")).sip(301, kP, kB, ack("b", "i2"));
    s.sip(20000, kP, kC, invite("i3")).sip(25000, kC, kP, reply("180", "c", "i3")).sip(25001, kP, kA, reply("180", "c", "i1"));
    s.sip(30000, kC, kP, reply("200", "c", "i3", audio_sdp("192.0.2.30", 52000)));
    s.sip(30001, kP, kA, reply("200", "c", "i1", audio_sdp("192.0.2.30", 52000))).sip(30010, kA, kC, ack("c"));
    s.sip(40000, kA, kC, bye("c")).sip(40001, kC, kA, bye_ok("c"));
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    EXPECT_EQ(s.call().state(), CallState::completed);
    EXPECT_EQ(s.call().response_code, 200);
    EXPECT_EQ(at_ms(s.call(), CallEvent::ok), 30000);
    EXPECT_FALSE(s.call().has(CallEvent::failure));
    EXPECT_EQ(s.call().retransmissions, 0U);
}

TEST(Dialogs, allBranchesRefused) {
    Scene s;
    s.sip(0, kA, kP, invite("i1"));
    s.sip(10, kP, kB, invite("i2")).sip(11, kP, kC, invite("i3"));
    s.sip(300, kB, kP, reply("486", "b", "i2")).sip(400, kC, kP, reply("603", "c", "i3")).sip(410, kP, kA, reply("603", "c", "i1"));
    s.end();
    EXPECT_EQ(s.call().state(), CallState::error);
    EXPECT_EQ(s.call().response_code, 603);
    EXPECT_EQ(at_ms(s.call(), CallEvent::failure), 400) << "first copy on any hop";
}

// The side of the caller was not captured to its end.
TEST(Dialogs, failureOfABranchCountsWhenNothingElseFollows) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(10, kP, kB, invite("i2")).sip(300, kB, kP, reply("404", "b", "i2"));
    s.end();
    EXPECT_EQ(s.call().response_code, 404);
    EXPECT_EQ(s.call().state(), CallState::error);
}

TEST(Dialogs, authenticationKeepsTheFirstInvite) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(10, kP, kA, reply("407", "p", "i1")).sip(11, kA, kP, ack("p", "i1"));
    Sip again = invite("i2");
    again.cseq = "2 INVITE";
    again.from_tag = "a2";  // some agents take a new tag
    s.sip(20, kA, kP, again);
    const auto later = [](std::string status, std::string body = "") {
        return Sip{.line = status, .cseq = "2 INVITE", .from_tag = "a2", .to_tag = "b", .branch = "i2", .body = body};
    };
    s.sip(200, kP, kA, later("180")).sip(900, kP, kA, later("200", audio_sdp("192.0.2.20", 50000)));
    s.sip(910, kA, kP, {.line = "ACK", .cseq = "2 ACK", .from_tag = "a2", .to_tag = "b", .branch = "k"});
    s.sip(5000, kA, kP, {.line = "BYE", .cseq = "3 BYE", .from_tag = "a2", .to_tag = "b", .branch = "y"});
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.call();
    EXPECT_EQ(at_ms(c, CallEvent::invite), 0);
    EXPECT_EQ(at_ms(c, CallEvent::ok), 900);
    EXPECT_EQ(at_ms(c, CallEvent::ack), 910);
    EXPECT_FALSE(c.has(CallEvent::failure));
    EXPECT_EQ(c.hangup_by, probe::Side::caller);
    EXPECT_EQ(c.audio_of(probe::Side::callee)->endpoint.text(), "192.0.2.20:50000");
    EXPECT_EQ(c.forks(), 0U);
}

TEST(Dialogs, redirectionKeepsTheFirstInvite) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(10, kP, kA, reply("302", "p", "i1")).sip(11, kA, kP, ack("p", "i1"));
    Sip again = invite("i2");
    again.cseq = "2 INVITE";
    s.sip(20, kA, kC, again).sip(900, kC, kA, {.line = "200", .cseq = "2 INVITE", .to_tag = "c", .branch = "i2", .body = audio_sdp("192.0.2.30", 52000)});
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    EXPECT_EQ(at_ms(s.call(), CallEvent::invite), 0);
    EXPECT_EQ(s.call().response_code, 200);
    EXPECT_EQ(s.call().state(), CallState::in_progress);
}

TEST(Dialogs, redirectionWithoutAnotherAttemptIsTheEnd) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(10, kP, kA, reply("302", "p", "i1"));
    s.end();
    EXPECT_EQ(s.call().response_code, 302);
    EXPECT_EQ(s.call().state(), CallState::error);
}

TEST(Dialogs, cancelled) {
    Scene s;
    s.sip(0, kA, kB, invite()).sip(200, kB, kA, reply("180", "b"));
    s.sip(5000, kA, kB, {.line = "CANCEL", .cseq = "1 CANCEL", .branch = "i1", .headers = "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n"});
    s.sip(5001, kB, kA, {.line = "200", .cseq = "1 CANCEL", .to_tag = "b", .branch = "i1"});
    s.sip(5002, kB, kA, reply("487", "b")).sip(5003, kA, kB, ack("b", "i1"));
    s.end();
    const probe::Call& c = s.call();
    EXPECT_EQ(c.state(), CallState::canceled);
    EXPECT_EQ(c.response_code, 487);
    EXPECT_EQ(at_ms(c, CallEvent::cancel), 5000);
    EXPECT_EQ(at_ms(c, CallEvent::cancel_ok), 5001);
    EXPECT_EQ(at_ms(c, CallEvent::failure), 5002);
    EXPECT_FALSE(c.has(CallEvent::ack)) << "the ACK of a failure belongs to its transaction";
    EXPECT_EQ(c.hangup_by, probe::Side::caller);
    EXPECT_EQ(c.reason_cause, 200U);
}

TEST(Dialogs, answerThatCrossesTheCancelMakesACall) {
    Scene s;
    s.sip(0, kA, kB, invite()).sip(200, kB, kA, reply("180", "b"));
    s.sip(5000, kA, kB, {.line = "CANCEL", .cseq = "1 CANCEL", .branch = "i1"});
    s.sip(5000, kB, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000)));
    s.sip(5001, kB, kA, {.line = "481", .cseq = "1 CANCEL", .to_tag = "b", .branch = "i1"});
    s.sip(5002, kA, kB, ack("b")).sip(5003, kA, kB, bye("b")).sip(5010, kB, kA, bye_ok("b"));
    s.end();
    const probe::Call& c = s.call();
    EXPECT_EQ(c.state(), CallState::completed);
    EXPECT_EQ(c.response_code, 200);
    EXPECT_EQ(at_ms(c, CallEvent::cancel), 5000);
    EXPECT_EQ(at_ms(c, CallEvent::ok), 5000);
    EXPECT_EQ(at_ms(c, CallEvent::ack), 5002);
    EXPECT_EQ(at_ms(c, CallEvent::bye), 5003);
}

TEST(Dialogs, cancelOfAnotherBranchIsNoHangup) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(10, kP, kB, invite("i2")).sip(11, kP, kC, invite("i3"));
    s.sip(900, kB, kP, reply("200", "b", "i2", audio_sdp("192.0.2.20", 50000)));
    s.sip(901, kP, kC, {.line = "CANCEL", .cseq = "1 CANCEL", .branch = "i3"});
    s.sip(902, kP, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000)));
    s.sip(905, kC, kP, reply("487", "c", "i3"));
    s.end();
    EXPECT_EQ(s.call().state(), CallState::in_progress);
    EXPECT_EQ(s.call().hangup_by, probe::Side::none);
    EXPECT_EQ(s.call().response_code, 200);
}

TEST(Dialogs, retransmissionsAreCountedAndTheFirstCopyIsTimed) {
    Scene s;
    s.sip(0, kA, kB, invite()).sip(500, kA, kB, invite()).sip(1500, kA, kB, invite());
    s.sip(1600, kB, kA, reply("180", "b")).sip(2000, kB, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000)));
    s.sip(2500, kB, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000))).sip(2600, kA, kB, ack("b")).sip(2700, kA, kB, ack("b"));
    s.end();
    EXPECT_EQ(s.call().retransmissions, 4U);
    EXPECT_EQ(at_ms(s.call(), CallEvent::invite), 0);
    EXPECT_EQ(at_ms(s.call(), CallEvent::ok), 2000);
    EXPECT_EQ(at_ms(s.call(), CallEvent::ack), 2600);
}

TEST(Dialogs, copiesOnOtherHopsAreNoRetransmissions) {
    Scene s;
    s.sip(0, kA, kP, invite("i1")).sip(3, kP, kB, invite("i2"));
    s.sip(200, kB, kP, reply("180", "b", "i2")).sip(203, kP, kA, reply("180", "b", "i1"));
    s.sip(900, kB, kP, reply("200", "b", "i2", audio_sdp("192.0.2.20", 50000))).sip(903, kP, kA, reply("200", "b", "i1", audio_sdp("192.0.2.20", 50000)));
    s.sip(910, kA, kP, ack("b", "k1")).sip(912, kP, kB, ack("b", "k2"));
    s.sip(5000, kB, kP, {.line = "BYE", .cseq = "9 BYE", .from_tag = "b", .to_tag = "a", .branch = "y1"});
    s.sip(5002, kP, kA, {.line = "BYE", .cseq = "9 BYE", .from_tag = "b", .to_tag = "a", .branch = "y2"});
    s.end();
    const probe::Call& c = s.call();
    EXPECT_EQ(c.retransmissions, 0U);
    EXPECT_EQ(c.messages, 10U);
    EXPECT_EQ(at_ms(c, CallEvent::ringing), 200);
    EXPECT_EQ(at_ms(c, CallEvent::ok), 900);
    EXPECT_EQ(at_ms(c, CallEvent::ack), 910);
    EXPECT_EQ(at_ms(c, CallEvent::bye), 5000);
    EXPECT_EQ(c.caller_hop.text(), "192.0.2.10:5060");
    EXPECT_EQ(c.callee_hop.text(), "192.0.2.50:5060");
    EXPECT_EQ(c.hangup_by, probe::Side::callee);
}

// A server that keeps the Call-ID and gives both sides tags of its own: one Call-ID, one row.
TEST(Dialogs, tagsChangedBetweenHops) {
    Scene s;
    s.sip(0, kA, kP, invite("i1"));
    Sip leg = invite("i2");
    leg.from_tag = "p";
    s.sip(3, kP, kB, leg);
    Sip ok = reply("200", "b", "i2", audio_sdp("192.0.2.20", 50000));
    ok.from_tag = "p";
    s.sip(900, kB, kP, ok).sip(903, kP, kA, reply("200", "q", "i1", audio_sdp("192.0.2.20", 50000))).sip(910, kA, kP, ack("q"));
    s.sip(5000, kB, kP, {.line = "BYE", .cseq = "9 BYE", .from_tag = "b", .to_tag = "p", .branch = "y1"});
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    EXPECT_EQ(at_ms(s.call(), CallEvent::bye), 5000);
    EXPECT_EQ(s.call().hangup_by, probe::Side::callee);
    EXPECT_EQ(at_ms(s.call(), CallEvent::ack), 910);
}

TEST(Dialogs, missingByeEndsWithTheCapture) {
    Scene s;
    answer(s);
    s.rtp(1000, kMediaB, kMediaA, {.ssrc = 1}).end();
    EXPECT_EQ(s.call().state(), CallState::in_progress);
    EXPECT_EQ(s.call().last_media, Scene::kStart + 1980 * wire::kMillisecond);
}

// What runs already when the probe starts: a re-INVITE begins a row (its parties, its media); BYE, ACK and responses alone
// do not, their media is MEDIA_ONLY.
TEST(Dialogs, runningBeforeTheProbe) {
    Scene s;
    s.sip(0, kA, kB, {.line = "BYE", .cseq = "8 BYE", .to_tag = "b", .call_id = "bye-only"});
    s.sip(0, kB, kA, {.line = "200", .cseq = "8 BYE", .to_tag = "b", .call_id = "bye-only"});
    s.sip(0, kA, kB, {.line = "ACK", .cseq = "8 ACK", .to_tag = "b", .call_id = "ack-only"});
    s.sip(0, kB, kA, {.line = "200", .cseq = "8 INVITE", .to_tag = "b", .body = audio_sdp("192.0.2.20", 50000), .call_id = "ok-only"});
    s.sip(0, kA, kB, {.line = "INVITE", .cseq = "8 INVITE", .to_tag = "b", .branch = "r", .body = audio_sdp("192.0.2.10", 40000), .call_id = "re"});
    s.sip(10, kB, kA, {.line = "200", .cseq = "8 INVITE", .to_tag = "b", .branch = "r", .body = audio_sdp("192.0.2.20", 50000), .call_id = "re"});
    s.rtp(20, kMediaB, kMediaA, {.ssrc = 1}).sip(3000, kB, kA, {.line = "BYE", .cseq = "2 BYE", .from_tag = "b", .to_tag = "a", .call_id = "re"}).end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    EXPECT_EQ(s.call("re").state(), CallState::completed);
    EXPECT_EQ(s.call("re").hangup_by, probe::Side::callee);
    EXPECT_EQ(s.stream(1).call_id, "re");
    EXPECT_EQ(s.pipeline().counters().sip_outside_calls, 4U);
}

TEST(Dialogs, otherMethodsAreNeverCalls) {
    Scene s;
    for (const char* method : {"REGISTER", "OPTIONS", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH", "INFO", "REFER", "UPDATE", "PRACK"}) {
        s.sip(0, kA, kB, {.line = method, .cseq = std::string("1 ") + method, .call_id = method});
        s.sip(10, kB, kA, {.line = "200", .cseq = std::string("1 ") + method, .to_tag = "b", .call_id = method});
    }
    s.end();
    EXPECT_TRUE(s.sink.calls.empty());
    EXPECT_EQ(s.pipeline().counters().sip_messages, 20U);
}

TEST(Dialogs, thirdPartyCallControl) {
    Scene s;  // the controller calls A without SDP, then B with A's offer; two dialogs, one media path
    Sip first{.line = "INVITE", .cseq = "1 INVITE", .branch = "i1", .call_id = "leg-a"};
    s.sip(0, kP, kA, first).sip(100, kA, kP, {.line = "200", .cseq = "1 INVITE", .to_tag = "ta", .branch = "i1", .body = audio_sdp("192.0.2.10", 40000), .call_id = "leg-a"});
    s.sip(110, kP, kB, {.line = "INVITE", .cseq = "1 INVITE", .branch = "i2", .body = audio_sdp("192.0.2.10", 40000), .call_id = "leg-b"});
    s.sip(200, kB, kP, {.line = "200", .cseq = "1 INVITE", .to_tag = "tb", .branch = "i2", .body = audio_sdp("192.0.2.20", 50000), .call_id = "leg-b"});
    s.sip(210, kP, kA, {.line = "ACK", .cseq = "1 ACK", .to_tag = "ta", .branch = "k1", .body = audio_sdp("192.0.2.20", 50000), .call_id = "leg-a"});
    s.sip(210, kP, kB, {.line = "ACK", .cseq = "1 ACK", .to_tag = "tb", .branch = "k2", .call_id = "leg-b"});
    s.rtp(300, kMediaA, kMediaB, {.ssrc = 1}).rtp(300, kMediaB, kMediaA, {.ssrc = 2}).end();
    ASSERT_EQ(s.sink.calls.size(), 2U);
    EXPECT_EQ(s.call("leg-a").codecs, "PCMU");
    EXPECT_EQ(s.stream(1).match, probe::StreamMatch::sdp);
    EXPECT_EQ(s.stream(1).call_id, s.stream(2).call_id) << "both directions in one call";
}

TEST(Dialogs, hundredCallsOverOneFiveTuple) {
    Scene s;
    for (int i = 0; i < 150; ++i) {
        const std::string id = "c" + std::to_string(i), tag = "t" + std::to_string(i);
        Sip m{.line = "INVITE", .cseq = "1 INVITE", .from_tag = tag, .branch = id, .body = audio_sdp("192.0.2.10", 40000 + 2 * i), .call_id = id};
        s.sip(i * 10, kA, kB, m);
        s.sip(i * 10 + 5, kB, kA, {.line = "200", .cseq = "1 INVITE", .from_tag = tag, .to_tag = "b", .branch = id, .body = audio_sdp("192.0.2.20", 50000 + 2 * i), .call_id = id});
        s.rtp(i * 10 + 20, {"192.0.2.20", static_cast<std::uint16_t>(50000 + 2 * i)}, {"192.0.2.10", static_cast<std::uint16_t>(40000 + 2 * i)},
              {.ssrc = static_cast<std::uint32_t>(1000 + i), .packets = 10});
        s.sip(3000 + i * 10, kA, kB, {.line = "BYE", .cseq = "2 BYE", .from_tag = tag, .to_tag = "b", .branch = id + "y", .call_id = id});
    }
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 150U);
    for (int i = 0; i < 150; ++i) {
        const probe::Call& c = s.call("c" + std::to_string(i));
        EXPECT_EQ(at_ms(c, CallEvent::invite), i * 10);
        EXPECT_EQ(at_ms(c, CallEvent::bye), 3000 + i * 10);
        EXPECT_EQ(s.stream(static_cast<std::uint32_t>(1000 + i)).call_id, c.call_id);
    }
}

}  // namespace
