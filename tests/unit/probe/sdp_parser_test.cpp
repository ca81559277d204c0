#include <gtest/gtest.h>

#include "probe/voip/sdp/sdp.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

TEST(SdpParser, ReadsAnOffer) {
    Sdp s;
    ASSERT_TRUE(parse_sdp("v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                          "m=audio 49170 RTP/AVP 0 96 101\r\na=rtpmap:96 opus/48000/2\r\n"
                          "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendonly\r\na=rtcp:53020\r\n"
                          "m=video 0 RTP/SAVPF 97\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:97 VP8/90000\r\na=rtcp-mux\r\n"
                          "m=image 5000 udptl t38\r\n", s));
    ASSERT_EQ(s.media.size(), 3U);
    const SdpMedia& a = s.media[0];
    EXPECT_EQ(a.kind, MediaKind::audio);
    EXPECT_EQ(a.address.text(), "192.0.2.1");
    EXPECT_EQ(a.port, 49170);
    EXPECT_EQ(a.rtcp_port, 53020);
    EXPECT_EQ(a.ptime_ms, 20U);
    EXPECT_EQ(a.direction, MediaDirection::sendonly);
    ASSERT_EQ(a.formats.size(), 3U);
    EXPECT_EQ(a.formats[0].clock_rate, 0U) << "static type without rtpmap";
    EXPECT_EQ(a.formats[1].encoding, "opus");
    EXPECT_EQ(a.formats[1].clock_rate, 48000U);
    EXPECT_EQ(a.formats[1].channels, 2);
    EXPECT_EQ(s.media[1].address.text(), "2001:db8::1");
    EXPECT_TRUE(s.media[1].encrypted);
    EXPECT_TRUE(s.media[1].rtcp_mux);
    EXPECT_EQ(s.media[2].kind, MediaKind::image);
    EXPECT_FALSE(s.media[2].rtp);
    EXPECT_EQ(s.media[2].address.text(), "192.0.2.1");
}

// a=candidate (RFC 8839 §5.1): what is no address for RTP or RTCP over UDP is left out.
TEST(SdpParser, CandidatesThatAreNone) {
    const auto ports = [](const std::string& attributes) {
        Sdp s;
        EXPECT_TRUE(parse_sdp("v=0\nm=audio 1 RTP/AVP 0\n" + attributes, s));
        std::string out;
        for (const SdpCandidate& c : s.media[0].candidates) out += std::to_string(c.at.port) + ' ';
        return out;
    };
    EXPECT_EQ(ports("a=candidate:1 1 udp 9 192.0.2.1 5000 typ host\na=candidate:1 2 UDP 9 192.0.2.1 5001 typ host\n"), "5000 5001 ");
    for (const char* none : {"a=candidate:1 x udp 9 192.0.2.1 5000 typ host\n", "a=candidate:1 0 udp 9 192.0.2.1 5000 typ host\n",
                             "a=candidate:1 3 udp 9 192.0.2.1 5000 typ host\n", "a=candidate:1 1 tcp 9 192.0.2.1 5000 typ host\n",
                             "a=candidate:1 1 udp 9 x.local 5000 typ host\n", "a=candidate:1 1 udp 9 192.0.2.1 70000 typ host\n",
                             "a=candidate:1 1 udp 9 192.0.2.1 0 typ host\n", "a=candidate:1 1 udp 9 0.0.0.0 5000 typ host\n", "a=candidate:\n"})
        EXPECT_EQ(ports(none), "") << none;
}

TEST(SdpParser, SsrcsOnceEachAndOfTheBundle) {
    std::string lines = "v=0\na=group:BUNDLE a c\nm=audio 1 RTP/AVP 0\na=mid:b\na=fingerprint:sha-256 AB\n";
    for (int i = 0; i < 10; ++i) lines += "a=ssrc:" + std::to_string(i / 2 + 1) + " cname:x\n";
    for (int i = 100; i < 110; ++i) lines += "a=ssrc:" + std::to_string(i) + "\n";
    Sdp s;
    ASSERT_TRUE(parse_sdp(lines + "a=ssrc:x\nm=image 2 TCP t38\na=mid:c", s));
    ASSERT_EQ(s.media[0].ssrcs.size(), kMaxSsrcs);
    EXPECT_EQ(s.media[0].ssrcs[4], 5U);
    EXPECT_EQ(s.media[0].ssrcs[5], 100U);
    EXPECT_TRUE(s.media[0].encrypted) << "by the fingerprint of the line";
    EXPECT_FALSE(s.media[0].bundled);
    EXPECT_TRUE(s.media[1].bundled);
    EXPECT_FALSE(s.media[1].udptl) << "T.38 over TCP";
}

// RFC 7266 §4.1
TEST(SdpParser, WhatScoresOfExtendedReportsAre) {
    const auto scores = [](const std::string& attributes) {
        Sdp s;
        EXPECT_TRUE(parse_sdp("v=0\nm=audio 1 RTP/AVP 0\n" + attributes, s));
        std::string out;
        for (const SdpScore& score : s.media[0].scores) out += std::to_string(score.id) + (score.sense == ScoreSense::listening ? "L" : "C");
        return out;
    };
    EXPECT_EQ(scores("a=rtcp-xr:mos-metric=calg:1=G107,calg:2=P1202_1\n"), "1C") << "the second is of video";
    EXPECT_EQ(scores("a=rtcp-xr:rcvr-rtt=all mos-metric=calg:3/sendonly=p564 mosref=l, calg:255=P.862.2\n"), "3L255L");
    EXPECT_EQ(scores("a=calg:7 P863\na=calg:8/recvonly G107_1 mosref=m\n"), "7L8C");
    EXPECT_EQ(scores("a=calg:1 P862\na=calg:2 P862_2\na=calg:3 P.863\na=calg:4 P564\na=calg:5 G107\n"), "1L2L3L4L") << "four are kept";
    for (const char* none : {"a=calg:0 P564\n", "a=calg:256 P564\n", "a=calg:x P564\n", "a=calg:1\n", "a=calg:1 JJ201_1\n", "a=calg\n",
                             "a=rtcp-xr:mos-metric\n", "a=rtcp-xr:mos-metric=\n", "a=rtcp-xr:mos-metric=1=G107,calg:\n", "a=rtcp-xr\n"})
        EXPECT_EQ(scores(none), "") << none;
    Sdp session;
    EXPECT_TRUE(parse_sdp("v=0\na=calg:1 P564\nm=audio 1 RTP/AVP 0\n", session));
    EXPECT_TRUE(session.media[0].scores.empty()) << "per media line only";
}

TEST(SdpParser, SessionDirectionAndFingerprintApplyToAllMedia) {
    Sdp s;
    ASSERT_TRUE(parse_sdp("v=0\na=inactive\na=fingerprint:sha-256 AB\nm=audio 1 RTP/AVP 0\nm=audio 2 RTP/AVP 0\na=sendrecv\n", s));
    EXPECT_EQ(s.media[0].direction, MediaDirection::inactive);
    EXPECT_EQ(s.media[1].direction, MediaDirection::sendrecv);
    EXPECT_TRUE(s.media[0].encrypted);
}

TEST(SdpParser, SurvivesNonsense) {
    Sdp s;
    EXPECT_FALSE(parse_sdp("", s));
    EXPECT_FALSE(parse_sdp("m=audio", s));
    Sdp host;
    EXPECT_TRUE(parse_sdp("v=0\nc=IN IP4 media.example.org\nm=audio 70000 RTP/AVP 4294967296 -1 0\na=rtpmap:0 x/0\na=rtpmap:\n", host));
    EXPECT_TRUE(host.media[0].address.is_none()) << "a host name is no address";
    EXPECT_EQ(host.media[0].port, 0);
    ASSERT_EQ(host.media[0].formats.size(), 1U);
    EXPECT_EQ(host.media[0].formats[0].clock_rate, 0U);
}

TEST(SdpParser, KeepsItsLimits) {
    std::string text = "v=0\n";
    for (int i = 0; i < 10'000; ++i) text += "m=audio 1 RTP/AVP 0\n";
    Sdp s;
    EXPECT_TRUE(parse_sdp(text, s));
    EXPECT_EQ(s.media.size(), kMaxMedia);
    EXPECT_TRUE(s.over_limits);
    std::string many = "v=0\nm=audio 1 RTP/AVP";
    for (int i = 0; i < 255; ++i) many += " 96";
    Sdp f;
    EXPECT_TRUE(parse_sdp(many + "\n", f));
    EXPECT_EQ(f.media[0].formats.size(), kMaxFormats);
}

TEST(SdpParser, LinesOfMediaThatIsNotKeptAreNobodysElse) {
    std::string text = "v=0\nc=IN IP4 192.0.2.1\n";
    for (std::size_t i = 0; i < kMaxMedia; ++i) text += "m=audio 4000 RTP/AVP 0\n";
    text += "m=audio 5000 RTP/AVP 96\nc=IN IP4 192.0.2.9\na=rtpmap:0 G729/8000\na=inactive\na=ptime:40\n";
    Sdp s;
    ASSERT_TRUE(parse_sdp(text, s));
    const SdpMedia& last = s.media.back();
    EXPECT_EQ(last.address.text(), "192.0.2.1");
    EXPECT_EQ(last.direction, MediaDirection::sendrecv);
    EXPECT_EQ(last.ptime_ms, 0U);
    EXPECT_TRUE(last.formats[0].encoding.empty());
}

}  // namespace
