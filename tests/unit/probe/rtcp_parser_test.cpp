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
    void bye(std::uint32_t ssrc) override { text += "BYE " + std::to_string(ssrc) + ';'; }
    std::string text;
};

struct Octets {
    std::vector<std::uint8_t> v;
    Octets& u32(std::uint32_t x) {
        for (int s = 24; s >= 0; s -= 8) v.push_back(static_cast<std::uint8_t>(x >> s));
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
    EXPECT_EQ(read(compound()), "SR 7 572666675 50 8000;RB 7 9 64 -2 65541 16 572666675 65536;");
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

TEST(RtcpParser, WhatTheSnaplenCutIsNotMissed) {
    EXPECT_EQ(read(compound(), 54), "SR 7 572666675 50 8000;RB 7 9 64 -2 65541 16 572666675 65536;");
    EXPECT_EQ(read(compound(), 40), "SR 7 572666675 50 8000;");
}

// SR at 100 ms; the receiver holds it 500 ms; its report passes at 680 ms: 80 ms between probe and receiver.
TEST(ReportTimes, RoundTripBetweenProbeAndReceiver) {
    ReportTimes t;
    t.remember(3, 0, 7, 0x1234, 100 * wire::kMillisecond);
    EXPECT_EQ(t.round_trip(3, 0, 7, 0x1234, 32768, 680 * wire::kMillisecond), 80 * wire::kMillisecond);
    EXPECT_EQ(t.round_trip(3, 1, 7, 0x1234, 32768, 680 * wire::kMillisecond), std::nullopt) << "the other direction";
    EXPECT_EQ(t.round_trip(3, 0, 8, 0x1234, 32768, 680 * wire::kMillisecond), std::nullopt);
    EXPECT_EQ(t.round_trip(3, 0, 7, 0x1234, 65536, 680 * wire::kMillisecond), std::nullopt) << "held longer than it took";
    EXPECT_EQ(t.round_trip(3, 0, 7, 0, 0, 680 * wire::kMillisecond), std::nullopt);
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

TEST(CodecMode, AmrByLengthAndOpusByItsFirstOctet) {
    const auto mode = [](ModeCodec c, std::vector<std::uint8_t> head, std::uint32_t length) { return codec_mode(c, head, length); };
    EXPECT_EQ(mode(ModeCodec::amr, {0xf0, 0x3c}, 33), 7);          // octet-aligned 12.2
    EXPECT_EQ(mode(ModeCodec::amr, {0xf3, 0xc0}, 32), 7);          // bandwidth-efficient 12.2
    EXPECT_EQ(mode(ModeCodec::amr, {0xf0, 0x44}, 7), std::nullopt);  // silence
    EXPECT_EQ(mode(ModeCodec::amr_wb, {0xf0, 0x14}, 34), 2);       // 12.65
    EXPECT_EQ(mode(ModeCodec::opus, {0x78}, 100), 4);              // hybrid FB
    EXPECT_EQ(mode(ModeCodec::opus, {0x08}, 40), 0);               // SILK NB
    EXPECT_EQ(mode(ModeCodec::opus, {0x08}, 1), std::nullopt);
    EXPECT_EQ(mode(ModeCodec::none, {0x08}, 100), std::nullopt);
}

}  // namespace
