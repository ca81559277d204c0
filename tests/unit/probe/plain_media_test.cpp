// Media without an RTP header: T.38 over UDPTL, and applications' flows (docs/decisions/0004).
#include <gtest/gtest.h>

#include <random>

#include "probe/voip/udptl.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/unit/probe/dialog_steps.hpp"
#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::test {
namespace {

// A primary IFP packet of `octets`, and `earlier` ones.
Octets udptl(std::uint16_t sequence, std::size_t octets, std::size_t earlier = 1) {
    Octets o;
    put16(o, sequence);
    o.push_back(static_cast<std::uint8_t>(octets));
    o.resize(o.size() + octets, 0x5a);
    o = o + hex({0});
    o.push_back(static_cast<std::uint8_t>(earlier));
    for (std::size_t i = 0; i < earlier; ++i) o = o + hex({3, 1, 2, 3});
    return o;
}

TEST(Udptl, ReadsBothKindsOfRecovery) {
    const Octets earlier = udptl(0x8001, 40, 3);
    const auto p = probe::parse_udptl(earlier, 1000);
    EXPECT_TRUE(p) << "cut behind what is there";
    const auto whole = probe::parse_udptl(earlier, static_cast<std::uint32_t>(earlier.size()));
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->sequence, 0x8001);
    EXPECT_EQ(whole->primary_octets, 40);
    EXPECT_EQ(whole->recovery_fields, 3);
    EXPECT_FALSE(whole->fec);
    const Octets fec = hex({0, 7, 2, 0xaa, 0xbb, 0x80, 1, 3, 2, 2, 1, 2, 1, 9});
    const auto f = probe::parse_udptl(fec, static_cast<std::uint32_t>(fec.size()));
    ASSERT_TRUE(f);
    EXPECT_TRUE(f->fec);
    EXPECT_EQ(f->recovery_fields, 2);
    Octets large = hex({0, 7, 0x81, 0x00});  // 256 octets: a length of two octets
    large.resize(large.size() + 256, 1);
    large = large + hex({0, 0});
    EXPECT_TRUE(probe::parse_udptl(large, static_cast<std::uint32_t>(large.size())));
}

TEST(Udptl, NothingElsePasses) {
    const Octets good = udptl(5, 20, 2);
    for (std::size_t n = 0; n < good.size(); ++n) {
        EXPECT_FALSE(probe::parse_udptl(wire::Bytes(good).first(n), static_cast<std::uint32_t>(n)));
        Octets longer(good);
        longer.resize(good.size() + n + 1);
        EXPECT_FALSE(probe::parse_udptl(longer, static_cast<std::uint32_t>(longer.size())));
    }
    Octets rtp = hex({0x80, 0, 0, 5, 0, 0, 0, 160, 0, 0, 0, 9});
    rtp.resize(172);
    EXPECT_FALSE(probe::parse_udptl(rtp, 172));
}

std::string fax_sdp(const Host& h) {
    return "v=0\r\no=- 1 2 IN IP4 " + h.address + "\r\ns=-\r\nc=IN IP4 " + h.address + "\r\nt=0 0\r\nm=image " + std::to_string(h.port) + " udptl t38\r\n";
}

// Two seconds of audio, then a fax of `packets` (30 ms apart) from the caller, BYE behind it. On the ports of the audio.
void play_fax(Scene& s, int packets, const std::function<bool(int)>& lost = [](int) { return false; }) {
    answer(s);
    s.rtp(1000, kMediaA, kMediaB, {.ssrc = 0xa, .packets = 50}).rtp(1000, kMediaB, kMediaA, {.ssrc = 0xb, .packets = 50});
    s.sip(2000, kB, kA, {.line = "INVITE", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r", .body = fax_sdp(kMediaB)});
    s.sip(2100, kA, kB, {.line = "200", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r", .body = fax_sdp(kMediaA)});
    for (int i = 0; i < packets; ++i)
        if (!lost(i)) s.udp_octets(2200 + i * 30, kMediaA, kMediaB, udptl(static_cast<std::uint16_t>(i), 10 + static_cast<std::size_t>(i % 2) * 30));
    for (int i = 0; i < packets / 10; ++i) s.udp_octets(2210 + i * 300, kMediaB, kMediaA, udptl(static_cast<std::uint16_t>(i), 5));
    s.sip(2300 + packets * 30, kA, kB, bye("b")).sip(2310 + packets * 30, kB, kA, bye_ok("b"));
}

TEST(Fax, PacketsLossSizesAndGapsOfTheCall) {
    Scene s;
    play_fax(s, 200, [](int i) { return i == 20 || i == 21; });
    s.end();
    ASSERT_EQ(s.sink.streams.size(), 2U);
    ASSERT_EQ(s.sink.plain.size(), 2U);
    const SeenPlain& to_b = s.sink.plain[0].dst.text() == "192.0.2.20:50000" ? s.sink.plain[0] : s.sink.plain[1];
    EXPECT_EQ(to_b.call_id, "call@example.org");
    const probe::PlainStream& f = to_b.figures;
    EXPECT_TRUE(f.image);
    EXPECT_EQ(f.side, probe::Side::callee);
    EXPECT_EQ(f.match, probe::StreamMatch::sdp);
    EXPECT_EQ(f.packets, 198U);
    EXPECT_EQ(f.sequence.expected(), 200U);
    EXPECT_EQ(f.sequence.lost(), 2U);
    EXPECT_EQ(f.first_seq, 0);
    EXPECT_EQ(f.last_seq, 199);
    EXPECT_EQ(f.size_min, 3 + 10 + 2 + 4);
    EXPECT_EQ(f.size_max, 3 + 40 + 2 + 4);
    EXPECT_EQ(f.max_gap, 90 * wire::kMillisecond);
    EXPECT_NEAR(f.gaps.mean, 199.0 * 30e6 / 197, 1);
    EXPECT_NEAR(f.sizes.std_dev(), 15.04, 0.05);
    EXPECT_EQ(s.pipeline().plain().counters().image_packets, 198U + 20);
    EXPECT_NE(s.call().media_flags() & 16, 0);
    EXPECT_EQ(s.call().last_media, f.last_time);
    expect_conserved(s.pipeline().counters());
}

// Half an hour of fax: sequence numbers that look like RTP's version (0x8000 on), no RTP for longer than the 300 s after which a
// call whose BYE was missed ends.
TEST(Fax, ALongFaxKeepsItsCall) {
    Scene s;
    play_fax(s, 60'000);
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    EXPECT_TRUE(s.call().has(probe::CallEvent::bye));
    std::uint64_t packets = 0;
    for (const SeenPlain& p : s.sink.plain) packets += p.figures.packets;
    EXPECT_EQ(packets, 66'000U);
    EXPECT_EQ(s.sink.streams.size(), 2U);
    EXPECT_EQ(s.sink.plain.size(), 2U);
}

TEST(Fax, BehindANatAndOnPortsOfItsOwn) {
    Scene s;
    const Host outside{"203.0.113.7", 61000}, fax_b{"192.0.2.20", 50010};
    answer(s);
    s.sip(2000, kB, kA, {.line = "INVITE", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r", .body = fax_sdp(fax_b)});
    s.sip(2100, kA, kB, {.line = "200", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r", .body = fax_sdp({"10.0.0.5", 4000})});
    for (int i = 0; i < 50; ++i) {
        s.udp_octets(2200 + i * 30, outside, fax_b, udptl(static_cast<std::uint16_t>(i), 10));
        s.udp_octets(2210 + i * 30, fax_b, outside, udptl(static_cast<std::uint16_t>(i), 10));
        s.udp_octets(2205 + i * 30, {"198.51.100.1", 4000}, {"198.51.100.2", 4000}, udptl(static_cast<std::uint16_t>(i), 10));  // nobody's
    }
    s.sip(9000, kA, kB, bye("b"));
    s.end();
    ASSERT_EQ(s.sink.plain.size(), 2U);
    for (const SeenPlain& p : s.sink.plain) {
        EXPECT_EQ(p.call_id, "call@example.org");
        EXPECT_EQ(p.figures.packets, 50U);
        const bool to_b = p.dst.port == fax_b.port;
        EXPECT_EQ(p.figures.side, to_b ? probe::Side::callee : probe::Side::caller);
        EXPECT_EQ(p.figures.match, to_b ? probe::StreamMatch::sdp : probe::StreamMatch::nat);
    }
}

TEST(Fax, SnapshotsAndTheNextCallOnThePorts) {
    probe::PipelineConfig config;
    Scene s(config);
    s.sink.snapshots = true;
    play_fax(s, 100);
    Sip again = invite("j1");
    again.call_id = "second@example.org";
    const int at = 20'000;
    again.body = fax_sdp(kMediaA);
    Sip ok{.line = "200", .cseq = "1 INVITE", .to_tag = "c", .branch = "j1", .body = fax_sdp(kMediaB), .call_id = "second@example.org"};
    s.sip(at, kA, kB, again).sip(at + 100, kB, kA, ok);
    for (int i = 0; i < 30; ++i) s.udp_octets(at + 200 + i * 30, kMediaA, kMediaB, udptl(static_cast<std::uint16_t>(i), 10));
    s.end();
    std::uint64_t first = 0, second = 0;
    for (const SeenPlain& p : s.sink.plain) (p.call_id == "second@example.org" ? second : first) += p.figures.packets;
    EXPECT_EQ(first, 110U);
    EXPECT_EQ(second, 30U);
}

// ---- applications ----------------------------------------------------------------------------------------------

struct Desk {
    probe::FlowTable flows{1000, {}};
    probe::CallTable calls{10, {}};
    probe::MediaTable media{10, {}};
    std::vector<std::pair<probe::PlainStream, bool>> out;
    probe::PlainMedia plain{flows, calls, media, 120 * wire::kSecond,
                            [this](probe::PlainStream& s, bool final, wire::TimeNs) { out.emplace_back(s, final); }};

    void send(probe::FlowIndex flow, std::uint8_t direction, wire::TimeNs t, std::size_t octets, std::uint8_t first = 0xf0) {
        Octets o(octets, first);
        probe::PacketView p;
        p.time = t;
        p.payload = o;
        p.payload_length = static_cast<std::uint32_t>(octets);
        plain.on_packet(flow, direction, p);
    }
};

TEST(ApplicationMedia, RateAndNumberTellMediaFromControl) {
    struct Case {
        int packets;
        int gap_ms;
        bool media;
    };
    for (const Case& c : {Case{100, 20, false}, Case{101, 20, true}, Case{24, 180, false}, Case{26, 180, true}, Case{26, 250, false}}) {
        Desk d;
        d.plain.watch(1);
        for (int i = 0; i < c.packets; ++i) d.send(1, 0, i * c.gap_ms * wire::kMillisecond, 100);
        d.plain.settle(1, "SomeCall");
        d.plain.end(1, 0);
        EXPECT_EQ(!d.out.empty(), c.media) << c.packets << " packets, " << c.gap_ms << " ms";
        EXPECT_FALSE(d.plain.any());
    }
}

TEST(ApplicationMedia, BothDirectionsWithoutStun) {
    Desk d;
    d.plain.watch(1);
    Octets stun = hex({0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42});
    stun.resize(20);
    probe::PacketView p;
    p.payload = stun;
    p.payload_length = 20;
    d.plain.on_packet(1, 0, p);
    for (int i = 0; i < 200; ++i) {
        d.send(1, 0, wire::kSecond + i * 20 * wire::kMillisecond, 100 + static_cast<std::size_t>(i % 3) * 10);
        if (i % 4 == 0) d.send(1, 1, wire::kSecond + i * 20 * wire::kMillisecond, 60);
    }
    d.plain.settle(1, "SomeCall");
    d.plain.on_snapshot(1, 130 * wire::kSecond);
    d.plain.end(1, 131 * wire::kSecond);
    ASSERT_EQ(d.out.size(), 4U) << "a snapshot and the final record of each direction";
    EXPECT_FALSE(d.out[0].second);
    const probe::PlainStream& a = d.out[2].first;
    EXPECT_EQ(a.application, "SomeCall");
    EXPECT_EQ(a.packets, 200U);
    EXPECT_EQ(a.size_min, 100);
    EXPECT_EQ(a.size_max, 120);
    EXPECT_EQ(a.max_gap, 20 * wire::kMillisecond);
    EXPECT_EQ(a.gaps.std_dev(), 0);
    EXPECT_EQ(d.out[3].first.packets, 50U);
    EXPECT_EQ(d.plain.counters().application_packets, 250U);
}

TEST(ApplicationMedia, WhatIsNoCallersIsForgottenAndTheTableIsBounded) {
    Desk d;
    for (probe::FlowIndex f = 1; f <= probe::PlainMedia::kMostFlows + 3; ++f) d.plain.watch(f);
    EXPECT_EQ(d.plain.counters().full, 3U);
    for (int i = 0; i < 200; ++i) d.send(7, 0, i * 20 * wire::kMillisecond, 100);
    d.plain.settle(7, "");
    d.plain.end(7, 0);
    EXPECT_TRUE(d.out.empty());
    EXPECT_FALSE(d.plain.counts(7));
    d.plain.watch(70'000);
    EXPECT_TRUE(d.plain.counts(70'000)) << "there is room again";
    d.plain.leave(70'000);
    EXPECT_FALSE(d.plain.counts(70'000));
}

// TeamSpeak by its first octets, as nDPI knows it; on the same flow RTP would have been believed instead.
TEST(ApplicationMedia, ByTheNameThatNdpiGives) {
    if (!probe::Classifier::built_in()) GTEST_SKIP() << "built without nDPI";
    for (const bool dpi : {true, false}) {
        probe::PipelineConfig config;
        config.dpi = dpi;
        Scene s(config);
        const Host client{"192.0.2.10", 40000}, server{"203.0.113.9", 9987};
        std::mt19937 random(1);
        for (int i = 0; i < 300; ++i) {
            Octets o(100, 0x10);
            for (std::uint8_t& c : std::span(o).subspan(1)) c = static_cast<std::uint8_t>(random());
            if (i == 0) o = octets_of("TS3INIT1") + o;
            s.udp_octets(i * 20, client, server, o);
            s.udp_octets(i * 20 + 10, server, client, o);
        }
        s.end();
        EXPECT_TRUE(s.sink.streams.empty());
        ASSERT_EQ(s.sink.plain.size(), dpi ? 2U : 0U);
        for (const SeenPlain& p : s.sink.plain) {
            EXPECT_EQ(p.figures.application, "TeamSpeak");
            EXPECT_EQ(p.figures.packets, 300U);
            EXPECT_EQ(p.figures.side, probe::Side::none);
            EXPECT_TRUE(p.call_id.empty());
        }
        expect_conserved(s.pipeline().counters());
    }
}

// This Skype call is RTP, whatever its application: one stream, no second account of it.
TEST(ApplicationMediaCorpus, RtpStaysRtp) {
    const auto folder = corpus();
    if (!folder || !probe::Classifier::built_in()) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set, or built without nDPI";
    CollectingSink sink;
    probe::PipelineConfig config;
    config.dpi = true;
    ASSERT_EQ(run_file((*folder / "captures/ndpi-skype-conference-call.pcap").string(), sink, config).error, "");
    EXPECT_EQ(sink.streams.size(), 1U);
    EXPECT_TRUE(sink.plain.empty());
}

}  // namespace
}  // namespace voipprobe::test
