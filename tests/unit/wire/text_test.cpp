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

}  // namespace
}  // namespace voipprobe::wire
