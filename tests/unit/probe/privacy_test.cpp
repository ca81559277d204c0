#include "probe/record/privacy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace voipprobe;
using probe::Privacy;
using templates::Personal;

constexpr std::string_view kKey = "sixteen octets or more";

class PrivacyTest : public testing::Test {
  protected:
    std::string party(std::string_view text) { return std::string(privacy_.apply(Personal::party, text, 0)); }
    // The token of a user.
    std::string token(std::string_view user) { return party("sip:" + std::string(user) + "@h").substr(4, 20); }

    Privacy privacy_{Privacy::Mode::hash, wire::as_bytes(kKey), false};
};

TEST_F(PrivacyTest, sameNumberSameTokenHoweverItIsWritten) {
    const std::string t = token("+4930123456");
    EXPECT_THAT(t, testing::MatchesRegex("[0-9a-f]{20}"));
    EXPECT_EQ(party("sip:+4930123456@example.com"), "sip:" + t + "@example.com");
    EXPECT_EQ(party("\"A. Lice\" <sip:+4930123456@example.com:5070;user=phone>"), "<sip:" + t + "@example.com:5070>");
    EXPECT_EQ(party("Alice <sips:+4930123456;phone-context=x:secret@example.com;tag=1>;tag=7"), "<sips:" + t + "@example.com>");
    EXPECT_EQ(party("tel:+49-30-123.456"), "tel:" + t);
    EXPECT_EQ(party("<tel:+49(30)123456;phone-context=example.com>"), "<tel:" + t + ">");
    EXPECT_EQ(party("+4930123456"), t);
    EXPECT_EQ(party("+4930123456@example.com"), t + "@example.com");
    EXPECT_NE(token("+4930123457"), t);
    EXPECT_NE(token("alice"), token("Alice"));
}

TEST_F(PrivacyTest, addressesAloneStayAndOddTextNeverLeaves) {
    EXPECT_EQ(party("sip:192.0.2.7:5060"), "sip:192.0.2.7");
    EXPECT_THAT(party("sip:example.com"), testing::MatchesRegex("sip:[0-9a-f]{20}"));
    EXPECT_EQ(party("<sip:@example.com>"), "<sip:@example.com>");
    for (const std::string_view odd : {"alice", "Alice <sip:alice", "sip:alice:pw@h", "alice@x <alice@y>", "<<sip:alice@h>>", "sip:a:alice@@h",
                                       "\"alice\"<tel:alice>", "alice:alice", "urn:alice:1", "<>alice", "%61lice alice@h"})
        EXPECT_THAT(party(odd), testing::Not(testing::HasSubstr("alice"))) << odd;
}

TEST_F(PrivacyTest, identifiersAreTokensWholeAndDigitsGo) {
    const std::string id(privacy_.apply(Personal::identifier, "a84b4c76e66710@pc33.example.com", 0));
    EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{32}"));
    EXPECT_EQ(privacy_.apply(Personal::identifier, "a84b4c76e66710@pc33.example.com", 0), id);
    EXPECT_EQ(privacy_.apply(Personal::digits, "1234", 0), "");
    EXPECT_EQ(privacy_.apply(Personal::no, "PCMU", 0), "PCMU");
}

TEST_F(PrivacyTest, anotherKeyOrDayGivesOtherTokens) {
    constexpr wire::TimeNs kDay = 86'400 * wire::kSecond;
    Privacy other(Privacy::Mode::hash, wire::as_bytes("another key, also long"), false);
    Privacy daily(Privacy::Mode::hash, wire::as_bytes(kKey), true);
    const std::string alice = party("sip:alice@h");
    EXPECT_EQ(privacy_.apply(Personal::party, "sip:alice@h", 3 * kDay), alice);
    EXPECT_NE(other.apply(Personal::party, "sip:alice@h", 0), alice);
    const std::string today(daily.apply(Personal::party, "sip:alice@h", 5 * kDay));
    EXPECT_EQ(daily.apply(Personal::party, "sip:alice@h", 6 * kDay - 1), today);
    EXPECT_NE(daily.apply(Personal::party, "sip:alice@h", 6 * kDay), today);
    EXPECT_NE(other.id_key().k0, privacy_.id_key().k0);
    EXPECT_EQ(daily.id_key().k0, privacy_.id_key().k0);  // a call over midnight stays one
}

TEST(PrivacyModes, dropLeavesNothingAndOffEverything) {
    Privacy drop(Privacy::Mode::drop, wire::as_bytes(kKey), false), off;
    for (const Personal kind : {Personal::party, Personal::identifier, Personal::digits}) {
        EXPECT_EQ(drop.apply(kind, "sip:alice@h", 0), "");
        EXPECT_EQ(off.apply(kind, "sip:alice@h", 0), "sip:alice@h");
    }
    EXPECT_EQ(off.id_key().k0, 0U);
}

}  // namespace
