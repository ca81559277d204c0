// The kinds of H.245 channels, and what is skipped in them to the bit.
#include <gtest/gtest.h>

#include "probe/voip/h323/h323_message.hpp"
#include "tests/unit/signalling/h323_messages.hpp"

namespace voipprobe::test {
namespace {

using h323::At;
using h323::Per;
using probe::H245Channel;
using probe::H245Kind;
using probe::H245MediaKind;
using probe::H245Message;

const At kMedia{"192.0.2.9", 4000};

Per& extension(Per& p, std::uint32_t index, const Octets& value) { return p.bits(1, 1).bits(0, 1).bits(index, 6).string(value); }
Per& addition(Per& p) { return p.extensions(1, {{0, hex({1, 2, 3, 4, 5})}}); }
Per& non_standard(Per& p, bool object) {
    if (object) p.bits(0, 1).string(hex({1, 2}));
    else p.bits(1, 1).align().bits(181, 8).bits(0, 8).u16(18);
    return p.string(hex({9}));
}
Octets h2250(std::uint32_t optional = 0x80) {
    Per p;
    p.bits(0, 1).bits(optional, 10).align().bits(1, 8);
    if ((optional & 0x80) != 0) h323::h245_address(p, kMedia);
    return p.done();
}
// An OpenLogicalChannel forward, its data type as written.
template <typename Write>
Octets channel(Write&& data_type, const Octets& parameters = h2250()) {
    Per p;
    p.bits(0, 1).bits(0, 1).u16(6).bits(0, 1).bits(0, 1);
    data_type(p);
    extension(p, 0, parameters);
    return p.done();
}
template <typename Write>
H245Channel read(Write&& data_type, const Octets& parameters = h2250()) {
    H245Channel c;
    EXPECT_TRUE(probe::parse_h245_channel(channel(data_type, parameters), c));
    EXPECT_EQ(c.number, 7);
    EXPECT_EQ(c.media.text(), "192.0.2.9:4000") << "what is behind the data type was read at the wrong bit";
    return c;
}
Per& audio(Per& p) { return p.bits(0, 1).bits(3, 3); }
Per& video(Per& p) { return p.bits(0, 1).bits(2, 3); }

TEST(H245Parser, AudioCapabilities) {
    const char* names[] = {"", "PCMA", "PCMA", "PCMU", "PCMU", "G722", "G722", "G722", "G723", "G728", "G729", "G729", "MPA", "MPA"};
    for (std::uint32_t kind = 1; kind < 14; ++kind) {
        const H245Channel c = read([&](Per& p) {
            audio(p).bits(0, 1).bits(kind, 4);
            if (kind == 8) p.align().bits(0, 8).bits(1, 1);
            else if (kind == 12) p.bits(1, 1).bits(0, 8).u16(0), addition(p);
            else if (kind == 13) p.bits(0, 1).bits(0, 20).u16(0);
            else p.align().bits(19, 8);
        });
        EXPECT_EQ(c.codec, names[kind]) << kind;
        EXPECT_EQ(c.kind, H245MediaKind::audio);
        EXPECT_TRUE(c.payload_type.has_value()) << kind;
    }
    const std::pair<std::uint32_t, const char*> later[] = {{0, "G729"}, {1, "G729"}, {2, "G723"}, {3, "GSM"}, {4, ""}, {5, "GSM-EFR"}, {6, ""}, {7, "G729"}};
    for (const auto& [index, codec] : later) {
        const std::uint32_t i = index;
        EXPECT_EQ(read([&](Per& p) { extension(audio(p), i, hex({1, 2})); }).codec, codec) << index;
    }
    EXPECT_EQ(read([](Per& p) { non_standard(audio(p).bits(0, 1).bits(0, 4), true); }).codec, "");
    EXPECT_EQ(read([](Per& p) { non_standard(audio(p).bits(0, 1).bits(0, 4), false); }).codec, "");
}

TEST(H245Parser, VideoCapabilities) {
    EXPECT_EQ(read([](Per& p) { video(p).bits(0, 1).bits(1, 3).bits(0, 1).bits(0, 2).bits(0, 1).u16(100).bits(0, 1); }).codec, "H261");
    EXPECT_EQ(read([](Per& p) { video(p).bits(0, 1).bits(1, 3).bits(1, 1).bits(3, 2).bits(0, 2).bits(1, 2).bits(0, 1).u16(100).bits(0, 1), addition(p); }).codec, "H261");
    EXPECT_EQ(read([](Per& p) { video(p).bits(0, 1).bits(3, 3).bits(0, 1).bits(0, 7).bits(1, 2).align().bits(500, 16).bits(0, 5); }).codec, "H263");
    const H245Channel full = read([](Per& p) {
        video(p).bits(0, 1).bits(3, 3).bits(1, 1).bits(0x7f, 7);
        for (int i = 0; i < 5; ++i) p.bits(3, 5);
        p.bits(2, 2).align().bits(100'000, 24).bits(0, 5).bits(2, 2).align().bits(500'000, 24).u16(9);
        addition(p);
    });
    EXPECT_EQ(full.codec, "H263");
    EXPECT_EQ(full.payload_type, 34);
    EXPECT_EQ(full.kind, H245MediaKind::video);
    EXPECT_EQ(read([](Per& p) { extension(video(p), 0, hex({1})); }).kind, H245MediaKind::video) << "generic";
    EXPECT_EQ(read([](Per& p) { extension(video(p), 1, hex({1})); }).kind, H245MediaKind::video);
    EXPECT_EQ(read([](Per& p) { non_standard(video(p).bits(0, 1).bits(0, 3), false); }).codec, "");
    H245Channel c;
    for (const std::uint32_t unread : {2U, 4U}) {  // H.262, MPEG-1
        EXPECT_FALSE(probe::parse_h245_channel(channel([&](Per& p) { video(p).bits(0, 1).bits(unread, 3); }), c));
    }
}

TEST(H245Parser, OtherDataTypes) {
    EXPECT_EQ(read([](Per& p) { non_standard(p.bits(0, 1).bits(0, 3), true); }).kind, H245MediaKind::none);
    EXPECT_TRUE(read([](Per& p) { extension(p, 1, hex({1, 2})); }).encrypted) << "h235Media";
    EXPECT_FALSE(read([](Per& p) { extension(p, 0, hex({1, 2})); }).encrypted);
    H245Channel c;
    for (const std::uint32_t unread : {4U, 5U}) {
        EXPECT_FALSE(probe::parse_h245_channel(channel([&](Per& p) { p.bits(0, 1).bits(unread, 3); }), c));
        EXPECT_EQ(c.kind, H245MediaKind::data);
    }
}

// The addresses of a channel: every kind in mediaChannel's place, its own one behind as mediaControlChannel.
TEST(H245Parser, EveryKindOfAddress) {
    const auto g711 = [](Per& p) { audio(p).bits(0, 1).bits(1, 4).align().bits(19, 8); };
    const auto parameters = [](auto&& address) {
        Per p;
        p.bits(0, 1).bits(0x82, 10).align().bits(1, 8);  // mediaChannel, dynamicRTPPayloadType behind
        address(p);
        p.bits(7, 5);
        return p.done();
    };
    const std::pair<void (*)(Per&), const char*> kinds[] = {
        {[](Per& p) { h323::h245_address(p, kMedia); }, "192.0.2.9:4000"},
        {[](Per& p) { p.bits(0, 1).bits(0, 1).bits(0, 1).bits(0, 3).bits(1, 1).raw(h323::v4("192.0.2.9")).u16(1), addition(p); }, "192.0.2.9:1"},
        {[](Per& p) { p.bits(0, 1).bits(0, 1).bits(0, 1).bits(2, 3).bits(0, 1).raw(Octets(15)).raw(hex({1})).u16(9); }, "[::1]:9"},
        {[](Per& p) { p.bits(0, 1).bits(0, 1).bits(0, 1).bits(1, 3).bits(1, 1).raw(Octets(12)), addition(p); }, ""},  // IPX
        {[](Per& p) { p.bits(0, 1).bits(0, 1).bits(0, 1).bits(3, 3).raw(Octets(16)); }, ""},                          // NetBIOS
        {[](Per& p) { extension(p.bits(0, 1).bits(0, 1), 0, hex({1})); }, ""},                                        // a unicast added later
        {[](Per& p) { p.bits(0, 1).bits(1, 1).bits(0, 1).bits(0, 1).bits(0, 1).raw(Octets(4, 1)).u16(1); }, ""},      // multicast
        {[](Per& p) { p.bits(0, 1).bits(1, 1).bits(0, 1).bits(1, 1).bits(0, 1).raw(Octets(16, 1)).u16(1); }, ""},
        {[](Per& p) { extension(p.bits(0, 1).bits(1, 1), 0, hex({1})); }, ""},
        {[](Per& p) { extension(p, 0, hex({1})); }, ""},
    };
    for (const auto& [write, text] : kinds) {
        H245Channel c;
        ASSERT_TRUE(probe::parse_h245_channel(channel(g711, parameters(write)), c));
        EXPECT_EQ(c.payload_type, 103) << "read at the wrong bit behind " << text;
        EXPECT_EQ(c.media.port == 0 ? "" : c.media.text(), text);
    }
    H245Channel c;
    ASSERT_TRUE(probe::parse_h245_channel(channel(g711, parameters([](Per& p) { p.bits(0, 1).bits(0, 1).bits(0, 1).bits(4, 3); })), c));
    EXPECT_EQ(c.media.port, 0) << "a source route is not read, nor what is behind";
    EXPECT_EQ(c.payload_type, 8) << "its static one stays";
}

TEST(H245Parser, ParametersWithAllTheyMayHold) {
    Per p;
    p.bits(0, 1).bits(0x3fe, 10).length(1);
    non_standard(p, true).align().bits(3, 8).bits(1, 8);
    h323::h245_address(p, kMedia).bits(1, 1);
    h323::h245_address(p, {"192.0.2.9", 4001}).bits(1, 1).bits(1, 1);
    p.bits(1, 1).bits(5, 8).bits(6, 8), addition(p).bits(1, 5);
    const H245Channel c = read([](Per& q) { audio(q).bits(0, 1).bits(1, 4).align().bits(19, 8); }, p.done());
    EXPECT_EQ(c.session, 3);
    EXPECT_EQ(c.payload_type, 97);
}

TEST(H245Parser, ReverseAndOtherMultiplexes) {
    const auto g711 = [](Per& p) { audio(p).bits(0, 1).bits(1, 4).align().bits(19, 8); };
    H245Channel c;
    for (const std::uint32_t h223 : {0U, 1U, 2U}) {
        Per p;
        p.bits(0, 1).bits(0, 1).u16(6).bits(0, 1).bits(0, 1);
        g711(p);
        p.bits(0, 1).bits(h223, 2);
        EXPECT_FALSE(probe::parse_h245_channel(p.done(), c)) << "not of H.323";
    }
    for (const bool null : {true, false}) {
        for (const bool parameters : {true, false}) {
            Per p;
            p.bits(0, 1).bits(1, 1).u16(6).bits(1, 1).bits(1, 1).u16(1);  // forward: portNumber, additions
            if (null) p.bits(0, 1).bits(1, 3);
            else g711(p);
            extension(p, 0, h2250(null ? 0 : 0x80)), addition(p);
            p.bits(0, 1).bits(parameters ? 1 : 0, 1);
            g711(p);
            if (parameters) extension(p, 0, h2250());
            ASSERT_TRUE(probe::parse_h245_channel(p.done(), c));
            EXPECT_EQ(c.reverse, null);
            EXPECT_EQ(c.number, 7);
            EXPECT_EQ(c.media.port, null && !parameters ? 0 : 4000);
        }
    }
    Per cut;
    cut.bits(0, 1).bits(1, 1).u16(6).bits(0, 1).bits(0, 1).bits(0, 1).bits(1, 3);
    extension(cut, 0, h2250(0)).bits(0, 1).bits(1, 1);
    EXPECT_FALSE(probe::parse_h245_channel(cut.done(), c));
}

TEST(H245Parser, Acknowledgements) {
    Per ack;
    ack.bits(0, 1).bits(0, 1).bits(0x1f, 5).length(1);
    non_standard(ack, false).bits(1, 8);
    h323::h245_address(ack, kMedia);
    h323::h245_address(ack, {"192.0.2.9", 4001}).bits(4, 5);
    Per p;
    p.bits(0, 1).bits(1, 2).bits(0, 1).bits(5, 5).bits(1, 1).bits(1, 1).u16(6);
    p.bits(1, 1).bits(3, 2).u16(1).u16(2).bits(1, 1).bits(0, 1).bits(0, 6).string(h2250()), addition(p);
    p.extensions(3, {{0, hex({1})}, {1, ack.done()}});
    H245Message m;
    ASSERT_TRUE(probe::parse_h245(p.done(), m));
    EXPECT_EQ(m.kind, H245Kind::open_ack);
    EXPECT_EQ(m.channel.number, 7);
    EXPECT_EQ(m.channel.session, 2);
    EXPECT_EQ(m.channel.media.text(), "192.0.2.9:4000");
    EXPECT_EQ(m.channel.payload_type, 100);

    Per none;
    none.bits(0, 1).bits(1, 2).bits(0, 1).bits(5, 5).bits(1, 1).bits(1, 1).u16(6);
    none.bits(0, 1).bits(0, 2).u16(1).extensions(2, {{1, hex({0x80, 1})}});
    ASSERT_TRUE(probe::parse_h245(none.done(), m));
    EXPECT_EQ(m.channel.media.port, 0) << "parameters added later are not read";
    Per cut;
    cut.bits(0, 1).bits(1, 2).bits(0, 1).bits(5, 5).bits(0, 1).bits(1, 1).u16(6).bits(0, 1).bits(3, 2);
    EXPECT_FALSE(probe::parse_h245(cut.done(), m));
    Octets short_ack = h323::open_ack(7, kMedia);
    short_ack.resize(short_ack.size() - 3);
    short_ack[short_ack.size() - 1] = 0;
    probe::parse_h245(short_ack, m);
    EXPECT_EQ(m.channel.media.port, 0) << "half an address is none";
}

TEST(H245Parser, OtherMessages) {
    H245Message m;
    const auto kind = [&](const Per& p) { return probe::parse_h245(p.done(), m) ? m.kind : H245Kind{99}; };
    EXPECT_EQ(kind(Per().bits(0, 1).bits(0, 2).bits(0, 1).bits(4, 4).bits(0, 1).u16(6)), H245Kind::close);
    EXPECT_EQ(m.channel.number, 7);
    EXPECT_EQ(kind(Per().bits(0, 1).bits(1, 2).bits(0, 1).bits(6, 5).bits(0, 1).u16(6)), H245Kind::open_reject);
    EXPECT_EQ(m.channel.number, 7);
    EXPECT_EQ(kind(Per().bits(0, 1).bits(2, 2).bits(0, 1).bits(5, 3)), H245Kind::end_session);
    EXPECT_EQ(kind(Per().bits(0, 1).bits(2, 2).bits(0, 1).bits(1, 3)), H245Kind::other);
    EXPECT_EQ(kind(Per().bits(0, 1).bits(3, 2)), H245Kind::other) << "indication";
    EXPECT_EQ(kind(Per().bits(0, 1).bits(0, 2).bits(0, 1).bits(1, 4)), H245Kind::other);
    EXPECT_EQ(kind(Per().bits(0, 1).bits(1, 2).bits(0, 1).bits(1, 5)), H245Kind::other);
    EXPECT_FALSE(probe::parse_h245(Per().bits(1, 1).bits(0, 7).done(), m)) << "a direction added later";
    EXPECT_FALSE(probe::parse_h245({}, m));
}

}  // namespace
}  // namespace voipprobe::test
