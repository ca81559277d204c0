// What H.225.0 and H.245 messages may hold and calls do not need: it is skipped to the bit, or what comes behind it
// (the call identifier, a channel's address) would be read wrong.
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
using probe::Q931Message;
using probe::RasMessage;

const At kAddress{"192.0.2.10", 1503};
using Write = void (*)(Per&);

Per& extension(Per& p, std::uint32_t index, const Octets& value) { return p.bits(1, 1).bits(0, 1).bits(index, 6).string(value); }
// A sequence's additions: one, of five octets.
Per& addition(Per& p) { return p.extensions(1, {{0, hex({1, 2, 3, 4, 5})}}); }
void h221(Per& p) { p.bits(0, 1).align().bits(181, 8).bits(0, 8).u16(18); }
void non_standard_object(Per& p) { p.bits(0, 1).bits(0, 1).string(hex({1, 2, 3})).string(hex({9, 9})); }
void non_standard_h221(Per& p) { p.bits(0, 1).bits(1, 1), h221(p), p.string(hex({7})); }
void non_standard_new(Per& p) { extension(p, 0, hex({1})).string(hex({})); }

// ---- addresses -------------------------------------------------------------------------------------------------

// A Setup whose address, aliases, endpoint type and the rest are written by the given functions.
struct SetupMessage {
    std::uint32_t optional = 0;  // of the seven: h245Address 64, sourceAddress 32, destination 16, ... q-series 1
    Write address = [](Per&) {}, source = [](Per&) {}, endpoint = [](Per& p) { h323::terminal(p); }, destination = [](Per&) {}, more = [](Per&) {};
    Write goal = [](Per& p) { p.bits(0, 1).bits(0, 2); }, series = [](Per&) {}, type = [](Per& p) { p.bits(0, 1).bits(0, 2); };

    Q931Message read() const {
        Per p = h323::begin(0, false);
        p.bits(1, 1).bits(optional, 7).string(h323::kProtocol);
        address(p), source(p), endpoint(p), destination(p), more(p);
        p.bits(0, 1).raw(h323::kCall);
        goal(p), series(p), type(p);
        p.extensions(8, {{2, h323::call_identifier()}});
        const Octets o = h323::q931(5, true, {}, p);
        Q931Message m;
        EXPECT_TRUE(probe::parse_q931(o, m));
        EXPECT_TRUE(m.understood);
        EXPECT_TRUE(std::equal(h323::kCall.begin(), h323::kCall.end(), m.call_identifier.begin())) << "what is behind was read at the wrong bit";
        EXPECT_TRUE(std::equal(h323::kCall.begin(), h323::kCall.end(), m.conference.begin()));
        return m;
    }
};

TEST(H225Parser, EveryKindOfTransportAddress) {
    const std::pair<Write, const char*> kinds[] = {
        {[](Per& p) { h323::h225_address(p, kAddress); }, "192.0.2.10:1503"},
        {[](Per& p) { p.bits(0, 1).bits(3, 3).bits(0, 1).raw(Octets(15)).raw(hex({1})).u16(1720); }, "[::1]:1720"},
        {[](Per& p) { p.bits(0, 1).bits(3, 3).bits(1, 1).raw(Octets(15)).raw(hex({2})).u16(7), addition(p); }, "[::2]:7"},
        {[](Per& p) { p.bits(0, 1).bits(2, 3).raw(Octets(12, 1)); }, ""},
        {[](Per& p) { p.bits(0, 1).bits(4, 3).raw(Octets(16, 1)); }, ""},
        {[](Per& p) { p.bits(0, 1).bits(5, 3).bits(6, 5).raw(Octets(7, 1)); }, ""},
        {[](Per& p) { p.bits(0, 1).bits(6, 3), non_standard_object(p); }, ""},
        {[](Per& p) { p.bits(0, 1).bits(6, 3), non_standard_h221(p); }, ""},
        {[](Per& p) { p.bits(0, 1).bits(6, 3), non_standard_new(p); }, ""},
        {[](Per& p) { extension(p, 0, Octets(9, 1)); }, ""},
    };
    for (const auto& [write, text] : kinds) {
        SetupMessage s;
        s.optional = 64;
        s.address = write;
        const Q931Message m = s.read();
        EXPECT_EQ(m.h245_address, *text == '\0' ? wire::Endpoint{} : m.h245_address);
        if (*text != '\0') {
            EXPECT_EQ(m.h245_address.text(), text);
        }
    }
}

TEST(H225Parser, EveryKindOfAlias) {
    SetupMessage s;
    s.optional = 32 | 16;
    s.source = [](Per& p) {
        p.length(9);
        extension(p, 0, Per().u16(14).raw(hex({'h', '3', '2', '3', ':', 'a', 'n', 'n', '@', 'h', '.', 't', 'e', 's', 't'})).done());   // url-ID
        extension(p, 1, hex({0}));                                                                                                    // transport-ID
        extension(p, 2, Per().u16(4).raw(hex({'a', '@', 'b', '.', 'c'})).done());                                                     // email-ID
        extension(p, 3, Per().bits(0, 1).bits(0, 3).bits(0, 1).bits(2, 3).bits(2, 7).align().bits(0x4, 4).bits(0x5, 4).bits(0x6, 4).done());  // e164Number 123
        extension(p, 3, Per().bits(0, 1).bits(3, 3).bits(0, 1).bits(2, 3).bits(1, 7).align().bits(0xb, 4).bits(0xc, 4).done());       // privateNumber 89
        extension(p, 3, Per().bits(0, 1).bits(0, 3).bits(1, 1).bits(0, 7).string(hex({1})).bits(0, 7).align().bits(0x3, 4).done());   // of a type added later: 0
        extension(p, 3, Per().bits(0, 1).bits(3, 3).bits(1, 1).bits(0, 7).string(hex({1})).bits(0, 7).align().bits(0x3, 4).done());   // the same
        extension(p, 3, Per().bits(0, 1).bits(1, 3).done());                                                                          // dataPartyNumber
        p.bits(0, 1).bits(1, 1).align().bits(3, 8).u16('Z').u16(0xfc).u16(0x65e5).u16(0);                                             // Zü日, and a zero
    };
    s.destination = [](Per& p) { h323::digits(p.length(1), "#*,5"); };
    const Q931Message m = s.read();
    EXPECT_EQ(m.source_aliases, (std::vector<std::string>{"h323:ann@h.test", "a@b.c", "123", "89", "0", "0", "Z\xc3\xbc\xe6\x97\xa5"}));
    EXPECT_EQ(m.destination_aliases, (std::vector<std::string>{"#*,5"}));
}

TEST(H225Parser, AliasesAreBounded) {
    SetupMessage s;
    s.optional = 32;
    s.source = [](Per& p) {
        p.length(40);
        for (int i = 0; i < 40; ++i) h323::h323_name(p, std::string(200, 'x'));
    };
    const Q931Message m = s.read();
    EXPECT_EQ(m.source_aliases.size(), 32U);
    for (const std::string& a : m.source_aliases) EXPECT_EQ(a.size(), 96U);
}

// ---- what is skipped -------------------------------------------------------------------------------------------

TEST(H225Parser, SkipsEveryPartOfAnEndpointType) {
    const Write parts[] = {
        [](Per& p) { p.bits(0, 1).bits(0x20, 6), non_standard_h221(p), p.bits(0, 2); },
        [](Per& p) { p.bits(0, 1).bits(0x10, 6).bits(0, 1).bits(0, 2), h221(p), p.bits(0, 2); },  // vendor
        [](Per& p) { p.bits(0, 1).bits(0x10, 6).bits(1, 1).bits(3, 2), h221(p), p.align().bits(3, 8).raw(Octets(4, 'p')).bits(1, 8).raw(Octets(2, 'v')), addition(p).bits(0, 2); },
        [](Per& p) { p.bits(0, 1).bits(0x08, 6).bits(0, 1).bits(0, 1).bits(0, 2); },  // gatekeeper
        [](Per& p) { p.bits(0, 1).bits(0x08, 6).bits(0, 1).bits(1, 1), non_standard_object(p), p.bits(0, 2); },
        [](Per& p) { p.bits(0, 1).bits(0x04, 6).bits(0, 1).bits(0, 2).bits(0, 2); },  // gateway
        [](Per& p) {  // with protocols: non-standard, H.320, one added later; and non-standard data
            p.bits(0, 1).bits(0x04, 6).bits(1, 1).bits(3, 2).length(3);
            p.bits(0, 1).bits(0, 4), non_standard_object(p);
            p.bits(0, 1).bits(2, 4).bits(0, 1).bits(0, 1);
            extension(p, 1, hex({1, 2}));
            non_standard_new(p), addition(p).bits(0, 2);
        },
        [](Per& p) { p.bits(1, 1).bits(0x02, 6).bits(1, 1).bits(0, 1), addition(p).bits(0, 2), addition(p); },  // mcu
    };
    for (const Write write : parts) {
        SetupMessage s;
        s.endpoint = write;
        s.read();
    }
}

TEST(H225Parser, SkipsTheRestOfASetup) {
    SetupMessage s;
    s.optional = 0x0f;  // destCallSignalAddress, destExtraCallInfo, destExtraCRV, callServices
    s.more = [](Per& p) {
        h323::h225_address(p, kAddress);
        h323::digits(p.length(1), "7");
        p.length(2).u16(5).u16(6);
    };
    s.goal = [](Per& p) { extension(p, 1, hex({1})); };
    s.series = [](Per& p) { p.bits(1, 1).bits(0, 7).bits(1, 1).bits(0, 2), addition(p), addition(p); };
    s.type = [](Per& p) { extension(p, 0, hex({1, 2, 3})); };
    EXPECT_TRUE(s.read().source_aliases.empty()) << "further destinations are nobody's name";
}

// ---- the other messages ----------------------------------------------------------------------------------------

Q931Message parsed(int type, const Per& p) {
    static Octets octets;  // what the message points into, until the next one
    octets = h323::q931(type, false, {}, p);
    Q931Message m;
    EXPECT_TRUE(probe::parse_q931(octets, m));
    EXPECT_TRUE(m.understood);
    return m;
}
bool is_call(const probe::H323Id& id) { return std::equal(h323::kCall.begin(), h323::kCall.end(), id.begin()); }

// An extension of the body: in an open type.
Octets progress(std::uint32_t optional, bool fast_start) {
    Per p;
    p.bits(0, 1).bits(optional, 5).string(h323::kProtocol);
    h323::terminal(p);
    if ((optional & 0x10) != 0) h323::h225_address(p, kAddress);
    p.bits(1, 1).raw(h323::kCall), addition(p);
    const At media{"192.0.2.9", 4000};
    if (fast_start) p.length(2).string(h323::channel(2, &media, true)).string(hex({0xff}));
    return p.done();
}
Per with_body_extension(std::uint32_t index, const Octets& value) {
    Per p;
    p.bits(0, 1).bits(0, 1).bits(0, 1).bits(0, 1);
    extension(p, index, value);
    return p;
}

TEST(H225Parser, Progress) {
    Q931Message m = parsed(3, with_body_extension(0, progress(0x11, true)));
    EXPECT_TRUE(is_call(m.call_identifier));
    EXPECT_EQ(m.h245_address.text(), "192.0.2.10:1503");
    ASSERT_EQ(m.fast_start.size(), 1U) << "what is no channel is left out";
    EXPECT_EQ(m.fast_start[0].media.text(), "192.0.2.9:4000");
    m = parsed(3, with_body_extension(0, progress(0, false)));
    EXPECT_TRUE(is_call(m.call_identifier) && m.fast_start.empty());
    for (const std::uint32_t tokens : {8U, 4U, 2U}) {
        m = parsed(3, with_body_extension(0, progress(tokens | 1, true)));
        EXPECT_TRUE(is_call(m.call_identifier) && m.fast_start.empty()) << "behind tokens";
    }
    EXPECT_FALSE(is_call(parsed(0x7d, with_body_extension(1, hex({0}))).call_identifier)) << "empty, status: nothing is read";
}

TEST(H225Parser, ReleaseReasons) {
    const auto release = [](Write reason) {
        Per p = h323::begin(5, false);
        p.bits(1, 1).bits(1, 1).string(h323::kProtocol);
        reason(p);
        p.extensions(2, {{0, h323::call_identifier()}, {1, hex({1})}});
        return parsed(0x5a, p);
    };
    EXPECT_TRUE(release([](Per& p) { p.bits(0, 1).bits(10, 4); }).busy);
    EXPECT_FALSE(release([](Per& p) { p.bits(0, 1).bits(1, 4); }).busy);
    const Q931Message later = release([](Per& p) { extension(p, 1, hex({1, 2})); });
    EXPECT_TRUE(!later.busy && is_call(later.call_identifier));
}

TEST(H225Parser, Facility) {
    Per p = h323::begin(6, false);
    p.bits(1, 1).bits(7, 3).string(h323::kProtocol);
    h323::h225_address(p, {"192.0.2.77", 1});
    h323::digits(p.length(1), "1");
    p.raw(h323::kCall);
    extension(p, 0, hex({1}));  // a reason added later
    Per address;
    h323::h225_address(address, kAddress);
    p.extensions(8, {{0, h323::call_identifier()}, {1, hex({1})}, {6, address.done()}, {7, h323::sequence_of({h323::channel(1, nullptr, false)})}});
    const Q931Message m = parsed(0x62, p);
    EXPECT_TRUE(is_call(m.call_identifier) && is_call(m.conference));
    EXPECT_EQ(m.h245_address.text(), "192.0.2.10:1503") << "not the alternative address";
    EXPECT_EQ(m.fast_start.size(), 1U);
    Per little = h323::begin(6, false);
    little.bits(0, 1).bits(0, 3).string(h323::kProtocol).bits(0, 1).bits(0, 2);
    EXPECT_FALSE(is_call(parsed(0x62, little).conference));
}

TEST(H225Parser, InformationAndNonStandardDataOfThePdu) {
    Per p;
    p.bits(0, 1).bits(0, 1).bits(1, 1).bits(1, 1).bits(0, 1).bits(4, 3);
    p.bits(1, 1).string(h323::kProtocol).extensions(4, {{0, h323::call_identifier()}, {1, hex({1})}, {3, h323::sequence_of({h323::channel(1, nullptr, false)})}});
    non_standard_object(p);
    h323::end(p, {h323::open_channel(1), hex({})});
    const Q931Message m = parsed(0x7b, p);
    EXPECT_TRUE(is_call(m.call_identifier));
    EXPECT_EQ(m.fast_start.size(), 1U);
    ASSERT_EQ(m.h245.size(), 1U) << "an empty one is none";
    EXPECT_EQ(Octets(m.h245[0].begin(), m.h245[0].end()), h323::open_channel(1));
}

TEST(H225Parser, ListsAreBounded) {
    const std::vector<Octets> many(50, h323::channel(1, nullptr, false));
    Per p = h323::begin(0, true);
    p.bits(1, 1).bits(0, 7).string(h323::kProtocol);
    h323::terminal(p).bits(0, 1).raw(h323::kCall).bits(0, 1).bits(0, 2).bits(0, 1).bits(0, 2).extensions(8, {{6, h323::sequence_of(many)}});
    h323::end(p, many);
    const Q931Message m = parsed(5, p);
    EXPECT_EQ(m.fast_start.size(), Q931Message::kMost);
    EXPECT_EQ(m.h245.size(), Q931Message::kMost);
}

TEST(Q931, Elements) {
    const auto read = [](const Octets& elements) {
        Q931Message m;
        EXPECT_TRUE(probe::parse_q931(hex({8, 2, 0x80, 1, 0x5a}) + elements, m));
        return m;
    };
    EXPECT_EQ(read(hex({8, 3, 0, 0x80, 0x90})).cause, 16) << "an octet that goes on";
    EXPECT_FALSE(read(hex({8, 1, 0x80})).cause) << "no cause in it";
    EXPECT_FALSE(read(hex({8, 2, 0, 0})).cause) << "it goes on for ever";
    EXPECT_EQ(read(hex({0xa1, 0x28, 2, 'H', 'i'})).display, "Hi") << "an element of one octet before it";
    EXPECT_EQ(read(hex({0x6c, 3, 0x00, 0x80, '5'})).calling, "5");
    EXPECT_EQ(read(hex({0x70, 100, 0x80}) + Octets(99, '7')).called, std::string(96, '7'));
    EXPECT_FALSE(read(hex({0x7e, 0, 2, 4, 0})).has_h225) << "another protocol";
    EXPECT_FALSE(read(hex({0x7e, 0, 0})).has_h225);
    EXPECT_EQ(read(hex({0x1e, 1, 0, 0x28, 1, 'x'})).display, "x");
    EXPECT_EQ(read(hex({0x28, 9, 'x'})).display, "") << "longer than the message";
    for (const Octets& bad : {hex({8, 2, 0, 1}), hex({9, 2, 0, 1, 5}), hex({8, 1, 0, 1, 5}), hex({8, 2, 0, 1, 6})}) {
        Q931Message m;
        EXPECT_FALSE(probe::parse_q931(bad, m));
    }
}

TEST(Ras, RequestsWithAllTheyMayHold) {
    Per r;
    r.bits(0, 1).bits(3, 5).bits(0, 1).bits(6, 3).u16(6).string(h323::kProtocol);
    non_standard_h221(r);
    r.bits(0, 1);
    h323::h225_address(r.length(1), kAddress);
    r.length(0);
    h323::terminal(r);
    h323::digits(r.length(1), "1000");
    RasMessage m;
    ASSERT_TRUE(probe::parse_ras(r.done(), m));
    EXPECT_EQ(m.type, probe::RasType::registration_request);
    EXPECT_EQ(m.sequence, 7);
    EXPECT_EQ(m.aliases, (std::vector<std::string>{"1000"}));

    Per c;
    c.bits(0, 1).bits(4, 5).bits(0, 1).bits(6, 3).u16(6).string(h323::kProtocol);
    non_standard_object(c);
    h323::h225_address(c.length(1), kAddress);
    h323::digits(c.length(1), "1001");
    ASSERT_TRUE(probe::parse_ras(c.done(), m));
    EXPECT_EQ(m.aliases, (std::vector<std::string>{"1001"}));

    for (const bool full : {true, false}) {
        Per a;
        a.bits(0, 1).bits(9, 5).bits(0, 1).bits(full ? 0x7f : 0, 7).u16(8);
        if (full) extension(a, 0, hex({1})), extension(a, 0, hex({1}));  // callType, callModel
        else a.bits(0, 1).bits(0, 2);
        a.bits(0, 7).u16('e');  // endpointIdentifier
        if (full) {
            h323::digits(a.length(1), "2000");
            h323::h225_address(a, kAddress);
            h323::digits(a.length(1), "9");
        }
        h323::digits(a.length(1), "1000");
        if (full) h323::h225_address(a, kAddress);
        a.bits(1, 2).align().bits(0x0500, 16).u16(42);  // bandWidth in two octets, callReferenceValue
        if (full) {
            non_standard_object(a);
            a.bits(0, 1).bits(0, 7).bits(0, 1).bits(0, 2);
        }
        a.raw(h323::kCall);
        ASSERT_TRUE(probe::parse_ras(a.done(), m)) << full;
        EXPECT_EQ(m.type, probe::RasType::admission_request);
        EXPECT_EQ(m.sequence, 9);
        EXPECT_EQ(m.aliases, (std::vector<std::string>{"1000"}));
        EXPECT_EQ(m.destinations.size(), full ? 1U : 0U);
        EXPECT_TRUE(is_call(m.conference));
    }
    for (const Octets& other : {hex({0x80, 0, 0, 0}), hex({0x0c, 0}), hex({0x00, 0, 0, 0}), hex({0x7f, 0, 0, 0})}) EXPECT_FALSE(probe::parse_ras(other, m));
}

}  // namespace
}  // namespace voipprobe::test
