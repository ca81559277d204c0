#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "probe/flow/flow_table.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

PacketView packet(std::uint32_t src, std::uint16_t sport, std::uint32_t dst, std::uint16_t dport, std::uint8_t proto = 17) {
    PacketView p;
    p.src = wire::IpAddress::v4(src);
    p.dst = wire::IpAddress::v4(dst);
    p.src_port = sport;
    p.dst_port = dport;
    p.protocol = proto;
    p.ip_version = 4;
    return p;
}

FlowTable::Found find(FlowTable& t, const PacketView& p) { return t.find_or_add(t.key_of(p), p); }

TEST(FlowTable, BothDirectionsAreOneFlow) {
    FlowTable t(10, {1, 2});
    t.begin(0);
    const auto a = find(t, packet(1, 100, 2, 200));
    const auto b = find(t, packet(2, 200, 1, 100));
    EXPECT_TRUE(a.created);
    EXPECT_FALSE(b.created);
    EXPECT_EQ(a.index, b.index);
    EXPECT_EQ(a.direction, 0);
    EXPECT_EQ(b.direction, 1);
    EXPECT_EQ(t.source(a.index).text(), "0.0.0.1:100");
    EXPECT_EQ(t.destination(a.index).text(), "0.0.0.2:200");
    const auto c = find(t, packet(9, 9, 1, 1));
    EXPECT_EQ(t.source(c.index).text(), "0.0.0.9:9");
}

TEST(FlowTable, ProtocolAndFamilyAreInTheKey) {
    FlowTable t(10, {1, 2});
    EXPECT_TRUE(find(t, packet(1, 1, 2, 2, 17)).created);
    EXPECT_TRUE(find(t, packet(1, 1, 2, 2, 6)).created);
    PacketView six = packet(1, 1, 2, 2);
    six.ip_version = 6;
    six.src = *wire::IpAddress::parse("2001:db8::1");
    six.dst = *wire::IpAddress::parse("2001:db8::2");
    EXPECT_TRUE(find(t, six).created);
    EXPECT_FALSE(find(t, six).created);
    std::swap(six.src, six.dst);
    std::swap(six.src_port, six.dst_port);
    const auto back = find(t, six);
    EXPECT_FALSE(back.created);
    EXPECT_EQ(back.direction, 1);
}

TEST(FlowTable, FullTableRefusesAndRecovers) {
    FlowTable t(3, {1, 2});
    for (std::uint16_t i = 0; i < 3; ++i) EXPECT_NE(find(t, packet(1, i, 2, 2)).index, 0U);
    EXPECT_EQ(find(t, packet(1, 99, 2, 2)).index, 0U);
    const auto first = find(t, packet(1, 0, 2, 2));
    t.remove(first.index);
    EXPECT_NE(find(t, packet(1, 99, 2, 2)).index, 0U);
    EXPECT_EQ(t.size(), 3U);
}

// Random adds, finds and removes against a std::map.
TEST(FlowTable, EqualsANaiveModel) {
    FlowTable t(5000, {3, 4});
    t.begin(0);
    std::map<std::pair<std::uint32_t, std::uint16_t>, FlowIndex> model;
    std::mt19937 random(11);
    for (int step = 0; step < 300'000; ++step) {
        const auto src = static_cast<std::uint32_t>(random() % 200 + 1000);
        const auto sport = static_cast<std::uint16_t>(random() % 40);
        const auto key = std::make_pair(src, sport);
        const auto known = model.find(key);
        if (random() % 3 == 0) {
            if (known == model.end()) continue;
            t.remove(known->second);
            model.erase(known);
        } else {
            const auto found = find(t, packet(src, sport, 5, 5));
            if (known != model.end()) {
                ASSERT_EQ(found.index, known->second);
                ASSERT_FALSE(found.created);
            } else if (model.size() == 5000) {
                ASSERT_EQ(found.index, 0U);
            } else {
                ASSERT_TRUE(found.created);
                model[key] = found.index;
            }
        }
        ASSERT_EQ(t.size(), model.size());
    }
    std::set<FlowIndex> distinct;
    for (const auto& [key, index] : model) distinct.insert(index);
    EXPECT_EQ(distinct.size(), model.size());
}

// Every flow comes due once, not before its time and at most a second late, whatever the steps of time.
TEST(FlowTable, TheWheelFiresInTime) {
    std::mt19937 random(5);
    for (const int span_s : {30, 900, 5000}) {
        FlowTable t(3000, {1, 1});
        t.begin(0);
        std::map<FlowIndex, Tick> due;
        for (std::uint16_t i = 0; i < 2000; ++i) {
            const FlowIndex f = find(t, packet(i + 1U, i, 7, 7)).index;
            due[f] = static_cast<Tick>(random() % static_cast<unsigned>(span_s * 100)) + 1;
            t.schedule(f, due[f]);
        }
        wire::TimeNs now = 0;
        while (!due.empty() && now < wire::TimeNs{span_s + 5} * wire::kSecond) {
            now += static_cast<wire::TimeNs>(random() % 3'000'000'000ULL);
            t.expire(now, [&](FlowIndex f) {
                EXPECT_LE(due.at(f), t.to_tick(now));
                due.erase(f);
                t.remove(f);
                return FlowTable::kGone;
            });
            for (const auto& [f, d] : due) ASSERT_GT(d + 100, t.to_tick(now)) << "late by more than a second";
        }
        EXPECT_TRUE(due.empty());
        EXPECT_EQ(t.size(), 0U);
    }
}

// 32-bit ticks of 10 ms last for 497 days; a probe runs for longer, and time may jump further than that.
TEST(FlowTable, TheWheelTurnsForYears) {
    constexpr wire::TimeNs kDay = 86'400 * wire::kSecond;
    FlowTable t(3000, {1, 1});
    t.begin(1'700'000'000 * wire::kSecond);
    wire::TimeNs now = 1'700'000'000 * wire::kSecond;
    std::map<FlowIndex, wire::TimeNs> due;
    std::mt19937 random(9);
    std::uint16_t port = 0;
    const auto visit = [&](FlowIndex f) {
        if (due.at(f) > now) return t.to_tick(due.at(f)) + 1;
        due.erase(f);
        t.remove(f);
        return FlowTable::kGone;
    };
    for (int step = 0; step < 4000; ++step) {
        const FlowIndex f = find(t, packet(1, ++port, 2, 2)).index;
        due[f] = now + static_cast<wire::TimeNs>(random() % 3000) * wire::kSecond;
        t.schedule(f, t.to_tick(due[f]) + 1);
        now += step % 1000 == 999 ? 90 * 365 * kDay / 10 : step % 100 == 99 ? 40 * kDay : 2 * wire::kSecond;
        t.expire(now, visit);
        for (const auto& [flow, when] : due) ASSERT_GT(when + 2 * wire::kSecond, now) << "late in step " << step;
    }
    now += kDay;
    t.expire(now, visit);
    EXPECT_EQ(t.size(), 0U);
    EXPECT_GT(now, (1'700'000'000LL + 30 * 365 * 86'400LL) * wire::kSecond);
}

}  // namespace
