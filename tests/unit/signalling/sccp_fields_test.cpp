// Skinny's messages field by field: what each may lack, and numbers that cannot be.
#include <gtest/gtest.h>

#include "probe/voip/sccp/sccp_message.hpp"
#include "probe/voip/signalling/framed_streams.hpp"
#include "tests/unit/signalling/skinny.hpp"

namespace voipprobe::test {
namespace {

using probe::SccpMessage;

SccpMessage read(const Octets& o) {
    static std::vector<Octets> kept;  // the message has views into it
    kept.push_back(o);
    SccpMessage m;
    EXPECT_TRUE(probe::parse_sccp(kept.back(), m));
    return m;
}

TEST(SccpFields, MessagesThatMayBeShort) {
    EXPECT_FALSE(read(Skinny(0, 0x07).octets()).call_reference) << "OnHook of an old phone";
    EXPECT_EQ(read(Skinny(0, 0x07).words({1, 42}).octets()).call_reference, 42U);
    for (const std::uint32_t id : {0x8bU, 0x106U}) {
        const SccpMessage m = read(Skinny(3, id).words({7, 8}).octets());
        EXPECT_TRUE(m.understood && !m.call_reference);
        EXPECT_EQ(m.conference, 7U);
        EXPECT_EQ(m.party_token, 8U);
        EXPECT_EQ(read(Skinny(3, id).words({7, 8, 42}).octets()).call_reference, 42U);
    }
    EXPECT_EQ(read(Skinny(3, 0x01).text("SEP001122334455", 16).octets()).device, "SEP001122334455");
    EXPECT_EQ(read(Skinny(3, 0x92).word(1).text("1000", 24).octets()).line_number, "1000");
    EXPECT_EQ(read(Skinny(20, 0x147).words({1, 0}).terminated("1001").octets()).line_number, "1001");
    EXPECT_EQ(read(Skinny(20, 0x147).words({1, 0}).text("1002", 4).octets()).line_number, "1002") << "up to the end";
    EXPECT_FALSE(read(Skinny(3, 0x92).word(1).text("10", 3).octets()).understood);
    EXPECT_FALSE(read(Skinny(3, 0x50 - 0x10).octets()).understood) << "an id that is not read";
}

TEST(SccpFields, MultimediaChannels) {
    for (const std::uint32_t version : {3U, 17U}) {
        const SccpMessage ack = read(Skinny(version, 0x31).word(0).address("192.0.2.9", 5000).words({8, 42}).octets());
        EXPECT_EQ(ack.media.text(), "192.0.2.9:5000");
        EXPECT_EQ(ack.call_reference, 42U);
        const SccpMessage start = read(Skinny(version, 0x132).words({7, 8, 103}).address("192.0.2.9", 5002).word(42).octets());
        EXPECT_TRUE(start.understood);
        EXPECT_EQ(start.media.text(), "192.0.2.9:5002");
        EXPECT_EQ(start.payload, 103U);
    }
    const SccpMessage no_port = read(Skinny(3, 0x31).word(1).address("192.0.2.9", 70'000).words({8, 42}).octets());
    EXPECT_TRUE(no_port.refused);
    EXPECT_EQ(no_port.media.port, 0) << "no such port";
    EXPECT_FALSE(read(Skinny(3, 0x31).word(0).text("ab", 2).octets()).understood);
    EXPECT_FALSE(read(Skinny(17, 0x31).words({0, 1, 2}).octets()).understood) << "half an address";
}

TEST(SccpFields, ChannelsAndTheirPayloadTypes) {
    const auto start = [](std::uint32_t version, int dynamic) {
        Skinny s(version, 0x105);
        s.words({7, 8, 20, 4, 0}).text(std::string("\0", 1) + static_cast<char>(dynamic) + std::string(2, '\0'), 4);
        return s;
    };
    EXPECT_EQ(read(start(11, 101).octets()).dynamic_type, 101);
    EXPECT_EQ(read(start(11, 95).octets()).dynamic_type, 0);
    EXPECT_EQ(read(start(11, 200).octets()).dynamic_type, 0);
    EXPECT_EQ(read(start(3, 101).octets()).dynamic_type, 0) << "older versions have no such octet";
    EXPECT_FALSE(read(start(11, 0).octets()).call_reference);
    EXPECT_EQ(read(start(11, 0).word(42).octets()).call_reference, 42U);
    EXPECT_TRUE(read(start(11, 0).words({42, 1}).octets()).encrypted);
    EXPECT_EQ(read(start(11, 0).words({42, 0}).text("", 40).octets()).event_type, 0) << "too short for events";
    EXPECT_EQ(read(start(11, 0).words({42, 0}).text("", 52).octets()).event_type, 0);
    EXPECT_EQ(read(start(11, 0).words({42, 0}).text("", 52).word(101).octets()).event_type, 101);
    EXPECT_EQ(read(start(11, 0).words({42, 0}).text("", 52).word(130).octets()).event_type, 0);
    EXPECT_EQ(read(start(11, 0).words({42, 0}).text("", 52).word(9).octets()).event_type, 0);
}

TEST(SccpFields, Statistics) {
    const auto statistics = [](std::string_view text, std::uint32_t size) {
        return read(Skinny(20, 0x23).text("1000", 28).words({42, 0, 1, 2, 30, 4, 5, 6, 7}).word(size).text(text, text.size()).octets()).statistics;
    };
    const auto mos = [&](std::string_view text) { return statistics(text, static_cast<std::uint32_t>(text.size())).mos_lq; };
    EXPECT_EQ(mos("MLQK=4.25;MLQKav=1"), 4.25F);
    for (const std::string_view bad : {"", "CCR=1", "MLQK=", "MLQK=x", "MLQK=nan", "MLQK=inf", "MLQK=0.5", "MLQK=7", "MLQK=1e99"}) EXPECT_FALSE(mos(bad)) << bad;
    EXPECT_EQ(statistics("", 0).packets_received, 30U);
    EXPECT_EQ(read(Skinny(3, 0x23).text("1000", 24).words({42, 0, 1, 2, 30, 4, 5, 6, 7}).octets()).statistics.packets_lost, 5U);
    EXPECT_FALSE(read(Skinny(3, 0x23).text("1000", 24).words({42, 0, 1}).octets()).understood);
    EXPECT_FALSE(read(Skinny(3, 0x23).text("1000", 24).words({42, 0, 1, 2, 30, 4, 5, 6, 7, 900}).octets()).statistics.mos_lq);
}

TEST(SccpFields, WhereAFrameBegins) {
    const auto length = [](std::initializer_list<std::uint32_t> words, std::size_t octets) {
        Skinny s(0, 0);
        s.words(words);
        Octets o = s.octets();
        o.erase(o.begin(), o.begin() + 12);
        o.resize(octets);
        return probe::sccp_frame_length(o);
    };
    EXPECT_EQ(length({}, 3), 0U) << "not known yet";
    EXPECT_EQ(length({4}, 4), 0U);
    EXPECT_FALSE(length({3}, 4) || length({5000}, 4));
    EXPECT_EQ(length({4, 20}, 8), 0U);
    EXPECT_FALSE(length({4, 32}, 8));
    EXPECT_EQ(length({4, 20, 0x81}, 12), 12U);
    EXPECT_FALSE(length({3, 20, 0x81}, 12) || length({5000, 20, 0x81}, 12) || length({4, 32, 0x81}, 12));
    for (const std::uint32_t id : {0x4dU, 0x80U, 0x161U, 0x7fffU, 0x8102U}) EXPECT_FALSE(length({4, 20, id}, 12)) << id;
    for (const std::uint32_t id : {0U, 0x4cU, 0x81U, 0x160U, 0x8000U, 0x8101U}) EXPECT_TRUE(length({4, 20, id}, 12)) << id;
    SccpMessage m;
    EXPECT_FALSE(probe::parse_sccp(Octets(12), m) || probe::parse_sccp(Octets(3), m));
}

TEST(SccpFields, Codecs) {
    EXPECT_EQ(probe::sccp_codec(4).name, "PCMU");
    EXPECT_EQ(probe::sccp_codec(90).clock_rate, 48'000U);
    EXPECT_TRUE(probe::sccp_codec(77).name.empty());
    for (const std::uint32_t video : {100U, 104U, 109U, 110U, 115U}) EXPECT_TRUE(probe::sccp_is_video(video));
    for (const std::uint32_t other : {4U, 99U, 105U, 108U, 111U, 114U, 116U}) EXPECT_FALSE(probe::sccp_is_video(other));
}

}  // namespace
}  // namespace voipprobe::test
