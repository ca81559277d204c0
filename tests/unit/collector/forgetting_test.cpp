// What the collector keeps of strangers and lets go: the segmented LRU, names and types of RFC 5610.
#include <gtest/gtest.h>

#include "collector/session/lru.hpp"
#include "collector/session/type_information.hpp"

namespace voipprobe::collector {
namespace {

TEST(SegmentedLru, NewcomersGoFirst) {
    std::vector<int> gone;
    SegmentedLru<int, int> lru(4, 2, [&](const int& k, int&) { gone.push_back(k); });
    for (int k = 1; k <= 4; ++k) lru.insert(k, k);
    lru.promote(1);
    lru.promote(1);
    lru.promote(9);  // nobody
    lru.promote(2);
    for (int k = 5; k <= 8; ++k) lru.insert(k, k);
    EXPECT_EQ(gone, (std::vector<int>{3, 4, 5, 6})) << "the proven stay";
    EXPECT_NE(lru.find(1), nullptr);
    lru.promote(8);  // the protected part is full: its oldest is a newcomer again
    lru.insert(10, 10);
    EXPECT_EQ(gone.back(), 7);
    lru.insert(11, 11);
    EXPECT_EQ(gone.back(), 2);
    EXPECT_EQ(lru.find(2), nullptr);
    EXPECT_EQ(lru.size(), 4U);
    EXPECT_TRUE(lru.erase(1) && lru.erase(11));
    EXPECT_FALSE(lru.erase(1));
    lru.clear();
    EXPECT_FALSE(lru.evict_one());
}

TEST(SegmentedLru, WhatIsInUseStays) {
    SegmentedLru<int, int> lru(4, 3, {});
    lru.insert(1, 1), lru.promote(1);
    EXPECT_FALSE(lru.evict_newcomer_but(1)) << "there is none";
    EXPECT_FALSE(lru.evict_one_but(1));
    lru.insert(2, 2);
    EXPECT_FALSE(lru.evict_newcomer_but(2));
    EXPECT_TRUE(lru.evict_one_but(2)) << "then the proven one";
    EXPECT_EQ(lru.find(1), nullptr);
    lru.insert(3, 3);
    EXPECT_TRUE(lru.evict_newcomer_but(3));
    EXPECT_TRUE(lru.evict_one_but(9));
    EXPECT_FALSE(lru.evict_one_but(9));
    lru.insert(4, 4), lru.promote(4);
    EXPECT_TRUE(lru.evict_one()) << "the proven, when nobody else is left";
}

TEST(TypeRegistry, LearnsNamesAndTypes) {
    using wire::FieldType;
    TypeRegistry r;
    const std::pair<std::uint64_t, FieldType> types[] = {
        {1, FieldType::unsigned_int}, {4, FieldType::unsigned_int}, {9, FieldType::float64}, {10, FieldType::float64}, {11, FieldType::boolean}, {12, FieldType::mac}, {13, FieldType::string},
        {14, FieldType::seconds}, {15, FieldType::milliseconds}, {16, FieldType::microseconds}, {18, FieldType::ipv4}, {19, FieldType::ipv6}};
    std::uint16_t number = 0;
    for (const auto& [code, type] : types) {
        ++number;
        EXPECT_TRUE(r.learn(7, number, "a_Z.0-9" + std::to_string(number), code));
        ASSERT_NE(r.find(7, number), nullptr);
        EXPECT_TRUE(r.find(7, number)->typed) << code;
        EXPECT_EQ(r.find(7, number)->type, type) << code;
    }
    for (const std::uint64_t code : {0U, 5U, 17U, 20U, 255U}) {
        ++number;
        EXPECT_TRUE(r.learn(7, number, "x" + std::to_string(number), code));
        EXPECT_FALSE(r.find(7, number)->typed) << code << " stays octets";
    }
    const std::uint32_t before = r.generation();
    EXPECT_TRUE(r.learn(7, 1, r.find(7, 1)->name, 13)) << "known already";
    EXPECT_EQ(r.generation(), before);
    EXPECT_TRUE(r.learn(7, 1, "another", 13));
    EXPECT_EQ(r.generation(), before + 1);
    EXPECT_EQ(r.find(7, 1)->name, "another");
    EXPECT_EQ(r.find(8, 1), nullptr);
}

TEST(TypeRegistry, RefusesNamesAndNumbers) {
    TypeRegistry r;
    for (const std::string& name : {std::string(), std::string(65, 'x'), std::string("a b"), std::string("a,b"), std::string("=x"), std::string("a\0b", 3), std::string("\xc3\xa9"), std::string("a/b"),
                                    std::string("a:b"), std::string("a@b"), std::string("a{b"), std::string("a[b"), std::string("a`b")})
        EXPECT_FALSE(r.learn(7, 1, name, 1)) << name;
    EXPECT_FALSE(r.learn(0, 1, "iana", 1)) << "the table's own";
    EXPECT_EQ(r.generation(), 0U);
    for (std::size_t i = 0; i < kMaxTypesPerExporter; ++i) EXPECT_TRUE(r.learn(7, static_cast<std::uint16_t>(i), "n", 1));
    EXPECT_FALSE(r.learn(8, 1, "one too many", 1));
    EXPECT_FALSE(r.learn(8, 1, "m", 1)) << "full";
    EXPECT_TRUE(r.learn(7, 1, "m", 1)) << "what is known may change";
}

TEST(TypeRegistry, FindsElementsOfTheTableUnderAnotherEnterpriseNumber) {
    TypeRegistry r;
    const templates::Element& own = templates::element(templates::ElementId::STREAM_JITTER_MEAN);
    ASSERT_NE(own.pen, 0U);
    EXPECT_TRUE(r.learn(4711, 1, own.name, 10));
    EXPECT_EQ(r.find(4711, 1)->element, own.type == wire::FieldType::float64 ? &own : nullptr);
    EXPECT_TRUE(r.learn(4711, 2, own.name, 13));
    EXPECT_EQ(r.find(4711, 2)->element, nullptr) << "of that name, but another type";
    EXPECT_TRUE(r.learn(4711, 3, "IN_PKTS", 4));
    EXPECT_EQ(r.find(4711, 3)->element, nullptr) << "IANA's own";
}

}  // namespace
}  // namespace voipprobe::collector
