// Tables at their caps: calls that run are not hurt, and memory stays bounded. The big runs are behind the label `long`
// (VOIPPROBE_LONG).
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

const Host kA{"192.0.2.10"}, kB{"192.0.2.20"}, kMediaA{"192.0.2.10", 40000}, kMediaB{"192.0.2.20", 50000};

int scale(int fast, int big) { return std::getenv("VOIPPROBE_LONG") != nullptr ? big : fast; }

// An answered call with media from before the flood until after it.
void begin(Scene& s) {
    s.sip(0, kA, kB, {.line = "INVITE", .cseq = "1 INVITE", .branch = "i", .body = audio_sdp(kMediaA.address, 40000)});
    s.sip(100, kB, kA, {.line = "200", .cseq = "1 INVITE", .to_tag = "b", .branch = "i", .body = audio_sdp(kMediaB.address, 50000)});
    s.sip(110, kA, kB, {.line = "ACK", .cseq = "1 ACK", .to_tag = "b", .branch = "k"});
    s.rtp(120, kMediaA, kMediaB, {.ssrc = 1, .packets = 1000}).rtp(120, kMediaB, kMediaA, {.ssrc = 2, .packets = 1000});
    s.sip(21000, kA, kB, {.line = "BYE", .cseq = "2 BYE", .to_tag = "b", .branch = "y"});
}
void expect_intact(const Scene& s) {
    EXPECT_EQ(s.call().state(), probe::CallState::completed);
    for (const std::uint32_t ssrc : {1U, 2U}) {
        EXPECT_EQ(s.stream(ssrc).packets, 1000U);
        EXPECT_EQ(s.stream(ssrc).lost, 0U);
        EXPECT_EQ(s.stream(ssrc).call_id, "call@example.org");
    }
}

TEST(Floods, distinctCallIds) {
    probe::PipelineConfig config;
    config.max_calls = static_cast<std::size_t>(scale(1000, 200'000));
    Scene s(config);
    begin(s);
    const int n = scale(20'000, 1'000'000);
    for (int i = 0; i < n; ++i)
        s.sip(500 + i * 10000 / n, {"198.51.100.66", static_cast<std::uint16_t>(1024 + i % 60000)}, kB,
              {.line = "INVITE", .cseq = "1 INVITE", .branch = "f", .call_id = "flood" + std::to_string(i)});
    s.end();
    EXPECT_GT(s.pipeline().counters().calls_evicted, 0U);
    expect_intact(s);
}

TEST(Floods, registers) {
    Scene s;
    begin(s);
    const int n = scale(20'000, 1'000'000);
    for (int i = 0; i < n; ++i)
        s.sip(500 + i * 10000 / n, {"198.51.100." + std::to_string(1 + i % 250), static_cast<std::uint16_t>(1024 + i % 60000)}, kB,
              {.line = "REGISTER", .cseq = "1 REGISTER", .branch = "f", .call_id = "reg" + std::to_string(i)});
    s.end();
    EXPECT_EQ(s.sink.calls.size(), 1U);
    expect_intact(s);
}

TEST(Floods, descriptions) {
    probe::PipelineConfig config;
    config.max_endpoints = 500;
    config.max_calls = 2000;
    Scene s(config);
    begin(s);
    const int n = scale(3000, 100'000);
    for (int i = 0; i < n; ++i) {
        std::string lines;
        for (int j = 0; j < 15; ++j)
            lines += "m=audio " + std::to_string(1024 + (i * 15 + j) % 60000) + " RTP/AVP 0\r\na=candidate:1 1 udp 1 203.0.113." + std::to_string(j) + " " +
                     std::to_string(2000 + i % 60000) + " typ host\r\na=ssrc:" + std::to_string(i * 16 + j) + " cname:x\r\na=ice-ufrag:u" + std::to_string(i * 16 + j) + "\r\n";
        s.sip(500 + i * 10000 / n, {"198.51.100.66"}, kB, {.line = "INVITE", .cseq = "1 INVITE", .branch = "f", .body = audio_sdp("203.0.113.7", 9999, lines), .call_id = "sdp" + std::to_string(i)});
        // And the victim's own endpoints, from a thousand strangers.
        s.sip(500 + i * 10000 / n, {"198.51.100.67"}, kB, {.line = "INVITE", .cseq = "1 INVITE", .branch = "g", .body = audio_sdp(kMediaA.address, 40000), .call_id = "steal" + std::to_string(i)});
    }
    s.end();
    EXPECT_LE(s.pipeline().promises().size(), 500U);
    EXPECT_GT(s.pipeline().promises().refused(), 0U);
    expect_intact(s);
}

}  // namespace
