// IAX2's frames and elements, MGCP's lines: what does not fit is none.
#include <gtest/gtest.h>

#include "probe/voip/iax2/iax2_frame.hpp"
#include "probe/voip/mgcp/mgcp_message.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {
namespace {

Octets full(int source, int destination, int type, int subclass, const Octets& rest = {}) {
    Octets o;
    put16(o, static_cast<std::size_t>(source)), put16(o, static_cast<std::size_t>(destination)), put32(o, 7);
    return o + hex({1, 2, type, subclass}) + rest;
}

TEST(Iax2Fields, FullFrames) {
    const auto f = probe::parse_iax2_full(full(0x8001, 0x8002, 6, 0x83));
    ASSERT_TRUE(f);
    EXPECT_EQ(f->subclass, 8U) << "a power of two";
    EXPECT_TRUE(f->repeated);
    EXPECT_EQ(probe::parse_iax2_full(full(0x8001, 2, 6, 0xbf))->subclass, std::uint64_t{1} << 63);
    for (const Octets& bad : {full(1, 2, 6, 1), full(0x8000, 2, 6, 1), full(0x8001, 2, 0, 1), full(0x8001, 2, 11, 1), full(0x8001, 2, 6, 0xc0)}) EXPECT_FALSE(probe::parse_iax2_full(bad));
    const Octets whole = full(0x8001, 2, 6, 1);
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(probe::parse_iax2_full(wire::Bytes(whole).first(n))) << n;
}

TEST(Iax2Fields, MiniFramesAndTrunks) {
    EXPECT_TRUE(probe::parse_iax2_mini(hex({0, 1, 0, 9})));
    for (const Octets& bad : {hex({0, 1, 0}), hex({0, 0, 0, 9}), hex({0x80, 1, 0, 9})}) EXPECT_FALSE(probe::parse_iax2_mini(bad));
    for (const Octets& bad : {hex({0, 0, 1, 0, 0, 0, 0}), hex({0, 1, 1, 0, 0, 0, 0, 9}), hex({0, 0, 2, 0, 0, 0, 0, 9})}) EXPECT_FALSE(probe::Iax2Trunk::open(bad));
    const Octets with_times = hex({0, 0, 1, 1, 0, 0, 0, 9, 0, 2, 0, 5, 0, 7, 'a', 'b', 0, 90, 0, 5, 0, 7});
    auto trunk = probe::Iax2Trunk::open(with_times);
    ASSERT_TRUE(trunk);
    probe::Iax2Mini m;
    ASSERT_TRUE(trunk->next(m));
    EXPECT_EQ(m.source, 5);
    EXPECT_EQ(m.timestamp, 7);
    EXPECT_EQ(wire::as_text(m.data), "ab");
    EXPECT_FALSE(trunk->next(m)) << "an entry longer than the trunk";
    const Octets without = hex({0, 0, 1, 0, 0, 0, 0, 9, 0, 5, 0, 1, 'a', 0, 5, 0});
    trunk = probe::Iax2Trunk::open(without);
    ASSERT_TRUE(trunk && trunk->next(m));
    EXPECT_EQ(m.timestamp, 9);
    EXPECT_FALSE(trunk->next(m));
}

TEST(Iax2Fields, Elements) {
    const auto read = [](const Octets& o) { return probe::parse_iax2_elements(o); };
    EXPECT_EQ(read(hex({9, 4, 0, 0, 0, 8})).format, 8U);
    EXPECT_FALSE(read(hex({9, 3, 0, 0, 8})).format);
    EXPECT_EQ(read(hex({9, 4, 0, 0, 0, 8, 9, 4, 0, 0, 0, 4})).format, 8U) << "the first counts";
    EXPECT_EQ(read(hex({9, 4, 0, 0, 0, 8, 56, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0})).format, std::uint64_t{1} << 32) << "but the wider one more";
    EXPECT_FALSE(read(hex({56, 8, 0, 0, 0, 1, 0, 0, 0, 0})).format);
    for (const int id : {11, 19, 42, 46, 47, 48}) {
        const auto e = read(hex({id, 3, 1, 2, 3}));  // none has three octets
        EXPECT_FALSE(e.version == 0x0102 || e.refresh_s == 0x0102 || e.cause == 1 || e.report.any) << id;
        EXPECT_TRUE(e.complete);
    }
    EXPECT_EQ(read(hex({11, 2, 0, 2})).version, 2);
    EXPECT_EQ(read(hex({42, 1, 16})).cause, 16);
    EXPECT_EQ(read(hex({47, 4, 50, 0, 0, 9})).report.lost, 9U) << "the percentage is in the highest octet";
    EXPECT_EQ(read(hex({46, 4, 0, 0, 0, 7})).report.jitter_ms, 7U);
    EXPECT_EQ(read(hex({48, 4, 0, 0, 1, 0})).report.packets, 256U);
    EXPECT_FALSE(read(hex({1, 3, 'a'})).complete || read(hex({1})).complete);
    const Octets version = hex({11, 2, 0, 2});
    EXPECT_TRUE(probe::looks_like_iax2_new(full(0x8001, 0, 6, 1, version)));
    for (const Octets& other : {full(0x8001, 0, 2, 1, version), full(0x8001, 0, 6, 4, version), full(0x8001, 9, 6, 1, version), full(0x8001, 0, 6, 1, hex({11, 2, 0, 1})),
                                full(0x8001, 0, 6, 1, version + hex({1}))})
        EXPECT_FALSE(probe::looks_like_iax2_new(other));
}

wire::Bytes octets(std::string_view s) { return wire::as_bytes(s); }

TEST(MgcpFields, FirstLines) {
    for (const std::string_view good : {"CRCX 1 a@b MGCP 1.0\n", "crcx 999999999 a@b mgcp 1.0\r\n", "MESG\t7\ta@b MGCP"}) EXPECT_TRUE(probe::looks_like_mgcp(octets(good))) << good;
    for (const std::string_view bad : {"CRCX 0 a@b MGCP 1.0\n", "CRCX 1000000000 a@b MGCP 1.0\n", "CRCX 1x a@b MGCP 1.0\n", "CRCX 4294967296 a@b MGCP\n", "CRCX 1 MGCP\n          ", "CRCX 1 a@b SIP/2.0\n",
                                       "ZZZZ 1 a@b MGCP 1.0\n", "200 1 OK         \n", "CRCX  \n           ", "\n\n\n\n\n\n\n\n\n\n\n\n\n", "20x 1 a@b MGCP 1.0\n"})
        EXPECT_FALSE(probe::looks_like_mgcp(octets(bad))) << bad;
    for (const std::string_view good : {"200 1 OK\r\n", "100 1", "899 5 x"}) EXPECT_TRUE(probe::looks_like_mgcp_response(octets(good))) << good;
    for (const std::string_view bad : {"200", "2000 1 OK", "900 1 OK", "CRCX 1", "200 x OK", "2 1 OK", "20a 1 OK"}) EXPECT_FALSE(probe::looks_like_mgcp_response(octets(bad))) << bad;
}

TEST(MgcpFields, ParametersAndEnds) {
    std::string_view text = " \r\n\nNTFY 5 a@b MGCP 1.0\nC: 1\nC: 2\nno colon\nXX: 3\nQ: 4\n P : PR=7 , PL=x, JI=9, OS, XY=1\nO: L/hd\n\nv=0\n\ns=second\n.\n200 6 OK";
    probe::MgcpMessage m;
    ASSERT_TRUE(probe::next_mgcp(text, m));
    EXPECT_EQ(m.call_id, "1") << "the first counts";
    EXPECT_EQ(m.parameters.received, 7U);
    EXPECT_FALSE(m.parameters.lost) << "no number";
    EXPECT_EQ(m.parameters.jitter_ms, 9U);
    EXPECT_EQ(m.sdp, "v=0\n") << "a second description is left out";
    ASSERT_TRUE(probe::next_mgcp(text, m));
    EXPECT_EQ(m.code, 200);
    EXPECT_FALSE(probe::next_mgcp(text, m));
    text = "nothing of it\n";
    EXPECT_FALSE(probe::next_mgcp(text, m));
    text = "200 1 OK\n\nv=0\n.\n250 2 OK\n\nv=1";
    ASSERT_TRUE(probe::next_mgcp(text, m) && m.sdp == "v=0\n");
    ASSERT_TRUE(probe::next_mgcp(text, m) && m.sdp == "v=1") << "up to the end";
    std::string many = "200 1 OK\n";
    for (int i = 0; i < 1000; ++i) many += "K: 1\n";
    many += "I: late\n";
    text = many;
    ASSERT_TRUE(probe::next_mgcp(text, m));
    EXPECT_TRUE(m.connection_id.empty() && text.empty()) << "256 lines are read";
}

TEST(MgcpFields, EventsAndDigits) {
    EXPECT_TRUE(probe::mgcp_lists("L/hu(N), D/1", "HU"));
    EXPECT_TRUE(probe::mgcp_lists("X(a,b(c)),L/rg@1", "rg"));
    EXPECT_FALSE(probe::mgcp_lists("X(rg,b)), hd", "rg"));
    EXPECT_FALSE(probe::mgcp_lists("", "rg"));
    EXPECT_FALSE(probe::mgcp_lists(std::string(2000, ',') + "rg", "rg")) << "256 events are read";
    const auto digits = [](std::string_view s) {
        char out[8];
        return std::string(out, probe::mgcp_digits(s, out, sizeof out));
    };
    EXPECT_EQ(digits("D/1,d/2, D/#, 3, 456, D/A, A, *, L/hd, L/7, D/, X/E"), "12#3456A");
    EXPECT_EQ(digits("D/*,D/D,D/E,12*"), "*D12*");
    EXPECT_EQ(digits("1234567890"), "12345678") << "as many as there is room for";
    EXPECT_EQ(digits(std::string(2000, ',') + "5"), "");
}

}  // namespace
}  // namespace voipprobe::test
