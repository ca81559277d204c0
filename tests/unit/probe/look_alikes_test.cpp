// What looks like RTP or SIP and is not: no stream and no call may come of it. And RTP that nobody announced.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::StreamMatch;

namespace {

const Host kA{"192.0.2.10", 40000}, kB{"192.0.2.20", 50000};

Octets random_octets(std::mt19937& r, std::size_t n) {
    Octets o(n);
    for (auto& b : o) b = static_cast<std::uint8_t>(r());
    return o;
}

struct Protocol {
    const char* name;
    std::uint16_t client, server;
    Octets (*packet)(int i, std::mt19937& r, bool from_client);
    friend void PrintTo(const Protocol& p, std::ostream* o) { *o << p.name; }
};

// The first octet is 128..191 wherever the protocol allows it: the worst case for the test on version 2.
Octets dns(int, std::mt19937& r, bool client) {
    Octets o = random_octets(r, 12);
    o[0] = 0x80 | (o[0] & 0x3f);
    o[2] = client ? 0x01 : 0x81;
    o[3] = client ? 0x00 : 0x80;
    return o + octets_of("\3www\7example\3org") + random_octets(r, 30);
}
Octets quic_short(int, std::mt19937& r, bool) {  // header form 0, fixed bit 1: 0x40..0x7f; long: 0xc0..0xff
    Octets o = random_octets(r, 400);
    o[0] = 0x40 | (o[0] & 0x3f);
    return o;
}
Octets quic_greased(int, std::mt19937& r, bool) {  // RFC 9287: the fixed bit may be 0 too, first octet 128..191
    Octets o = random_octets(r, 400);
    o[0] = 0x80 | (o[0] & 0x3f);
    return o;
}
Octets dtls(int i, std::mt19937& r, bool) {
    Octets o = hex({i < 4 ? 22 : 23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, i & 0xff});
    put16(o, 100);
    return o + random_octets(r, 100);
}
Octets tftp(int i, std::mt19937& r, bool client) {
    Octets o = hex({0, client ? 4 : 3});
    put16(o, static_cast<std::size_t>(i));
    return client ? o : o + random_octets(r, 512);
}
Octets bacnet(int i, std::mt19937& r, bool) {  // BVLC: 0x81, function, length
    Octets o = hex({0x81, i % 2 == 0 ? 0x0a : 0x0b});
    put16(o, 24);
    return o + random_octets(r, 20);
}
Octets llmnr(int, std::mt19937& r, bool client) { return dns(0, r, client); }
Octets ssdp(int, std::mt19937&, bool client) {
    return octets_of(client ? "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 3\r\nST: ssdp:all\r\n\r\n"
                            : "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nST: upnp:rootdevice\r\n\r\n");
}
Octets stun_checks(int, std::mt19937& r, bool client) {
    Octets o = hex({client ? 0 : 1, 1, 0, 8});
    put32(o, 0x2112a442);
    return o + random_octets(r, 20);
}
Octets game_counter(int i, std::mt19937& r, bool) {  // a 16-bit counter up front, as Source engine and others have
    Octets o;
    put16(o, static_cast<std::size_t>(0x8000 + i));
    return o + random_octets(r, 80);
}
Octets game_states(int i, std::mt19937& r, bool) {  // constant type octets, a counter, random rest
    Octets o = hex({0x80, 0x61});
    put32(o, static_cast<std::size_t>(i));
    return o + random_octets(r, 60);
}
Octets wireguard(int i, std::mt19937& r, bool) {
    Octets o = hex({4, 0, 0, 0, 0xaa, 0xbb, 0xcc, 0xdd, i & 0xff, 0, 0, 0, 0, 0, 0, 0});
    return o + random_octets(r, 96);
}
Octets openvpn(int, std::mt19937& r, bool) {
    Octets o = random_octets(r, 120);
    o[0] = 0x80 | (o[0] & 0x3f);
    return o;
}
Octets ntp(int, std::mt19937& r, bool client) {
    Octets o = random_octets(r, 48);
    o[0] = client ? 0xa3 : 0xa4;  // leap 2, version 4: 128..191
    return o;
}
Octets rtsp(int, std::mt19937&, bool client) {
    return octets_of(client ? "OPTIONS rtsp://example.org/media RTSP/1.0\r\nCSeq: 1\r\n\r\n" : "RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n");
}
Octets http(int, std::mt19937&, bool client) {
    return octets_of(client ? "GET /SIP/2.0 HTTP/1.1\r\nHost: sip.example.org\r\n\r\n" : "HTTP/1.1 200 OK\r\nCall-ID: x\r\n\r\n");
}
Octets udptl(int i, std::mt19937& r, bool) {  // T.38: a sequence number, then the primary IFP packet; late in a long fax
    Octets o;
    put16(o, static_cast<std::size_t>(0x8000 + i));
    return o + random_octets(r, 40);
}
Octets syslog(int, std::mt19937&, bool) { return octets_of("<34>Oct 11 22:14:15 host su: 'su root' failed SIP/2.0"); }

const Protocol kProtocols[] = {
    {"dns", 34567, 53, dns}, {"dns_high_port", 34567, 5300, dns}, {"mdns", 5353, 5353, dns}, {"quic", 50123, 443, quic_short},
    {"quic_greased", 50123, 4433, quic_greased}, {"dtls", 41000, 41002, dtls}, {"tftp", 2070, 2071, tftp},
    {"bacnet", 47808, 47808, bacnet}, {"llmnr", 50555, 5355, llmnr}, {"ssdp", 50001, 1900, ssdp}, {"stun", 50002, 3478, stun_checks},
    {"game_counter", 27005, 27015, game_counter}, {"game_states", 7000, 7001, game_states}, {"wireguard", 51820, 51821, wireguard},
    {"openvpn", 1194, 1194, openvpn}, {"ntp", 123, 123, ntp}, {"ntp_high_port", 12300, 12301, ntp}, {"rtsp", 5540, 5541, rtsp},
    {"http", 8080, 8081, http}, {"udptl", 4000, 4002, udptl}, {"syslog", 5140, 5141, syslog},
};

class LookAlike : public testing::TestWithParam<Protocol> {};

TEST_P(LookAlike, givesNoStreamAndNoCall) {
    std::mt19937 random(42);
    Scene s;
    for (int flow = 0; flow < 50; ++flow)
        for (int i = 0; i < 200; ++i) {
            const bool client = i % 2 == 0;
            const Host a{"198.51.100." + std::to_string(1 + flow), GetParam().client}, b{"203.0.113.1", GetParam().server};
            s.udp_octets(flow + i * 20, client ? a : b, client ? b : a, GetParam().packet(i / 2, random, client));
        }
    s.end();
    EXPECT_TRUE(s.sink.streams.empty());
    EXPECT_TRUE(s.sink.calls.empty());
    EXPECT_EQ(s.pipeline().counters().sip_messages, 0U);
}

INSTANTIATE_TEST_SUITE_P(Protocols, LookAlike, testing::ValuesIn(kProtocols),
                         [](const auto& p) { return std::string(p.param.name); });

TEST(Unannounced, fiveConsistentPacketsAreBelieved) {
    Scene s;
    s.rtp(0, kA, kB, {.ssrc = 4, .packets = 4}).rtp(0, kA, {kB.address, 50002}, {.ssrc = 5, .packets = 5}).end();
    ASSERT_EQ(s.sink.streams.size(), 1U);
    EXPECT_EQ(s.stream(5).packets, 5U);
    EXPECT_EQ(s.stream(5).call_id, "");
}

TEST(Unannounced, dynamicTypeExtensionSourcesAndPadding) {
    Scene s;
    for (int i = 0; i < 50; ++i) {
        Octets o = hex({0xb2, 0x6f});  // padding, extension, two CSRCs, PT 111
        put16(o, static_cast<std::size_t>(65530 + i) & 0xffff);
        put32(o, static_cast<std::size_t>(i) * 960);
        put32(o, 77);
        put32(o, 1);
        put32(o, 2);
        o = o + hex({0xbe, 0xde, 0, 1, 0x10, 0xff, 0, 0});
        o.resize(120, 9);
        o = o + hex({0, 0, 0, 4});
        s.udp_octets(i * 20, kA, kB, o);
    }
    s.end();
    EXPECT_EQ(s.stream(77).packets, 50U);
    EXPECT_EQ(s.stream(77).lost, 0U);
}

TEST(Unannounced, stunAndDtlsFirst) {
    std::mt19937 random(1);
    Scene s;
    for (int i = 0; i < 20; ++i) s.udp_octets(i, kA, kB, stun_checks(i, random, i % 2 == 0)).udp_octets(i, kB, kA, dtls(i, random, false));
    s.rtp(100, kA, kB, {.ssrc = 9}).rtp(100, kB, kA, {.ssrc = 10}).end();
    EXPECT_EQ(s.stream(9).packets, 50U);
    EXPECT_EQ(s.stream(10).packets, 50U);
}

TEST(Unannounced, zrtpBetweenThePackets) {
    Scene s;
    Octets hello = hex({0x10, 0, 0, 1});
    put32(hello, 0x5a525450);  // "ZRTP"
    hello.resize(120, 3);
    for (int i = 0; i < 20; ++i) s.udp_octets(i * 50, kA, kB, hello);
    s.rtp(0, kA, kB, {.ssrc = 9}).end();
    EXPECT_EQ(s.stream(9).packets, 50U);
    EXPECT_EQ(s.sink.streams.size(), 1U);
}

// ---- media details within a call ------------------------------------------------------------------------------

void begin(Scene& s, const std::string& formats, const std::string& lines) {
    s.sip(0, {"192.0.2.10"}, {"192.0.2.20"}, {.line = "INVITE", .cseq = "1 INVITE", .branch = "i", .body = audio_sdp(kA.address, 40000, lines, formats)});
    s.sip(100, {"192.0.2.20"}, {"192.0.2.10"}, {.line = "200", .cseq = "1 INVITE", .to_tag = "b", .branch = "i", .body = audio_sdp(kB.address, 50000, lines, formats)});
}

TEST(MediaDetails, nothingButTelephoneEvents) {
    Scene s;
    begin(s, "0 101", "a=rtpmap:101 telephone-event/8000\r\n");
    for (int i = 0; i < 12; ++i) {
        Octets o = hex({0x80, i % 6 == 0 ? 0xe5 : 0x65});
        put16(o, static_cast<std::size_t>(i));
        put32(o, i < 6 ? 1000 : 9000);
        put32(o, 3);
        o = o + hex({i < 6 ? 1 : 2, i % 6 == 5 ? 0x8a : 0x0a, 0, 0xa0});
        s.udp_octets(200 + i * 20, kA, kB, o);
    }
    s.end();
    EXPECT_EQ(s.stream(3).packets, 12U);
    EXPECT_EQ(s.stream(3).dtmf_events, 2U);
    EXPECT_EQ(s.stream(3).call_id, "call@example.org");
    EXPECT_EQ(s.stream(3).jitter.n, 0U);
}

TEST(MediaDetails, comfortNoiseIsPartOfTheStream) {
    Scene s;
    begin(s, "0 13", "");
    s.rtp(200, kA, kB, {.ssrc = 3, .packets = 50});
    s.rtp(1400, kA, kB, {.ssrc = 3, .packets = 1, .type = 13, .first_seq = 150, .first_ts = 10600});
    s.rtp(1600, kA, kB, {.ssrc = 3, .packets = 20, .first_seq = 151, .first_ts = 12200}).end();
    ASSERT_EQ(s.sink.streams.size(), 1U);
    EXPECT_EQ(s.stream(3).packets, 71U);
    EXPECT_EQ(s.stream(3).lost, 0U);
    EXPECT_EQ(s.stream(3).codec, "PCMU");
}

TEST(MediaDetails, ssrcAndCodecChangeMidStream) {
    Scene s;
    begin(s, "0 8 96", "a=rtpmap:96 L16/16000\r\n");
    s.rtp(200, kA, kB, {.ssrc = 3, .packets = 30});
    s.rtp(800, kA, kB, {.ssrc = 3, .packets = 60, .type = 96, .first_seq = 130, .first_ts = 5800, .ts_step = 320});  // RFC 7160
    s.rtp(2000, kA, kB, {.ssrc = 4, .packets = 30, .type = 8});
    s.end();
    EXPECT_EQ(s.stream(3).codec, "L16");
    EXPECT_EQ(s.stream(3).clock, 16000U);
    EXPECT_LT(s.stream(3).jitter.max, 5e6) << "the change of the clock is no jitter";
    EXPECT_EQ(s.stream(4).codec, "PCMA");
    EXPECT_EQ(s.stream(4).call_id, "call@example.org");
}

TEST(MediaDetails, srtpHasHeaderFiguresAndTheCallIsMarked) {
    Scene s;
    const auto sdp = [](const Host& h) {
        std::string t = audio_sdp(h.address, h.port, "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA\r\n");
        t.replace(t.find("RTP/AVP"), 7, "RTP/SAVP");
        return t;
    };
    s.sip(0, {"192.0.2.10"}, {"192.0.2.20"}, {.line = "INVITE", .cseq = "1 INVITE", .branch = "i", .body = sdp(kA)});
    s.sip(100, {"192.0.2.20"}, {"192.0.2.10"}, {.line = "200", .cseq = "1 INVITE", .to_tag = "b", .branch = "i", .body = sdp(kB)});
    s.rtp(200, kA, kB, {.ssrc = 3}).end();
    EXPECT_EQ(s.stream(3).packets, 50U);
    EXPECT_GT(s.stream(3).jitter.n, 0U);
    EXPECT_NE(s.call().media_flags() & 4, 0);
}

// A call that goes on as T.38 on the same ports: the fax is not RTP, wherever its sequence numbers are.
TEST(MediaDetails, t38OnThePortsOfTheAudio) {
    Scene s;
    begin(s, "0", "");
    s.rtp(200, kA, kB, {.ssrc = 3}).rtp(200, kB, kA, {.ssrc = 4});
    const auto fax = [](const Host& h) {
        return "v=0\r\no=- 1 2 IN IP4 " + h.address + "\r\ns=-\r\nc=IN IP4 " + h.address + "\r\nt=0 0\r\nm=image " + std::to_string(h.port) + " udptl t38\r\n";
    };
    s.sip(2000, {"192.0.2.20"}, {"192.0.2.10"}, {.line = "INVITE", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r", .body = fax(kB)});
    s.sip(2100, {"192.0.2.10"}, {"192.0.2.20"}, {.line = "200", .cseq = "1 INVITE", .from_tag = "b", .to_tag = "a", .branch = "r", .body = fax(kA)});
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) s.udp_octets(2200 + i * 20, kA, kB, udptl(i - 150, random, false));
    s.end();
    EXPECT_EQ(s.sink.streams.size(), 2U);
    EXPECT_EQ(s.call().audio_of(probe::Side::caller)->endpoint.text(), "192.0.2.10:40000");
}

}  // namespace
