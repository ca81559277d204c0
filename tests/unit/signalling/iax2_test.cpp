// IAX2: frames, calls, media measured by their timestamps.
#include <gtest/gtest.h>

#include "probe/voip/iax2/iax2_frame.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/unit/probe/dialog_scene.hpp"
#include "tests/unit/probe/test_call.hpp"
#include "tests/unit/signalling/iax2_frames.hpp"

namespace voipprobe::test {
namespace {

using enum probe::CallEvent;

const Host kA{"192.0.2.10", 4569}, kB{"192.0.2.20", 4569};
constexpr int kNumberA = 7, kNumberB = 9;

TEST(Iax2Parser, ReadsFrames) {
    const Octets o = iax2::full(7, 9, 1234, 2, 0x82, hex({1, 2, 3}), true);
    const auto f = probe::parse_iax2_full(o);
    ASSERT_TRUE(f);
    EXPECT_EQ(f->source, 7);
    EXPECT_EQ(f->destination, 9);
    EXPECT_TRUE(f->repeated);
    EXPECT_EQ(f->timestamp, 1234U);
    EXPECT_EQ(f->type, probe::Iax2Type::voice);
    EXPECT_EQ(f->subclass, 4U);
    EXPECT_EQ(f->data.size(), 3U);
    EXPECT_TRUE(probe::looks_like_iax2_new(iax2::new_call(7)));
    EXPECT_FALSE(probe::looks_like_iax2_new(iax2::full(7, 0, 1, 6, 1, iax2::elements({{1, octets_of("2000")}}))));
    const Octets trunk = iax2::trunk(50, {{7, 60, Octets(160)}, {8, 70, Octets(20)}});
    auto t = probe::Iax2Trunk::open(trunk);
    ASSERT_TRUE(t);
    probe::Iax2Mini m;
    ASSERT_TRUE(t->next(m));
    EXPECT_EQ(m.source, 7);
    EXPECT_EQ(m.timestamp, 60);
    EXPECT_EQ(m.data.size(), 160U);
    ASSERT_TRUE(t->next(m));
    EXPECT_EQ(m.data.size(), 20U);
    EXPECT_FALSE(t->next(m));
}

struct Media {
    int packets = 100;
    int lost = -1;
    std::uint32_t first_ms = 100;
    int step = 20;
    bool trunk = false;
};

// Ann calls Bob; the scene's time of a packet is its timestamp and some jitter.
void play_call(Scene& s, const Media& media = {}, bool answered = true) {
    s.udp_octets(0, kA, kB, iax2::new_call(kNumberA));
    s.udp_octets(10, kB, kA, iax2::full(kNumberB, kNumberA, 8, 6, 7, iax2::elements({{9, iax2::word(4)}})));
    s.udp_octets(20, kA, kB, iax2::full(kNumberA, kNumberB, 8, 6, 4));
    s.udp_octets(50, kB, kA, iax2::full(kNumberB, kNumberA, 48, 4, 3));
    if (!answered) return;
    s.udp_octets(1000, kB, kA, iax2::full(kNumberB, kNumberA, 998, 4, 4));
    for (int i = 0; i < media.packets; ++i) {
        if (i == media.lost) continue;
        const std::uint32_t ms = media.first_ms + static_cast<std::uint32_t>(i * media.step);
        const Octets voice(160, static_cast<std::uint8_t>(i));
        const int at = 1100 + i * 20 + i * 7 % 5;
        if (i == 0) s.udp_octets(at, kA, kB, iax2::full(kNumberA, kNumberB, ms, 2, 4, voice));
        else if (media.trunk) s.udp_octets(at, kA, kB, iax2::trunk(ms, {{kNumberA, ms, voice}, {99, ms, voice}}));
        else s.udp_octets(at, kA, kB, iax2::mini(kNumberA, ms, voice));
        if (i == 0) s.udp_octets(at + 2, kB, kA, iax2::full(kNumberB, kNumberA, ms, 2, 4, voice));
        else s.udp_octets(at + 2, kB, kA, iax2::mini(kNumberB, ms, voice));
    }
    s.udp_octets(5000, kB, kA, iax2::full(kNumberB, kNumberA, 4998, 6, 5, iax2::elements({{42, hex({16})}})));
    s.udp_octets(5005, kA, kB, iax2::full(kNumberA, kNumberB, 4998, 6, 4));
}

TEST(Iax2Calls, ACallWithMedia) {
    Scene s;
    play_call(s, {.lost = 40});
    s.end();
    ASSERT_EQ(s.sink.calls.size(), 1U);
    const probe::Call& c = s.sink.calls[0];
    EXPECT_EQ(c.call_id, "7@192.0.2.10:4569");
    EXPECT_EQ(probe::signalling_name(c.signalling), "IAX2");
    EXPECT_EQ(c.caller.name_address, "\"Ann\" <1000>");
    EXPECT_EQ(c.callee.name_address, "<2000>");
    EXPECT_EQ(at_ms(c, invite), 0);
    EXPECT_EQ(at_ms(c, trying), 10);
    EXPECT_EQ(at_ms(c, ringing), 50);
    EXPECT_EQ(at_ms(c, ok), 1000);
    EXPECT_EQ(at_ms(c, bye), 5000);
    EXPECT_EQ(c.hangup_by, probe::Side::callee);
    EXPECT_EQ(c.reason_cause, 16U);
    EXPECT_EQ(c.codecs, "PCMU");
    ASSERT_EQ(s.sink.streams.size(), 2U);
    const SeenStream &to_b = s.stream(kNumberA), &to_a = s.stream(kNumberB);
    EXPECT_EQ(to_b.side, probe::Side::callee);
    EXPECT_EQ(to_a.side, probe::Side::caller);
    for (const SeenStream* m : {&to_a, &to_b}) {
        EXPECT_EQ(m->call_id, c.call_id);
        EXPECT_EQ(m->codec, "PCMU");
        EXPECT_EQ(m->packets, 99U);
        EXPECT_EQ(m->octets, 99U * 160);
        EXPECT_EQ(m->expected, 100U);
        EXPECT_EQ(m->lost, 1U);
        EXPECT_EQ(m->reordered, 0U);
    }
    expect_conserved(s.pipeline().counters());
    EXPECT_EQ(s.pipeline().media().open_streams(), 0U);
}

// The same packets as RTP give the same figures.
TEST(Iax2Calls, FiguresAreThoseOfRtp) {
    Scene iax, rtp;
    play_call(iax, {.lost = 40});
    for (int i = 0; i < 100; ++i) {
        if (i == 40) continue;
        Octets o = hex({0x80, 0});
        put16(o, static_cast<std::size_t>(i));
        put32(o, static_cast<std::size_t>(i) * 160);
        put32(o, 77);
        o.resize(172, 1);
        rtp.udp_octets(1100 + i * 20 + i * 7 % 5, {"192.0.2.10", 24000}, {"192.0.2.20", 25000}, o);
    }
    iax.end();
    rtp.end();
    const SeenStream &a = iax.stream(kNumberA), &b = rtp.stream(77);
    EXPECT_EQ(a.jitter.n, b.jitter.n);
    EXPECT_DOUBLE_EQ(a.jitter.mean, b.jitter.mean);
    EXPECT_DOUBLE_EQ(a.jitter.max, b.jitter.max);
    EXPECT_DOUBLE_EQ(a.jitter.last, b.jitter.last);
    EXPECT_EQ(a.max_gap_ms, b.max_gap_ms);
    EXPECT_EQ(a.expected, b.expected);
    EXPECT_EQ(a.lost, b.lost);
}

TEST(Iax2Calls, TimestampsWrapAndTrunksCarryMedia) {
    for (const bool trunk : {false, true}) {
        Scene s;
        play_call(s, {.first_ms = 65'000, .trunk = trunk});
        s.end();
        EXPECT_EQ(s.stream(kNumberA).expected, 100U);
        EXPECT_EQ(s.stream(kNumberA).lost, 0U);
        EXPECT_EQ(s.stream(kNumberB).lost, 0U);
        EXPECT_LT(s.stream(kNumberA).jitter.max, 5e6);
    }
}

// A sender that stamps packets when it gets round to sending: gaps and bursts are not loss.
TEST(Iax2Calls, OddTimestampsClaimNoLoss) {
    Scene s;
    play_call(s, {.packets = 2, .step = 27});
    for (int i = 0; i < 30; ++i) s.udp_octets(1600 + i, kA, kB, iax2::mini(kNumberA, static_cast<std::uint32_t>(600 + i), Octets(160)));
    s.end();
    EXPECT_EQ(s.stream(kNumberA).lost, 0U);
    EXPECT_EQ(s.stream(kNumberA).packets, 32U);
}

TEST(Iax2Calls, APauseIsNoLoss) {
    Scene s;
    play_call(s, {.packets = 20});
    s.udp_octets(1600, kA, kB, iax2::full(kNumberA, kNumberB, 560, 10, 0));  // comfort noise
    for (int i = 0; i < 20; ++i) s.udp_octets(1900 + i * 20, kA, kB, iax2::mini(kNumberA, static_cast<std::uint32_t>(900 + i * 20), Octets(160)));
    for (int i = 0; i < 20; ++i) s.udp_octets(4000 + i * 20, kA, kB, iax2::mini(kNumberA, static_cast<std::uint32_t>(3000 + i * 20), Octets(160)));
    s.end();
    EXPECT_EQ(s.stream(kNumberA).packets, 60U);
    EXPECT_EQ(s.stream(kNumberA).lost, 0U);
}

TEST(Iax2Calls, Unanswered) {
    const auto outcome = [](int type, int subclass, const Octets& data, bool by_caller) {
        Scene s;
        play_call(s, {}, false);
        if (by_caller) s.udp_octets(500, kA, kB, iax2::full(kNumberA, kNumberB, 498, type, subclass, data));
        else s.udp_octets(500, kB, kA, iax2::full(kNumberB, kNumberA, 498, type, subclass, data));
        s.end();
        return s.sink.calls.at(0);
    };
    const probe::Call cancelled = outcome(6, 5, {}, true), rejected = outcome(6, 6, iax2::elements({{42, hex({21})}}), false),
                      busy = outcome(4, 5, {}, false);
    EXPECT_EQ(probe::state_name(cancelled.state()), "CALL_CANCELED");
    EXPECT_EQ(cancelled.hangup_by, probe::Side::caller);
    EXPECT_EQ(probe::state_name(rejected.state()), "CALL_ERROR");
    EXPECT_EQ(rejected.reason_cause, 21U);
    EXPECT_EQ(busy.reason_cause, 17U);
    EXPECT_EQ(at_ms(busy, failure), 500);
}

class ReportSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind != templates::RecordKind::stream || !s.final || s.stream->ssrc != kNumberA) return;
        if (const auto* d = s.tracker->reported_detail(*s.stream)) detail = *d;
    }
    probe::ReportedDetail detail;
};

TEST(Iax2Calls, ReceiverReportsOfPong) {
    Scene s;
    play_call(s);
    s.udp_octets(4000, kB, kA, iax2::full(kNumberB, kNumberA, 3998, 6, 3,
                                          iax2::elements({{46, iax2::word(3)}, {47, iax2::word(0x05000005)}, {48, iax2::word(95)}})));
    ReportSink sink;
    probe::Pipeline pipeline({}, sink);
    s.replay(pipeline);
    EXPECT_EQ(sink.detail.loss_pct, 5.0F);
    EXPECT_EQ(sink.detail.jitter_ms, 3.0F);
}

// RFC 5456 §10: after the challenge only call numbers and timestamps can be read.
TEST(Iax2Calls, EncryptedFramesAreNotRead) {
    Scene s;
    s.udp_octets(0, kA, kB, iax2::new_call(kNumberA));
    s.udp_octets(10, kB, kA, iax2::full(kNumberB, kNumberA, 8, 6, 8, iax2::elements({{31, hex({0, 1})}})));
    s.udp_octets(20, kA, kB, iax2::full(kNumberA, kNumberB, 18, 6, 9));
    s.udp_octets(30, kB, kA, iax2::full(kNumberB, kNumberA, 28, 6, 5));  // by chance
    for (int i = 0; i < 20; ++i) s.udp_octets(100 + i * 20, kA, kB, iax2::mini(kNumberA, static_cast<std::uint32_t>(100 + i * 20), Octets(177)));
    s.end();
    EXPECT_EQ(probe::state_name(s.sink.calls.at(0).state()), "CALL_STARTED");
    EXPECT_EQ(s.stream(kNumberA).packets, 20U);
}

// RTP that happens to use IAX2's port stays RTP.
TEST(Iax2Calls, RtpOnTheSamePort) {
    Scene s;
    s.rtp(0, kA, kB, {.ssrc = 0x601, .packets = 50});
    s.rtp(5, {"192.0.2.10", 4569}, {"192.0.2.30", 30000}, {.ssrc = 0x12345678, .packets = 50});
    s.end();
    EXPECT_EQ(s.sink.calls.size(), 0U);
    EXPECT_EQ(s.stream(0x12345678).packets, 50U);
}

// What tshark 4.0 decodes: 50 frames, call numbers 4 and 23; NEW (frame 1) from 447782267949 to 442088205155, ACCEPT (3),
// ANSWER (5), 24 voice frames of number 4 as GSM and 18 of number 23 whose format is none, no hangup. Both stamp their packets
// at odd times, in bursts: no loss can be told.
TEST(Iax2Corpus, TheRealCall) {
    const auto folder = corpus();
    if (!folder) GTEST_SKIP() << "VOIPPROBE_CORPUS is not set";
    CollectingSink sink;
    ASSERT_EQ(run_file((*folder / "captures/ndpi-iax.pcap").string(), sink).error, "");
    ASSERT_EQ(sink.calls.size(), 1U);
    const probe::Call& c = sink.calls[0];
    EXPECT_EQ(c.caller.name_address, "<447782267949>");
    EXPECT_EQ(c.callee.name_address, "<442088205155>");
    const wire::TimeNs frame1 = c.at(invite);
    EXPECT_EQ((c.at(trying) - frame1) / 1000, 7270);  // frame 3
    EXPECT_EQ((c.at(ok) - frame1) / 1000, 31669);     // frame 5
    EXPECT_EQ(probe::state_name(c.state()), "CALL_IN_PROGRESS");
    ASSERT_EQ(sink.streams.size(), 2U);
    for (const SeenStream& s : sink.streams) {
        EXPECT_EQ(s.packets, s.ssrc == 4 ? 24U : 18U);
        EXPECT_EQ(s.codec, s.ssrc == 4 ? "GSM" : "");
        EXPECT_EQ(s.lost, 0U);
        EXPECT_EQ(s.side, s.ssrc == 4 ? probe::Side::callee : probe::Side::caller);
    }
}

}  // namespace
}  // namespace voipprobe::test
