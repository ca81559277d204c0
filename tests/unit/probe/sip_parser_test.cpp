#include <gtest/gtest.h>

#include "probe/voip/sip/sip_message.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

SipMessage parsed(std::string_view text, SipDefect expected = SipDefect::none) {
    SipMessage m;
    EXPECT_EQ(parse_sip(text, text.size(), m), expected);
    return m;
}
bool sip(std::string_view text) { return looks_like_sip(wire::as_bytes(text)); }

constexpr std::string_view kInvite =
    "INVITE sip:bob@biloxi.example.com SIP/2.0\r\n"
    "Via: SIP/2.0/UDP pc33.example.com;branch=z9hG4bK776asdhds, SIP/2.0/UDP second;branch=other\r\n"
    "From: \"Alice; the \\\"first\\\"\" <sip:alice@atlanta.example.com;transport=udp>;tag=1928301774\r\n"
    "To: Bob <sip:bob@biloxi.example.com>\r\n"
    "Call-ID: a84b4c76e66710@pc33.example.com\r\n"
    "CSeq: 314159 INVITE\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 4\r\n\r\n"
    "v=0\nEXTRA";

TEST(SipParser, ReadsARequest) {
    const SipMessage m = parsed(kInvite);
    EXPECT_TRUE(m.is_request);
    EXPECT_EQ(m.method, SipMethod::invite);
    EXPECT_EQ(m.request_uri, "sip:bob@biloxi.example.com");
    EXPECT_EQ(m.call_id, "a84b4c76e66710@pc33.example.com");
    EXPECT_EQ(m.cseq, 314159U);
    EXPECT_EQ(m.branch(), "z9hG4bK776asdhds");
    EXPECT_EQ(m.body, "v=0\n") << "Content-Length ends the body";
    EXPECT_EQ(m.sdp(), "v=0\n");
}

TEST(SipParser, ReadsNameAddresses) {
    const NameAddress from = parse_name_address(parsed(kInvite).from);
    EXPECT_EQ(from.display, "Alice; the \\\"first\\\"");
    EXPECT_EQ(from.uri, "sip:alice@atlanta.example.com;transport=udp");
    EXPECT_EQ(bare_uri(from.uri), "sip:alice@atlanta.example.com");
    EXPECT_EQ(from.tag, "1928301774");
    const NameAddress plain = parse_name_address("sip:+49302@example.org;tag=x");
    EXPECT_EQ(plain.uri, "sip:+49302@example.org");
    EXPECT_EQ(plain.tag, "x");
    EXPECT_EQ(bare_uri("sip:a;day=tuesday@example.com;user=phone?Subject=x"), "sip:a;day=tuesday@example.com");
    EXPECT_EQ(bare_uri("tel:+4930123;phone-context=example"), "tel:+4930123");
}

TEST(SipParser, ReadsCompactFormsAndFolding) {
    const SipMessage m = parsed(
        "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\n ;branch=b\r\nf: <sip:a>;tag=1\r\nt:\r\n\t<sip:b>;tag=2\r\ni:cid\r\n"
        "CSeq:\r\n 7 \r\n INVITE\r\nl: 0\r\n\r\n");
    EXPECT_FALSE(m.is_request);
    EXPECT_EQ(m.status, 200);
    EXPECT_EQ(m.method, SipMethod::invite);
    EXPECT_EQ(m.branch(), "b");
    EXPECT_EQ(m.call_id, "cid");
    EXPECT_EQ(unfolded("one\r\n  two"), "one two");
}

TEST(SipParser, FirstOfRepeatedHeadersWins) {
    const SipMessage m = parsed("OPTIONS sip:a SIP/2.0\r\nCall-ID: one\r\nCall-ID: two\r\nFrom: <sip:a>\r\nTo: <sip:b>\r\nCSeq: 1 OPTIONS\r\n\r\n");
    EXPECT_EQ(m.call_id, "one");
}

TEST(SipParser, NamesDefects) {
    parsed("INVITE sip:a SIP/2.0\r\nFrom: a\r\nTo: b\r\nCSeq: 1 INVITE\r\n\r\n", SipDefect::no_call_id);
    parsed("INVITE sip:a SIP/2.0\r\nCall-ID: x\r\nFrom: a\r\nTo: b\r\n\r\n", SipDefect::no_cseq);
    parsed("INVITE sip:a SIP/2.0\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n\r\n", SipDefect::no_from_to);
    parsed("SIP/2.0 99 Low\r\n\r\n", SipDefect::status);
    parsed("SIP/2.0 4294967301 better not\r\n\r\n", SipDefect::status);  // RFC 4475 bigcode
    parsed("hello\r\n\r\n", SipDefect::first_line);
}

TEST(SipParser, ContentLengthIsNeverTrustedBeyondTheDatagram) {
    for (const char* length : {"99999999", "-5", "abc", "4294967296", ""}) {
        const std::string text = std::string("BYE sip:a SIP/2.0\r\nCall-ID: x\r\nFrom: a\r\nTo: b\r\nCSeq: 1 BYE\r\n") +
                                 "Content-Type: application/sdp\r\nContent-Length: " + length + "\r\n\r\nv=0";
        SipMessage m;
        EXPECT_EQ(parse_sip(text, text.size(), m), SipDefect::none) << length;
        EXPECT_EQ(m.sdp(), "v=0") << length;
    }
}

TEST(SipParser, CutMessagesKeepWhatWasThere) {
    const std::string_view cut = kInvite.substr(0, kInvite.find("CSeq"));
    SipMessage m;
    EXPECT_EQ(parse_sip(cut, kInvite.size(), m), SipDefect::none);
    EXPECT_TRUE(m.truncated);
    EXPECT_EQ(m.call_id, "a84b4c76e66710@pc33.example.com");
}

TEST(SipParser, FindsSdpInMultipart) {
    const SipMessage m = parsed(
        "INVITE sip:a SIP/2.0\r\nCall-ID: x\r\nFrom: a\r\nTo: b\r\nCSeq: 1 INVITE\r\n"
        "Content-Type: multipart/mixed;boundary=\"unique\"\r\n\r\n"
        "--unique\r\nContent-Type: application/isup\r\n\r\nxx\r\n"
        "--unique\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n--unique--\r\n");
    EXPECT_TRUE(m.sdp().starts_with("v=0\r\nm=audio 1 RTP/AVP 0"));
    EXPECT_EQ(m.sdp().find("unique"), std::string_view::npos);
}

// Types and names in any case, and a boundary that the parts before have as text.
TEST(SipParser, FindsSdpInMultipartOfAnotherSpelling) {
    const SipMessage m = parsed(
        "INVITE sip:a SIP/2.0\r\nCall-ID: x\r\nFrom: a\r\nTo: b\r\nCSeq: 1 INVITE\r\n"
        "Content-Type: Multipart/Mixed; BOUNDARY=sdp\r\n\r\n"
        "--sdp\r\ncontent-type: text/plain\r\n\r\nsdp and --sdp\r\n\r\nfollow\r\n"
        "--sdp\r\nCONTENT-TYPE:Application/SDP\r\n\r\nv=0\r\ns=sdp\r\nm=audio 1 RTP/AVP 0\r\n--sdp--\r\n");
    EXPECT_EQ(m.sdp(), "v=0\r\ns=sdp\r\nm=audio 1 RTP/AVP 0\r\n");
}

TEST(SipParser, ReadsReasons) {
    EXPECT_EQ(reason_cause("Q.850;cause=16;text=\"Terminated\""), 16U);
    EXPECT_EQ(reason_cause("SIP ;cause=200 ;text=\"Call completed elsewhere\""), 200U);
    EXPECT_EQ(reason_cause("preemption"), std::nullopt);
}

TEST(SipDetect, TakesSipOnAnyPortAndNothingElse) {
    EXPECT_TRUE(sip("INVITE sip:a@b SIP/2.0\r\n\r\n"));
    EXPECT_TRUE(sip("SIP/2.0 100 Trying\r\n\r\n"));
    EXPECT_TRUE(sip("\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n"));
    EXPECT_TRUE(sip("!interesting-Method0123456789_*+`.%indeed'~ sip:a SIP/2.0\r\n")) << "RFC 4475 §3.1.1.2";
    EXPECT_FALSE(sip(std::string(65, 'M') + " sip:a SIP/2.0\r\n")) << "over 64 octets";
    EXPECT_TRUE(sip("NEWMETHOD sip:user@example.com SIP/2.0\r\n"));
    EXPECT_FALSE(sip("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n"));
    EXPECT_FALSE(sip("M-SEARCH * HTTP/1.1\r\n\r\n"));
    EXPECT_FALSE(sip("OPTIONS rtsp://a RTSP/1.0\r\n\r\n"));
    EXPECT_FALSE(sip("GET / HTTP/1.1\r\nX: SIP/2.0\r\n\r\n"));
    EXPECT_FALSE(sip("HTTP/1.1 200 OK\r\n\r\n"));
    EXPECT_FALSE(sip("\r\n\r\n"));
    EXPECT_FALSE(sip(std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 14)));
}

}  // namespace
