// Skinny: messages, streams of them, calls.
#include <gtest/gtest.h>

#include <random>

#include "probe/voip/sccp/sccp_message.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/unit/signalling/skinny.hpp"
#include "tests/unit/signalling/tcp_link.hpp"
#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::test {
namespace {

using enum probe::CallEvent;

const Host kPhoneA{"192.0.2.10", 49001}, kPhoneB{"192.0.2.20", 49002}, kPhoneC{"192.0.2.30", 49003}, kManager{"192.0.2.1", 2000};
const Host kMediaA{"192.0.2.10", 24000}, kMediaB{"192.0.2.20", 25000};
constexpr std::uint32_t kUlaw = 4;

probe::SccpMessage parsed(const Octets& o) {
    probe::SccpMessage m;
    EXPECT_TRUE(probe::parse_sccp(o, m));
    return m;
}

TEST(SccpParser, ReadsWhatCallsNeed) {
    for (const std::uint32_t v : {0U, 15U, 17U, 20U}) {
        const auto state = parsed(skinny::call_state(v, 5, 42));
        EXPECT_TRUE(state.understood && !state.from_phone && state.state == 5 && state.call_reference == 42U);
        const Octets info_octets = skinny::call_info(v, 42, true, "1000", "2000", "Ann", "Bob");
        const auto info = parsed(info_octets);
        EXPECT_EQ(info.calling, "1000");
        EXPECT_EQ(info.called, "2000");
        EXPECT_EQ(info.calling_name, "Ann");
        EXPECT_EQ(info.called_name, "Bob");
        EXPECT_EQ(info.call_type, 2U);
        const auto start = parsed(skinny::start_media(v, 42, 42, "192.0.2.20", 25000, kUlaw));
        EXPECT_TRUE(start.understood);
        EXPECT_EQ(start.media.text(), "192.0.2.20:25000");
        EXPECT_EQ(start.payload, kUlaw);
        EXPECT_EQ(start.call_reference, 42U);
        EXPECT_EQ(start.event_type, v >= 17 ? 101 : 0);
        const auto ack = parsed(skinny::open_receive_ack(v, "192.0.2.10", 24000, 7, 42));
        EXPECT_TRUE(ack.from_phone);
        EXPECT_EQ(ack.media.text(), "192.0.2.10:24000");
        EXPECT_EQ(ack.party_token, 7U);
        const auto statistics = parsed(skinny::statistics(v, 42, 145, 2, 7, "MLQK=4.2500;MLQKav=4.0"));
        EXPECT_EQ(statistics.call_reference, 42U);
        EXPECT_EQ(statistics.statistics.packets_received, 145U);
        EXPECT_EQ(statistics.statistics.packets_lost, 2U);
        EXPECT_EQ(statistics.statistics.jitter_ms, 7U);
        EXPECT_EQ(statistics.statistics.mos_lq, 4.25F);
        const Octets number_octets = skinny::dialed(v, "2000", 42);
        const auto number = parsed(number_octets);
        EXPECT_EQ(number.called, "2000");
        EXPECT_EQ(number.call_reference, 42U);
    }
    EXPECT_EQ(parsed(skinny::start_media(20, 1, 1, "2001:db8::7", 4000, kUlaw)).media.text(), "[2001:db8::7]:4000");
}

// The processing type in one octet, as some phones of version 20 send it.
TEST(SccpParser, ReadsPackedStatistics) {
    Octets o = skinny::statistics(20, 42, 145, 2, 7, "MLQK=4.2500;");
    o.erase(o.begin() + 12 + 28 + 4, o.begin() + 12 + 28 + 7);
    o[0] = static_cast<std::uint8_t>(o[0] - 3);
    const auto m = parsed(o);
    EXPECT_EQ(m.statistics.packets_received, 145U);
    EXPECT_EQ(m.statistics.packets_lost, 2U);
    EXPECT_EQ(m.statistics.mos_lq, 4.25F);
}

TEST(SccpParser, CutMessagesAreNotUnderstood) {
    for (const Octets& whole : {skinny::call_state(20, 5, 42), skinny::open_receive_ack(0, "192.0.2.10", 1, 7, 42)}) {
        Octets cut(whole.begin(), whole.begin() + 20);
        cut[0] = 12;
        EXPECT_FALSE(parsed(cut).understood);
    }
    EXPECT_FALSE(probe::looks_like_sccp(octets_of("GET / HTTP/1.1\r\n\r\n")));
    EXPECT_FALSE(probe::looks_like_sccp(hex({4, 0, 0, 0, 99, 0, 0, 0, 1, 0, 0, 0})));
}

// Ann's phone calls Bob's; both talk to one call manager.
struct PhoneToPhone {
    std::uint32_t v = 20;
    TcpLink::Sizes sizes = {};
    bool bob_first = false;

    void play(Scene& s) const {
        TcpLink a(s, kPhoneA, kManager, sizes), b(s, kPhoneB, kManager, sizes);
        a.connect(-2000);
        b.connect(-1990);
        const int ring_b = bob_first ? -5 : 110;
        a.down(0, skinny::call_state(v, 1, 42));
        if (v >= 17) a.down(90, skinny::dialed(v, "2000", 42));
        b.down(ring_b, skinny::call_state(v, 4, 43));
        b.down(ring_b, skinny::call_info(v, 43, false, "1000", "2000", "Ann", "Bob"));
        a.down(100, skinny::call_state(v, 12, 42) + skinny::call_info(v, 42, true, "1000", "2000", "Ann", "Bob"));
        a.down(200, skinny::call_state(v, 3, 42));
        b.down(2000, skinny::call_state(v, 5, 43) + skinny::open_receive(v, 43, 9, kUlaw));
        a.down(2010, skinny::open_receive(v, 42, 8, kUlaw) + skinny::call_state(v, 5, 42));
        a.up(2020, skinny::open_receive_ack(v, "192.0.2.10", 24000, 8, 42));
        b.up(2030, skinny::open_receive_ack(v, "192.0.2.20", 25000, 9, 43));
        a.down(2040, skinny::start_media(v, 42, 42, "192.0.2.20", 25000, kUlaw));
        b.down(2050, skinny::start_media(v, 43, 43, "192.0.2.10", 24000, kUlaw));
        s.rtp(2100, kMediaA, kMediaB, {.ssrc = 0xa, .packets = 50});
        s.rtp(2105, kMediaB, kMediaA, {.ssrc = 0xb, .packets = 50});
        b.up(4000, skinny::phone_on_hook(v, 43));
        b.down(4010, skinny::call_state(v, 2, 43));
        a.down(4020, skinny::call_state(v, 2, 42));
        a.up(4050, skinny::statistics(v, 42, 49, 1, 7, "MLQK=4.2500;"));
        b.up(4060, skinny::statistics(v, 43, 50, 0, 3));
    }
};

void expect_phone_to_phone(const Scene& s, const PhoneToPhone& scene) {
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.sink.calls[0];
    EXPECT_EQ(c.call_id, "42@192.0.2.1");
    EXPECT_EQ(probe::signalling_name(c.signalling), "SCCP");
    EXPECT_EQ(c.caller.name_address, "\"Ann\" <1000>");
    EXPECT_EQ(c.callee.name_address, "\"Bob\" <2000>");
    EXPECT_EQ(c.caller_hop.text(), "192.0.2.10:49001");
    EXPECT_EQ(c.callee_hop.text(), "192.0.2.20:49002");
    EXPECT_EQ(at_ms(c, invite), scene.bob_first ? -5 : scene.v >= 17 ? 90 : 100);
    EXPECT_EQ(at_ms(c, trying), 100);
    EXPECT_EQ(at_ms(c, ringing), scene.bob_first ? -5 : 110);
    EXPECT_EQ(at_ms(c, ok), 2000);
    EXPECT_EQ(at_ms(c, bye), 4010);
    EXPECT_EQ(c.hangup_by, probe::Side::callee);
    EXPECT_EQ(probe::state_name(c.state()), "CALL_COMPLETED");
    EXPECT_EQ(c.codecs, "PCMU");
    EXPECT_TRUE(c.audio_agreed);
    EXPECT_EQ(s.stream(0xa).call_id, c.call_id);
    EXPECT_EQ(s.stream(0xa).side, probe::Side::callee);
    EXPECT_EQ(s.stream(0xa).match, probe::StreamMatch::sdp);
    EXPECT_EQ(s.stream(0xb).side, probe::Side::caller);
    EXPECT_EQ(s.stream(0xb).codec, "PCMU");
}

TEST(SccpCalls, TwoPhonesAreOneCall) {
    for (const std::uint32_t v : {0U, 17U, 20U})
        for (const bool bob_first : {false, true}) {
            Scene s;
            const PhoneToPhone scene{v, {}, bob_first};
            scene.play(s);
            s.end();
            expect_phone_to_phone(s, scene);
            expect_conserved(s.pipeline().counters());
            EXPECT_EQ(s.pipeline().others().desk().merged(), 1U);
            EXPECT_EQ(s.pipeline().others().streams().connections(), 0U);
        }
}

TEST(SccpCalls, AnySegmentationGivesTheSameCall) {
    std::mt19937 random(7);
    const std::vector<TcpLink::Sizes> ways{[](std::size_t) { return 4U; }, [](std::size_t n) { return n % 40 == 0 ? 8U : 1U; }, [](std::size_t) { return 11U; }, [](std::size_t) { return 13U; },
                                           [&](std::size_t) { return 4 + random() % 90; }};
    for (const TcpLink::Sizes& sizes : ways) {
        Scene s;
        const PhoneToPhone scene{20, sizes};
        scene.play(s);
        s.end();
        expect_phone_to_phone(s, scene);
    }
}

class ReportSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind != templates::RecordKind::stream || !s.final || s.stream->ssrc != 0xb) return;
        reported = s.stream->reported;
        if (const auto* d = s.tracker->reported_detail(*s.stream)) detail = *d;
    }
    probe::ReportedFigures reported;
    probe::ReportedDetail detail;
};

TEST(SccpCalls, ThePhonesStatisticsAreReportedFigures) {
    Scene s;
    PhoneToPhone{}.play(s);
    ReportSink sink;
    probe::Pipeline pipeline({}, sink);
    s.replay(pipeline);
    EXPECT_EQ(sink.reported.mos_lq, 425);
    EXPECT_EQ(sink.reported.sources, probe::report_source::kSignalling);
    EXPECT_EQ(sink.detail.loss_pct, 2.0F);
    EXPECT_EQ(sink.detail.jitter_ms, 7.0F);
}

TEST(SccpCalls, AHoleInTheConnectionCostsOnlyWhatWasInIt) {
    Scene s;
    TcpLink a(s, kPhoneA, kManager);
    a.connect(-100);
    a.down(0, skinny::call_state(20, 12, 42) + skinny::call_info(20, 42, true, "1000", "2000", "Ann", "Bob"));
    a.down(10, skinny::call_state(20, 3, 42));
    a.lose(1, 500);
    a.down(100, skinny::call_state(20, 5, 42));  // waits for what is missing
    a.down(5000, skinny::call_state(20, 2, 42));
    s.end();
    const probe::Call& c = s.call("42@192.0.2.1");
    EXPECT_TRUE(c.has(ok));
    EXPECT_EQ(at_ms(c, bye), 5000);
}

TEST(SccpCalls, UnansweredCalls) {
    const auto outcome = [](std::uint32_t state, bool phone_hangs_up) {
        Scene s;
        TcpLink a(s, kPhoneA, kManager);
        a.connect(-100);
        a.down(0, skinny::call_state(20, 12, 42) + skinny::call_info(20, 42, true, "1000", "2000", "", ""));
        if (state != 0) a.down(100, skinny::call_state(20, state, 42));
        if (phone_hangs_up) a.up(900, skinny::phone_on_hook(20, 42));
        a.down(1000, skinny::call_state(20, 2, 42));
        s.end();
        return s.call("42@192.0.2.1");
    };
    const probe::Call busy = outcome(6, true), invalid = outcome(14, true), cancelled = outcome(3, true);
    EXPECT_EQ(probe::state_name(busy.state()), "CALL_ERROR");
    EXPECT_EQ(busy.reason_cause, 17U);
    EXPECT_EQ(at_ms(busy, failure), 100);
    EXPECT_EQ(probe::state_name(invalid.state()), "CALL_ERROR");
    EXPECT_FALSE(invalid.has_reason);
    EXPECT_EQ(probe::state_name(cancelled.state()), "CALL_CANCELED");
    EXPECT_EQ(at_ms(cancelled, cancel), 1000);
    EXPECT_EQ(cancelled.hangup_by, probe::Side::caller);
    EXPECT_EQ(cancelled.caller.name_address, "<1000>");
}

TEST(SccpCalls, HoldIsMeasured) {
    Scene s;
    TcpLink a(s, kPhoneA, kManager);
    a.connect(-100);
    a.down(0, skinny::call_info(20, 42, true, "1000", "2000", "", "") + skinny::call_state(20, 5, 42));
    a.down(1000, skinny::call_state(20, 8, 42)).down(3500, skinny::call_state(20, 5, 42)).down(5000, skinny::call_state(20, 2, 42));
    s.end();
    EXPECT_EQ(s.call("42@192.0.2.1").held_ns, 2500 * wire::kMillisecond);
}

// A shared line: two phones ring, one answers, the other stops ringing.
TEST(SccpCalls, AnotherPhoneOfTheLineStopsRinging) {
    Scene s;
    TcpLink b(s, kPhoneB, kManager), c(s, kPhoneC, kManager);
    const Octets ring = skinny::call_state(20, 4, 43) + skinny::call_info(20, 43, false, "1000", "2000", "", "");
    b.connect(-100).down(0, ring);
    c.connect(-90).down(5, ring);
    c.down(1000, skinny::call_state(20, 5, 43));
    b.down(1001, skinny::call_state(20, 2, 43));
    c.down(9000, skinny::call_state(20, 2, 43));
    s.end();
    EXPECT_EQ(at_ms(s.call("43@192.0.2.1"), bye), 9000);
}

// A recorder is sent a copy: the stream belongs to the call and to no side.
TEST(SccpCalls, ACopyForARecorderHasNoSide) {
    Scene s;
    PhoneToPhone{}.play(s);
    TcpLink again(s, {"192.0.2.10", 49009}, kManager);
    again.connect(2041).down(2060, skinny::start_media(20, 42, 99, "192.0.2.99", 9000, kUlaw));
    s.rtp(2100, {"192.0.2.10", 24002}, {"192.0.2.99", 9000}, {.ssrc = 0xc, .packets = 20});
    s.end();
    EXPECT_EQ(s.stream(0xc).call_id, "42@192.0.2.1");
    EXPECT_EQ(s.stream(0xc).side, probe::Side::none);
}

// What tshark 4.0 decodes of the capture: call references 19805770 (321 calls 307) and 19805771, frames 5, 11, 28, and six
// RTP streams, four of them to a recorder.
TEST(SccpCorpus, TheRealCall) {
    const auto folder = corpus();
    if (!folder) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    CollectingSink sink;
    ASSERT_EQ(run_file((*folder / "captures/ndpi-skinny.pcap").string(), sink).error, "");
    ASSERT_EQ(sink.calls.size(), 1U);
    const probe::Call& c = sink.calls[0];
    EXPECT_EQ(c.call_id, "19805770@192.168.193.12");
    EXPECT_EQ(c.caller.name_address, "\"RIX Meeting Room\" <321>");
    EXPECT_EQ(c.callee.name_address, "\"Ervins Gailiss\" <307>");
    EXPECT_EQ(c.caller_hop.text(), "192.168.195.58:49399");
    EXPECT_EQ(c.callee_hop.text(), "192.168.195.50:51532");
    constexpr wire::TimeNs kFrame5 = 1'317'801'130'506'133'000, kFrame11 = 1'317'801'130'507'322'000, kFrame28 = 1'317'801'134'135'876'000;
    EXPECT_EQ(c.at(invite), kFrame5);
    EXPECT_EQ(c.at(ringing), kFrame5);
    EXPECT_EQ(c.at(trying), kFrame11);
    EXPECT_EQ(c.at(ok), kFrame28);
    EXPECT_FALSE(c.has(bye));
    EXPECT_EQ(c.audio_of(probe::Side::caller)->endpoint.text(), "192.168.195.58:32144");
    EXPECT_EQ(c.audio_of(probe::Side::callee)->endpoint.text(), "192.168.195.50:17718");
    EXPECT_EQ(c.codecs, "PCMU");
    ASSERT_EQ(sink.streams.size(), 6U);
    for (const SeenStream& s : sink.streams) {
        EXPECT_EQ(s.call_id, c.call_id);
        const auto side = s.dst.text() == "192.168.195.58:32144"   ? probe::Side::caller
                          : s.dst.text() == "192.168.195.50:17718" ? probe::Side::callee
                                                                   : probe::Side::none;
        EXPECT_EQ(s.side, side) << s.dst.text();
    }
}

}  // namespace
}  // namespace voipprobe::test
