// Legs and transfers of calls that SIP does not signal, or not alone.
#include <gtest/gtest.h>

#include "tests/unit/probe/dialog_steps.hpp"
#include "tests/unit/signalling/h323_messages.hpp"
#include "tests/unit/signalling/iax2_frames.hpp"
#include "tests/unit/signalling/skinny.hpp"
#include "tests/unit/signalling/tcp_link.hpp"

namespace voipprobe::test {
namespace {

using enum probe::CallEvent;
constexpr std::uint32_t kUlaw = 4;

Octets iax_new(int source, const std::string& calling, const std::string& called) {
    return iax2::full(source, 0, 1, 6, 1,
                      iax2::elements({{11, hex({0, 2})}, {1, octets_of(called)}, {2, octets_of(calling)}, {9, iax2::word(4)}, {8, iax2::word(0xe)}}));
}
Sip sip_leg(const std::string& id, const std::string& from, const std::string& to) {
    return {.line = "INVITE", .cseq = "1 INVITE", .from_tag = id, .branch = id, .call_id = id, .from = "<sip:" + from + ">",
            .to = "<sip:" + to + ">", .request_uri = "sip:" + to};
}
bool joined(const Scene& s, const std::string& a, const std::string& b) {
    EXPECT_EQ(s.call(a).correlation_id.size(), 32U);
    EXPECT_EQ(s.call(b).correlation_id.size(), 32U);
    return s.call(a).correlation_id == s.call(b).correlation_id;
}

// A PBX between IAX2 and SIP, in both directions; and calls that only look alike.
TEST(OtherLegs, Iax2AndSipAcrossAPbx) {
    const Host pbx{"192.0.2.50", 4569}, sip_side{"192.0.2.50", 5060}, peer{"192.0.2.20", 4569};
    Scene s;
    s.sip(0, kA, sip_side, sip_leg("in", "1000@pbx", "2000@pbx")).udp_octets(40, pbx, peer, iax_new(5, "1000", "2000"));
    s.udp_octets(10'000, peer, pbx, iax_new(6, "3000", "4000")).sip(10'050, sip_side, kB, sip_leg("out", "3000@pbx", "4000@b"));
    s.udp_octets(20'000, peer, pbx, iax_new(7, "3000", "4000")).sip(20'050, sip_side, kB, sip_leg("another", "3000@pbx", "4001@b"));
    s.udp_octets(30'000, peer, pbx, iax_new(8, "3000", "4000")).sip(30'050, kC, kB, sip_leg("elsewhere", "3000@pbx", "4000@b"));
    s.end();
    EXPECT_TRUE(joined(s, "in", "5@192.0.2.50:4569"));
    EXPECT_TRUE(joined(s, "out", "6@192.0.2.20:4569"));
    EXPECT_FALSE(joined(s, "another", "7@192.0.2.20:4569"));
    EXPECT_FALSE(joined(s, "elsewhere", "8@192.0.2.20:4569"));
    EXPECT_FALSE(joined(s, "in", "out"));
}

// Another call of the same conference: the same conference identifier, another call identifier.
TEST(OtherLegs, H323Conference) {
    const Host caller{"192.0.2.10", 32803}, first{"192.0.2.20", 1720}, second{"192.0.2.30", 1720};
    const Octets whole = h323::setup({}, nullptr);
    const auto with = [&](std::uint8_t call, std::uint8_t conference) {  // the conference identifier comes first in Setup
        Octets o = whole;
        auto at = std::search(o.begin(), o.end(), h323::kCall.begin(), h323::kCall.end());
        *at = conference;
        at = std::search(at + 1, o.end(), h323::kCall.begin(), h323::kCall.end());
        *at = call;
        return o;
    };
    Scene s;
    TcpLink a(s, caller, first), b(s, {"192.0.2.10", 32804}, second), c(s, {"192.0.2.77", 32805}, second);
    a.connect(-10).up(0, with(0xa1, 0x77));
    b.connect(5000).up(5010, with(0xa2, 0x77));
    c.connect(9000).up(9010, with(0xa3, 0x78));
    s.end();
    const std::string tail = "02030405060708090a0b0c0d0e0f10";
    ASSERT_EQ(s.sink.calls.size(), 3U);
    EXPECT_TRUE(joined(s, "a1" + tail, "a2" + tail));
    EXPECT_FALSE(joined(s, "a1" + tail, "a3" + tail));
}

// Ann (1000) calls Bob (2000), who presses a key, calls Eve (3000) and presses it again: his two legs end, Ann and Eve talk on.
struct Consultation {
    std::uint32_t key = 4;  // Transfer; 13: Confrn
    bool completes = true;
    bool calls_without_key = false;

    void play(Scene& s) const {
        const Host ann{"192.0.2.10", 49001}, bob{"192.0.2.20", 49002}, eve{"192.0.2.30", 49003}, manager{"192.0.2.1", 2000};
        TcpLink a(s, ann, manager), b(s, bob, manager), e(s, eve, manager);
        a.connect(-100), b.connect(-100), e.connect(-100);
        a.down(0, skinny::call_state(20, 12, 42) + skinny::call_info(20, 42, true, "1000", "2000", "", ""));
        b.down(10, skinny::call_state(20, 4, 43) + skinny::call_info(20, 43, false, "1000", "2000", "", ""));
        b.down(1000, skinny::call_state(20, 5, 43) + skinny::open_receive(20, 43, 9, kUlaw));
        a.down(1000, skinny::call_state(20, 5, 42) + skinny::open_receive(20, 42, 8, kUlaw));
        a.up(1010, skinny::open_receive_ack(20, "192.0.2.10", 24000, 8, 42));
        b.up(1010, skinny::open_receive_ack(20, "192.0.2.20", 25000, 9, 43));
        s.rtp(1100, {"192.0.2.10", 24000}, {"192.0.2.20", 25000}, {.ssrc = 0xa, .packets = 20});
        if (!calls_without_key) b.up(2000, skinny::soft_key(20, key, 43));
        b.down(2010, skinny::call_state(20, 8, 43));
        b.down(3000, skinny::call_state(20, 12, 44) + skinny::call_info(20, 44, true, "2000", "3000", "", ""));
        e.down(3010, skinny::call_state(20, 4, 45) + skinny::call_info(20, 45, false, "2000", "3000", "", ""));
        b.down(4000, skinny::call_state(20, 5, 44)), e.down(4000, skinny::call_state(20, 5, 45));
        if (completes) b.up(5000, skinny::soft_key(20, key, 44));
        b.down(5010, skinny::call_state(20, 2, 44) + skinny::call_state(20, 2, 43));
        if (completes) {
            a.down(5020, skinny::start_media(20, 42, 42, "192.0.2.30", 26000, kUlaw));
            s.rtp(5100, {"192.0.2.10", 24000}, {"192.0.2.30", 26000}, {.ssrc = 0xe, .packets = 50});
        }
        e.up(8990, skinny::phone_on_hook(20, 45));
        e.down(9000, skinny::call_state(20, 2, 45));
        a.down(9010, skinny::call_state(20, 2, 42));
    }
};

TEST(SccpTransfer, BothCallsGoOnWithTheirOtherParties) {
    for (const std::uint32_t key : {4U, 13U}) {
        Scene s;
        Consultation{.key = key}.play(s);
        s.end();
        ASSERT_EQ(s.sink.calls.size(), 2U);
        EXPECT_TRUE(joined(s, "42@192.0.2.1", "44@192.0.2.1"));
        EXPECT_EQ(at_ms(s.call("42@192.0.2.1"), bye), 9010);
        EXPECT_EQ(at_ms(s.call("44@192.0.2.1"), bye), 9000);
        EXPECT_EQ(s.call("44@192.0.2.1").hangup_by, probe::Side::callee);
        EXPECT_EQ(s.stream(0xa).call_id, "42@192.0.2.1");
        EXPECT_EQ(s.stream(0xe).call_id, "42@192.0.2.1");
        EXPECT_EQ(s.stream(0xe).side, probe::Side::callee);
    }
}

// The key once and then the end of both calls: related, but nothing was given away.
TEST(SccpTransfer, AnAbandonedTransferEndsWithItsLegs) {
    Scene s;
    Consultation{.completes = false}.play(s);
    s.end();
    EXPECT_TRUE(joined(s, "42@192.0.2.1", "44@192.0.2.1"));
    EXPECT_EQ(at_ms(s.call("42@192.0.2.1"), bye), 5010);
    EXPECT_EQ(at_ms(s.call("44@192.0.2.1"), bye), 5010);
}

TEST(SccpTransfer, AnotherCallWhileOneIsOnHoldIsAnotherConversation) {
    Scene s;
    Consultation{.completes = false, .calls_without_key = true}.play(s);
    s.end();
    EXPECT_FALSE(joined(s, "42@192.0.2.1", "44@192.0.2.1"));
}

}  // namespace
}  // namespace voipprobe::test
