#include <gtest/gtest.h>

#include "probe/voip/rtcp/report_times.hpp"
#include "probe/voip/rtcp/rtcp_parser.hpp"
#include "probe/voip/rtp/codec_mode.hpp"
#include "probe/voip/rtp/pending_clock.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

struct Heard : RtcpHandler {
    void sender_report(std::uint32_t sender, NtpMiddle ntp, std::uint32_t packets, std::uint32_t octets) override {
        text += "SR " + std::to_string(sender) + ' ' + std::to_string(ntp) + ' ' + std::to_string(packets) + ' ' +
                std::to_string(octets) + ';';
    }
    void report(std::uint32_t sender, const RtcpReport& r) override {
        text += "RB " + std::to_string(sender) + ' ' + std::to_string(r.ssrc) + ' ' + std::to_string(r.fraction_lost) + ' ' +
                std::to_string(r.lost) + ' ' + std::to_string(r.highest) + ' ' + std::to_string(r.jitter) + ' ' +
                std::to_string(r.last_sr) + ' ' + std::to_string(r.delay) + ';';
    }
    void receiver_time(std::uint32_t sender, NtpMiddle ntp) override {
        text += "RRTR " + std::to_string(sender) + ' ' + std::to_string(ntp) + ';';
    }
    void receiver_delay(std::uint32_t, std::uint32_t ssrc, NtpMiddle last, std::uint32_t delay) override {
        text += "DLRR " + std::to_string(ssrc) + ' ' + std::to_string(last) + ' ' + std::to_string(delay) + ';';
    }
    void voip_metrics(std::uint32_t, const RtcpVoipMetrics& m) override {
        text += "VOIP " + std::to_string(m.ssrc) + " R " + std::to_string(m.r_factor) + " LQ " + std::to_string(m.mos_lq) +
                " CQ " + std::to_string(m.mos_cq) + " rtd " + std::to_string(m.round_trip_ms) + ';';
    }
    void statistics(std::uint32_t, const RtcpStatistics& s) override {
        text += "STAT " + std::to_string(s.ssrc) + " lost " + std::to_string(s.lost) + " dup " + std::to_string(s.duplicates) +
                " jitter " + std::to_string(s.least_jitter) + ' ' + std::to_string(s.most_jitter) + ' ' +
                std::to_string(s.mean_jitter) + ' ' + std::to_string(s.deviation_jitter) + " ttl " + std::to_string(s.mean_ttl) + ';';
    }
    void run_lengths(std::uint32_t, const RtcpRunLengths& r) override {
        text += "RLE" + std::to_string(static_cast<int>(r.type)) + ' ' + std::to_string(r.ssrc) + ' ' + std::to_string(r.begin) +
                '-' + std::to_string(r.end) + " 0:" + std::to_string(r.zeros) + " 1:" + std::to_string(r.ones) + ';';
    }
    void receipt_times(std::uint32_t, const RtcpReceiptTimes& t) override {
        text += "TIMES " + std::to_string(t.ssrc) + ' ' + std::to_string(t.count) + ' ' + std::to_string(t.first) + ' ' +
                std::to_string(t.last) + ';';
    }
    void delay(std::uint32_t, const RtcpDelay& d) override {
        text += "DELAY " + std::to_string(d.mean_round_trip.value_or(0)) + ' ' + (d.most_round_trip ? "max" : "-") + ';';
    }
    void jitter_buffer(std::uint32_t, const RtcpJitterBuffer& b) override {
        text += "JB " + std::to_string(b.nominal.value_or(0)) + ' ' + std::to_string(b.maximum.value_or(0)) + (b.adaptive ? " adaptive;" : ";");
    }
    void discard_count(std::uint32_t, const RtcpDiscardCount& d) override {
        text += "DISCARD " + std::to_string(d.kind) + ' ' + std::to_string(d.packets.value_or(0)) + ';';
    }
    void extended_block(std::uint8_t type, bool understood) override {
        if (!understood) text += "BLOCK " + std::to_string(type) + " refused;";
    }
    void source(std::uint32_t ssrc, SdesItem item, std::string_view said) override {
        text += "SDES " + std::to_string(ssrc) + ' ' + std::to_string(static_cast<int>(item)) + " '" + std::string(said) + "';";
    }
    void bye(std::uint32_t ssrc) override { text += "BYE " + std::to_string(ssrc) + ';'; }
    std::string text;
};

struct Octets {
    std::vector<std::uint8_t> v;
    Octets& u32(std::uint32_t x) {
        for (int s = 24; s >= 0; s -= 8) v.push_back(static_cast<std::uint8_t>(x >> s));
        return *this;
    }
    Octets& text(std::string_view s) {
        v.insert(v.end(), s.begin(), s.end());
        return *this;
    }
};

std::string read(const Octets& o, std::size_t captured = 4096) {
    Heard h;
    const auto length = static_cast<std::uint32_t>(o.v.size());
    const bool ok = parse_rtcp(wire::Bytes(o.v).first(std::min(captured, o.v.size())), length, h);
    return ok ? h.text : "refused";
}

Octets compound() {
    Octets o;
    o.u32(0x81c8000c).u32(7).u32(0x11112222).u32(0x33334444).u32(800).u32(50).u32(8000);      // SR with a block
    o.u32(9).u32(0x40fffffe).u32(0x00010005).u32(16).u32(0x22223333).u32(65536);              // lost -2
    o.u32(0x81ca0002).u32(7).u32(0x01000000);                                                 // SDES
    return o;
}

TEST(RtcpParser, ASenderReportWithItsBlock) {
    EXPECT_EQ(read(compound()), "SR 7 572666675 50 8000;RB 7 9 64 -2 65541 16 572666675 65536;SDES 7 1 '';");
}

// RFC 3550 §6.5: two chunks, each padded to 32 bits by at least one null octet.
TEST(RtcpParser, SourceDescriptions) {
    Octets o;
    o.u32(0x82ca0009).u32(7).text(std::string_view("\x01\x05" "a@b.c" "\x06\x06" "phone2" "\x00", 16));  // ends on a boundary
    o.u32(8).text(std::string_view("\x01\x02" "x\x80" "\x08\x04\x01pvt" "\x00\x00", 12));
    EXPECT_EQ(read(o), "SDES 7 1 'a@b.c';SDES 7 6 'phone2';SDES 8 1 'x\x80';SDES 8 8 '\x01pvt';");
}

TEST(RtcpParser, SourceDescriptionsThatDoNotEnd) {
    const auto items = [](std::uint32_t count, std::string_view text) {
        Octets o;
        o.u32(0x80ca0000 | count << 24 | static_cast<std::uint32_t>(1 + text.size() / 4)).u32(7).text(text);
        return read(o);
    };
    EXPECT_EQ(items(1, "\x01\x02" "ab"), "SDES 7 1 'ab';") << "no null octet";
    EXPECT_EQ(items(1, "\x01\x03" "ab"), "") << "longer than the packet";
    EXPECT_EQ(items(1, std::string_view("\x01\x01" "a\x06", 4)), "SDES 7 1 'a';") << "a type without length";
    EXPECT_EQ(items(2, std::string_view("\x01\x01" "a\x00", 4)), "SDES 7 1 'a';") << "one chunk less than said";
    EXPECT_EQ(items(1, std::string_view("\x00\x00\x00\x00" "\x01\x01" "a\x00", 8)), "") << "a chunk more";
    EXPECT_EQ(items(0, std::string_view("\x01\x01" "a\x00", 4)), "");
}

TEST(RtcpParser, ASourceDescriptionCutByTheSnaplen) {
    Octets o;
    o.u32(0x81ca0004).u32(7).text(std::string_view("\x01\x05" "a@b.c" "\x06\x02" "xy" "\x00", 12));
    EXPECT_EQ(read(o), "SDES 7 1 'a@b.c';SDES 7 6 'xy';");
    EXPECT_EQ(read(o, 18), "SDES 7 1 'a@b.c';") << "the second ends beyond it";
    EXPECT_EQ(read(o, 16), "SDES 7 1 'a@b.c';");
    EXPECT_EQ(read(o, 14), "");
    EXPECT_EQ(read(o, 11), "");
}

TEST(RtcpParser, ByeAndWhatIsSkipped) {
    Octets o;
    o.u32(0x80c90001).u32(7);                                  // RR without blocks
    o.u32(0x80cc0002).u32(7).u32(0x6e616d65);                  // APP
    o.u32(0x82cb0002).u32(7).u32(8);                           // BYE of two
    EXPECT_EQ(read(o), "BYE 7;BYE 8;");
}

// RFC 3611 §4.7: octet 26 is MOS-LQ, octet 27 MOS-CQ (counted from the block's start).
TEST(RtcpParser, ExtendedReports) {
    Octets o;
    o.u32(0x80cf0011).u32(7);
    o.u32(0x04000002).u32(0xaaaa1234).u32(0x5678bbbb);         // RRTR
    o.u32(0x05000003).u32(9).u32(0x12345678).u32(0x8000);      // DLRR
    o.u32(0x07000008).u32(9).u32(0x01020304).u32(0).u32(0x00500010).u32(0).u32(0x5d7f2a29).u32(0).u32(0);
    EXPECT_EQ(read(o), "RRTR 7 305419896;DLRR 9 305419896 32768;VOIP 9 R 93 LQ 42 CQ 41 rtd 80;");
}

// Octets 22 to 27 of the block as on the wire: R 93, external R 127, LQ 4.2, CQ 4.1.
TEST(RtcpParser, MosOctetsAreInTheOrderOfRfc3611) {
    Octets o;
    o.u32(0x80cf000a).u32(7).u32(0x07000008).u32(9).u32(0).u32(0).u32(0).u32(0xec00ff10).u32(0x5d7f2a29).u32(0xd1000028).u32(0x007800c8);
    ASSERT_EQ(o.v[8 + 24], 93);
    ASSERT_EQ(o.v[8 + 26], 42);
    ASSERT_EQ(o.v[8 + 27], 41);
    struct : RtcpHandler {
        void voip_metrics(std::uint32_t, const RtcpVoipMetrics& got) override { m = got; }
        RtcpVoipMetrics m;
    } h;
    ASSERT_TRUE(parse_rtcp(o.v, static_cast<std::uint32_t>(o.v.size()), h));
    EXPECT_EQ(h.m.r_factor, 93);
    EXPECT_EQ(h.m.external_r_factor, 127);
    EXPECT_EQ(h.m.mos_lq, 42);
    EXPECT_EQ(h.m.mos_cq, 41);
    EXPECT_EQ(h.m.signal_dbm, -20);
    EXPECT_EQ(h.m.gmin, 16);
    EXPECT_EQ(h.m.receiver_config, 0xd1);
    EXPECT_EQ(h.m.buffer_nominal_ms, 40);
    EXPECT_EQ(h.m.buffer_maximum_ms, 120);
    EXPECT_EQ(h.m.buffer_absolute_ms, 200);
}

// RFC 3611 §4.1: numbers 100 to 147: a run of 20 received, 4 lost, a vector 101111111111110 of 15, and 9 of another.
TEST(RtcpParser, RunLengthBlocks) {
    Octets o;
    o.u32(0x80cf000c).u32(7);
    o.u32(0x01000004).u32(9).u32(0x00640094).u32(0x40140004).u32(0xdffeffc0);
    o.u32(0x02000003).u32(9).u32(0x00000003).u32(0x40030000);
    o.u32(0x19000001).u32(9);
    EXPECT_EQ(read(o), "RLE1 9 100-148 0:6 1:42;RLE2 9 0-3 0:0 1:3;BLOCK 25 refused;");
}

TEST(RtcpParser, FurtherExtendedBlocks) {
    Octets o;
    o.u32(0x80cf0023).u32(7);
    o.u32(0x03000004).u32(9).u32(0x00010003).u32(1000).u32(1160);
    o.u32(0x06e80009).u32(9).u32(0x00010064).u32(3).u32(1).u32(5).u32(90).u32(20).u32(8).u32(0x3c403e01);
    o.u32(0x10000006).u32(9).u32(0x2000).u32(0x1000).u32(0xffffffff).u32(0).u32(0);
    o.u32(0x17600003).u32(9).u32(0x00280078).u32(0x00500010);
    o.u32(0x18e00002).u32(9).u32(17);
    o.u32(0x20000001).u32(9);              // decodability (RFC 7380): recognised, not read
    o.u32(0xff000000);                     // not assigned
    o.u32(0x07000001).u32(9);              // too short for its type
    EXPECT_EQ(read(o), "TIMES 9 2 1000 1160;STAT 9 lost 3 dup 1 jitter 5 90 20 8 ttl 62;DELAY 8192 -;JB 40 120 adaptive;"
                       "DISCARD 2 17;BLOCK 255 refused;BLOCK 7 refused;");
}

// RFC 7002 §3.2, RFC 7005 §4.2: what an interval flag may not say, and a reserved discard type, is not believed.
TEST(RtcpParser, IntervalFlagsThatMayNotBeSentAreRefused) {
    const auto block = [](std::uint32_t head, int words) {
        Octets o;
        o.u32(0x80cf0000U | static_cast<std::uint32_t>(words + 2)).u32(7).u32(head).u32(9);
        for (int i = 1; i < words; ++i) o.u32(0x00280078);
        return read(o);
    };
    EXPECT_EQ(block(0x17600003, 3), "JB 40 120 adaptive;");
    EXPECT_EQ(block(0x17400003, 3), "JB 40 120;");
    for (const std::uint32_t flag : {0x00U, 0x80U, 0xc0U}) EXPECT_EQ(block(0x17000003 | flag << 16, 3), "BLOCK 23 refused;");
    EXPECT_EQ(block(0x18900002, 2), "DISCARD 1 2621560;");
    EXPECT_EQ(block(0x18e00002, 2), "DISCARD 2 2621560;");
    for (const std::uint32_t flag : {0x00U, 0x40U, 0xb0U}) EXPECT_EQ(block(0x18000002 | flag << 16, 2), "BLOCK 24 refused;");
}

TEST(RtcpParser, LengthsThatDoNotFitAreRefused) {
    Octets o = compound();
    o.v[3] = 13;
    EXPECT_EQ(read(o), "refused");
    o = compound();
    o.v.resize(o.v.size() - 1);
    EXPECT_EQ(read(o), "refused");
    o = compound();
    o.v[52] = 0x01;  // the second packet is not version 2: encrypted
    EXPECT_EQ(read(o), "refused");
    EXPECT_EQ(read(Octets{}), "");
}

TEST(RtcpParser, PacketsTooShortForTheirType) {
    Octets o;
    o.u32(0x81c80004).u32(7).u32(1).u32(2).u32(3);       // an SR without its counts
    EXPECT_EQ(read(o), "");
    o = {};
    o.u32(0x81c90003).u32(7).u32(9).u32(0);              // a report block of 8 octets
    EXPECT_EQ(read(o), "");
    o = {};
    o.u32(0x83cb0002).u32(7).u32(8);                     // BYE of three that names two
    EXPECT_EQ(read(o), "BYE 7;BYE 8;");
    o = {};
    o.u32(0x80c90000).u32(0x81cb0001).u32(7);            // RR without even an SSRC
    EXPECT_EQ(read(o), "BYE 7;");
    o = {};
    o.u32(0x80cf0004).u32(7).u32(0x04000001).u32(0).u32(0x06000000);
    EXPECT_EQ(read(o), "BLOCK 4 refused;BLOCK 6 refused;");
    o = {};
    o.u32(0x80cf0003).u32(7).u32(0x03000001).u32(9);
    EXPECT_EQ(read(o), "BLOCK 3 refused;");
}

// RFC 5725: as loss run lengths; a null chunk ends the list (RFC 3611 §4.1.3).
TEST(RtcpParser, PostRepairLossAndTheNullChunk) {
    Octets o;
    o.u32(0x80cf0005).u32(7).u32(0x0a000003).u32(9).u32(0x00000064).u32(0x00000003);
    o.v[3] = 5;
    EXPECT_EQ(read(o), "RLE10 9 0-100 0:0 1:0;");
}

// RFC 3550 §6.4.1: the last octet of the last packet says how much of it is padding.
TEST(RtcpParser, PaddingOfTheLastPacket) {
    Octets o;
    o.u32(0x80c90001).u32(7).u32(0xa2cb0003).u32(7).u32(8).u32(0x00000004);
    EXPECT_EQ(read(o), "BYE 7;BYE 8;");
    o.v.back() = 8;
    EXPECT_EQ(read(o), "BYE 7;") << "8 octets of padding";
    o.v.back() = 200;
    EXPECT_EQ(read(o), "") << "more than the packet has";
    o.v[9] = 0xc9;
    EXPECT_EQ(read(o, 16), "") << "cut before the padding: nothing is taken off";
}

TEST(RtcpParser, LengthsAndCuts) {
    Octets o;
    o.u32(0x80c90001).u32(7);
    Octets more = o;
    more.v.push_back(0x80);
    EXPECT_EQ(read(more), "refused") << "an octet behind";
    Heard h;
    EXPECT_FALSE(parse_rtcp(o.v, 7, h)) << "more was captured than there was";
    EXPECT_EQ(read(o, 3), "refused") << "too little to tell";
    EXPECT_EQ(read(o, 0), "refused");
}

TEST(RtcpParser, WhatTheSnaplenCutIsNotMissed) {
    EXPECT_EQ(read(compound(), 54), "SR 7 572666675 50 8000;RB 7 9 64 -2 65541 16 572666675 65536;");
    EXPECT_EQ(read(compound(), 40), "SR 7 572666675 50 8000;");
}

// SR at 100 ms; the receiver holds it 500 ms; its report passes at 680 ms: 80 ms between probe and receiver.
TEST(ReportTimes, RoundTripBetweenProbeAndReceiver) {
    ReportTimes t;
    t.remember(3, 7, 0x1234, {5, 50, 1}, 100 * wire::kMillisecond);
    const auto trip = t.round_trip(3, 7, 0x1234, 32768, 680 * wire::kMillisecond);
    ASSERT_TRUE(trip);
    EXPECT_EQ(trip->ns, 80 * wire::kMillisecond);
    EXPECT_EQ(trip->path.session, 5U);
    EXPECT_EQ(trip->path.direction, 1);
    const auto none = [&](std::uint32_t ends, std::uint32_t ssrc, std::uint32_t middle, std::uint32_t delay) {
        return !t.round_trip(ends, ssrc, middle, delay, 680 * wire::kMillisecond);
    };
    EXPECT_TRUE(none(4, 7, 0x1234, 32768)) << "other ends";
    EXPECT_TRUE(none(3, 8, 0x1234, 32768));
    EXPECT_TRUE(none(3, 7, 0x1234, 65536)) << "held longer than it took";
    EXPECT_TRUE(none(3, 7, 0, 0));
}

TEST(PendingClock, LearnsUsualRatesAndNothingElse) {
    const auto learned = [](double ticks_per_s, int packets, double jitter_ms) {
        SeriesPool pool(1 << 16);
        PendingPackets kept;
        for (int i = 0; i < packets; ++i)
            kept.add({wire::kSecond + static_cast<wire::TimeNs>((20 * i + (i % 3) * jitter_ms) * 1e6), i,
                      static_cast<std::uint32_t>(0xfffff000U + static_cast<std::uint32_t>(ticks_per_s * 0.02 * i))},
                     pool);
        const std::uint32_t rate = learn_clock_rate(kept, pool);
        kept.clear(pool);
        EXPECT_EQ(pool.in_use(), 0U);
        return rate;
    };
    EXPECT_EQ(learned(48000, 60, 2), 48000U);
    EXPECT_EQ(learned(8000, 60, 5), 8000U);
    EXPECT_EQ(learned(8000, 40, 0), 0U) << "less than a second";
    EXPECT_EQ(learned(9000, 60, 0), 0U);
    EXPECT_EQ(learned(0, 60, 0), 0U);
    EXPECT_EQ(learned(8000, 60, 300), 0U) << "too much jitter to tell";
}

TEST(CodecMode, AmrAndEvsByLengthOpusByItsFirstOctet) {
    const auto mode = [](ModeCodec c, std::vector<std::uint8_t> head, std::uint32_t length) { return codec_mode(c, head, length); };
    EXPECT_EQ(mode(ModeCodec::amr, {0xf0, 0x3c}, 33), 7);          // octet-aligned 12.2
    EXPECT_EQ(mode(ModeCodec::amr, {0xf3, 0xc0}, 32), 7);          // bandwidth-efficient 12.2
    EXPECT_EQ(mode(ModeCodec::amr, {0xf0, 0x44}, 7), std::nullopt);  // silence
    EXPECT_EQ(mode(ModeCodec::amr_wb, {0xf0, 0x14}, 34), 2);       // 12.65
    EXPECT_EQ(mode(ModeCodec::evs, {0x00}, 33), 4);                // compact 13.2
    EXPECT_EQ(mode(ModeCodec::evs, {0x00}, 61), 6);                // compact 24.4
    EXPECT_EQ(mode(ModeCodec::evs, {0x00}, 32), 34);               // compact AMR-WB IO 12.65
    EXPECT_EQ(mode(ModeCodec::evs, {0x04}, 34), 4);                // header-full 13.2
    EXPECT_EQ(mode(ModeCodec::evs, {0x83, 0x38}, 63), 40);         // CMR and header-full AMR-WB IO 23.85
    EXPECT_EQ(mode(ModeCodec::evs, {0x0c}, 7), std::nullopt);      // silence
    EXPECT_EQ(mode(ModeCodec::evs, {0x44}, 68), std::nullopt);     // two frames
    EXPECT_EQ(mode(ModeCodec::opus, {0x78}, 100), 4);              // hybrid FB
    EXPECT_EQ(mode(ModeCodec::opus, {0x08}, 40), 0);               // SILK NB
    EXPECT_EQ(mode(ModeCodec::opus, {0x08}, 1), std::nullopt);
    EXPECT_EQ(mode(ModeCodec::none, {0x08}, 100), std::nullopt);
}

}  // namespace
