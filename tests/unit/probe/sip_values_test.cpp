// Values of SIP headers and where a message begins and ends, at the edges of the grammar.
#include <gtest/gtest.h>

#include "probe/voip/sip/sip_framing.hpp"
#include "probe/voip/sip/sip_message.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

TEST(SipValues, Parameters) {
    const auto tag = [](std::string_view value) { return header_parameter(value, "tag"); };
    EXPECT_EQ(tag("<sip:a@b;tag=inner>\t;x=1 ; TAG = q"), "q") << "not the URI's";
    EXPECT_EQ(tag("\"a;tag=no \\\" ;tag=no\" <sip:a@b>;tag=\"q;r\""), "q;r") << "a quoted value";
    EXPECT_EQ(tag("<sip:a@b>;tag=\"q\""), "q");
    EXPECT_EQ(tag("<sip:a@b>;tag=\"q"), "\"q") << "a quote that does not end";
    EXPECT_EQ(tag("<sip:a@b>;tag"), "");
    EXPECT_EQ(tag("<sip:a@b>;x=1,<sip:c@d>;tag=q"), "") << "of the next value";
    EXPECT_EQ(tag("<sip:a@b;tag=q"), "") << "a bracket that does not end";
    EXPECT_EQ(tag("\"a;tag=q"), "") << "a quote that does not end";
    EXPECT_EQ(tag("\"a\\"), "");
    EXPECT_EQ(tag("sip:a@b;"), "");
    EXPECT_EQ(tag(""), "");
}

TEST(SipValues, NameAddresses) {
    const NameAddress folded = parse_name_address("\r\n \"A \\\" B\"\r\n\t<sip:a@b>;tag=1\r\n");
    EXPECT_EQ(folded.display, "A \\\" B");
    EXPECT_EQ(folded.uri, "sip:a@b");
    EXPECT_EQ(folded.tag, "1");
    EXPECT_EQ(parse_name_address("Alice <sip:a@b").uri, "sip:a@b") << "a bracket that does not end";
    EXPECT_EQ(parse_name_address("\"Alice <sip:a@b>").uri, "sip:a@b") << "a quote that does not end";
    EXPECT_EQ(parse_name_address("").uri, "");
    EXPECT_EQ(parse_name_address("sip:a@b;tag=1").uri, "sip:a@b") << "RFC 3261 §20.10";
}

TEST(SipValues, UserPartsMayHaveParametersOfTheirOwn) {
    EXPECT_EQ(bare_uri("sip:+49301;rn=+49;npdi@b.org:5070;user=phone?x=y"), "sip:+49301;rn=+49;npdi@b.org:5070");
    EXPECT_EQ(bare_uri("sip:bob@b.org;maddr=192.0.2.1?Replaces=a@b"), "sip:bob@b.org") << "the first '@' ends the user";
}

// Each quote opens and none closes: found out once, not once for each parameter.
TEST(SipValues, QuotesThatDoNotEndAreWalkedOnce) {
    std::string value = "<sip:a@b>";
    for (int i = 0; i < 20000; ++i) value += ";\"\\";
    value += ";tag=q";
    EXPECT_EQ(header_parameter(value, "tag"), "q");
}

TEST(SipValues, FoldedLinesAndControlCharacters) {
    EXPECT_EQ(unfolded("a \r\n\t b"), "a b");
    EXPECT_EQ(unfolded("a\n"), "a ");
    EXPECT_EQ(unfolded("\r\n a"), " a");
    EXPECT_EQ(unfolded("a\x01"), "a\xef\xbf\xbd");
    EXPECT_EQ(unfolded("a\r\n \x01"), "a \xef\xbf\xbd");
}

TEST(SipValues, Causes) {
    EXPECT_EQ(reason_cause("Q.850;cause=16;text=\"x\""), 16U);
    EXPECT_EQ(reason_cause("SIP;text=\"Call completed, elsewhere\";cause=200"), 200U) << "a comma within quotes";
    EXPECT_EQ(reason_cause("Q.850;text=\"a \\\";cause=1\";cause=16"), 16U) << "a parameter within quotes";
    EXPECT_EQ(reason_cause("Q.850;text=\"no end;cause=16"), 16U) << "a quote that does not end";
    for (const char* none : {"Q.850", "Q.850;cause=", "Q.850;cause=x", "Q.850;cause=16x", "Q.850;cause=99999999999", ""}) EXPECT_FALSE(reason_cause(none)) << none;
}

TEST(SipFraming, WhereAMessageMayBegin) {
    const auto start = [](const std::string& s, bool any = false) { return sip_start(wire::as_bytes(s), any); };
    EXPECT_EQ(start("\rINVITE"), SipStart::no) << "no line end is what a line begins with";
    EXPECT_EQ(start("\x80"), SipStart::no);
    EXPECT_EQ(start("SIP/2.0 2"), SipStart::maybe);
    EXPECT_EQ(start("S"), SipStart::maybe);
    EXPECT_EQ(start("XYZ"), SipStart::no);
    EXPECT_EQ(start("XYZ", true), SipStart::maybe);
    EXPECT_EQ(start("INVITE sip:\x01x"), SipStart::no) << "control characters are in no start line";
    EXPECT_EQ(start("INVITE sip:x"), SipStart::maybe);
    EXPECT_EQ(start("INVITE\tsip:x"), SipStart::no);
    EXPECT_EQ(start(std::string(40, 'A') + " sip:x", true), SipStart::no) << "no method is that long";
    EXPECT_EQ(start("INVITE " + std::string(2048, 'x')), SipStart::no) << "nor a start line";
    EXPECT_EQ(start("INVITE sip:x SIP/2.0\r\n"), SipStart::yes);
    const std::string later = "garbage\r\n\r\nINVITE sip:x SIP/2.0\r\n";
    EXPECT_EQ(find_sip_start(wire::as_bytes(later)), 11U);
    EXPECT_EQ(find_sip_start(wire::as_bytes(std::string_view("garbage"))), 7U);
    EXPECT_EQ(find_sip_start(wire::as_bytes(std::string_view("a b\n\r\n"))), 6U);
}

TEST(SipFraming, ContentLengths) {
    const auto length = [](std::string_view headers) { return sip_content_length(wire::as_bytes(headers)); };
    EXPECT_EQ(length("INVITE x SIP/2.0\r\nCall-ID: 1\r\ncontent-LENGTH : \t7 \t\r\n\r\n"), 7U);
    EXPECT_EQ(length("\nCall\nl:8\n"), 8U) << "the compact form; a line that is no header";
    EXPECT_EQ(length("L: 9"), 9U) << "without a line end";
    for (const char* none : {"", "\r\n", "Call-ID: 1\r\n", "Content-Type: x\r\n", "l:\r\n", "l: x\r\n", "l: 7x\r\n", "l: -1\r\n", "l: 4294967296\r\n"})
        EXPECT_FALSE(length(none)) << none;
}

}  // namespace
