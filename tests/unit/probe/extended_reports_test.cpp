// What is made of XR blocks: figures of one compound, and through the pipeline beside our own.
#include "probe/voip/rtcp/compound_blocks.hpp"
#include "tests/unit/probe/value_sink.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::BlockFigures;
using probe::CompoundBlocks;
using probe::RtcpBursts;
using probe::RtcpBurstSummary;
using probe::RtcpDelay;
using probe::RtcpDiscardCount;
using probe::RtcpPeriod;
using probe::XrSpan;

namespace {

// Numbers 100 to 1099 so far, 900 to 1099 in the last interval.
RtcpPeriod thousand() { return {9, 100, 900, 1099, 0, 0}; }
RtcpDiscardCount discarded(std::uint8_t kind, std::optional<std::uint32_t> n, XrSpan span = XrSpan::cumulative) { return {9, span, kind, n}; }
RtcpBursts lost(std::uint32_t bad, std::uint32_t expected, XrSpan span = XrSpan::cumulative) {
    RtcpBursts b;
    b.ssrc = 9;
    b.span = span;
    b.bad = bad;
    b.expected = expected;
    return b;
}
RtcpBurstSummary rates(std::optional<std::uint16_t> burst, std::optional<std::uint16_t> gap, XrSpan span) {
    return {9, span, false, burst, gap, {}, {}};
}
BlockFigures only(const CompoundBlocks& c) {
    EXPECT_EQ(c.streams().size(), 1U);
    return figures_of(c.streams()[0]);
}

// RFC 7002 §3.2: the numbers of the Measurement Information Block are what the count is a share of.
TEST(CompoundBlocks, DiscardsAreAShareOfThePeriodsNumbers) {
    CompoundBlocks c;
    c.add(discarded(RtcpDiscardCount::kLate, 7));
    c.add(discarded(RtcpDiscardCount::kEarly, 3));
    c.add(discarded(RtcpDiscardCount::kDuplicate, 500));
    EXPECT_FALSE(only(c).discard_pct) << "of no period: void";
    EXPECT_EQ(c.streams()[0].relying, 3U);
    c.add(thousand());
    const BlockFigures f = only(c);
    ASSERT_TRUE(f.discard_pct);
    EXPECT_FLOAT_EQ(f.discard_pct->value, 1) << "10 of 1000; copies are no discards";
    EXPECT_FALSE(f.discard_pct->of_interval);
    EXPECT_FALSE(f.burst_density || f.gap_density || f.round_trip_ms || f.end_system_ms);
}

TEST(CompoundBlocks, TheWholeStreamComesBeforeTheInterval) {
    CompoundBlocks c;
    c.add(thousand());
    c.add(discarded(RtcpDiscardCount::kLate, 20, XrSpan::interval));
    ASSERT_TRUE(only(c).discard_pct);
    EXPECT_FLOAT_EQ(only(c).discard_pct->value, 10) << "20 of 200";
    EXPECT_TRUE(only(c).discard_pct->of_interval);
    c.add(discarded(RtcpDiscardCount::kLate, 30));
    EXPECT_FLOAT_EQ(only(c).discard_pct->value, 3);
    EXPECT_FALSE(only(c).discard_pct->of_interval);
}

TEST(CompoundBlocks, WhatIsNotKnownIsAbsent) {
    const auto with = [](const RtcpPeriod& p, std::initializer_list<RtcpDiscardCount> counts) {
        CompoundBlocks c;
        c.add(p);
        for (const RtcpDiscardCount& d : counts) c.add(d);
        return only(c).discard_pct;
    };
    EXPECT_FALSE(with(thousand(), {discarded(RtcpDiscardCount::kDuplicate, 4)})) << "copies say nothing of discards";
    EXPECT_FALSE(with(thousand(), {discarded(RtcpDiscardCount::kLate, 4), discarded(RtcpDiscardCount::kEarly, {})})) << "one part is not known";
    EXPECT_FALSE(with(thousand(), {discarded(RtcpDiscardCount::kLate, 1001)})) << "more than all";
    EXPECT_TRUE(with(thousand(), {discarded(RtcpDiscardCount::kLate, 1000)}));
    EXPECT_FALSE(with({9, 65000, 0, 10, 0, 0}, {discarded(RtcpDiscardCount::kLate, 1)})) << "its numbers run backwards";
    EXPECT_FLOAT_EQ(with({9, 65000, 0, 65999, 0, 0}, {discarded(RtcpDiscardCount::kLate, 1)})->value, 0.1F) << "over the wrap";
}

// RFC 6958 with RFC 7004 §3.1.2: 30 lost, 24 of them within bursts of 60 packets.
TEST(CompoundBlocks, DensitiesFromCounts) {
    CompoundBlocks c;
    c.add(lost(24, 60));
    c.add(thousand());
    EXPECT_FLOAT_EQ(only(c).burst_density.value().value, 0.4F);
    EXPECT_FALSE(only(c).gap_density) << "how many were lost is RTCP's to say";
    c.report(9, 30);
    EXPECT_FLOAT_EQ(only(c).gap_density.value().value, 6.0F / 940);
    c.report(9, 20);
    EXPECT_FALSE(only(c).gap_density) << "fewer than within bursts";
    c.report(9, -2);
    EXPECT_FALSE(only(c).gap_density);
}

TEST(CompoundBlocks, DensitiesOfACallWithoutBursts) {
    CompoundBlocks c;
    c.add(lost(0, 0));
    c.add(thousand());
    c.report(9, 5);
    EXPECT_EQ(only(c).burst_density.value().value, 0);
    EXPECT_FLOAT_EQ(only(c).gap_density.value().value, 0.005F);
}

TEST(CompoundBlocks, CountsThatContradictThemselvesAreAbsent) {
    CompoundBlocks c;
    c.add(lost(61, 60));
    c.add(thousand());
    c.report(9, 61);
    EXPECT_FALSE(only(c).burst_density);
    CompoundBlocks longer;
    longer.add(lost(24, 2000));
    longer.add(thousand());
    longer.report(9, 30);
    EXPECT_FLOAT_EQ(only(longer).burst_density.value().value, 0.012F);
    EXPECT_FALSE(only(longer).gap_density) << "more packets within bursts than in all";
}

// RFC 6958 §3.2, C: without the discards that it says go along, it is void.
TEST(CompoundBlocks, LossesThatNeedTheirDiscards) {
    CompoundBlocks c;
    RtcpBursts b = lost(24, 60);
    b.combined = true;
    c.add(b);
    c.add(thousand());
    EXPECT_FALSE(only(c).burst_density);
    b.of_discards = true;
    b.bad = 1;
    c.add(b);
    EXPECT_FLOAT_EQ(only(c).burst_density.value().value, 0.4F) << "losses alone";
}

TEST(CompoundBlocks, RatesOfTheSummary) {
    CompoundBlocks c;
    c.add(thousand());
    c.add(rates(0x2000, 0x0100, XrSpan::interval));
    EXPECT_FLOAT_EQ(only(c).burst_density.value().value, 0.25F);
    EXPECT_FLOAT_EQ(only(c).gap_density.value().value, 1.0F / 128);
    EXPECT_TRUE(only(c).gap_density->of_interval);
    c.add(rates({}, 0x0200, XrSpan::cumulative));
    EXPECT_TRUE(only(c).burst_density->of_interval) << "of the whole stream it is unavailable";
    EXPECT_FLOAT_EQ(only(c).gap_density.value().value, 1.0F / 64);
    EXPECT_FALSE(only(c).gap_density->of_interval);
    c.add(lost(30, 60));
    EXPECT_FLOAT_EQ(only(c).burst_density.value().value, 0.5F) << "counts say it finer";
    CompoundBlocks sampled;
    sampled.add(thousand());
    sampled.add(rates(0x2000, 0x0100, XrSpan::sampled));
    EXPECT_FALSE(only(sampled).burst_density || only(sampled).gap_density) << "an instant has no share";
}

TEST(CompoundBlocks, RoundTripAndDelayOfTheEnd) {
    CompoundBlocks c;
    RtcpDelay d;
    d.ssrc = 9;
    d.mean_round_trip = 0x2000;
    d.end_system = 0x20000000;
    c.add(d);
    EXPECT_FALSE(only(c).round_trip_ms) << "RFC 6843 §3: void without the period";
    c.add(thousand());
    EXPECT_FLOAT_EQ(only(c).round_trip_ms.value(), 125);
    EXPECT_FLOAT_EQ(only(c).end_system_ms.value(), 125);
}

TEST(CompoundBlocks, StreamsBeyondTheLimitAreCounted) {
    CompoundBlocks c;
    for (std::uint32_t ssrc = 1; ssrc <= 12; ++ssrc) c.report(ssrc, 0);
    EXPECT_EQ(c.streams().size(), CompoundBlocks::kMostStreams);
    EXPECT_EQ(c.beyond(), 0U) << "no block was lost";
    c.note(12);
    EXPECT_EQ(c.beyond(), 1U);
    c.note(8);
    EXPECT_EQ(c.beyond(), 1U);
}

TEST(CompoundBlocks, PartsThatAreUnavailable) {
    CompoundBlocks c;
    c.add(thousand());
    c.report(9, 30);
    RtcpBursts b = lost(1, 2);
    b.expected = std::nullopt;
    c.add(b);
    EXPECT_FALSE(only(c).burst_density || only(c).gap_density);
    b = lost(1, 2);
    b.bad = std::nullopt;
    c.add(b);
    EXPECT_FALSE(only(c).burst_density || only(c).gap_density);
    c.add(RtcpDelay{9, XrSpan::cumulative, {}, 5, 6, {}});
    EXPECT_FALSE(only(c).round_trip_ms || only(c).end_system_ms) << "least and most are no mean";
    CompoundBlocks backwards;
    backwards.add({9, 65000, 0, 10, 0, 0});
    backwards.add(lost(1, 2));
    backwards.report(9, 30);
    EXPECT_TRUE(only(backwards).burst_density);
    EXPECT_FALSE(only(backwards).gap_density) << "of how many?";
}

// Rates of discards are read; what they are a share of is not known here.
TEST(CompoundBlocks, RatesOfDiscardsAreNotRatesOfLosses) {
    CompoundBlocks c;
    c.add(thousand());
    c.add(RtcpBurstSummary{9, XrSpan::cumulative, true, 0x4000, 0x4000, {}, {}});
    EXPECT_FALSE(only(c).burst_density || only(c).gap_density || only(c).discard_pct);
}

TEST(CompoundBlocks, OfEachStreamFourScores) {
    CompoundBlocks c;
    for (std::uint8_t i = 0; i < 9; ++i) c.add(probe::RtcpMos{9, XrSpan::cumulative, i, 0, {}, 4.0F});
    ASSERT_EQ(c.streams()[0].scores.size(), 4U);
    EXPECT_EQ(c.streams()[0].scores[3].algorithm, 3);
}

TEST(CompoundBlocks, NothingIsKeptOfStreamsBeyondTheLimit) {
    CompoundBlocks c;
    for (std::uint32_t ssrc = 101; ssrc <= 108; ++ssrc) c.note(ssrc);
    c.add(lost(1, 2));
    c.add(rates(1, 1, XrSpan::cumulative));
    c.add(discarded(RtcpDiscardCount::kLate, 1));
    c.add(probe::RtcpMos{9, XrSpan::cumulative, 1, 0, {}, 4.0F});
    c.add(RtcpDelay{9, XrSpan::cumulative, 5, {}, {}, {}});
    c.add(thousand());
    EXPECT_EQ(c.beyond(), 5U);
    for (const probe::StreamBlocks& s : c.streams()) EXPECT_NE(s.ssrc, 9U);
}

// ---- through the pipeline ----

constexpr auto kMs = wire::kMillisecond;

// XR of the callee (SSRC 0x22222222) about what the caller sends (0x11111111).
struct Xr {
    Octets blocks;
    Xr& add(std::initializer_list<std::uint32_t> words) {
        for (const std::uint32_t w : words) put32(blocks, w);
        return *this;
    }
    // RFC 6776 §4.1: numbers 65500 to 65599 so far, the last 50 in this interval.
    Xr& period() { return add({0x0e000007, 0x11111111, 65500, 65550, 65599, 0x10000, 2, 0}); }
    Octets packet() const {
        Octets o = hex({0x80, 207});
        put16(o, blocks.size() / 4 + 1);
        put32(o, 0x22222222);
        return o + blocks;
    }
};

std::vector<TimedPacket> call_with(const std::vector<Octets>& reports, const std::string& attribute = "") {
    const CallEnds e;
    std::vector<TimedPacket> out;
    std::uint16_t id = 1;
    for (SipStep s : sip_steps(e)) {
        if (const std::size_t at = s.text.find("a=rtpmap"); at != std::string::npos && !s.from_caller) {
            const std::string old = "Content-Length: " + std::to_string(s.text.size() - s.text.find("v=0"));
            s.text.insert(at, attribute);
            s.text.replace(s.text.find(old), old.size(), "Content-Length: " + std::to_string(s.text.size() - s.text.find("v=0")));
        }
        const Octets datagram = udp(5060, 5060, octets_of(s.text));
        out.push_back({kCallStart + s.after, s.from_caller ? ip_packet(e.caller, e.callee, 17, datagram, {id}) : ip_packet(e.callee, e.caller, 17, datagram, {id})});
        ++id;
    }
    add_media(e, out);
    int n = 0;
    for (const Octets& r : reports)
        out.push_back({kCallStart + 1500 * kMs + 100 * kMs * n++, ip_packet(e.callee, e.caller, 17, udp(50001, 40001, r), {id++})});
    return out;
}

struct Outcome {
    ValueSink sink;
    probe::MediaCounters counters;
    std::optional<double> operator[](const char* element) const {
        const auto found = sink.values.find("286331153 " + std::string(element));
        return found == sink.values.end() ? std::nullopt : std::optional(found->second);
    }
};
Outcome outcome(const std::vector<Octets>& reports, const std::string& attribute = "") {
    Outcome o;
    run(call_with(reports, attribute), o.sink, {}, &o.counters);
    return o;
}

TEST(ExtendedReports, BlocksOfOneCompoundInAnyOrder) {
    const Outcome o = outcome({Xr()
                                   .add({0x18e00002, 0x11111111, 3})                    // 3 late
                                   .add({0x18d00002, 0x11111111, 2})                    // 2 early
                                   .add({0x10c00006, 0x11111111, 0x2000, 0x1000, 0x4000, 0, 0x40000000})
                                   .add({0x11c00003, 0x11111111, 0x40000080, 0xffffffff})
                                   .period()
                                   .packet()});
    EXPECT_NEAR(o["STREAM_REPORTED_DISCARD"].value(), 5, 1e-5) << "of 100";
    EXPECT_NEAR(o["STREAM_REPORTED_RTT"].value(), 125e6, 1);
    EXPECT_NEAR(o["STREAM_REPORTED_END_DELAY"].value(), 250e6, 1);
    EXPECT_NEAR(o["STREAM_REPORTED_BURST_DENSITY"].value(), 0.5, 1e-6);
    EXPECT_NEAR(o["STREAM_REPORTED_GAP_DENSITY"].value(), 1.0 / 256, 1e-6);
    EXPECT_EQ(o["STREAM_REPORTED_BY"], 2);
    EXPECT_FALSE(o["STREAM_RTT"]) << "never mixed into our figures";
    EXPECT_FALSE(o.sink.values.contains("572662306 STREAM_REPORTED_BY")) << "nobody spoke of the callee's stream";
    EXPECT_EQ(o.counters.rtcp.extended_blocks, 5U);
    EXPECT_EQ(o.counters.rtcp.blocks_without_period, 0U);
}

TEST(ExtendedReports, WithoutThePeriodTheyAreVoidAndCounted) {
    const Outcome o = outcome({Xr()
                                   .add({0x18e00002, 0x11111111, 3})
                                   .add({0x0f800004, 0x11111111, 0, 0, 0})
                                   .add({0x1cc00003, 0x11111111, 0, 0})
                                   .add({0x1ec00006, 0x11111111, 0, 0, 0, 0, 0})
                                   .add({0x1fc00004, 0x11111111, 0, 0, 0})
                                   .add({0x13000006, 0x11111111, 0, 0, 0, 0, 0})        // frames: needs none
                                   .packet(),
                               Xr().period().packet()});
    EXPECT_FALSE(o["STREAM_REPORTED_DISCARD"]);
    EXPECT_FALSE(o["STREAM_REPORTED_BY"]);
    EXPECT_EQ(o.counters.rtcp.extended_blocks, 7U);
    EXPECT_EQ(o.counters.rtcp.blocks_without_period, 5U);
}

TEST(ExtendedReports, AnIntervalDoesNotReplaceTheWholeStream) {
    const auto late = [](std::uint32_t flags, std::uint32_t n) { return Xr().period().add({0x18000002 | flags << 16, 0x11111111, n}).packet(); };
    constexpr std::uint32_t kInterval = 0xa0, kWhole = 0xe0;
    EXPECT_NEAR(outcome({late(kInterval, 1)})["STREAM_REPORTED_DISCARD"].value(), 2, 1e-5) << "1 of 50";
    EXPECT_NEAR(outcome({late(kInterval, 1), late(kInterval, 2)})["STREAM_REPORTED_DISCARD"].value(), 4, 1e-5) << "the last word";
    EXPECT_NEAR(outcome({late(kInterval, 1), late(kWhole, 7)})["STREAM_REPORTED_DISCARD"].value(), 7, 1e-5);
    EXPECT_NEAR(outcome({late(kWhole, 7), late(kInterval, 1)})["STREAM_REPORTED_DISCARD"].value(), 7, 1e-5);
    EXPECT_NEAR(outcome({late(kWhole, 7), late(kWhole, 8)})["STREAM_REPORTED_DISCARD"].value(), 8, 1e-5);
}

// RFC 3611 §4.7: its figures are the ones reported; 64 of 256 discarded, burst density 128, gap density 0.
TEST(ExtendedReports, VoipMetricsBesideTheOthers) {
    const auto metrics = [](Xr x) { return x.add({0x07000008, 0x11111111, 0x00408000, 0, 0, 0, 0x5d7f2a29, 0, 0}); };
    const Octets both = metrics(Xr().period().add({0x18e00002, 0x11111111, 3}).add({0x11c00003, 0x11111111, 0x20002000, 0})).packet();
    Outcome o = outcome({both});
    EXPECT_NEAR(o["STREAM_REPORTED_DISCARD"].value(), 25, 1e-5);
    EXPECT_NEAR(o["STREAM_REPORTED_BURST_DENSITY"].value(), 0.5, 1e-6);
    EXPECT_EQ(o["STREAM_REPORTED_GAP_DENSITY"], 0);
    o = outcome({both, Xr().period().add({0x18a00002, 0x11111111, 3}).packet()});
    EXPECT_NEAR(o["STREAM_REPORTED_DISCARD"].value(), 25, 1e-5) << "which was of the whole stream";
    o = outcome({both, Xr().period().add({0x18e00002, 0x11111111, 3}).packet()});
    EXPECT_NEAR(o["STREAM_REPORTED_DISCARD"].value(), 3, 1e-5) << "the last word";
}

// RFC 7266: CAID 1, payload type 0, 4.25; the same of the interval, 3.0.
TEST(ExtendedReports, ScoresAreWhatSdpSaysTheyAre) {
    const Octets whole = Xr().period().add({0x1dc00002, 0x11111111, 0x00800000 | 2176}).packet();
    const Octets last = Xr().period().add({0x1d800002, 0x11111111, 0x00800000 | 1536}).packet();
    Outcome o = outcome({whole}, "a=rtcp-xr:voip-metrics mos-metric=calg:2=P1202_1,calg:1=P564\r\n");
    EXPECT_NEAR(o["STREAM_REPORTED_MOS_LQ"].value(), 4.25, 1e-9);
    EXPECT_FALSE(o["STREAM_REPORTED_MOS_CQ"]);
    EXPECT_EQ(o.counters.rtcp.scores_of_unknown_algorithm, 0U);
    o = outcome({whole, last}, "a=calg:1/recvonly G107\r\n");
    EXPECT_NEAR(o["STREAM_REPORTED_MOS_CQ"].value(), 4.25, 1e-9) << "the interval does not replace it";
    EXPECT_FALSE(o["STREAM_REPORTED_MOS_LQ"]);
    o = outcome({last}, "a=calg:1 G107\r\n");
    EXPECT_NEAR(o["STREAM_REPORTED_MOS_CQ"].value(), 3, 1e-9);
    for (const char* other : {"", "a=rtcp-xr:mos-metric=calg:2=P564\r\n", "a=calg:1 TS101_329\r\n"}) {
        o = outcome({whole}, other);
        EXPECT_FALSE(o["STREAM_REPORTED_MOS_LQ"] || o["STREAM_REPORTED_MOS_CQ"]) << other;
        EXPECT_EQ(o.counters.rtcp.scores_of_unknown_algorithm, 1U) << other;
    }
}

TEST(ExtendedReports, ScoresThatAreNotOfTheStream) {
    const auto lq = [](std::uint32_t segment) {
        return outcome({Xr().period().add({0x1dc00002, 0x11111111, segment}).packet()}, "a=calg:1 P564\r\n")["STREAM_REPORTED_MOS_LQ"];
    };
    EXPECT_TRUE(lq(0x00800000 | 2560)) << "5.0";
    EXPECT_FALSE(lq(0x00800000 | 2561)) << "above the scale";
    EXPECT_FALSE(lq(0x00800000 | 511)) << "below it";
    EXPECT_FALSE(lq(0x00800000 | 0xffff)) << "unavailable";
    EXPECT_FALSE(lq(0x00880000 | 2176)) << "of payload type 8";
    EXPECT_FALSE(lq(0x80800000 | 272)) << "of one channel";
}

// ---- RTCP SDES ----

// The callee (SSRC 0x22222222) names itself and a stream that is not its own.
Octets named(const std::string& cname, const std::string& tool) {
    Octets items;
    const auto item = [&](int type, const std::string& text) {
        items.push_back(static_cast<std::uint8_t>(type));
        items.push_back(static_cast<std::uint8_t>(text.size()));
        items.insert(items.end(), text.begin(), text.end());
    };
    put32(items, 0x22222222);
    item(1, cname);
    item(7, "a note");
    item(6, tool);
    items.resize((items.size() / 4 + 1) * 4);
    put32(items, 0x11111111);
    item(1, "not mine");
    items.resize((items.size() / 4 + 1) * 4);
    Octets o = hex({0x80, 201, 0, 1});
    put32(o, 0x22222222);
    o = o + hex({0x82, 202});
    put16(o, items.size() / 4);
    return o + items;
}

TEST(SourceNames, OfTheStreamsThatTheirSenderSends) {
    probe::PipelineConfig config;
    config.media.source_names = true;
    ValueSink sink;
    probe::MediaCounters counters;
    run(call_with({named("old@b", "phone 1"), named("user@b", "")}), sink, config, &counters);
    EXPECT_EQ(sink.texts["572662306 STREAM_CNAME"], "user@b") << "the last word";
    EXPECT_FALSE(sink.texts.contains("572662306 STREAM_TOOL")) << "empty now";
    EXPECT_FALSE(sink.texts.contains("286331153 STREAM_CNAME")) << "the caller sends that one";
    EXPECT_EQ(counters.rtcp.source_descriptions, 2U);
    EXPECT_EQ(counters.rtcp.names_shortened, 0U);
    ValueSink off;
    run(call_with({named("user@b", "phone 1")}), off);
    EXPECT_FALSE(off.texts.contains("572662306 STREAM_CNAME")) << "no template names it";
}

TEST(SourceNames, LongOnesEndAtACharacterAndAreCounted) {
    probe::PipelineConfig config;
    config.media.source_names = true;
    ValueSink sink;
    probe::MediaCounters counters;
    run(call_with({named(std::string(63, 'x') + "\xc3\xa4@b", std::string(64, 't'))}), sink, config, &counters);
    EXPECT_EQ(sink.texts["572662306 STREAM_CNAME"], std::string(63, 'x'));
    EXPECT_EQ(sink.texts["572662306 STREAM_TOOL"], std::string(64, 't'));
    EXPECT_EQ(counters.rtcp.names_shortened, 1U);
}

}  // namespace
