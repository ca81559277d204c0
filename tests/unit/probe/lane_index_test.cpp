#include "probe/voip/rtp/lane_index.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace voipprobe::probe {
namespace {

wire::Endpoint at(std::uint32_t address, std::uint16_t port) { return {wire::IpAddress::v4(address), port}; }

TEST(LaneIndex, KeyIsWhatIsOnTheWire) {
    const LaneIndex index({1, 2});
    std::array<std::uint8_t, 24> ip{0x45};
    const std::array<std::uint8_t, 12> ends{192, 0, 2, 1, 198, 51, 100, 7, 0x9c, 0x40, 0xc3, 0x50};
    std::copy(ends.begin(), ends.end(), ip.begin() + 12);
    const LaneKey wire = index.key_of(ip.data());
    const LaneKey ends_key = index.key_of(at(0xc0000201, 40000), at(0xc6336407, 50000));
    EXPECT_EQ(wire.addresses, ends_key.addresses);
    EXPECT_EQ(wire.ports, ends_key.ports);
    EXPECT_EQ(wire.hash, ends_key.hash);
    const LaneKey back = index.key_of(at(0xc6336407, 50000), at(0xc0000201, 40000));
    EXPECT_FALSE(wire.addresses == back.addresses && wire.ports == back.ports) << "each direction has a lane of its own";
}

// It may forget, but it never names a lane that is not the key's.
TEST(LaneIndex, NeverNamesAnothersLane) {
    LaneIndex index({3, 4});
    std::map<std::uint32_t, std::uint32_t> known;  // address -> lane
    std::mt19937 dice(7);
    const auto random = [&] { return static_cast<std::uint32_t>(dice()); };
    const auto key = [&](std::uint32_t a) { return index.key_of(at(a, 4000), at(~a, 5000)); };
    std::size_t hits = 0, asked = 0;
    for (int i = 0; i < 400'000; ++i) {
        const std::uint32_t a = random() % 60'000;
        if (random() % 4 == 0) {
            index.remove(key(a));
            known.erase(a);
        } else if (index.find(key(a)) == 0) {
            const std::uint32_t lane = 1 + random() % 1'000'000;
            index.add(key(a), lane);
            known[a] = lane;
        }
        const std::uint32_t b = random() % 60'000;
        const std::uint32_t found = index.find(key(b));
        const auto it = known.find(b);
        if (found != 0) {
            ASSERT_NE(it, known.end());
            ASSERT_EQ(found, it->second);
        }
        asked += it != known.end() ? 1 : 0;
        hits += found != 0 ? 1 : 0;
    }
    EXPECT_GT(hits, asked / 2) << "it grows with what it is asked to hold";
    EXPECT_LE(index.octets(), LaneIndex::kMostLines * 64);
}

TEST(LaneIndex, GrowsNoFurtherThanItsCap) {
    LaneIndex index({5, 6});
    for (std::uint32_t a = 1; a <= 1'500'000; ++a) {
        const LaneKey k = index.key_of(at(a, 1), at(1, 1));
        if (index.find(k) == 0) index.add(k, a);
    }
    EXPECT_EQ(index.octets(), LaneIndex::kMostLines * 64);
}

// Calls that come and go do not make it grow: a place that was left counts no more.
TEST(LaneIndex, StaysSmallWhileCallsComeAndGo) {
    LaneIndex index({7, 8});
    const auto key = [&](std::uint32_t a) { return index.key_of(at(a, 4000), at(9, 5000)); };
    for (std::uint32_t a = 1; a <= 1'000'000; ++a) {
        if (index.find(key(a)) == 0) index.add(key(a), a);
        if (a > 500) index.remove(key(a - 500));
    }
    EXPECT_LE(index.octets(), 2 * LaneIndex::kFirstLines * 64);
}

TEST(LaneIndex, AVersionForEachNumberThatMayBeAnothersNow) {
    LaneIndex index({9, 10});
    const LaneKey k = index.key_of(at(1, 1), at(2, 2));
    index.add(k, 5);
    const std::uint32_t before = index.version();
    EXPECT_EQ(index.find(k), 5U);
    index.remove(k);
    EXPECT_NE(index.version(), before);
    EXPECT_EQ(index.find(k), 0U);
}

}  // namespace
}  // namespace voipprobe::probe
