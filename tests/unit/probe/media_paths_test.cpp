// Every way media takes to its call: SDP, NAT, ICE, SSRC, RTCP, BUNDLE, order; and what must not take it.
#include <gtest/gtest.h>

#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::Side;
using probe::StreamMatch;

namespace {

const Host kSipA{"192.0.2.10"}, kSipB{"192.0.2.20"}, kServer{"203.0.113.5"};
const Host kA{"192.0.2.10", 40000}, kB{"192.0.2.20", 50000};

// INVITE at `ms` and 200 at `ms`+100; the two descriptions are given.
void call(Scene& s, const std::string& id, const std::string& offer, const std::string& answer, int ms = 0,
          const Host& from = kSipA, const Host& to = kSipB) {
    s.sip(ms, from, to, {.line = "INVITE", .cseq = "1 INVITE", .from_tag = id + "a", .branch = id, .body = offer, .call_id = id});
    s.sip(ms + 100, to, from, {.line = "200", .cseq = "1 INVITE", .from_tag = id + "a", .to_tag = id + "b", .branch = id, .body = answer, .call_id = id});
    s.sip(ms + 110, from, to, {.line = "ACK", .cseq = "1 ACK", .from_tag = id + "a", .to_tag = id + "b", .branch = id + "k", .call_id = id});
}
void bye(Scene& s, const std::string& id, int ms) {
    s.sip(ms, kSipA, kSipB, {.line = "BYE", .cseq = "2 BYE", .from_tag = id + "a", .to_tag = id + "b", .branch = id + "y", .call_id = id});
}
void expect(const Scene& s, std::uint32_t ssrc, const std::string& id, Side hears, StreamMatch match) {
    const SeenStream& seen = s.stream(ssrc);
    EXPECT_EQ(seen.call_id, id) << ssrc;
    EXPECT_EQ(seen.side, hears) << ssrc;
    EXPECT_EQ(static_cast<int>(seen.match), static_cast<int>(match)) << ssrc;
}
Octets stun(const std::string& username) {
    Octets o = hex({0, 1});
    const std::size_t padded = (username.size() + 3) / 4 * 4;
    put16(o, 4 + padded);
    put32(o, 0x2112a442);
    o.resize(20, 7);
    put16(o, 6);
    put16(o, username.size());
    o = o + octets_of(username);
    o.resize(24 + padded);
    return o;
}
Octets report(std::uint32_t sender, std::uint32_t about) {
    Octets o = hex({0x81, 201});
    put16(o, 7);
    put32(o, sender);
    put32(o, about);
    put32(o, 5);
    for (int i = 0; i < 4; ++i) put32(o, i == 0 ? 120 : 0);
    return o;
}

// ---- NAT, ICE and order: each stream on its call, on the right side ------------------------------------------

TEST(MediaPaths, exactAddresses) {
    Scene s;
    call(s, "c", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    s.rtp(200, kA, kB, {.ssrc = 1}).rtp(200, kB, kA, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::sdp);
}

TEST(MediaPaths, privateAddressLatchedByTheServer) {
    Scene s;
    const Host nat{"198.51.100.9", 61000}, relay{"203.0.113.5", 30000};
    call(s, "c", audio_sdp("10.0.0.7", 4000), audio_sdp(relay.address, 30000), 0, {"198.51.100.9", 5070}, kServer);
    s.rtp(200, nat, relay, {.ssrc = 1}).rtp(250, relay, nat, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::nat);
}

TEST(MediaPaths, natThatKeepsThePort) {
    Scene s;  // both sides private, both seen from outside
    const Host natA{"198.51.100.9", 4000}, natB{"198.51.100.77", 5000};
    call(s, "c", audio_sdp("10.0.0.7", 4000), audio_sdp("10.1.0.8", 5000), 0, {"198.51.100.9", 5070}, {"198.51.100.77", 5080});
    s.rtp(200, natA, natB, {.ssrc = 1}).rtp(250, natB, natA, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::nat);
    expect(s, 2, "c", Side::caller, StreamMatch::nat);
}

TEST(MediaPaths, hostNameInSdp) {
    Scene s;
    std::string offer = "v=0\r\no=- 1 1 IN IP4 a.example\r\ns=-\r\nc=IN IP4 a.example.org\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";
    call(s, "c", offer, audio_sdp(kB.address, 50000));
    s.rtp(200, kA, kB, {.ssrc = 1}).rtp(200, kB, kA, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::nat);
}

TEST(MediaPaths, iceCandidates) {
    Scene s;
    const auto sdp = [](const std::string& host, int port, const std::string& srflx, int mapped) {
        return "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-ufrag:" + host.substr(host.size() - 4) + "\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=rtcp-mux\r\n"
               "a=candidate:1 1 udp 2122260223 " + host + " " + std::to_string(port) + " typ host\r\na=candidate:2 1 UDP 1686052607 " + srflx + " " +
               std::to_string(mapped) + " typ srflx raddr " + host + " rport " + std::to_string(port) + "\r\n"
               "a=candidate:3 1 tcp 1518280447 " + host + " 9 typ host tcptype active\r\na=candidate:4 1 udp 2 a1b2.local 5000 typ host\r\n";
    };
    call(s, "c", sdp("10.0.0.71", 4000, "198.51.100.9", 61000), sdp("10.1.0.82", 5000, "198.51.100.77", 62000));
    s.rtp(200, {"10.0.0.71", 4000}, {"198.51.100.77", 62000}, {.ssrc = 1}).rtp(250, {"198.51.100.77", 62000}, {"10.0.0.71", 4000}, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::ice);
    expect(s, 2, "c", Side::caller, StreamMatch::ice);
}

TEST(MediaPaths, iceRelayCandidate) {
    Scene s;
    const std::string cand = "a=candidate:5 1 udp 100 203.0.113.99 49200 typ relay raddr 10.0.0.7 rport 4000\r\n";
    call(s, "c", audio_sdp("10.0.0.7", 4000, cand), audio_sdp(kB.address, 50000));
    s.rtp(200, {"203.0.113.99", 49200}, kB, {.ssrc = 1}).rtp(250, kB, {"203.0.113.99", 49200}, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::ice);
}

TEST(MediaPaths, stunOnThePathNamesTheEnds) {
    Scene s;  // mDNS candidates only: no address in either SDP
    const auto sdp = [](const std::string& ufrag) {
        return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:" + ufrag +
               "\r\na=candidate:1 1 udp 2122260223 9f3c.local 51111 typ host\r\n";
    };
    call(s, "c", sdp("AAAA"), sdp("BBBB"));
    call(s, "other", sdp("CCCC"), sdp("DDDD"));
    const Host a{"10.5.5.5", 51111}, b{"10.6.6.6", 52222};
    s.udp_octets(150, b, a, stun("AAAA:BBBB")).rtp(200, a, b, {.ssrc = 1}).rtp(210, b, a, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::ice);
    expect(s, 2, "c", Side::caller, StreamMatch::ice);
}

TEST(MediaPaths, stunAfterTheMedia) {
    Scene s;
    const auto sdp = [](const std::string& ufrag) {
        return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:" + ufrag + "\r\n";
    };
    call(s, "c", sdp("AAAA"), sdp("BBBB"));
    const Host a{"10.5.5.5", 51111}, b{"10.6.6.6", 52222};
    s.rtp(200, a, b, {.ssrc = 1}).udp_octets(900, a, b, stun("BBBB:AAAA")).rtp(950, b, a, {.ssrc = 2, .packets = 10}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::ice);
    expect(s, 2, "c", Side::caller, StreamMatch::ice);
}

TEST(MediaPaths, aSharedPortIsToldApartByIceAndSsrc) {
    Scene s;  // one media server port for every call
    const Host server{"203.0.113.5", 10000};
    for (int i = 0; i < 3; ++i) {
        const std::string id = "c" + std::to_string(i);
        const std::string client = "10.0.0." + std::to_string(10 + i);
        const std::string ssrc = "a=ssrc:" + std::to_string(700 + i) + " cname:x\r\n";
        call(s, id, audio_sdp(client, 4000), audio_sdp(server.address, 10000, ssrc), i * 10);
    }
    for (int i = 0; i < 3; ++i) {  // behind NATs nobody described
        const Host nat{"198.51.100." + std::to_string(10 + i), 61000};
        s.rtp(300, server, nat, {.ssrc = static_cast<std::uint32_t>(700 + i)});
        s.rtp(310, {"10.0.0." + std::to_string(10 + i), 4000}, server, {.ssrc = static_cast<std::uint32_t>(800 + i)});
    }
    s.end();
    for (std::uint32_t i = 0; i < 3; ++i) {
        expect(s, 700 + i, "c" + std::to_string(i), Side::caller, StreamMatch::nat);
        expect(s, 800 + i, "c" + std::to_string(i), Side::callee, StreamMatch::sdp);
    }
}

TEST(MediaPaths, ssrcAttributeAlone) {
    Scene s;
    call(s, "c", audio_sdp("10.0.0.7", 4000, "a=ssrc:777 cname:a\r\n"), audio_sdp("10.1.0.8", 5000));
    s.rtp(200, {"198.51.100.1", 33333}, {"198.51.100.2", 44444}, {.ssrc = 777}).end();
    expect(s, 777, "c", Side::callee, StreamMatch::ssrc);
}

TEST(MediaPaths, reverseOfAFlowThatIsKnown) {
    Scene s;
    call(s, "c", audio_sdp("10.0.0.7", 4000, "a=ssrc:777 cname:a\r\n"), audio_sdp("10.1.0.8", 5000));
    const Host x{"198.51.100.1", 33333}, y{"198.51.100.2", 44444};
    s.rtp(200, x, y, {.ssrc = 777}).rtp(210, y, x, {.ssrc = 3}).end();
    expect(s, 3, "c", Side::caller, StreamMatch::reverse);
}

TEST(MediaPaths, mediaBeforeItsSdp) {
    Scene s;  // the RTP comes before the 200 that describes where it goes, and the capture has the INVITE last of all
    s.rtp(0, kA, kB, {.ssrc = 1, .packets = 100}).rtp(5, kB, kA, {.ssrc = 2, .packets = 100});
    call(s, "c", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000), 700);
    s.end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::sdp);
}

TEST(MediaPaths, anyOrderOfPacketsGivesTheSame) {
    for (int order = 0; order < 4; ++order) {
        Scene s;
        const Sip invite{.line = "INVITE", .cseq = "1 INVITE", .branch = "i", .body = audio_sdp(kA.address, 40000), .call_id = "c"};
        const Sip ok{.line = "200", .cseq = "1 INVITE", .to_tag = "b", .branch = "i", .body = audio_sdp(kB.address, 50000), .call_id = "c"};
        const bool media_first = (order & 1) != 0, split = (order & 2) != 0;
        if (media_first) s.rtp(200, kA, kB, {.ssrc = 1}).rtp(201, kB, kA, {.ssrc = 2});
        s.sip(0, kSipA, kSipB, invite);
        if (split) s.rtp(150, kA, kB, {.ssrc = 3, .packets = 20});
        s.sip(100, kSipB, kSipA, ok);
        if (!media_first) s.rtp(200, kA, kB, {.ssrc = 1}).rtp(201, kB, kA, {.ssrc = 2});
        s.play().end();
        expect(s, 1, "c", Side::callee, StreamMatch::sdp);
        expect(s, 2, "c", Side::caller, StreamMatch::sdp);
        if (split) expect(s, 3, "c", Side::callee, StreamMatch::sdp);
    }
}

TEST(MediaPaths, ipv6) {
    Scene s;
    const Host a{"2001:db8::10", 40000}, b{"2001:db8::20", 50000};
    call(s, "c", audio_sdp(a.address, 40000), audio_sdp(b.address, 50000), 0, {"2001:db8::10"}, {"2001:db8::20"});
    s.rtp(200, a, b, {.ssrc = 1}).rtp(200, b, a, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::sdp);
}

// ---- fights ----------------------------------------------------------------------------------------------------

TEST(MediaPaths, aThirdPartyCannotTakeRunningMedia) {
    Scene s;
    call(s, "victim", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    s.rtp(200, kA, kB, {.ssrc = 1, .packets = 200}).rtp(200, kB, kA, {.ssrc = 2, .packets = 200});
    call(s, "thief", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000), 1000, {"198.51.100.66"}, {"198.51.100.67"});
    s.rtp(4300, kA, kB, {.ssrc = 3}).rtp(4300, kB, kA, {.ssrc = 4});  // a new SSRC of the same call
    s.end();
    for (const std::uint32_t ssrc : {1U, 2U, 3U, 4U}) EXPECT_EQ(s.stream(ssrc).call_id, "victim") << ssrc;
}

TEST(MediaPaths, aThirdPartyCannotTakeMediaThatPauses) {
    Scene s;
    call(s, "victim", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    s.rtp(200, kA, kB, {.ssrc = 1, .packets = 50}).rtp(200, kB, kA, {.ssrc = 2, .packets = 50});
    for (int i = 0; i < 3; ++i)
        s.sip(5000 + i * 100, {"198.51.100.66"}, {"198.51.100.67"},
              {.line = "INVITE", .cseq = "1 INVITE", .body = audio_sdp(i % 2 == 0 ? kA.address : kB.address, i % 2 == 0 ? 40000 : 50000), .call_id = "thief" + std::to_string(i)});
    s.rtp(12000, kA, kB, {.ssrc = 1, .first_seq = 150, .first_ts = 90000}).rtp(12000, kB, kA, {.ssrc = 2, .first_seq = 150, .first_ts = 90000}).end();
    ASSERT_EQ(s.sink.streams.size(), 2U);
    for (const SeenStream& st : s.sink.streams) EXPECT_EQ(st.call_id, "victim");
}

TEST(MediaPaths, aSquatterWhoOnlyAskedGetsNothing) {
    Scene s;  // names the address before the call that has it, in an INVITE nobody answers
    s.sip(0, {"198.51.100.66"}, {"198.51.100.67"}, {.line = "INVITE", .cseq = "1 INVITE", .body = audio_sdp(kA.address, 40000), .call_id = "squatter"});
    call(s, "c", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000), 1000);
    s.rtp(1200, kA, kB, {.ssrc = 1}).rtp(1200, kB, kA, {.ssrc = 2}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::sdp);
    expect(s, 2, "c", Side::caller, StreamMatch::sdp);
}

TEST(MediaPaths, portsUsedAgainAfterAMissingBye) {
    Scene s;  // the same ports and SSRCs, as load generators have them
    call(s, "first", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    s.rtp(200, kA, kB, {.ssrc = 1}).rtp(200, kB, kA, {.ssrc = 2});
    call(s, "second", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000), 10000);
    s.rtp(10200, kA, kB, {.ssrc = 1, .first_seq = 9000}).rtp(10200, kB, kA, {.ssrc = 2, .first_seq = 9000});
    s.end();
    ASSERT_EQ(s.sink.streams.size(), 4U);
    int second = 0;
    for (const SeenStream& st : s.sink.streams) {
        second += st.call_id == "second" ? 1 : 0;
        EXPECT_EQ(st.packets, 50U);
    }
    EXPECT_EQ(second, 2);
}

TEST(MediaPaths, oneAddressTwoAnsweredDialogs) {
    Scene s;  // A holds two calls on one port; the far ends tell which is which
    const Host c{"192.0.2.30", 52000};
    call(s, "one", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    call(s, "two", audio_sdp(kA.address, 40000), audio_sdp(c.address, 52000), 500, kSipA, {"192.0.2.30"});
    s.rtp(700, kB, kA, {.ssrc = 1}).rtp(700, c, kA, {.ssrc = 2}).rtp(700, kA, kB, {.ssrc = 3}).rtp(700, kA, c, {.ssrc = 4}).end();
    EXPECT_EQ(s.stream(1).call_id, "one");
    EXPECT_EQ(s.stream(2).call_id, "two");
    EXPECT_EQ(s.stream(3).call_id, "one");
    EXPECT_EQ(s.stream(4).call_id, "two");
}

TEST(MediaPaths, theNextCallOnTheSamePort) {
    Scene s;
    call(s, "one", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    s.rtp(200, kA, kB, {.ssrc = 7});
    bye(s, "one", 1500);
    call(s, "two", audio_sdp(kA.address, 40000, "a=rtpmap:96 L16/16000\r\n", "96"), audio_sdp(kB.address, 50000, "a=rtpmap:96 L16/16000\r\n", "96"), 2000);
    s.rtp(2200, kA, kB, {.ssrc = 7, .type = 96, .ts_step = 320});
    bye(s, "two", 4000);
    s.end();
    ASSERT_EQ(s.sink.streams.size(), 2U);
    for (const SeenStream& st : s.sink.streams) EXPECT_EQ(st.clock, st.call_id == "one" ? 8000U : 16000U);
}

// ---- several lines, RTCP --------------------------------------------------------------------------------------

TEST(MediaPaths, audioAndVideoOnOnePort) {
    Scene s;
    const auto sdp = [](const Host& h) {
        const std::string p = std::to_string(h.port);
        return "v=0\r\no=- 1 1 IN IP4 " + h.address + "\r\ns=-\r\nc=IN IP4 " + h.address + "\r\nt=0 0\r\na=group:BUNDLE 0 1\r\nm=audio " + p +
               " UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=rtcp-mux\r\nm=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=bundle-only\r\na=rtpmap:96 VP8/90000\r\n";
    };
    call(s, "c", sdp(kA), sdp(kB));
    s.rtp(200, kA, kB, {.ssrc = 1, .type = 111, .ts_step = 960}).rtp(200, kA, kB, {.ssrc = 2, .type = 96, .ts_step = 1800}).end();
    EXPECT_EQ(s.stream(1).codec, "opus");
    EXPECT_EQ(s.stream(1).clock, 48000U);
    EXPECT_EQ(s.stream(2).codec, "VP8");
    EXPECT_EQ(s.stream(2).clock, 90000U);
    EXPECT_EQ(s.stream(2).media_kind, 2);
    EXPECT_EQ(s.stream(1).media_kind, 1);
}

TEST(MediaPaths, linesOfEveryKind) {
    Scene s;
    const std::string extra =
        "m=video 40002 RTP/AVP 34\r\nm=text 40004 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\nm=image 40006 udptl t38\r\nm=audio 0 RTP/AVP 8\r\nm=video 40010 RTP/AVP 31\r\nc=IN IP4 192.0.2.11\r\n";
    call(s, "c", audio_sdp(kA.address, 40000, extra), audio_sdp(kB.address, 50000));
    const auto to = [&](std::uint16_t port, std::uint32_t ssrc, int type) { s.rtp(200, {kB.address, 50002}, {kA.address, port}, {.ssrc = ssrc, .packets = 10, .type = type}); };
    to(40000, 1, 0);
    to(40002, 2, 34);
    to(40004, 3, 98);
    s.rtp(200, {kB.address, 50010}, {"192.0.2.11", 40010}, {.ssrc = 4, .packets = 10, .type = 31});
    s.end();
    for (const std::uint32_t ssrc : {1U, 2U, 3U, 4U}) expect(s, ssrc, "c", Side::caller, StreamMatch::sdp);
    EXPECT_EQ(s.stream(1).media_kind, 1);
    EXPECT_EQ(s.stream(2).media_kind, 2);
    EXPECT_EQ(s.stream(3).media_kind, 3);
    EXPECT_EQ(s.stream(4).media_kind, 2);
}

TEST(MediaPaths, rtcpOnPortsOfItsOwn) {
    Scene s;
    call(s, "c", audio_sdp(kA.address, 40000, "a=rtcp:47001 IN IP4 192.0.2.12\r\n"), audio_sdp(kB.address, 50000, "a=rtcp:57001\r\n"));
    s.rtp(200, kA, kB, {.ssrc = 1}).rtp(200, kB, kA, {.ssrc = 2});
    s.udp_octets(900, {kB.address, 57001}, {"192.0.2.12", 47001}, report(2, 1));
    s.udp_octets(910, {"192.0.2.12", 47001}, {kB.address, 57001}, report(1, 2)).end();
    EXPECT_EQ(s.stream(1).reports, 1U);
    EXPECT_EQ(s.stream(2).reports, 1U);
    EXPECT_EQ(s.pipeline().media().counters().rtcp_orphans, 0U);
}

// Both RTP streams run between addresses that no SDP names (a relay that only it and the phones know); RTCP does not.
TEST(MediaPaths, theSsrcOfRtcpNamesTheCall) {
    Scene s;
    const Host relay_a{"203.0.113.5", 30000}, relay_b{"203.0.113.6", 31000};
    call(s, "other", audio_sdp("192.0.2.77", 42000), audio_sdp("192.0.2.78", 52000));
    call(s, "c", audio_sdp(kA.address, 40000), audio_sdp(kB.address, 50000));
    s.udp_octets(150, {kA.address, 40001}, {kB.address, 50001}, report(1, 2));
    s.udp_octets(160, {kB.address, 50001}, {kA.address, 40001}, report(2, 1));
    s.rtp(200, relay_a, relay_b, {.ssrc = 1}).rtp(210, {"203.0.113.7", 9000}, {"203.0.113.8", 9002}, {.ssrc = 2});
    s.rtp(220, {"203.0.113.7", 9100}, {"203.0.113.8", 9102}, {.ssrc = 3}).end();
    expect(s, 1, "c", Side::callee, StreamMatch::ssrc);
    expect(s, 2, "c", Side::caller, StreamMatch::ssrc);
    EXPECT_EQ(s.stream(3).call_id, "");
}

TEST(MediaPaths, rtcpFromBehindANat) {
    Scene s;
    const Host nat{"198.51.100.9", 61000}, relay{"203.0.113.5", 30000};
    call(s, "c", audio_sdp("10.0.0.7", 4000), audio_sdp(relay.address, 30000), 0, {"198.51.100.9", 5070}, kServer);
    s.rtp(200, nat, relay, {.ssrc = 1}).rtp(250, relay, nat, {.ssrc = 2});
    s.udp_octets(900, {nat.address, 64444}, {relay.address, 30001}, report(1, 2));
    s.udp_octets(910, {relay.address, 30001}, {nat.address, 64444}, report(2, 1)).end();
    EXPECT_EQ(s.stream(1).reports, 1U);
    EXPECT_EQ(s.stream(2).reports, 1U);
}

}  // namespace
