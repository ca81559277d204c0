// Who is behind a call, and REGISTER figures.
#include <gtest/gtest.h>

#include "probe/voip/sip/registers.hpp"
#include "probe/voip/stun.hpp"
#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

// {"alg":"ES256","typ":"passport","ppt":"shaken"} . {"attest":"B","dest":{"tn":["4930123"]},"iat":1700000000,"orig":{"tn":"4940"},"origid":"x"}
constexpr const char* kIdentity =
    "Identity: eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwicHB0Ijoic2hha2VuIn0."
    "eyJhdHRlc3QiOiJCIiwiZGVzdCI6eyJ0biI6WyI0OTMwMTIzIl19LCJpYXQiOjE3MDAwMDAwMDAsIm9yaWciOnsidG4iOiI0OTQwIn0sIm9yaWdpZCI6IngifQ."
    "c2lnbmF0dXJl;info=<https://cert.example.org/c.pem>;alg=ES256;ppt=shaken\r\n";

probe::Call call_with(const std::string& headers) {
    Scene s;
    s.sip(0, {"192.0.2.1"}, {"192.0.2.2"}, {.line = "INVITE", .cseq = "1 INVITE", .headers = headers, .request_uri = "sip:+4930123@gw.example.org:5080;user=phone?x=y"}).end();
    return s.call();
}

TEST(SipIdentity, allOfThem) {
    const probe::Call c = call_with(std::string("P-Asserted-Identity: \"Alice, A.\" <sip:+49401@pstn.example.org;user=phone>, <tel:+49401>\r\n") +
                                    "Diversion: \"Bob; of sales\" <sip:4711@pbx.example.org>;reason=unconditional, <sip:1@x>\r\n" + kIdentity);
    EXPECT_EQ(c.caller_asserted, "sip:+49401@pstn.example.org");
    EXPECT_EQ(c.request_uri, "sip:+4930123@gw.example.org:5080");
    EXPECT_EQ(c.diverted_by, "sip:4711@pbx.example.org");
    EXPECT_EQ(c.attestation, 'B');
}

TEST(SipIdentity, historyInfo) {
    const probe::Call c = call_with("History-Info: <sip:bob@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:bob@phone.x>;index=1.1\r\nhistory-info: <sip:carol@x>;index=1.2;mp=1\r\n");
    EXPECT_EQ(c.diverted_by, "sip:bob@phone.x");
    EXPECT_EQ(call_with("History-Info: <sip:bob@x>;index=1\r\n").diverted_by, "") << "one entry is the first target";
}

TEST(SipIdentity, absentOrBroken) {
    const probe::Call none = call_with("");
    EXPECT_EQ(none.caller_asserted, "");
    EXPECT_EQ(none.attestation, 0);
    for (const char* broken : {"Identity: \r\n", "Identity: ....\r\n", "Identity: a.!!!!.b\r\n", "Identity: a.eyJhdHRlc3QiOiJaIn0.b\r\n", "Identity: a..b;info=<x>\r\n", "Identity: x.eyJhdHRlc3Qi\r\n"})
        EXPECT_EQ(call_with(broken).attestation, 0) << broken;
    EXPECT_EQ(call_with("Identity: a.eyJhdHRlc3QiIDogIkEifQ\r\n").attestation, 'A') << "blanks around the colon";
}

TEST(Registers, answersAndDelay) {
    probe::RegisterTable table(2);
    probe::SipMessage m;
    m.method = probe::SipMethod::registration;
    const auto request = [&](std::uint32_t flow, std::uint32_t cseq, int ms) {
        m.is_request = true, m.status = 0, m.cseq = cseq;
        table.note(flow, m, ms * wire::kMillisecond);
    };
    const auto response = [&](std::uint32_t flow, std::uint32_t cseq, std::uint16_t status, int ms) {
        m.is_request = false, m.status = status, m.cseq = cseq;
        table.note(flow, m, ms * wire::kMillisecond);
    };
    request(1, 1, 0);
    request(1, 1, 500);  // again
    response(1, 1, 100, 510);
    response(1, 1, 401, 700);
    request(1, 2, 1000);
    response(1, 2, 200, 1050);
    request(1, 3, 2000);
    response(1, 3, 403, 9000);
    request(2, 1, 0);
    request(3, 1, 0);  // beyond the cap
    ASSERT_NE(table.find(1), nullptr);
    EXPECT_EQ(table.find(1)->ok, 2U);
    EXPECT_EQ(table.find(1)->other, 1U);
    EXPECT_EQ(table.find(1)->max_delay_ms, 700U);
    EXPECT_FALSE(table.find(2)->has_delay);
    EXPECT_EQ(table.find(3), nullptr);
    table.forget(1);
    EXPECT_EQ(table.size(), 1U);
}

TEST(Stun, usernameOfABindingRequest) {
    const auto request = [](std::vector<int> head, const Octets& attributes) {
        Octets o;
        for (const int b : head) o.push_back(static_cast<std::uint8_t>(b));
        put16(o, attributes.size());
        put32(o, 0x2112a442);
        o.resize(20, 1);
        return o + attributes;
    };
    const Octets priority = hex({0, 0x24, 0, 4, 1, 2, 3, 4}), user = hex({0, 6, 0, 5, 'a', 'b', ':', 'c', 'd', 0, 0, 0});
    EXPECT_EQ(probe::stun_username(request({0, 1}, priority + user)), "ab:cd");
    EXPECT_EQ(probe::stun_username(request({1, 1}, user)), std::nullopt) << "a response";
    EXPECT_EQ(probe::stun_username(request({0, 1}, priority)), std::nullopt);
    EXPECT_EQ(probe::stun_username(request({0, 1}, hex({0, 6, 0xff, 0xff, 'a', 'b', ':', 'c'}))), std::nullopt);
    Octets cut = request({0, 1}, priority + user);
    cut.resize(33);
    EXPECT_EQ(probe::stun_username(cut), std::nullopt);
    for (std::size_t n = 0; n < 20; ++n) EXPECT_EQ(probe::stun_username(wire::Bytes(cut).first(n)), std::nullopt);
}

}  // namespace
