#include "wire/text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace voipprobe::wire {
namespace {

// Text is clean exactly when cleaning leaves it alone, wherever in a word of eight octets the other octet stands.
TEST(Text, CleanIsWhatCleaningLeavesAlone) {
    for (std::size_t length = 1; length <= 20; ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (int octet = 0; octet < 256; ++octet) {
                std::string s(length, 'x');
                s[at] = static_cast<char>(octet);
                EXPECT_EQ(is_clean_text(s), octet >= 0x20 && octet <= 0x7e) << octet << " at " << at << " of " << length;
                EXPECT_EQ(is_clean_text(s), clean_text(s) == s);
            }
}

// Unicode 15, table 3-7: the least and the greatest second octet of each kind, and what lies next to them.
TEST(Text, EdgesOfWellFormedCharacters) {
    for (const std::string_view good : {"\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80", "\xe1\x80\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
                                        "\xf1\x80\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_clean_text(good)) << good;
    for (const std::string_view bad : {"\xc1\xbf", "\xc2\x9f", "\xc3", "\xc3x", "\xdf\xc0", "\xe0\x9f\x80", "\xe1x\x80", "\xe1\x80x", "\xed\xa0\x80", "\xf0\x8f\x80\x80",
                                       "\xf1x\x80\x80", "\xf1\x80x\x80", "\xf1\x80\x80x", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\x80"})
        EXPECT_FALSE(is_clean_text(bad)) << bad;
    EXPECT_EQ(cap_text("a\xe2\x82\xac", 3), "a");
    EXPECT_EQ(cap_text("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
    EXPECT_EQ(trim("\t a \t"), "a");
    EXPECT_EQ(trim(" \t"), "");
}

TEST(Text, WellFormedCharactersOfEveryLengthStay) {
    std::mt19937 dice(11);
    const std::string pieces[] = {"a", "~", " ", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x93\x9e", "sip:", "12345678", "\x1f", "\x7f", "\xc2\x85", "\xed\xa0\x80", "\xff", "\xe2\x82"};
    for (int i = 0; i < 200'000; ++i) {
        std::string s;
        for (std::size_t n = dice() % 12; n > 0; --n) s += pieces[dice() % std::size(pieces)];
        const std::string clean = clean_text(s);
        ASSERT_EQ(is_clean_text(s), clean == s);
        ASSERT_TRUE(is_clean_text(clean));
    }
}

// Every octet against those a bit away, at every place of texts of every length up to three words.
TEST(Text, CaseIsOfAsciiLettersOnly) {
    const auto lower = [](int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
    for (std::size_t length = 1; length <= 24; ++length)
        for (std::size_t at = 0; at < length; ++at)
            for (int x = 0; x < 256; ++x)
                for (const int y : {x, x ^ 0x20, x ^ 0x80, x ^ 0x01}) {
                    std::string a(length, 'Q'), b(length, 'q');
                    a[at] = static_cast<char>(x);
                    b[at] = static_cast<char>(y);
                    ASSERT_EQ(equals_ignore_case(a, b), lower(x) == lower(y)) << length << ' ' << at << ' ' << x << ' ' << y;
                }
    EXPECT_TRUE(equals_ignore_case("", ""));
    EXPECT_FALSE(equals_ignore_case("a", ""));
    EXPECT_FALSE(equals_ignore_case("Content-Length", "Content-Lengt"));
}

}  // namespace
}  // namespace voipprobe::wire
