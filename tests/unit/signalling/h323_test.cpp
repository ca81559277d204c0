// H.323: PER, call signalling, H.245, RAS, calls.
#include <gtest/gtest.h>

#include "probe/voip/h323/h323_message.hpp"
#include "probe/voip/h323/per_reader.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/unit/probe/test_call.hpp"
#include "tests/unit/signalling/h323_messages.hpp"
#include "tests/unit/signalling/tcp_link.hpp"

namespace voipprobe::test {
namespace {

using enum probe::CallEvent;
using h323::At;

const Host kA{"192.0.2.10", 32803}, kB{"192.0.2.20", 1720};
const Host kMediaA{"192.0.2.10", 5000}, kMediaB{"192.0.2.20", 6000};
const At kAtA{"192.0.2.10", 5000}, kAtB{"192.0.2.20", 6000};

TEST(PerReader, NeverPassesItsEnd) {
    const Octets o = hex({0x81, 0x02});
    probe::PerReader in(o);
    EXPECT_EQ(in.bits(1), 1U);
    EXPECT_EQ(in.integer(0, 255), 2U) << "range 256 is aligned";
    EXPECT_FALSE(in.failed());
    EXPECT_EQ(in.bits(1), 0U);
    EXPECT_TRUE(in.failed());
    const Octets length = hex({0xc1, 0, 0});
    probe::PerReader fragmented(length);
    fragmented.length();
    EXPECT_TRUE(fragmented.failed()) << "fragments are not supported";
    const Octets wide = hex({0x40, 0x12, 0x34});
    probe::PerReader three(wide);
    EXPECT_EQ(three.integer(1, 192'400), 0x1234U + 1) << "2 octets of at most 3";
}

TEST(H323Parser, ReadsSetup) {
    const At h245{"192.0.2.10", 1503};
    const Octets o = h323::setup({h323::channel(1, nullptr, false), h323::channel(2, &kAtA, true)}, &h245);
    probe::Q931Message m;
    ASSERT_TRUE(probe::parse_q931(wire::Bytes(o).subspan(4), m));
    EXPECT_EQ(m.type, probe::Q931Type::setup);
    EXPECT_TRUE(m.from_originator && m.has_h225 && m.understood);
    EXPECT_EQ(m.call_reference, 42);
    EXPECT_EQ(m.called, "2000");
    EXPECT_EQ(m.source_aliases, (std::vector<std::string>{"Ann", "1000"}));
    EXPECT_EQ(m.destination_aliases, (std::vector<std::string>{"2000"}));
    EXPECT_EQ(m.h245_address.text(), "192.0.2.10:1503");
    EXPECT_TRUE(std::equal(m.call_identifier.begin(), m.call_identifier.end(), h323::kCall.begin()));
    ASSERT_EQ(m.fast_start.size(), 2U);
    EXPECT_EQ(m.fast_start[0].codec, "PCMA");
    EXPECT_EQ(m.fast_start[0].media.port, 0);
    EXPECT_FALSE(m.fast_start[0].reverse);
    EXPECT_EQ(m.fast_start[1].codec, "PCMA");
    EXPECT_EQ(m.fast_start[1].media.text(), "192.0.2.10:5000");
    EXPECT_TRUE(m.fast_start[1].reverse);
}

TEST(H323Parser, ReadsChannels) {
    probe::H245Message m;
    ASSERT_TRUE(probe::parse_h245(h323::open_channel(101), m));
    EXPECT_EQ(m.kind, probe::H245Kind::open);
    EXPECT_EQ(m.channel.number, 101);
    EXPECT_EQ(m.channel.session, 1);
    EXPECT_EQ(m.channel.codec, "PCMA");
    ASSERT_TRUE(probe::parse_h245(h323::open_ack(101, kAtB), m));
    EXPECT_EQ(m.kind, probe::H245Kind::open_ack);
    EXPECT_EQ(m.channel.number, 101);
    EXPECT_EQ(m.channel.media.text(), "192.0.2.20:6000");
}

// Every message cut anywhere is refused or read in part, never beyond.
TEST(H323Parser, CutMessages) {
    const At h245{"192.0.2.10", 1503};
    const Octets whole = h323::setup({h323::channel(2, &kAtA, true)}, &h245, {h323::open_channel(1)});
    for (std::size_t n = 4; n < whole.size(); ++n) {
        probe::Q931Message m;
        probe::parse_q931(wire::Bytes(whole).subspan(4, n - 4), m);
    }
    const Octets rrq = h323::registration_request(7, "1000");
    for (std::size_t n = 0; n < rrq.size() - 8; ++n) {
        probe::RasMessage m;
        EXPECT_FALSE(probe::parse_ras(wire::Bytes(rrq).first(n), m) && m.aliases.empty() && n < 20);
    }
}

void media(Scene& s) {
    s.rtp(1100, kMediaA, kMediaB, {.ssrc = 0xa, .packets = 50, .type = 8});
    s.rtp(1105, kMediaB, kMediaA, {.ssrc = 0xb, .packets = 50, .type = 8});
}

void expect_call(const Scene& s) {
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.sink.calls[0];
    EXPECT_EQ(c.call_id, "0102030405060708090a0b0c0d0e0f10");
    EXPECT_EQ(probe::signalling_name(c.signalling), "H323");
    EXPECT_EQ(c.caller.name_address, "\"Ann\" <1000>");
    EXPECT_EQ(c.callee.name_address, "<2000>");
    EXPECT_EQ(c.caller_hop.text(), "192.0.2.10:32803");
    EXPECT_EQ(c.callee_hop.text(), "192.0.2.20:1720");
    EXPECT_EQ(at_ms(c, invite), 0);
    EXPECT_EQ(at_ms(c, trying), 20);
    EXPECT_EQ(at_ms(c, ringing), 100);
    EXPECT_EQ(at_ms(c, ok), 1000);
    EXPECT_EQ(at_ms(c, bye), 4000);
    EXPECT_EQ(c.hangup_by, probe::Side::callee);
    EXPECT_EQ(c.reason_cause, 16U);
    EXPECT_EQ(c.codecs, "PCMA");
    EXPECT_EQ(s.stream(0xa).side, probe::Side::callee);
    EXPECT_EQ(s.stream(0xb).side, probe::Side::caller);
    EXPECT_EQ(s.stream(0xa).match, probe::StreamMatch::sdp);
    EXPECT_EQ(s.stream(0xb).call_id, c.call_id);
    expect_conserved(s.pipeline().counters());
}

const std::vector<TcpLink::Sizes> kSegments{{}, [](std::size_t) { return 4U; }, [](std::size_t n) { return n % 30 == 0 ? 5U : 1U; }, [](std::size_t) { return 37U; }};

TEST(H323Calls, FastStart) {
    for (const TcpLink::Sizes& sizes : kSegments) {
        Scene s;
        TcpLink link(s, kA, kB, sizes);
        link.connect(-10).up(0, h323::setup({h323::channel(1, nullptr, false), h323::channel(2, &kAtA, true)}, nullptr));
        link.down(20, h323::answer(2, 1, {}, nullptr)).down(100, h323::answer(1, 3, {}, nullptr));
        link.down(1000, h323::answer(7, 2, {h323::channel(1, &kAtB, false), h323::channel(2, nullptr, true)}, nullptr));
        link.down(4000, h323::release(false, 16));
        media(s);
        s.end();
        expect_call(s);
    }
}

TEST(H323Calls, SeparateH245) {
    for (const TcpLink::Sizes& sizes : kSegments) {
        Scene s;
        TcpLink link(s, kA, kB, sizes), control(s, {"192.0.2.10", 32804}, {"192.0.2.20", 1232}, sizes);
        const At h245{"192.0.2.20", 1232};
        link.connect(-10).up(0, h323::setup({}, nullptr));
        link.down(20, h323::answer(2, 1, {}, nullptr)).down(100, h323::answer(1, 3, {}, nullptr)).down(1000, h323::answer(7, 2, {}, &h245));
        control.connect(1010).up(1020, h323::tpkt(h323::open_channel(101))).down(1030, h323::tpkt(h323::open_channel(61)));
        control.up(1040, h323::tpkt(h323::open_ack(61, kAtA))).down(1050, h323::tpkt(h323::open_ack(101, kAtB)));
        link.down(4000, h323::release(false, 16));
        media(s);
        s.end();
        expect_call(s);
        EXPECT_EQ(s.pipeline().others().h323().counters().h245_messages, 4U);
    }
}

TEST(H323Calls, TunnelledH245) {
    Scene s;
    TcpLink link(s, kA, kB);
    link.connect(-10).up(0, h323::setup({}, nullptr, {h323::open_channel(101)}));
    link.down(20, h323::answer(2, 1, {}, nullptr, {h323::open_channel(61)}));
    link.down(100, h323::answer(1, 3, {}, nullptr)).down(1000, h323::answer(7, 2, {}, nullptr, {h323::open_ack(101, kAtB)}));
    link.up(1010, h323::setup({}, nullptr, {h323::open_ack(61, kAtA)}));  // carried by whatever message
    link.down(4000, h323::release(false, 16));
    media(s);
    s.end();
    expect_call(s);
}

// A gatekeeper that routes: the same call on two connections is one row, with the first times.
TEST(H323Calls, RoutedByAGatekeeper) {
    Scene s;
    TcpLink first(s, kA, {"192.0.2.1", 1720}), second(s, {"192.0.2.1", 40000}, kB);
    first.connect(-10).up(0, h323::setup({h323::channel(2, &kAtA, true)}, nullptr));
    second.connect(5).up(10, h323::setup({h323::channel(2, &kAtA, true)}, nullptr));
    second.down(100, h323::answer(1, 3, {}, nullptr));
    first.down(110, h323::answer(1, 3, {}, nullptr));
    second.down(1000, h323::answer(7, 2, {h323::channel(1, &kAtB, false)}, nullptr));
    first.down(1010, h323::answer(7, 2, {h323::channel(1, &kAtB, false)}, nullptr));
    first.up(4000, h323::release(true, 16));
    second.up(4010, h323::release(true, 16));
    media(s);
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.sink.calls[0];
    EXPECT_EQ(c.caller_hop.text(), "192.0.2.10:32803");
    EXPECT_EQ(at_ms(c, ringing), 100);
    EXPECT_EQ(at_ms(c, ok), 1000);
    EXPECT_EQ(c.hangup_by, probe::Side::caller);
    EXPECT_EQ(s.stream(0xb).side, probe::Side::caller);
}

TEST(H323Calls, RefusedAndCancelled) {
    const auto outcome = [](bool by_caller, int cause) {
        Scene s;
        TcpLink link(s, kA, kB);
        link.connect(-10).up(0, h323::setup({}, nullptr));
        if (by_caller) link.up(500, h323::release(true, cause));
        else link.down(500, h323::release(false, cause));
        s.end();
        return s.sink.calls.at(0);
    };
    const probe::Call busy = outcome(false, 17), cancelled = outcome(true, 16);
    EXPECT_EQ(probe::state_name(busy.state()), "CALL_ERROR");
    EXPECT_EQ(busy.reason_cause, 17U);
    EXPECT_EQ(at_ms(busy, failure), 500);
    EXPECT_EQ(probe::state_name(cancelled.state()), "CALL_CANCELED");
}

class RegisterSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind == templates::RecordKind::flow && s.registers != nullptr) seen.push_back(s.registers->user + " at " + s.registers->client.text());
    }
    std::vector<std::string> seen;
};

TEST(H323Calls, RegistrationOfRas) {
    Scene s;
    s.udp_octets(0, {"192.0.2.10", 1719}, {"192.0.2.1", 1719}, h323::registration_request(7, "1000"));
    s.udp_octets(10, {"192.0.2.1", 1719}, {"192.0.2.10", 1719}, h323::registration_confirm(7));
    RegisterSink sink;
    probe::Pipeline pipeline({}, sink);
    s.replay(pipeline);
    EXPECT_EQ(sink.seen, (std::vector<std::string>{"1000 at 192.0.2.10"}));
    EXPECT_EQ(pipeline.others().h323().counters().ras_messages, 2U);
}

// Other users of TPKT (RFC 1006): remote desktops, S7.
TEST(H323Calls, OtherTpktIsNone) {
    Scene s;
    TcpLink rdp(s, {"192.0.2.10", 40001}, {"192.0.2.20", 3389});
    rdp.connect(0).up(10, hex({3, 0, 0, 19, 14, 0xe0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0}));
    s.end();
    EXPECT_EQ(s.pipeline().others().streams().counters().opened, 0U);
    EXPECT_EQ(s.sink.calls.size(), 0U);
}

// What tshark 4.0 decodes: setups in frames 6, 47 and 65 (65: it stops within the element and calls it malformed), alerting 14 and
// 50, connect 18, releaseComplete 66; media in 41 (10.1.3.143:5000) and 42 (10.1.6.18:2006), G.711 A-law; RAS in 61 to 64, 71 to 75.
TEST(H323Corpus, TheRealCalls) {
    const auto folder = corpus();
    if (!folder) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    RegisterSink sink;
    auto source = probe::FileSource::open((*folder / "captures/ndpi-h323.pcap").string());
    ASSERT_TRUE(source);
    probe::Pipeline pipeline({}, sink);
    std::array<probe::RawPacket, 64> batch;
    while ((*source)->state() == probe::SourceState::more) pipeline.process(std::span(batch).first((*source)->read_batch(batch)));
    pipeline.finish();
    EXPECT_EQ(pipeline.others().h323().counters().not_understood, 0U);
    EXPECT_EQ(pipeline.others().h323().counters().q931_messages, 8U);
    ASSERT_EQ(sink.calls.size(), 3U);
    const auto of = [&](const char* caller) -> const probe::Call& {
        for (const probe::Call& c : sink.calls)
            if (c.caller_hop.address.text() == caller) return c;
        throw std::runtime_error(caller);
    };
    const probe::Call& first = of("10.1.3.143");
    EXPECT_EQ(first.call_id, "c0fef93ecd9ed6119ab2000476222017");
    EXPECT_EQ(first.caller.name_address, "<m.jemec>");
    EXPECT_EQ((first.at(trying) - first.at(invite)) / 1000, 222664);   // frame 10 - 6
    EXPECT_EQ((first.at(ringing) - first.at(invite)) / 1000, 400062);  // frame 14
    EXPECT_EQ((first.at(ok) - first.at(invite)) / 1000, 1027747);      // frame 18
    EXPECT_EQ(first.audio_of(probe::Side::caller)->endpoint.text(), "10.1.3.143:5000");
    EXPECT_EQ(first.audio_of(probe::Side::callee)->endpoint.text(), "10.1.6.18:2006");
    EXPECT_EQ(first.codecs, "PCMA");
    const probe::Call& second = of("192.168.0.208");
    EXPECT_EQ(second.caller.name_address, "\"ABILIS CPX 2000\" <17>");
    EXPECT_TRUE(second.has(ringing));
    const probe::Call& third = of("17.2.0.124");
    EXPECT_EQ(third.caller.name_address, "<5295672>");
    EXPECT_EQ(third.call_id, "004091fb7289f911802a050403020100");
    EXPECT_EQ(probe::state_name(third.state()), "CALL_ERROR");
    EXPECT_EQ(sink.seen.size(), 2U);
}

}  // namespace
}  // namespace voipprobe::test
