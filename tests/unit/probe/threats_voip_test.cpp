// P07, P09-P12 and P15 of docs/reliability.md: signalling and media made to hurt.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/unit/probe/hostile_link.hpp"
#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::SipDefect;

namespace {

std::string sdp_lines(const std::string& lines) { return "v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n" + lines; }
std::string repeated(const std::string& s, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += s;
    return out;
}
std::string with_id(const std::string& message, const std::string& id) {
    std::string out = message;
    out.replace(out.find("wrapped@example.org"), 19, id);
    return out;
}

// svmap, svwar and svcrack: OPTIONS, INVITE and REGISTER to names one after the other.
TEST(Threats, P07_scannersAndFloods) {
    probe::PipelineConfig config;
    config.max_calls = 1000;
    HostileLink link(config);
    for (int i = 0; i < 60'000; ++i) {
        const char* method = i % 3 == 0 ? "INVITE" : i % 3 == 1 ? "REGISTER" : "OPTIONS";
        const std::string to = " sip:" + std::to_string(100 + i % 900) + "@203.0.113.9 SIP/2.0";
        link.sip_from("198.51.100." + std::to_string(i % 250), with_id(sip_message(method + to, std::string("1 ") + method, "", false), "scan" + std::to_string(i)));
    }
    EXPECT_LE(link.pipeline().calls().size(), 1000U);
    EXPECT_EQ(link.pipeline().counters().calls, 20'000U);  // INVITE only
    EXPECT_GE(link.pipeline().counters().calls_evicted, 19'000U);
    link.expect_the_next_call_intact();
}

TEST(Threats, P09_poisonedDescriptions) {
    std::vector<std::string> bodies{
        sdp_lines("m=audio 0 RTP/AVP 0\r\n"), sdp_lines("m=audio 65535 RTP/AVP 0\r\n"), sdp_lines("m=audio 65536 RTP/AVP 0\r\n"),
        sdp_lines("m=audio -1 RTP/AVP 0\r\n"), sdp_lines("m=audio 99999999999999999999 RTP/AVP 0\r\n"), sdp_lines("m=audio 1/65535 RTP/AVP 0\r\n"),
        sdp_lines("m=audio 4000 RTP/AVP 4294967296 -1 999\r\na=rtpmap:4294967296 X/8000\r\n"), sdp_lines("m=audio 4000 RTP/AVP" + repeated(" 96", 10'000) + "\r\n"),
        sdp_lines("m=audio 4000 RTP/AVP 0\r\na=fmtp:0 " + std::string(3, '\0') + "x\r\n"), sdp_lines(repeated("m=audio 4000 RTP/AVP 0\r\n", 1500)),
        sdp_lines("m=\r\n"), sdp_lines("m=audio\r\n"), sdp_lines("m=audio 4000\r\n"), sdp_lines("m=" + std::string(30'000, 'a') + "\r\n"),
        "v=0\nc=IN IP4 203.0.113.9\nm=audio 4000 RTP/AVP 0\n", "v=0\rc=IN IP4 203.0.113.9\rm=audio 4000 RTP/AVP 0\r",
        "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n", "v=0\r\nc=IN IP4 224.2.1.1/127/255\r\nm=audio 4000 RTP/AVP 0\r\n",
        "v=0\r\nc=IN IP6 fe80::1%eth0\r\nm=audio 4000 RTP/AVP 0\r\n", "v=0\r\nc=IN IP4 " + std::string(4000, 'h') + ".example\r\nm=audio 4000 RTP/AVP 0\r\n",
        "v=0\r\nc=IN IP4\r\nm=audio 4000 RTP/AVP 0\r\n", "v=0\r\nc=\r\nm=audio 4000 RTP/AVP 0\r\n", "v=0\r\nc=IN IP4 1.2.3.4.5\r\nm=audio 4000 RTP/AVP 0\r\n",
        sdp_lines("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96\r\na=rtpmap:\r\na=rtpmap:96 /\r\na=rtpmap:96 X/99999999999/99\r\na=ptime:-1\r\na=ptime:4294967296\r\n"),
        sdp_lines("m=audio 65535 RTP/AVP 0\r\na=rtcp:65536\r\na=rtcp:-1 IN IP4\r\n"), sdp_lines("m=audio 4000 RTP/AVP 0\r\n" + repeated("a=candidate:1 1 udp 1 203.0.113.7 4000 typ host\r\n", 500)),
        sdp_lines("m=audio 4000 RTP/AVP 0\r\n" + repeated("a=ssrc:4294967296 cname:x\r\n", 500)), std::string(60'000, '='), "v=0\r\n" + repeated("a\r\n", 10'000), "v=0\r\n" + std::string(3, '\0') + "m=audio 1 RTP/AVP 0\r\n"};
    std::string codecs;  // nProbe 23 fell over fifteen
    for (int i = 0; i < 255; ++i) codecs += "a=rtpmap:" + std::to_string(i) + " codec" + std::to_string(i) + "/8000\r\n";
    bodies.push_back(sdp_lines("m=audio 4000 RTP/AVP" + repeated(" 8", 255) + "\r\n" + codecs));
    HostileLink link;
    for (std::size_t i = 0; i < bodies.size(); ++i)
        for (const char* line : {"INVITE sip:b@example.org SIP/2.0", "SIP/2.0 200 OK"})
            link.sip_from("198.51.100.9", with_id(sip_message(line, "1 INVITE", bodies[i], true), "poison" + std::to_string(i)));
    // The victims' own addresses, named by a stranger before and during their call.
    for (int i = 0; i < 200; ++i)
        for (const auto& [address, port] : {std::pair("192.0.2.10", 40000), std::pair("192.0.2.20", 50000)})
            link.sip_from("198.51.100.9", with_id(sip_message("INVITE sip:b@example.org SIP/2.0", "1 INVITE", sdp_of(ip(address), port), false), "thief" + std::to_string(i)));
    link.expect_the_next_call_intact();
}

// Headers, foldings and commas by the ten thousand cost no more for each octet than ordinary text does.
TEST(Threats, P10_nothingIsQuadratic) {
    const auto request = [](const std::string& headers, const std::string& body = "") {
        return "INVITE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: q@h\r\nCSeq: 1 INVITE\r\n" + headers +
               (body.empty() ? "" : "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) + "\r\n") + "\r\n" + body;
    };
    const auto ns_for_each_octet = [](const std::string& text) {
        probe::SipMessage m;
        probe::Sdp sdp;
        const int rounds = std::max(1, 4'000'000 / static_cast<int>(text.size()));
        const double ns = cpu_ns([&] {
            for (int i = 0; i < rounds; ++i) {
                (void)probe::looks_like_sip(octets_of(text));
                if (probe::parse_sip(text, text.size(), m) == SipDefect::none) {
                    (void)probe::parse_sdp(m.sdp(), sdp);
                    (void)probe::asserted_identity(m.head);
                    (void)probe::diverting_party(m.head);
                    (void)probe::attestation_level(m.head);
                }
            }
        }, 3);
        return ns / rounds / static_cast<double>(text.size());
    };
    const double ordinary = ns_for_each_octet(request(repeated("X-Usual: some value of a usual length here\r\n", 12), sdp_of(ip("192.0.2.1"), 4000)));
    const std::vector<std::pair<const char*, std::string>> hostile{
        {"tiny headers", request(repeated("a:\r\n", 15'000))},
        {"folded lines", request("X: a" + repeated("\r\n ", 20'000) + "\r\n")},
        {"commas", request("History-Info: " + repeated(",", 60'000) + "\r\n")},
        {"parameters", request("Diversion: <sip:a@b>" + repeated(";", 60'000) + "\r\n")},
        {"quotes", request("P-Asserted-Identity: " + repeated("\"", 60'000) + "\r\n")},
        {"brackets", request("Contact: " + repeated("<", 60'000) + "\r\n")},
        {"attributes", request("", sdp_lines("m=audio 4 RTP/AVP 0\r\n" + repeated("a=\r\n", 14'000)))},
        {"candidates", request("", sdp_lines("m=audio 4 RTP/AVP 0\r\n" + repeated("a=candidate:1 1 udp 1 1.1.1.1 1 typ host\r\n", 1400)))},
        {"rtpmaps", request("", sdp_lines("m=audio 4 RTP/AVP" + repeated(" 96", 8000) + "\r\n" + repeated("a=rtpmap:96 x/8\r\n", 1800)))},
        {"ssrcs", request("", sdp_lines("m=audio 4 RTP/AVP 0\r\n" + repeated("a=ssrc:1 x\r\n", 4500)))},
        {"media", request("", sdp_lines(repeated("m=audio 4 RTP/AVP 0\r\n", 2700)))}};
    for (const auto& [what, text] : hostile) EXPECT_LE(ns_for_each_octet(text), std::max(ordinary * 10, 20.0)) << what << "; ordinary: " << ordinary << " ns for each octet";
}

TEST(Threats, P11_contentLengthsThatLie) {
    const std::string body = sdp_of(ip("203.0.113.9"), 4000);
    HostileLink link;
    int i = 0;
    for (const char* lie : {"", "0", "1", "-1", "+5", "4294967328", "18446744073709551617", "99999999999999999999999999", "000000000100", "0x10", "1 2", "1,2", "abc", "2147483647", "65535", "3\r\nContent-Length: 100000", "9\r\nl: 7", "١٢", "1e3", " "}) {
        std::string text = sip_message("INVITE sip:b@example.org SIP/2.0", "1 INVITE", body, false);
        const std::size_t at = text.find("Content-Length: ") + 16;
        text.replace(at, text.find("\r\n", at) - at, lie);
        link.sip_from("198.51.100.9", with_id(text, "lie" + std::to_string(++i)));
    }
    EXPECT_EQ(link.pipeline().counters().calls, 20U);  // whatever the length, the headers hold
    EXPECT_EQ(link.pipeline().counters().sip_messages, 20U);
    link.expect_the_next_call_intact();
}

TEST(Threats, P12_otherTextProtocolsAreNotSip) {
    HostileLink link;
    const std::vector<std::string> texts{
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\r\n", "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\n\r\n", "HTTP/1.1 200 OK\r\nST: upnp\r\n\r\n",
        "OPTIONS rtsp://example.com/media RTSP/1.0\r\nCSeq: 1\r\n\r\n", "RTSP/1.0 200 OK\r\nCSeq: 1\r\nCall-ID: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: sip\r\n\r\n", "<stream:stream to='sip.example' version='1.0'>", "INVITE\r\n", "SIP/2.0\r\n", "SIP", "REGISTER", "INVITE sip:a SIP/3.0\r\nCall-ID: a\r\n\r\n",
        "OPTIONS * ICAP/1.0\r\n\r\n", "EHLO example.org\r\n", "MESSAGE sip:x MSRP\r\n"};
    std::mt19937 dice(3);
    for (int i = 0; i < 2000; ++i) {
        link.sip_from("198.51.100.9", texts[static_cast<std::size_t>(i) % texts.size()]);
        Octets random(200);
        for (auto& o : random) o = static_cast<std::uint8_t>(dice());
        random[0] = static_cast<std::uint8_t>(0x80 | (random[0] & 0x3f));  // version 2
        link.udp_from("198.51.100.9", 4000, 4002, random);
        link.udp_from("198.51.100.9", 4000, static_cast<std::uint16_t>(dice()), Octets(random.begin(), random.begin() + i % 20));
    }
    EXPECT_EQ(link.pipeline().counters().sip_messages, 0U);
    EXPECT_EQ(link.pipeline().counters().calls, 0U);
    link.expect_the_next_call_intact();
    EXPECT_EQ(link.sink.streams.size(), 2U);  // the call's
}

// RFC 3550 A.8 and the definitions of docs/metrics.md, as simple as can be.
struct NaiveStream {
    std::set<int> seen;
    double jitter = 0, last_transit = NAN, max_gap = 0, last_time = NAN;
    std::uint64_t copies = 0;
    void packet(int extended_seq, double time_ms, double media_ms) {
        if (!std::isnan(last_time)) max_gap = std::max(max_gap, time_ms - last_time);
        last_time = time_ms;
        if (!seen.insert(extended_seq).second) return void(++copies);
        const double transit = time_ms - media_ms;
        if (!std::isnan(last_transit)) jitter += (std::fabs(transit - last_transit) - jitter) / 16;
        last_transit = transit;
    }
};

TEST(Threats, P15_rtpAgainstANaiveModel) {
    std::mt19937 dice(11);
    for (int round = 0; round < 30; ++round) {
        Scene s;
        NaiveStream naive;
        s.sip(0, {"192.0.2.10"}, {"192.0.2.20"}, {.line = "INVITE", .cseq = "1 INVITE", .body = audio_sdp("192.0.2.10", 40000)});
        s.sip(1, {"192.0.2.20"}, {"192.0.2.10"}, {.line = "200", .cseq = "1 INVITE", .to_tag = "b", .body = audio_sdp("192.0.2.20", 50000)});
        std::vector<std::pair<int, int>> arrivals;  // ms, number
        for (int i = 0; i < 400; ++i) {
            if (i > 1 && i < 399 && dice() % 25 == 0) continue;                                             // lost
            arrivals.emplace_back(100 + i * 20 + static_cast<int>(dice() % 30) + (dice() % 60 == 0 ? 90 : 0), i);  // late, reordered
            if (dice() % 40 == 0) arrivals.emplace_back(arrivals.back().first + 3, i);                      // twice
        }
        std::stable_sort(arrivals.begin(), arrivals.end(), [](auto& a, auto& b) { return a.first < b.first; });
        for (const auto& [ms, i] : arrivals) {
            Octets o = hex({0x80, 0});
            put16(o, static_cast<std::size_t>(65'400 + i) & 0xffff);  // wraps
            put32(o, 0xffff'0000U + static_cast<std::uint32_t>(i) * 160);  // wraps
            put32(o, 77);
            o.resize(172, static_cast<std::uint8_t>(i));
            s.udp_octets(ms, {"192.0.2.10", 40000}, {"192.0.2.20", 50000}, o);
            naive.packet(i, ms, i * 20);
        }
        s.end();
        const SeenStream& got = s.stream(77);
        EXPECT_EQ(got.unique, naive.seen.size());
        EXPECT_EQ(got.lost, static_cast<std::uint64_t>(*naive.seen.rbegin() - *naive.seen.begin() + 1) - naive.seen.size());
        EXPECT_EQ(got.duplicates, naive.copies);
        EXPECT_NEAR(got.max_gap_ms, naive.max_gap, 1e-6);
        EXPECT_NEAR(got.jitter.last / 1e6, naive.jitter, 0.001) << round;
    }
}

TEST(Threats, P15_rtpHeadersThatLie) {
    HostileLink link;
    for (int i = 0; i < 3000; ++i) {
        const auto seq = static_cast<std::uint16_t>(i / 3);
        Octets o = hex({0x80 | (i % 3 == 0 ? 0x20 : i % 3 == 1 ? 0x0f : 0x10), 0, seq >> 8, seq & 0xff, 0, 0, 0, 0, 0, 0, 0, 1 + i % 3});
        o.resize(60, 0xff);  // padding of 255 octets; 15 contributors; an extension of 65535 words
        if (i % 3 == 1) o.resize(40);
        link.udp_from("198.51.100.9", 4000, 4002, o);
    }
    EXPECT_EQ(link.pipeline().media().counters().streams, 0U);
    link.expect_the_next_call_intact();
}

}  // namespace
