// RED (RFC 2198) and forward error correction: measured as the media they carry, or apart from it.
#include <gtest/gtest.h>

#include "probe/voip/rtp/redundant_payload.hpp"
#include "tests/unit/probe/dialog_steps.hpp"

namespace voipprobe::test {
namespace {

Octets rtp_packet(int type, std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t ssrc, const Octets& payload) {
    Octets o = hex({0x80, type});
    put16(o, sequence);
    put32(o, timestamp);
    put32(o, ssrc);
    return o + payload;
}
// One earlier payload of 80 octets, then the primary one.
Octets red(int earlier_type, int primary_type, std::size_t primary_octets) {
    Octets o = hex({0x80 | earlier_type, 0x02, 0x80, 80, primary_type});
    o.resize(o.size() + 80 + primary_octets, 0x11);
    return o;
}

TEST(RedundantPayload, OpensTheBlocks) {
    const auto header = [](const Octets& o) { return *probe::parse_rtp(o, static_cast<std::uint32_t>(o.size())); };
    const Octets two = rtp_packet(121, 1, 2, 3, red(0, 8, 160));
    probe::RtpHeader h = header(two);
    ASSERT_TRUE(probe::open_red(two, h));
    EXPECT_EQ(h.payload_type, 8);
    EXPECT_EQ(h.header_octets, 12U + 5 + 80);
    EXPECT_EQ(h.payload_octets, 245U);
    const Octets one = rtp_packet(121, 1, 2, 3, hex({8, 1, 2, 3}));
    h = header(one);
    ASSERT_TRUE(probe::open_red(one, h));
    EXPECT_EQ(h.header_octets, 13U);
    for (const Octets& bad : {hex({0x80, 0, 3, 0xff, 8, 1}), hex({0x80, 0}), hex({0x80, 0, 0, 0})}) {
        const Octets packet = rtp_packet(121, 1, 2, 3, bad);
        h = header(packet);
        EXPECT_FALSE(probe::open_red(packet, h));
        EXPECT_EQ(h.payload_type, 121);
    }
}

void call_with(Scene& s, const std::string& formats, const std::string& lines) {
    s.sip(0, kA, kB, {.line = "INVITE", .cseq = "1 INVITE", .branch = "i", .body = audio_sdp("192.0.2.10", 40000, lines, formats)});
    s.sip(100, kB, kA, {.line = "200", .cseq = "1 INVITE", .to_tag = "b", .branch = "i", .body = audio_sdp("192.0.2.20", 50000, lines, formats)});
}

TEST(RedundantPayload, TheStreamIsThePrimaryCodecs) {
    Scene s;
    call_with(s, "121 8 101", "a=rtpmap:121 red/8000\r\na=fmtp:121 8/8\r\na=rtpmap:101 telephone-event/8000\r\n");
    for (int i = 0; i < 100; ++i) {
        if (i == 30) continue;  // lost; that a later packet has it again does not bring the packet back
        s.udp_octets(200 + i * 20, kMediaA, kMediaB, rtp_packet(121, static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i) * 160, 7, red(8, i == 60 ? 101 : 8, i == 60 ? 4 : 160)));
    }
    s.end();
    const SeenStream& m = s.stream(7);
    EXPECT_EQ(m.codec, "PCMA");
    EXPECT_EQ(m.clock, 8000U);
    EXPECT_EQ(m.packets, 99U);
    EXPECT_EQ(m.lost, 1U);
    EXPECT_LT(m.jitter.max, 1000) << "ns";
    EXPECT_EQ(m.dtmf_events, 1U);
    EXPECT_EQ(m.octets, 98U * 245 + 89);
    EXPECT_EQ(s.call().codecs, "PCMA");
}

// RFC 5109 within RED: the repair packets have numbers of the stream, and timestamps of when they were sent.
TEST(RedundantPayload, RepairPacketsDoNotDisturbJitterAndCodec) {
    Scene s;
    call_with(s, "121 8 122", "a=rtpmap:121 red/8000\r\na=rtpmap:122 ulpfec/8000\r\n");
    std::uint16_t sequence = 0;
    for (int i = 0; i < 100; ++i) {
        const auto at = static_cast<std::uint32_t>(i) * 160;
        s.udp_octets(200 + i * 20, kMediaA, kMediaB, rtp_packet(121, sequence++, at, 7, hex({8}) + Octets(160, 1)));
        if (i % 2 == 1) s.udp_octets(213 + i * 20, kMediaA, kMediaB, rtp_packet(121, sequence++, at + 900, 7, hex({122}) + Octets(40, 2)));
    }
    s.end();
    const SeenStream& m = s.stream(7);
    EXPECT_EQ(m.packets, 150U);
    EXPECT_EQ(m.lost, 0U);
    EXPECT_EQ(m.codec, "PCMA");
    EXPECT_LT(m.jitter.max, 1000) << "ns";
}

// FEC as a stream of its own (RFC 8627): nothing of it is in the media's figures, and it has no jitter to claim.
TEST(RedundantPayload, RepairStreamOfItsOwn) {
    Scene s;
    call_with(s, "8 123", "a=rtpmap:123 flexfec-03/8000\r\n");
    s.rtp(200, kMediaA, kMediaB, {.ssrc = 7, .type = 8});
    s.rtp(205, kMediaA, kMediaB, {.ssrc = 9, .packets = 20, .type = 123, .step_ms = 47});
    s.end();
    EXPECT_EQ(s.stream(7).codec, "PCMA");
    EXPECT_EQ(s.stream(7).lost, 0U);
    EXPECT_EQ(s.stream(9).codec, "flexfec-03");
    EXPECT_EQ(s.stream(9).packets, 20U);
    EXPECT_EQ(s.stream(9).jitter.n, 0U);
    EXPECT_EQ(s.call().codecs, "PCMA");
}

// Both media endpoints of two running calls are the same: the first one has the media, and the other does not claim silence.
TEST(SharedMedia, TheFirstCallHasItAndBothSaySo) {
    Scene s;
    const auto call = [&](const std::string& id, int at) {
        Sip i = invite(id), ok = reply("200", "b" + id, id, audio_sdp("192.0.2.20", 50000));
        i.call_id = ok.call_id = id;
        s.sip(at, kA, kB, i).sip(at + 50, kB, kA, ok);
        Sip y = bye("b" + id, "y" + id);
        y.call_id = id;
        s.sip(at + 5000, kA, kB, y);
    };
    call("one", 0);
    call("two", 400);
    call("later", 20'000);  // the ports again, one after the other: its own media
    s.rtp(500, kMediaA, kMediaB, {.ssrc = 7}).rtp(20'500, kMediaA, kMediaB, {.ssrc = 7, .first_seq = 9000});
    s.end();
    ASSERT_EQ(s.sink.streams.size(), 2U);
    EXPECT_EQ(s.sink.streams[0].call_id, "one");
    EXPECT_EQ(s.sink.streams[1].call_id, "later");
    EXPECT_NE(s.call("one").media_flags() & 32, 0);
    EXPECT_NE(s.call("two").media_flags() & 32, 0);
    EXPECT_EQ(s.call("later").media_flags() & 32, 0);
}

}  // namespace
}  // namespace voipprobe::test
