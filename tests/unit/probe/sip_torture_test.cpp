// Messages of the kinds that RFC 4475 (§3.1–3.4: 49) and RFC 5118 (§4: 10) collect, made anew, with the reading a passive
// observer must come to: understood (with Call-ID, method, tags) or counted as malformed, never a crash, never a guess.
#include <gtest/gtest.h>

#include "probe/voip/sdp/sdp.hpp"
#include "tests/unit/probe/dialog_scene.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::SipDefect;
using probe::SipMethod;

namespace {

struct Case {
    const char* name;
    std::string text;
    bool sip = true;  // by its first line
    SipDefect defect = SipDefect::none;
    SipMethod method = SipMethod::other;
    std::string call_id = "t@example";
    std::string to_tag = "";
    std::string from_uri = "sip:a@example";
    friend void PrintTo(const Case& c, std::ostream* o) { *o << c.name; }
};

struct Parts {
    std::string line = "INVITE sip:b@example SIP/2.0", from = "<sip:a@example>;tag=f", to = "<sip:b@example>", call_id = "t@example", cseq = "9 INVITE",
                more = "", end = "\r\n", body = "";
    std::string via = "SIP/2.0/UDP h.example;branch=z9hG4bKt";
};
std::string text(const Parts& p) {
    std::string t = p.line + p.end;
    const auto header = [&](const char* name, const std::string& v) { if (!v.empty()) t += std::string(name) + ": " + v + p.end; };
    header("Via", p.via);
    header("From", p.from);
    header("To", p.to);
    header("Call-ID", p.call_id);
    header("CSeq", p.cseq);
    return t + p.more + p.end + p.body;
}
Parts with(std::function<void(Parts&)> change) {
    Parts p;
    change(p);
    return p;
}
std::string changed(std::function<void(Parts&)> change) { return text(with(std::move(change))); }

std::vector<Case> cases() {
    using enum SipMethod;
    using enum SipDefect;
    const auto I = invite;
    std::vector<Case> c;
    // RFC 4475 §3.1.1, valid messages
    c.push_back({"tortuous_invite", "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\nTO :\r\n sip:b@example ;   tag    = 1918181833n\r\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:a@example>\r\n  ;\r\n  tag = 98asjd8\r\nMaX-fOrWaRdS: 0068\r\nCall-ID: t@example\r\nContent-Length   : 150\r\ncseq: 0009\r\n  INVITE\r\nVia  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\nNewFangledHeader:   newfangled value\r\n continued newfangled value\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\nContent-Type: application/sdp\r\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8\r\nm:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n  secondparam ; q = 0.33\r\n\r\nv=0\r\n", true, none, I, "t@example", "1918181833n"});
    c.push_back({"wide_range_of_characters", changed([](Parts& p) { p.line = "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0"; p.cseq = "9 !interesting-Method0123456789_*+`.%indeed'~"; }), true, none, SipMethod::other});
    c.push_back({"valid_use_of_percent", changed([](Parts& p) { p.line = "INVITE sip:sips%3Auser%40example.com@example.net SIP/2.0"; p.from = "<sip:I%20have%20spaces@example.net>;tag=938"; }), true, none, I, "t@example", "", "sip:I%20have%20spaces@example.net"});
    c.push_back({"escaped_nulls_in_uris", changed([](Parts& p) { p.line = "REGISTER sip:example.com SIP/2.0"; p.from = "sip:null-%00-null@example.com;tag=839923423"; p.cseq = "9 REGISTER"; }), true, none, registration, "t@example", "", "sip:null-%00-null@example.com"});
    c.push_back({"percent_that_is_no_escape", changed([](Parts& p) { p.line = "RE%47IST%45R sip:registrar.example.com SIP/2.0"; p.cseq = "9 RE%47IST%45R"; }), true, none, SipMethod::other});
    c.push_back({"no_blank_before_angle_bracket", changed([](Parts& p) { p.from = "caller<sip:a@example>;tag=323"; }), true, none, I});
    c.push_back({"long_values", changed([](Parts& p) { p.from = "\"" + std::string(3000, 'I') + "\" <sip:a@example>;tag=" + std::string(2000, '1'); p.call_id = std::string(3000, 'c'); }), true, none, I, std::string(3000, 'c')});
    c.push_back({"trailing_octets", changed([](Parts& p) { p.line = "REGISTER sip:example.com SIP/2.0"; p.cseq = "9 REGISTER"; p.more = "Content-Length: 0\r\n"; p.body = "INVITE sip:joe@example.com SIP/2.0\r\nVia: x\r\nCall-ID: other\r\n"; }), true, none, registration});
    c.push_back({"quoted_pairs_in_display_name", changed([](Parts& p) { p.from = "\"joe; \\\"<sip:x@y>;tag=no\\\" >\" <sip:a@example>;tag=yes"; }), true, none, I});
    c.push_back({"unusual_reason_phrase", changed([](Parts& p) { p.line = "SIP/2.0 200 = 2**3 * 5**2 \xd0\xbd\xd0\xbe \xe2\x88\x8a"; p.to = "<sip:b@example>;tag=r"; }), true, none, I, "t@example", "r"});
    c.push_back({"empty_reason_phrase", changed([](Parts& p) { p.line = "SIP/2.0 100 "; }), true, none, I});
    c.push_back({"no_reason_phrase_at_all", changed([](Parts& p) { p.line = "SIP/2.0 100"; }), true, none, I});
    c.push_back({"multipart_mime", changed([](Parts& p) { p.more = "Content-Type: multipart/mixed;boundary=\"7a 9\"\r\n"; p.body = "--7a 9\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a 9\r\nContent-Type: application/sdp\r\n\r\nv=0\r\nm=audio 1 RTP/AVP 0\r\n\r\n--7a 9--\r\n"; }), true, none, I});
    c.push_back({"semicolon_separated_user_part", changed([](Parts& p) { p.line = "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0"; p.cseq = "9 OPTIONS"; }), true, none, options});
    c.push_back({"varied_transports", changed([](Parts& p) { p.line = "OPTIONS sip:user@example.com SIP/2.0"; p.cseq = "9 OPTIONS"; p.more = "Via: SIP/2.0/TLS t2.example.com;branch=x\r\nVia: SIP/2.0/UNKNOWN t3.example.com;branch=y\r\n"; }), true, none, options});
    c.push_back({"double_crlf_first", "\r\n\r\n" + changed([](Parts&) {}), true, none, I});
    c.push_back({"compact_forms", "BYE sip:b@example SIP/2.0\r\nv: SIP/2.0/UDP h;branch=b\r\nf: <sip:a@example>;tag=1\r\nt: <sip:b@example>;tag=2\r\ni: t@example\r\nCSeq: 4 BYE\r\nl: 0\r\n\r\n", true, none, bye, "t@example", "2"});
    // RFC 4475 §3.1.2, invalid messages
    c.push_back({"extra_separators_in_headers", changed([](Parts& p) { p.via += ";;,;,,"; p.more = "Contact: <sip:user@host>;;,;,,\r\n"; }), true, none, I});
    c.push_back({"content_length_too_large", changed([](Parts& p) { p.more = "Content-Length: 9999\r\nContent-Type: application/sdp\r\n"; p.body = "v=0\r\n"; }), true, none, I});
    c.push_back({"negative_content_length", changed([](Parts& p) { p.more = "Content-Length: -999\r\n"; }), true, none, I});
    c.push_back({"scalar_overflow_in_request", changed([](Parts& p) { p.line = "REGISTER sip:example.com SIP/2.0"; p.cseq = "36893488147419103232 REGISTER"; p.more = "Max-Forwards: 300\r\nExpires: 1000000000000000000000000000000000\r\n"; }), true, no_cseq});
    c.push_back({"scalar_overflow_in_response", changed([](Parts& p) { p.line = "SIP/2.0 503 Service Unavailable"; p.cseq = "9292394834772304023312 OPTIONS"; p.more = "Retry-After: 949302838503028349304023988\r\n"; }), true, no_cseq});
    c.push_back({"unterminated_quoted_display_name", changed([](Parts& p) { p.to = "\"Mr. J. User <sip:j.user@example.com>"; }), true, none, I});
    c.push_back({"angle_brackets_around_the_request_uri", changed([](Parts& p) { p.line = "INVITE <sip:user@example.com> SIP/2.0"; }), true, none, I});
    c.push_back({"blanks_in_the_request_uri", changed([](Parts& p) { p.line = "INVITE sip:user@example.com; lr SIP/2.0"; }), true, none, I});
    c.push_back({"many_blanks_in_the_request_line", changed([](Parts& p) { p.line = "INVITE  sip:user@example.com  SIP/2.0"; }), true, none, I});
    c.push_back({"blanks_at_the_end_of_the_request_line", changed([](Parts& p) { p.line = "OPTIONS sip:remote@example.com SIP/2.0  "; p.cseq = "9 OPTIONS"; }), true, none, options});
    c.push_back({"escaped_headers_in_the_request_uri", changed([](Parts& p) { p.line = "INVITE sip:user@example.com?Route=%3Csip:example.com%3E SIP/2.0"; }), true, none, I});
    c.push_back({"invalid_time_zone", changed([](Parts& p) { p.more = "Date: Fri, 01 Jan 2010 16:00:00 EST\r\n"; }), true, none, I});
    c.push_back({"name_addr_without_brackets", changed([](Parts& p) { p.line = "REGISTER sip:example.com SIP/2.0"; p.cseq = "9 REGISTER"; p.from = "sip:a@example?Route=%3Csip:sip.example.com%3E;tag=1"; }), true, none, registration, "t@example", "", "sip:a@example"});
    c.push_back({"blanks_within_addr_spec", changed([](Parts& p) { p.to = "\"Watson, Thomas\" < sip:t.watson@example.org >"; }), true, none, I});
    c.push_back({"unquoted_commas_in_display_name", changed([](Parts& p) { p.from = "Bell, Alexander <sip:a@example>;tag=43"; }), true, none, I});
    c.push_back({"unknown_protocol_version", changed([](Parts& p) { p.line = "OPTIONS sip:t.watson@example.org SIP/7.0"; p.cseq = "9 OPTIONS"; }), false});
    c.push_back({"start_line_and_cseq_differ", changed([](Parts& p) { p.line = "OPTIONS sip:user@example.com SIP/2.0"; p.cseq = "8 INVITE"; }), true, none, options});
    c.push_back({"unknown_method_and_cseq_differ", changed([](Parts& p) { p.line = "NEWMETHOD sip:user@example.com SIP/2.0"; p.cseq = "8 INVITE"; }), true, none, SipMethod::other});
    c.push_back({"overlarge_response_code", changed([](Parts& p) { p.line = "SIP/2.0 4294967301 better not break the receiver"; }), true, status});
    // §3.2 to §3.4
    c.push_back({"missing_transaction_identifier", changed([](Parts& p) { p.via = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"; }), true, none, I});
    c.push_back({"missing_required_headers", changed([](Parts& p) { p.call_id = p.from = p.to = ""; }), true, no_call_id});
    c.push_back({"missing_from_and_to", changed([](Parts& p) { p.from = p.to = ""; }), true, no_from_to});
    c.push_back({"unknown_uri_scheme", changed([](Parts& p) { p.line = "OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"; p.cseq = "9 OPTIONS"; }), true, none, options});
    c.push_back({"known_but_atypical_scheme", changed([](Parts& p) { p.line = "OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"; p.cseq = "9 OPTIONS"; }), true, none, options});
    c.push_back({"unknown_schemes_in_headers", changed([](Parts& p) { p.from = "<http://www.example.com>;tag=1"; p.to = "isbn:2983792873"; }), true, none, I, "t@example", "", "http://www.example.com"});
    c.push_back({"proxy_require_and_require", changed([](Parts& p) { p.more = "Require: nothingSupportsThis, nothingSupportsThisEither\r\nProxy-Require: noProxiesSupportThis\r\n"; }), true, none, I});
    c.push_back({"unknown_content_type", changed([](Parts& p) { p.more = "Content-Type: application/unknownformat\r\n"; p.body = "<audio>m=audio</audio>"; }), true, none, I});
    c.push_back({"unknown_authorization_scheme", changed([](Parts& p) { p.line = "REGISTER sip:example.com SIP/2.0"; p.cseq = "9 REGISTER"; p.more = "Authorization: NoOneKnowsThisScheme opaque-data=here\r\n"; }), true, none, registration});
    c.push_back({"several_values_in_single_value_fields", changed([](Parts& p) { p.more = "CSeq: 5 BYE\r\nCall-ID: second\r\nTo: <sip:x@y>;tag=zz\r\nFrom: <sip:z@y>\r\nMax-Forwards: 5\r\n"; }), true, none, I});
    c.push_back({"several_content_lengths", changed([](Parts& p) { p.more = "Content-Length: 3\r\nContent-Length: 1\r\n"; p.body = "v=0\r\n"; }), true, none, I});
    c.push_back({"response_200_with_broadcast_via", changed([](Parts& p) { p.line = "SIP/2.0 200 OK"; p.via = "SIP/2.0/UDP 255.255.255.255;branch=1"; }), true, none, I});
    c.push_back({"max_forwards_zero_and_bare_line_ends", changed([](Parts& p) { p.end = "\n"; p.more = "Max-Forwards: 0\n"; }), true, none, I});
    // RFC 5118 §4
    c.push_back({"v6_reference_in_request_uri", changed([](Parts& p) { p.line = "REGISTER sip:[2001:db8::10] SIP/2.0"; p.cseq = "9 REGISTER"; }), true, none, registration});
    c.push_back({"v6_without_brackets", changed([](Parts& p) { p.line = "REGISTER sip:2001:db8::10 SIP/2.0"; p.cseq = "9 REGISTER"; }), true, none, registration});
    c.push_back({"v6_ambiguous_port", changed([](Parts& p) { p.line = "REGISTER sip:[2001:db8::10:5070] SIP/2.0"; p.cseq = "9 REGISTER"; }), true, none, registration});
    c.push_back({"v6_and_port", changed([](Parts& p) { p.line = "REGISTER sip:[2001:db8::10]:5070 SIP/2.0"; p.cseq = "9 REGISTER"; p.from = "<sip:a@[2001:db8::10]:5060>;tag=1"; }), true, none, registration, "t@example", "", "sip:a@[2001:db8::10]:5060"});
    c.push_back({"v6_in_via_received", changed([](Parts& p) { p.via = "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111"; p.line = "BYE sip:[2001:db8::10] SIP/2.0"; p.cseq = "9 BYE"; }), true, none, bye});
    c.push_back({"v6_in_via_received_without_brackets", changed([](Parts& p) { p.via = "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3"; p.line = "OPTIONS sip:[2001:db8::10] SIP/2.0"; p.cseq = "9 OPTIONS"; }), true, none, options});
    c.push_back({"v6_in_sdp", changed([](Parts& p) { p.more = "Content-Type: application/sdp\r\n"; p.body = "v=0\r\no=- 1 1 IN IP6 2001:db8::20\r\nc=IN IP6 2001:db8::20\r\nm=audio 42000 RTP/AVP 0\r\n"; }), true, none, I});
    c.push_back({"v6_contacts_of_both_families", changed([](Parts& p) { p.line = "SIP/2.0 200 OK"; p.to = "<sip:b@example>;tag=q"; p.more = "Contact: <sip:user@[2001:db8:1::1]>, <sip:user@192.0.2.1>\r\n"; }), true, none, I, "t@example", "q"});
    c.push_back({"v6_sdp_of_both_families", changed([](Parts& p) { p.more = "Content-Type: application/sdp\r\n"; p.body = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=audio 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\na=rtpmap:107 G7221/16000\r\n"; }), true, none, I});
    c.push_back({"v4_mapped_v6_in_sdp", changed([](Parts& p) { p.more = "Content-Type: application/sdp\r\n"; p.body = "v=0\r\no=- 1 1 IN IP6 ::ffff:192.0.2.2\r\nc=IN IP6 ::ffff:192.0.2.2\r\nm=audio 42000 RTP/AVP 0\r\n"; }), true, none, I});
    return c;
}

class Torture : public testing::TestWithParam<Case> {};

TEST_P(Torture, isReadAsExpected) {
    const Case& c = GetParam();
    const Octets octets = octets_of(c.text);
    ASSERT_EQ(probe::looks_like_sip(octets), c.sip);
    probe::SipMessage m;
    const SipDefect defect = probe::parse_sip(c.text, c.text.size(), m);
    if (!c.sip) return;
    ASSERT_EQ(probe::defect_name(defect), probe::defect_name(c.defect));
    if (defect == SipDefect::none) {
        EXPECT_EQ(m.call_id, c.call_id);
        EXPECT_EQ(m.method, c.method);
        EXPECT_EQ(probe::header_parameter(m.to, "tag"), c.to_tag);
        EXPECT_EQ(probe::bare_uri(probe::parse_name_address(m.from).uri), c.from_uri);
    }
    // Through the whole pipeline: a call only for an INVITE request, and the counters say what happened.
    Scene s;
    s.udp_octets(0, {"192.0.2.1"}, {"192.0.2.2"}, octets).end();
    const bool call = defect == SipDefect::none && m.is_request && m.method == SipMethod::invite;
    EXPECT_EQ(s.sink.calls.size(), call ? 1U : 0U);
    EXPECT_EQ(s.pipeline().counters().sip_messages, defect == SipDefect::none ? 1U : 0U);
}

INSTANTIATE_TEST_SUITE_P(Rfc4475AndRfc5118, Torture, testing::ValuesIn(cases()), [](const auto& p) { return std::string(p.param.name); });

TEST(Torture, thereAreFiftyNine) { EXPECT_EQ(cases().size(), 59U); }

TEST(Torture, sdpOfTheTortureMessages) {
    probe::Sdp sdp;
    ASSERT_TRUE(probe::parse_sdp("v=0\r\no=- 1 1 IN IP6 ::ffff:192.0.2.2\r\nc=IN IP6 ::ffff:192.0.2.2\r\nm=audio 42000 RTP/AVP 0\r\n", sdp));
    EXPECT_EQ(sdp.media[0].address.text(), "192.0.2.2");
    probe::Sdp both;
    ASSERT_TRUE(probe::parse_sdp("v=0\r\nm=audio 22334 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\nm=audio 6024 RTP/AVP 107\r\nc=IN IP6 2001:db8::1\r\n", both));
    EXPECT_EQ(both.media[0].address.text(), "192.0.2.1");
    EXPECT_EQ(both.media[1].address.text(), "2001:db8::1");
}

}  // namespace
