// Legs of one conversation have one correlation id; look-alikes have not.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

const Host kA{"192.0.2.10"}, kP{"192.0.2.50"}, kB{"192.0.2.20"}, kC{"192.0.2.30"};

Sip leg(const std::string& id, const std::string& from, const std::string& to, const std::string& headers = "", const std::string& body = "") {
    return {.line = "INVITE", .cseq = "1 INVITE", .from_tag = id, .branch = id, .headers = headers, .body = body, .call_id = id,
            .from = "<sip:" + from + ">", .to = "<sip:" + to + ">", .request_uri = "sip:" + to};
}
bool joined(const Scene& s, const std::string& a, const std::string& b) {
    EXPECT_EQ(s.call(a).correlation_id.size(), 32U);
    return s.call(a).correlation_id == s.call(b).correlation_id;
}

TEST(Legs, sessionId) {
    Scene s;
    const std::string uuid = "Session-ID: ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000\r\n";
    s.sip(0, kA, kP, leg("1", "alice@x", "bob@x", uuid)).sip(5, kC, kB, leg("2", "trunk@y", "4711@y", uuid));
    s.sip(9, kC, kB, leg("3", "trunk@y", "4711@y", "Session-ID: 00000000000000000000000000000000\r\n")).end();
    EXPECT_TRUE(joined(s, "1", "2"));
    EXPECT_FALSE(joined(s, "1", "3"));
}

TEST(Legs, headerWithTheOtherLegsCallId) {
    Scene s;
    s.sip(0, kA, kP, leg("one", "alice@x", "bob@x")).sip(5000, kC, kB, leg("two", "q@y", "4711@y", "X-Call-ID: one\r\n"));
    s.sip(6000, kC, kB, leg("three", "q@y", "4712@y", "x-cid: common\r\n")).sip(7000, kB, kA, leg("four", "r@y", "4713@y", "X-CID: common\r\n")).end();
    EXPECT_TRUE(joined(s, "one", "two"));
    EXPECT_TRUE(joined(s, "three", "four"));
    EXPECT_FALSE(joined(s, "one", "three"));
}

TEST(Legs, partiesPathAndTime) {
    Scene s;
    s.sip(0, kA, kP, leg("1", "+49 30 1234567@x", "+49891112223@x", "", audio_sdp("192.0.2.10", 4000)));
    s.sip(30, kP, kB, leg("2", "0301234567@p", "00498 91112223@b", "", audio_sdp("192.0.2.50", 7000)));
    s.sip(5000, kP, kB, leg("3", "0301234567@p", "0891112223@b")).end();
    EXPECT_FALSE(joined(s, "1", "3")) << "too late";
}

TEST(Legs, numbersOfOtherPlans) {
    Scene s;
    s.sip(0, kA, kP, leg("1", "+49301234567@x", "+49891112223@x")).sip(30, kP, kB, leg("2", "0301234567@p", "0891112223@b")).end();
    EXPECT_TRUE(joined(s, "1", "2"));
}

TEST(Legs, descriptionPassedOn) {
    Scene s;  // another caller shown, but the same o= line and media
    const std::string sdp = audio_sdp("192.0.2.10", 4000);
    s.sip(0, kA, kP, leg("1", "alice@x", "bob@x", "", sdp)).sip(30, kP, kB, leg("2", "main-number@p", "1005@b", "", sdp)).end();
    EXPECT_TRUE(joined(s, "1", "2"));
}

TEST(Legs, anAmbiguousLegIsLeftAlone) {
    Scene s;
    s.sip(0, kA, kP, leg("1", "hot@x", "line@x")).sip(1, kA, kP, leg("2", "hot@x", "line@x")).sip(2, kP, kB, leg("3", "hot@x", "line@x")).end();
    EXPECT_FALSE(joined(s, "1", "3"));
    EXPECT_FALSE(joined(s, "2", "3"));
}

TEST(Legs, blindTransfer) {
    Scene s;
    s.sip(0, kA, kB, leg("ab", "alice@x", "bob@x")).sip(100, kB, kA, {.line = "200", .cseq = "1 INVITE", .from_tag = "ab", .to_tag = "b", .branch = "ab", .call_id = "ab"});
    s.sip(5000, kA, kB, {.line = "REFER", .cseq = "2 REFER", .from_tag = "ab", .to_tag = "b", .branch = "r", .headers = "Refer-To: <sip:carol@x>\r\n", .call_id = "ab"});
    s.sip(5100, kB, kC, leg("bc", "bob@x", "carol@x")).sip(60000, kB, kC, leg("later", "bob@x", "carol@x")).end();
    EXPECT_TRUE(joined(s, "ab", "bc"));
    EXPECT_FALSE(joined(s, "ab", "later"));
}

TEST(Legs, attendedTransfer) {
    Scene s;
    s.sip(0, kA, kB, leg("ab", "alice@x", "bob@x")).sip(100, kB, kA, {.line = "200", .cseq = "1 INVITE", .from_tag = "ab", .to_tag = "b", .branch = "ab", .call_id = "ab"});
    s.sip(3000, kA, kC, leg("ac@x", "alice@x", "carol@x")).sip(3100, kC, kA, {.line = "200", .cseq = "1 INVITE", .from_tag = "ac@x", .to_tag = "c", .branch = "ac@x", .call_id = "ac@x"});
    s.sip(5000, kA, kB, {.line = "REFER", .cseq = "2 REFER", .from_tag = "ab", .to_tag = "b", .branch = "r",
                         .headers = "Refer-To: <sip:carol@x?Replaces=ac%40x%3Bto-tag%3Dc%3Bfrom-tag%3Dac>\r\n", .call_id = "ab"});
    s.sip(5100, kB, kC, leg("bc", "bob@x", "carol@x", "Replaces: ac@x;to-tag=c;from-tag=ac\r\n")).end();
    EXPECT_TRUE(joined(s, "ab", "bc"));
    EXPECT_TRUE(joined(s, "ac@x", "bc"));
}

// A hotline behind a B2BUA: anonymous callers, one number, one SDP shape, up to a thousand calls a second, each with two
// legs; every tenth has no second leg, of every twentieth only the second was captured.
TEST(Legs, tenThousandLookAlikes) {
    std::mt19937 random(7);
    struct Event {
        int us;
        bool second;
        int call;
    };
    std::vector<Event> events;
    for (int i = 0; i < 10'000; ++i) {
        const int start = i * 1000 + static_cast<int>(random() % 900);
        if (i % 20 != 3) events.push_back({start, false, i});
        if (i % 10 != 0) events.push_back({start + 500 + static_cast<int>(random() % 8000), true, i});
    }
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.us < b.us; });
    Scene s;
    for (const Event& e : events) {
        // A third of the callers can be told apart, the others all look the same.
        const std::string from = e.call % 3 == 0 ? "user" + std::to_string(e.call) + "@x" : e.call % 3 == 1 ? "anonymous@x" : "office@x";
        const std::string id = (e.second ? "b" : "a") + std::to_string(e.call);
        s.sip(e.us / 1000, e.second ? kP : kA, e.second ? kB : kP, leg(id, from, "hotline@x", "", audio_sdp(e.second ? "192.0.2.50" : "192.0.2.10", 10000 + e.call)));
    }
    s.play().end();
    std::map<std::string, std::vector<std::string>> groups;
    for (const probe::Call& c : s.sink.calls) groups[c.correlation_id].push_back(c.call_id);
    int right = 0, wrong = 0;
    for (const auto& [id, calls] : groups) {
        if (calls.size() == 1) continue;
        const bool same = calls.size() == 2 && calls[0].substr(1) == calls[1].substr(1);
        ++(same ? right : wrong);
    }
    RecordProperty("right", right);
    RecordProperty("wrong", wrong);
    EXPECT_LT(wrong, 10) << "0.1 % of 10,000";
    EXPECT_GT(right, 1500);
}

}  // namespace
