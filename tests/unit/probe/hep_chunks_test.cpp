// HEP3's chunks one by one: which may be twice, which must fit, and packets made of what an agent saw over TCP.
#include <gtest/gtest.h>

#include "probe/voip/hep/hep_message.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {
namespace {

using probe::HepDefect;
using probe::HepMessage;

Octets chunk(std::uint16_t type, const Octets& value, std::uint16_t vendor = 0) {
    Octets o;
    put16(o, vendor), put16(o, type), put16(o, value.size() + 6);
    return o + value;
}
Octets hep(const Octets& chunks) {
    Octets o = octets_of("HEP3");
    put16(o, chunks.size() + 6);
    return o + chunks;
}
const Octets kFrom = chunk(3, hex({192, 0, 2, 1})), kTo = chunk(4, hex({192, 0, 2, 2})), kText = chunk(15, octets_of("x"));
HepDefect defect(const Octets& chunks) {
    HepMessage m;
    return probe::parse_hep(hep(chunks), m);
}

TEST(HepChunks, EachMustFit) {
    EXPECT_EQ(defect(kFrom + kTo + kText), HepDefect::none);
    for (const auto& [type, size] : std::initializer_list<std::pair<int, int>>{{2, 1}, {7, 2}, {8, 2}, {9, 4}, {10, 4}, {11, 1}, {12, 4}}) {
        const auto t = static_cast<std::uint16_t>(type);
        EXPECT_EQ(defect(kFrom + kTo + kText + chunk(t, Octets(static_cast<std::size_t>(size), 1))), HepDefect::none) << type;
        EXPECT_EQ(defect(kFrom + kTo + kText + chunk(t, Octets(static_cast<std::size_t>(size - 1)))), HepDefect::length) << type;
        EXPECT_EQ(defect(kFrom + kTo + kText + chunk(t, Octets(static_cast<std::size_t>(size + 1)))), HepDefect::length) << type;
    }
    for (const std::uint16_t address : std::initializer_list<std::uint16_t>{3, 4}) EXPECT_EQ(defect(chunk(address, Octets(16))), HepDefect::length);
    for (const std::uint16_t address : std::initializer_list<std::uint16_t>{5, 6}) EXPECT_EQ(defect(chunk(address, Octets(4))), HepDefect::length);
    EXPECT_EQ(defect(kFrom + hex({0, 0, 0, 4, 0})), HepDefect::length) << "half a chunk's head";
    EXPECT_EQ(defect(kFrom + hex({0, 0, 0, 4, 0, 5})), HepDefect::length);
    EXPECT_EQ(defect(kFrom + hex({0, 0, 0, 4, 0, 99})), HepDefect::length);
    EXPECT_EQ(defect(kFrom + kTo + kText + chunk(40, Octets(3)) + chunk(13, Octets(2)) + chunk(2, Octets(9), 7)), HepDefect::none) << "what is not known is left out";
}

TEST(HepChunks, AddressesAndPayload) {
    EXPECT_EQ(defect(kText), HepDefect::no_address);
    EXPECT_EQ(defect(kFrom + kText), HepDefect::no_address);
    EXPECT_EQ(defect(kFrom + chunk(6, Octets(16, 1)) + kText), HepDefect::no_address) << "one of each family";
    EXPECT_EQ(defect(kFrom + kTo), HepDefect::no_payload);
    EXPECT_EQ(defect(kFrom + kTo + chunk(15, {})), HepDefect::no_payload);
    EXPECT_EQ(defect(kFrom + kTo + chunk(16, hex({1, 2}))), HepDefect::none) << "compressed: there is one, though it is not read";
    HepMessage m;
    const Octets twice = hep(kFrom + chunk(3, hex({9, 9, 9, 9})) + kTo + chunk(6, Octets(16, 1)) + kText + chunk(15, octets_of("y")) + chunk(9, hex({0, 0, 0, 5})) + chunk(10, hex({0xff, 0xff, 0xff, 0xff})));
    ASSERT_EQ(probe::parse_hep(twice, m), HepDefect::none);
    EXPECT_EQ(m.src.address, ip("192.0.2.1")) << "the first counts";
    EXPECT_EQ(m.dst.address, ip("192.0.2.2"));
    EXPECT_EQ(wire::as_text(m.payload), "x");
    EXPECT_EQ(m.time, 5 * wire::kSecond + 999'999 * wire::kMicrosecond) << "not an hour later";
    ASSERT_EQ(probe::parse_hep(hep(kFrom + kTo + kText), m), HepDefect::none);
    EXPECT_EQ(m.time, HepMessage{}.time) << "no time";
    Octets wrong = hep(kText);
    wrong[5] = 5;
    EXPECT_FALSE(probe::hep_length(wrong));
}

TEST(HepChunks, DefectsHaveNames) {
    std::set<std::string> names;
    for (const HepDefect d : {HepDefect::none, HepDefect::no_hep, HepDefect::length, HepDefect::no_address, HepDefect::no_payload}) names.insert(std::string(probe::hep_defect_name(d)));
    EXPECT_EQ(names.size(), 5U);
    EXPECT_FALSE(names.contains(""));
}

TEST(HepChunks, PacketsOfWhatWasSeen) {
    HepMessage m;
    m.src = {ip("192.0.2.1"), 5060}, m.dst = {ip("192.0.2.2"), 5061}, m.protocol = 6;
    Octets first, later, six, big;
    const Octets text = octets_of("hello");
    ASSERT_TRUE(probe::write_packet(m, text, {1000, true}, first) && probe::write_packet(m, text, {1000, false}, later));
    EXPECT_EQ(wire::load_be32(&first[24]), 999U) << "a SYN counts";
    EXPECT_EQ(first[33] & 2, 2);
    EXPECT_EQ(wire::load_be32(&later[24]), 1000U);
    EXPECT_EQ(later[33] & 2, 0);
    m.src.address = ip("2001:db8::1"), m.dst.address = ip("2001:db8::2"), m.protocol = 17;
    ASSERT_TRUE(probe::write_packet(m, text, {}, six));
    EXPECT_EQ(six[0] >> 4, 6);
    EXPECT_EQ(six.size(), 40U + 8 + 5);
    EXPECT_FALSE(probe::write_packet(m, Octets(65'530), {}, big)) << "no packet is that long";
    EXPECT_TRUE(big.empty());
}

}  // namespace
}  // namespace voipprobe::test
