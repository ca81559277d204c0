// Octets of a field to a value, by its type: the lengths RFC 7011 §6 allows, absent codes, and what is not to be believed; and
// how fields that the table does not know get a name.
#include "collector/session/convert.hpp"

#include <gtest/gtest.h>

#include <initializer_list>

namespace voipprobe::collector {
namespace {

using templates::Absent;
using templates::ElementId;
using wire::FieldType;
using wire::FlowProtocol;
using Octets = std::vector<std::uint8_t>;

struct Converted {
    ValueKind kind;
    std::optional<std::uint64_t> number, time;
    std::optional<double> real;
    std::string text;
    std::uint64_t unreadable = 0;
};

Converted read(FieldType type, const Octets& octets, Absent absent = Absent::never, FlowProtocol protocol = FlowProtocol::ipfix) {
    Column c;
    c.type = type;
    c.absent = absent;
    c.typed = true;
    std::deque<std::string> scratch;
    Converted out{};
    const Value v = convert(c, protocol, octets, scratch, out.unreadable);
    out.kind = v.kind();
    out.number = v.as_number();
    out.time = v.as_time();
    out.real = v.as_real();
    out.text = std::string(v.as_text());
    return out;
}

Octets ending_in(std::initializer_list<std::uint8_t> low, std::size_t n) {
    Octets o(n);
    std::copy(low.begin(), low.end(), o.end() - static_cast<std::ptrdiff_t>(low.size()));
    return o;
}

TEST(Convert, LengthsThatEachTypeMayHave) {
    struct Rule {
        FieldType type;
        std::initializer_list<std::size_t> lengths;
    };
    for (const Rule& r : {Rule{FieldType::unsigned_int, {1, 2, 3, 4, 5, 6, 7, 8}}, Rule{FieldType::float64, {4, 8}}, Rule{FieldType::boolean, {1}},
                          Rule{FieldType::seconds, {4}}, Rule{FieldType::milliseconds, {8}}, Rule{FieldType::microseconds, {8}},
                          Rule{FieldType::mac, {6}}, Rule{FieldType::ipv4, {4}}, Rule{FieldType::ipv6, {16}}})
        for (std::size_t n = 1; n <= 20; ++n) {
            const bool fits = std::find(r.lengths.begin(), r.lengths.end(), n) != r.lengths.end();
            const Converted v = read(r.type, Octets(n, 0x01));
            if (fits) EXPECT_NE(v.kind == ValueKind::absent, v.unreadable == 0) << static_cast<int>(r.type) << " of " << n;
            else EXPECT_EQ(v.kind, ValueKind::absent);
            if (!fits) EXPECT_EQ(v.unreadable, 1U) << static_cast<int>(r.type) << " of " << n;
        }
    for (const FieldType type : {FieldType::unsigned_int, FieldType::string, FieldType::octets, FieldType::ipv6}) {
        EXPECT_EQ(read(type, {}).kind, ValueKind::absent);
        EXPECT_EQ(read(type, {}).unreadable, 0U) << "nothing is no damage";
    }
}

TEST(Convert, NumbersOfReducedSizeAndTheirAbsentCodes) {
    EXPECT_EQ(read(FieldType::unsigned_int, {1, 2, 3, 4, 5}).number, 0x0102030405U);
    EXPECT_EQ(read(FieldType::unsigned_int, {0}).number, 0U);
    EXPECT_FALSE(read(FieldType::unsigned_int, {0, 0}, Absent::zero).number);
    EXPECT_EQ(read(FieldType::unsigned_int, {0, 1}, Absent::zero).number, 1U);
    for (std::size_t n = 1; n <= 8; ++n) {
        EXPECT_EQ(read(FieldType::unsigned_int, Octets(n, 0xff), Absent::ones).kind, ValueKind::absent) << "all ones at the length received";
        EXPECT_TRUE(read(FieldType::unsigned_int, Octets(n, 0xff)).number);
        Octets less(n, 0xff);
        less.back() = 0xfe;
        EXPECT_TRUE(read(FieldType::unsigned_int, less, Absent::ones).number);
    }
    EXPECT_EQ(read(FieldType::boolean, {1}).number, 1U);
    EXPECT_EQ(read(FieldType::boolean, {2}).number, 0U) << "RFC 7011 §6.1.5: 2 is false";
    EXPECT_EQ(read(FieldType::boolean, {9}).number, 0U);
}

TEST(Convert, RealNumbers) {
    EXPECT_EQ(read(FieldType::float64, {0x3f, 0xc0, 0, 0}).real, 1.5);
    EXPECT_EQ(read(FieldType::float64, {0x3f, 0xf8, 0, 0, 0, 0, 0, 0}).real, 1.5);
    EXPECT_EQ(read(FieldType::float64, {0x7f, 0xc0, 0, 0}).kind, ValueKind::absent) << "not a number: not measured";
    EXPECT_EQ(read(FieldType::float64, {0x7f, 0xf0, 0, 0, 0, 0, 0, 0}).kind, ValueKind::absent) << "infinity";
}

TEST(Convert, TimesOfEveryResolution) {
    EXPECT_EQ(read(FieldType::seconds, {0, 0, 0, 7}).time, 7'000'000U);
    EXPECT_EQ(read(FieldType::milliseconds, ending_in({7}, 8)).time, 7'000U);
    EXPECT_EQ(read(FieldType::microseconds, ending_in({7}, 8), Absent::never, FlowProtocol::netflow9).time, 7U) << "v9: microseconds since 1970";
    // RFC 7011 §6.1.9: NTP; 2208988801.5 s since 1900.
    EXPECT_EQ(read(FieldType::microseconds, {0x83, 0xaa, 0x7e, 0x81, 0x80, 0, 0, 0}).time, 1'500'000U);
    for (const FieldType type : {FieldType::milliseconds, FieldType::microseconds}) {
        EXPECT_EQ(read(type, Octets(8)).kind, ValueKind::absent);
        EXPECT_EQ(read(type, Octets(8, 0xff)).kind, ValueKind::absent);
        EXPECT_EQ(read(type, Octets(8, 0xff)).unreadable, 0U) << "the code for not measured";
    }
    EXPECT_EQ(read(FieldType::seconds, Octets(4)).kind, ValueKind::absent);
    for (const auto& [type, protocol] : {std::pair{FieldType::milliseconds, FlowProtocol::ipfix}, std::pair{FieldType::microseconds, FlowProtocol::netflow9}}) {
        const Converted late = read(type, {0x7f, 0, 0, 0, 0, 0, 0, 0}, Absent::never, protocol);
        EXPECT_EQ(late.kind, ValueKind::absent) << "after the year 2262";
        EXPECT_EQ(late.unreadable, 1U);
    }
}

TEST(Convert, TextIsCutAtTheFirstNullAndCleaned) {
    EXPECT_EQ(read(FieldType::string, {'a', 'b', 0, 'c'}).text, "ab");
    EXPECT_EQ(read(FieldType::string, {0, 'c'}).kind, ValueKind::absent);
    EXPECT_EQ(read(FieldType::string, {'a', 0x07, 'b'}).text, "a\xef\xbf\xbd" "b");
    EXPECT_EQ(read(FieldType::string, Octets(5000, 'x')).text.size(), 4096U);
}

TEST(Convert, AddressesAndOctetsOfZeros) {
    for (const auto& [type, n] : {std::pair{FieldType::ipv4, 4U}, std::pair{FieldType::ipv6, 16U}, std::pair{FieldType::mac, 6U}, std::pair{FieldType::octets, 9U}}) {
        EXPECT_EQ(read(type, Octets(n), Absent::zero).kind, ValueKind::absent);
        EXPECT_NE(read(type, Octets(n)).kind, ValueKind::absent);
        EXPECT_NE(read(type, ending_in({1}, n), Absent::zero).kind, ValueKind::absent);
    }
    EXPECT_EQ(read(FieldType::ipv4, {192, 0, 2, 1}).kind, ValueKind::address);
    EXPECT_EQ(read(FieldType::mac, Octets(6, 1)).kind, ValueKind::octets);
}

// ---- names ----

std::vector<std::string> names(FlowProtocol protocol, std::uint16_t scopes, const std::vector<wire::FieldSpec>& fields, const TypeRegistry& types = {}) {
    wire::TemplateSpec spec;
    spec.id = 256;
    spec.scope_count = scopes;
    spec.fields = fields;
    return compile(spec, protocol, templates::kOwnPen, types).names();
}

TEST(FieldNames, NamesOfFieldsThatTheTableDoesNotHave) {
    using Names = std::vector<std::string>;
    EXPECT_EQ(names(FlowProtocol::netflow9, 0, {{0, 57472 + 999, 4}, {0, 45000, 4}}), (Names{"pen35632.id999", "v9.id45000"}));
    EXPECT_EQ(names(FlowProtocol::ipfix, 0, {{12345, 17, 4}, {12345, 17, 4}}), (Names{"pen12345.id17", "pen12345.id17.2"})) << "RFC 7011 §8";
    EXPECT_EQ(names(FlowProtocol::netflow9, 5, {{0, 1, 4}, {0, 2, 4}, {0, 3, 4}, {0, 4, 4}, {0, 5, 2}}),
              (Names{"SCOPE_SYSTEM", "SCOPE_INTERFACE", "SCOPE_LINE_CARD", "SCOPE_CACHE", "SCOPE_TEMPLATE"}));
    EXPECT_EQ(names(FlowProtocol::netflow9, 2, {{0, 0, 4}, {0, 6, 4}}), (Names{"v9.id0", "v9.id6"})) << "no scope that RFC 3954 has";
    // RFC 5103: the reverse of octets, packets, TOS and VLAN are the columns for the way back; others keep a name of their own.
    EXPECT_EQ(names(FlowProtocol::ipfix, 0, {{29305, 1, 8}, {29305, 2, 8}, {29305, 5, 1}, {29305, 58, 2}}), (Names{"OUT_BYTES", "OUT_PKTS", "DST_TOS", "DST_VLAN"}));
    EXPECT_NE(names(FlowProtocol::ipfix, 0, {{29305, 7, 2}})[0], "L4_SRC_PORT");
}

TEST(FieldNames, TypesThatAnExporterTold) {
    TypeRegistry types;
    for (std::uint64_t data_type = 0; data_type <= 20; ++data_type)
        EXPECT_TRUE(types.learn(12345, static_cast<std::uint16_t>(100 + data_type), "name" + std::to_string(data_type), data_type));
    const auto type_of = [&](std::uint16_t data_type) -> std::optional<FieldType> {
        const TypeInformation* t = types.find(12345, static_cast<std::uint16_t>(100 + data_type));
        return t != nullptr && t->typed ? std::optional(t->type) : std::nullopt;
    };
    for (const std::uint16_t n : std::initializer_list<std::uint16_t>{1, 2, 3, 4}) EXPECT_EQ(type_of(n), FieldType::unsigned_int);
    for (const std::uint16_t n : std::initializer_list<std::uint16_t>{9, 10}) EXPECT_EQ(type_of(n), FieldType::float64);
    EXPECT_EQ(type_of(11), FieldType::boolean);
    EXPECT_EQ(type_of(12), FieldType::mac);
    EXPECT_EQ(type_of(13), FieldType::string);
    EXPECT_EQ(type_of(14), FieldType::seconds);
    EXPECT_EQ(type_of(15), FieldType::milliseconds);
    EXPECT_EQ(type_of(16), FieldType::microseconds);
    EXPECT_EQ(type_of(18), FieldType::ipv4);
    EXPECT_EQ(type_of(19), FieldType::ipv6);
    for (const std::uint16_t n : std::initializer_list<std::uint16_t>{0, 5, 6, 7, 8, 17, 20}) EXPECT_FALSE(type_of(n)) << "octets, signed numbers, nanoseconds, lists";
    EXPECT_EQ(names(FlowProtocol::ipfix, 0, {{12345, 113, 4}}, types), std::vector<std::string>{"name13"});
}

TEST(FieldNames, NamesThatAreNotTaken) {
    TypeRegistry types;
    EXPECT_FALSE(types.learn(0, 1, "octets", 1)) << "IANA's are known";
    for (const std::string& bad : {std::string(), std::string("a b"), std::string("=1+1"), std::string("a\"b"), std::string(65, 'x')}) EXPECT_FALSE(types.learn(9, 1, bad, 1)) << bad;
    EXPECT_TRUE(types.learn(9, 1, std::string(64, 'x'), 1));
    EXPECT_TRUE(types.learn(9, 1, "aZ0_.-", 1)) << "another name replaces it";
    EXPECT_EQ(types.find(9, 1)->name, "aZ0_.-");
    const std::uint32_t generation = types.generation();
    EXPECT_TRUE(types.learn(9, 1, "aZ0_.-", 13)) << "known already";
    EXPECT_EQ(types.generation(), generation);
    EXPECT_EQ(types.find(9, 1)->type, FieldType::unsigned_int);
    for (std::size_t i = 1; i < kMaxTypesPerExporter; ++i) EXPECT_TRUE(types.learn(10, static_cast<std::uint16_t>(i), "n", 1));
    EXPECT_FALSE(types.learn(10, 5000, "n", 1)) << "full";
    EXPECT_EQ(types.find(10, 5000), nullptr);
    EXPECT_TRUE(types.learn(10, 7, "other", 1)) << "what is there may change";
    TypeRegistry own;
    EXPECT_TRUE(own.learn(77, 5, "STREAM_RTT", 4));
    ASSERT_NE(own.find(77, 5)->element, nullptr) << "ours, under another enterprise number";
    EXPECT_EQ(own.find(77, 5)->element->id, ElementId::STREAM_RTT);
    EXPECT_TRUE(own.learn(77, 6, "STREAM_RTT", 13));
    EXPECT_EQ(own.find(77, 6)->element, nullptr) << "of another type";
    EXPECT_TRUE(own.learn(77, 7, "IN_BYTES", 4));
    EXPECT_EQ(own.find(77, 7)->element, nullptr) << "IANA's elements are IANA's";
}

}  // namespace
}  // namespace voipprobe::collector
