// SIP's lines and TLS's records at their edges: what is no message, and what is missing in one.
#include <gtest/gtest.h>

#include "probe/voip/sip/sip_message.hpp"
#include "probe/voip/tls/tls_record.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {
namespace {

using probe::SipDefect;
using probe::SipMessage;
using probe::TlsParse;

SipDefect defect(const std::string& text, std::size_t more = 0) {
    SipMessage m;
    return probe::parse_sip(text, text.size() + more, m);
}
const std::string kHeaders = "Call-ID: x\r\nCSeq: 1 INVITE\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\n\r\n";

TEST(SipEdges, FirstLines) {
    for (const char* line : {"INVITE sip:a SIP/2.0\r\n", "\r\n\r\nINVITE sip:a SIP/2.0 \r\n", "SIP/2.0 200 OK\r\n", "SIP/2.0 200\r\n", "INVITE  SIP/2.0\n"}) EXPECT_EQ(defect(line + kHeaders), SipDefect::none) << line;
    for (const char* line : {"", "\r\n", "INVITE\r\n", "INVITE sip:a SIP/3.0\r\n", "INVITE SIP/2.0\r\n", " SIP/2.0\r\n"}) EXPECT_EQ(defect(line), SipDefect::first_line) << line;
    for (const char* line : {"SIP/2.0 2\r\n", "SIP/2.0 20x OK\r\n", "SIP/2.0 099 OK\r\n", "SIP/2.0 800 OK\r\n", "SIP/2.0 2000 OK\r\n", "SIP/2.0  \r\n", "SIP/2.0 -20 OK\r\n"}) EXPECT_NE(defect(line + kHeaders), SipDefect::none) << line;
}

TEST(SipEdges, MissingHeaders) {
    const std::string first = "INVITE sip:a SIP/2.0\r\n";
    EXPECT_EQ(defect(first + "CSeq: 1 INVITE\r\n\r\n"), SipDefect::no_call_id);
    EXPECT_EQ(defect(first + "Call-ID: x\r\n\r\n"), SipDefect::no_cseq);
    for (const char* cseq : {"1", "x INVITE", "1 ", "", "4294967296 INVITE", "1\t"}) EXPECT_EQ(defect(first + "Call-ID: x\r\nCSeq: " + cseq + "\r\nFrom: a\r\nTo: b\r\n\r\n"), SipDefect::no_cseq) << cseq;
    EXPECT_EQ(defect(first + "Call-ID: x\r\nCSeq: 1 INVITE\r\nTo: b\r\n\r\n"), SipDefect::no_from_to);
    EXPECT_EQ(defect(first + "Call-ID: x\r\nCSeq: 1 INVITE\r\nFrom: a\r\n\r\n"), SipDefect::no_from_to);
    EXPECT_EQ(defect(first + "Call-ID: x\r\nCSeq: 1 INVITE\r\n"), SipDefect::none) << "cut: the rest may be there";
    EXPECT_EQ(defect(first + "Call-ID: x\r\n\r\n", 100), SipDefect::none) << "cut behind";
}

TEST(SipEdges, CompactFormsAndCopies) {
    SipMessage m;
    const std::string text = "SIP/2.0 200 OK\ni: 1\nf: 2\nt: 3\nv: 4\nm: 5\nc: text/plain\nl: 2\nq: 9\nI: x\nCSEQ: 7 BYE\nCSeq: 8 INVITE\nl: 1\n: none\nno colon\nServer: s\nUser-Agent: u\nServer: t\n"
                             "Sassion: 1\nReasan: 1\nContact-: 1\nUser-Agenx: 1\nContent-Typo: 1\nContent-Lengtx: 1\nTx: 1\nVix: 1\nFrox: 1\nCall-IX: 1\nSession-ID: sid\n\nabc";
    ASSERT_EQ(probe::parse_sip(text, text.size(), m), SipDefect::none);
    EXPECT_EQ(m.call_id, "1");
    EXPECT_EQ(m.from, "2");
    EXPECT_EQ(m.to, "3");
    EXPECT_EQ(m.via, "4");
    EXPECT_EQ(m.contact, "5");
    EXPECT_EQ(m.content_type, "text/plain");
    EXPECT_EQ(m.body, "ab") << "as long as the first says";
    EXPECT_EQ(m.cseq, 7U);
    EXPECT_EQ(m.method, probe::SipMethod::bye);
    EXPECT_EQ(m.user_agent, "u");
    EXPECT_EQ(m.session_id, "sid");
}

TEST(SipEdges, DescriptionsWithinBodies) {
    const auto sdp = [](std::string_view type, std::string_view body) {
        SipMessage m;
        m.content_type = type;
        m.body = body;
        return std::string(m.sdp());
    };
    EXPECT_EQ(sdp("Application/SDP ; x=1", "v=0"), "v=0");
    EXPECT_EQ(sdp("", "v=0"), "v=0");
    EXPECT_EQ(sdp("", "x=0"), "");
    EXPECT_EQ(sdp("application/sdp", ""), "");
    EXPECT_EQ(sdp("text", "v=0"), "");
    EXPECT_EQ(sdp("application/isup", "v=0"), "");
    const std::string type = "multipart/mixed;boundary=b1";
    EXPECT_EQ(sdp(type, "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b1--"), "v=0\r\n");
    EXPECT_EQ(sdp(type, "--b1\nContent-Type: application/sdp\n\nv=0\n--b1--"), "v=0\n");
    EXPECT_EQ(sdp(type, "--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1\r\nContent-Type: application/sdp\r\n\r\nv=1"), "v=1") << "the last part may be cut";
    EXPECT_EQ(sdp(type, "--b1\r\nContent-Type: application/sdp\r\n\r\nb1"), "b1") << "no \"--\" before it: text";
    EXPECT_EQ(sdp(type, "--b1\r\nContent-Type: application/sdp\r\n\r\n--b1--"), "") << "an empty part";
    for (const char* body : {"no boundary", "--b1\r\nContent-Type: application/sdp", "--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1--"}) EXPECT_EQ(sdp(type, body), "") << body;
    EXPECT_EQ(sdp("multipart/mixed", "--b1\r\nContent-Type: application/sdp\r\n\r\nv=0"), "") << "no boundary named";
}

TEST(SipEdges, Detection) {
    const auto sip = [](std::string_view s) { return probe::looks_like_sip(wire::as_bytes(s)); };
    for (const char* good : {"INVITE sip:a SIP/2.0", "SIP/2.0 200 OK", "\r\n\r\nA.-b!%*_+`'~9 x SIP/2.0 \t\r\n"}) EXPECT_TRUE(sip(good)) << good;
    for (const char* bad : {"", "\r\n\r\n", "SIP/2.0 900 OK", "SIP/2.0 0 none", "INVITE SIP/2.0", "INV(TE sip:a SIP/2.0", " sip:a SIP/2.0      ", "INVITE sip:a SIP/2.0x", "INVITE\tsip:a SIP/2.0", "GET / HTTP/1.1 and more"}) EXPECT_FALSE(sip(bad)) << bad;
    EXPECT_FALSE(sip(std::string(70, 'A') + " sip:a SIP/2.0")) << "no method is that long";
    EXPECT_FALSE(sip(std::string(20, 'A')));
}

// ---- TLS -------------------------------------------------------------------------------------------------------

Octets record(int type, const Octets& fragment, int minor = 3) {
    Octets o = hex({type, 3, minor});
    put16(o, fragment.size());
    return o + fragment;
}
Octets handshake(int type, const Octets& body) {
    Octets o = hex({type, 0});
    put16(o, body.size());
    return o + body;
}
Octets extension(std::uint16_t type, const Octets& value) {
    Octets o;
    put16(o, type), put16(o, value.size());
    return o + value;
}
Octets counted(const Octets& o) {
    Octets n;
    put16(n, o.size());
    return n + o;
}
Octets client_hello(const Octets& extensions) { return handshake(1, hex({3, 3}) + Octets(32, 7) + hex({0, 0, 2, 0, 47, 1, 0}) + counted(extensions)); }
Octets server_hello(const Octets& extensions) { return handshake(2, hex({3, 3}) + Octets(32, 7) + hex({0, 0, 47, 0}) + counted(extensions)); }

TEST(TlsEdges, Records) {
    probe::TlsRecord r;
    const Octets good = record(22, hex({1, 2, 3}));
    EXPECT_EQ(probe::parse_tls_record(good, r), TlsParse::whole);
    EXPECT_EQ(r.octets, good.size());
    for (std::size_t n = 0; n < good.size(); ++n) EXPECT_EQ(probe::parse_tls_record(wire::Bytes(good).first(n), r), TlsParse::more) << n;
    for (const Octets& bad : {record(19, hex({1})), record(25, hex({1})), hex({22, 2}), hex({22, 3, 5}), record(22, {}), record(20, {}), hex({23, 3, 3, 0x48, 1})}) EXPECT_EQ(probe::parse_tls_record(bad, r), TlsParse::bad);
    EXPECT_EQ(probe::parse_tls_record(record(23, {}), r), TlsParse::whole) << "only application data may be empty";
    EXPECT_EQ(probe::tls_start(record(22, client_hello({}))), TlsParse::whole);
    EXPECT_EQ(probe::tls_start(record(22, server_hello({}))), TlsParse::whole);
    EXPECT_EQ(probe::tls_start(hex({22, 3, 1, 0, 9})), TlsParse::more);
    for (const Octets& bad : {Octets(), record(23, hex({1})), record(22, hex({11})), hex({22, 2})}) EXPECT_EQ(probe::tls_start(bad), TlsParse::bad);
}

TEST(TlsEdges, ServerNames) {
    const auto name = [](const Octets& list) {
        static Octets kept;
        kept = client_hello(extension(10, hex({1})) + extension(0, list));
        probe::TlsClientHello hello;
        EXPECT_TRUE(probe::parse_client_hello(kept, hello));
        return std::string(hello.server_name);
    };
    const auto entry = [](int type, const Octets& text) { return hex({type}) + counted(text); };
    EXPECT_EQ(name(counted(entry(0, octets_of("h.test")))), "h.test");
    EXPECT_EQ(name(counted(entry(5, octets_of("x")) + entry(0, octets_of("h.test")))), "h.test") << "another type before it";
    EXPECT_EQ(name(counted(entry(5, octets_of("x")))), "");
    EXPECT_EQ(name(counted(entry(0, octets_of("h test")))), "");
    EXPECT_EQ(name(counted(entry(0, hex({'h', 0x80})))), "");
    EXPECT_EQ(name(counted(hex({0, 0, 9, 'h'}))), "") << "longer than the list";
    EXPECT_EQ(name(hex({0, 99})), "");
    EXPECT_EQ(name({}), "");
    probe::TlsClientHello hello;
    const Octets whole = client_hello(extension(0, counted(entry(0, octets_of("h.test")))));
    for (std::size_t n = 0; n < 38; ++n) EXPECT_FALSE(probe::parse_client_hello(wire::Bytes(whole).first(n), hello)) << n;
    for (std::size_t n = 38; n < whole.size(); ++n) {
        probe::TlsClientHello cut;
        EXPECT_TRUE(probe::parse_client_hello(wire::Bytes(whole).first(n), cut)) << n;
        EXPECT_EQ(cut.server_name, "") << n << ": half a name is none";
    }
}

TEST(TlsEdges, ServerHellos) {
    probe::TlsServerHello hello;
    ASSERT_TRUE(probe::parse_server_hello(server_hello(extension(43, hex({3, 4})) + extension(22, {})), hello));
    EXPECT_EQ(hello.version, 0x0304);
    EXPECT_TRUE(hello.encrypt_then_mac);
    EXPECT_EQ(hello.suite, 47);
    probe::TlsServerHello other;
    ASSERT_TRUE(probe::parse_server_hello(server_hello(extension(43, hex({3})) + hex({0, 43, 0, 9, 3, 4})), other));
    EXPECT_EQ(other.version, 0x0303) << "neither fits";
    const Octets whole = server_hello({});
    for (std::size_t n = 0; n < 42; ++n) EXPECT_FALSE(probe::parse_server_hello(wire::Bytes(whole).first(n), other)) << n;
}

}  // namespace
}  // namespace voipprobe::test
