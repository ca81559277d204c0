#include "wire/message_encoder.hpp"

#include <limits>
#include <random>

namespace voipprobe::wire {
namespace {

// A small reader of what the encoders wrote: only for messages that are right.
struct Message {
    std::uint32_t seconds = 0, sequence = 0, domain = 0, uptime = 0;
    std::uint16_t count = 0;
    std::vector<std::pair<std::uint16_t, std::vector<std::uint8_t>>> sets;
};

Message read(Bytes bytes) {
    Message m;
    ByteReader r(bytes);
    const bool v9 = r.u16() == 9;
    if (v9) {
        m.count = r.u16();
        m.uptime = r.u32();
    } else {
        EXPECT_EQ(r.u16(), bytes.size());
    }
    m.seconds = r.u32();
    m.sequence = r.u32();
    m.domain = r.u32();
    while (r.remaining() > 0) {
        const std::uint16_t id = r.u16();
        const std::uint16_t length = r.u16();
        EXPECT_GT(length, 4) << "an empty set";
        const Bytes body = r.take(length - 4U);
        m.sets.emplace_back(id, std::vector<std::uint8_t>(body.begin(), body.end()));
    }
    EXPECT_FALSE(r.failed());
    return m;
}

FieldLayout field(std::uint32_t pen, std::uint16_t number, FieldType type, std::uint16_t length, const char* name) {
    const auto v9 = static_cast<std::uint16_t>(pen == 0 ? number : pen == 35632 ? 57472 + number : 61440 + number);
    return {pen, number, v9, type, length, name};
}

TemplateLayout all_types(std::uint16_t id, bool ipfix) {
    const std::uint16_t text = ipfix ? kVariable : std::uint16_t{12};
    return {id, 0, {field(0, 8, FieldType::ipv4, 4, "IPV4_SRC_ADDR"), field(0, 7, FieldType::unsigned_int, 2, "L4_SRC_PORT"),
                    field(0, 4, FieldType::unsigned_int, 1, "PROTOCOL"), field(0, 1, FieldType::unsigned_int, 8, "IN_BYTES"),
                    field(35632, 130, FieldType::string, text, "SIP_CALL_ID"), field(35632, 134, FieldType::seconds, 4, "SIP_INVITE_TIME"),
                    field(35632, 143, FieldType::ipv4, 4, "SIP_RTP_IPV4_SRC_ADDR"), field(0, 27, FieldType::ipv6, 16, "IPV6_SRC_ADDR"),
                    field(0, 56, FieldType::mac, 6, "IN_SRC_MAC"), field(0, 152, FieldType::milliseconds, 8, "FLOW_START_MILLISECONDS"),
                    field(32473, 14, FieldType::microseconds, 8, "CALL_INVITE_TIME"), field(0, 154, FieldType::microseconds, 8, "FLOW_START_MICROSECONDS"),
                    field(32473, 1, FieldType::octets, 16, "RECORD_ID"), field(32473, 79, FieldType::float64, 8, "STREAM_BURST_DENSITY"),
                    field(0, 40, FieldType::unsigned_int, 4, "TOTAL_BYTES_EXP")}};
}

constexpr std::uint64_t kMicros = 1'700'000'000'123'456;

std::vector<std::uint8_t> packed_all(bool ipfix, std::string_view text) {
    std::vector<std::uint8_t> out;
    const auto raw = [&](const void* p, std::size_t n) {
        const auto* b = static_cast<const std::uint8_t*>(p);
        out.insert(out.end(), b, b + n);
    };
    const auto host = [&](auto v) { raw(&v, sizeof v); };
    raw("\x0a\x01\x02\x03", 4);
    host(std::uint16_t{5060});
    host(std::uint8_t{17});
    host(std::uint64_t{0x0102030405060708});
    if (ipfix) {
        host(static_cast<std::uint16_t>(text.size()));
        raw(text.data(), text.size());
    } else {
        std::string padded(text);
        padded.resize(12);
        raw(padded.data(), 12);
    }
    host(std::uint32_t{1'700'000'001});
    raw("\xc0\x00\x02\x01", 4);
    raw("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    raw("\x02\x00\x00\x00\x00\x01", 6);
    host(std::uint64_t{1'700'000'000'123});
    host(kMicros);
    host(kMicros);
    raw("0123456789abcdef", 16);
    host(std::numeric_limits<double>::quiet_NaN());
    host(std::uint32_t{77});
    return out;
}

void expect_all(const std::vector<std::uint8_t>& body, bool ipfix, std::string_view text) {
    ByteReader r(body);
    EXPECT_EQ(r.u32(), 0x0a010203U);
    EXPECT_EQ(r.u16(), 5060);
    EXPECT_EQ(r.u8(), 17);
    EXPECT_EQ(r.u64(), 0x0102030405060708U);
    if (ipfix) {
        std::size_t n = r.u8();
        if (n == 255) n = r.u16();
        EXPECT_EQ(as_text(r.take(n)), text);
    } else {
        EXPECT_EQ(as_text(r.take(12)).substr(0, text.size()), text);
    }
    EXPECT_EQ(r.u32(), 1'700'000'001U);
    EXPECT_EQ(r.u32(), 0xc0000201U);
    EXPECT_EQ(r.u64(), 0x20010db800000000U);
    EXPECT_EQ(r.u64(), 1U);
    EXPECT_EQ(r.u16(), 0x0200);
    EXPECT_EQ(r.u32(), 1U);
    EXPECT_EQ(r.u64(), 1'700'000'000'123U);
    for (int i = 0; i < 2; ++i) EXPECT_EQ(ipfix ? ntp_to_microseconds(r.u64()) : r.u64(), kMicros);
    EXPECT_EQ(as_text(r.take(16)), "0123456789abcdef");
    const std::uint64_t bits = r.u64();
    EXPECT_EQ(bits & 0x7ff8000000000000U, 0x7ff8000000000000U);
    EXPECT_EQ(r.u32(), 77U);
    EXPECT_FALSE(r.failed());
    EXPECT_LT(r.remaining(), 4U);
}

struct EncoderTest : testing::TestWithParam<bool> {
    bool ipfix() const { return GetParam(); }
    std::unique_ptr<MessageEncoder> make(std::size_t max_message = 1400) const {
        const EncoderConfig config{.domain = 7, .max_message = max_message, .boot_time = 0};
        auto made = ipfix() ? make_ipfix_encoder(config) : make_netflow9_encoder(config);
        EXPECT_TRUE(made.has_value());
        return std::move(*made);
    }
};

TEST_P(EncoderTest, writesEveryTypeInNetworkOrder) {
    const auto e = make();
    ASSERT_TRUE(e->add_template(all_types(300, ipfix())).has_value());
    ASSERT_EQ(e->append_template(300), Append::added);
    if (ipfix()) { EXPECT_FALSE(e->finish(5 * kSecond).empty()); }
    for (const char* text : {"call@host", "", "twelve_chars"}) ASSERT_EQ(e->append(300, packed_all(ipfix(), text)), Append::added);
    const Message m = read(e->finish(1'700'000'005 * kSecond + 1));
    EXPECT_EQ(m.seconds, 1'700'000'006U);
    EXPECT_EQ(m.domain, 7U);
    EXPECT_EQ(m.sets.back().first, 300);
    if (!ipfix()) { EXPECT_EQ(m.count, 4); }
    expect_all({m.sets.back().second.begin(), m.sets.back().second.begin() + (ipfix() ? 107 : 109)}, ipfix(), "call@host");
    EXPECT_EQ(e->stats().records, 3U);
}

TEST(IpfixEncoder, longStringsTakeThreeLengthOctets) {
    const auto e = std::move(*make_ipfix_encoder({}));
    ASSERT_TRUE(e->add_template(all_types(300, true)).has_value());
    for (const std::size_t n : {std::size_t{254}, std::size_t{255}, std::size_t{1000}}) {
        const std::string text(n, 'x');
        ASSERT_EQ(e->append(300, packed_all(true, text)), Append::added) << n;
        const Message m = read(e->finish(kSecond));
        expect_all(m.sets.at(0).second, true, text);
    }
    EXPECT_EQ(e->append(300, packed_all(true, std::string(1300, 'x'))), Append::too_large);
    EXPECT_TRUE(e->empty());
    EXPECT_EQ(e->stats().too_large, 1U);
}

TEST_P(EncoderTest, countsSequencesAsItsStandardSays) {
    const auto e = make();
    ASSERT_TRUE(e->add_template(all_types(300, ipfix())).has_value());
    TemplateLayout options{301, 1, {field(0, 149, FieldType::unsigned_int, 4, "observationDomainId"), field(0, 40, FieldType::unsigned_int, 8, "exported")}};
    options.fields[0].v9 = 1;  // scope System
    ASSERT_TRUE(e->add_template(options).has_value());
    const auto record = packed_all(ipfix(), "id");
    ASSERT_EQ(e->append_template(300), Append::added);
    ASSERT_EQ(e->append_template(301), Append::added);
    EXPECT_EQ(read(e->finish(0)).sequence, 0U);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(e->append(300, record), Append::added);
    const std::vector<std::uint8_t> option(12, 1);
    ASSERT_EQ(e->append(301, option), Append::added);
    const Message m = read(e->finish(0));
    EXPECT_EQ(m.sequence, ipfix() ? 0U : 1U);
    EXPECT_EQ(m.sets.size(), 2U);
    ASSERT_EQ(e->append_template(300), Append::added);
    EXPECT_EQ(read(e->finish(0)).sequence, ipfix() ? 4U : 2U);
    ASSERT_EQ(e->append(300, record), Append::added);
    EXPECT_EQ(read(e->finish(0)).sequence, ipfix() ? 4U : 3U);
    ASSERT_EQ(e->append(300, record), Append::added);
    EXPECT_EQ(read(e->finish(0)).sequence, ipfix() ? 5U : 4U);
}

TEST_P(EncoderTest, neverPassesTheMessageSizeAndLosesNothing) {
    std::mt19937 random(7);
    for (const std::size_t size : {std::size_t{576}, std::size_t{577}, std::size_t{1400}, std::size_t{9000}}) {
        const auto e = make(size);
        const TemplateLayout one_octet{302, 0, {field(0, 4, FieldType::unsigned_int, 1, "PROTOCOL")}};
        ASSERT_TRUE(e->add_template(all_types(300, ipfix())).has_value());
        ASSERT_TRUE(e->add_template(all_types(301, ipfix())).has_value());
        ASSERT_TRUE(e->add_template(one_octet).has_value());
        std::size_t sent = 0, octets_302 = 0, sent_302 = 0;
        const auto close = [&] {
            const Bytes bytes = e->finish(kSecond);
            ASSERT_LE(bytes.size(), size);
            for (const auto& [id, body] : read(bytes).sets)
                if (id == 302) octets_302 += body.size();
        };
        for (int i = 0; i < 3000; ++i) {
            const auto id = static_cast<std::uint16_t>(300 + random() % 3);
            const std::string text(ipfix() ? random() % 300 : random() % 12, 'a');
            const std::vector<std::uint8_t> packed = id == 302 ? std::vector<std::uint8_t>{17} : packed_all(ipfix(), text);
            Append done = e->append(id, packed);
            if (done == Append::full) {
                close();
                done = e->append(id, packed);
            }
            ASSERT_EQ(done, Append::added);
            ++sent;
            sent_302 += id == 302 ? 1 : 0;
        }
        if (!e->empty()) close();
        EXPECT_EQ(e->stats().records, sent);
        EXPECT_EQ(octets_302, sent_302) << "padding of a one-octet record would be a record";
        EXPECT_EQ(e->stats().refused, 0U);
    }
}

TEST_P(EncoderTest, finishWithoutContentGivesNothing) {
    const auto e = make();
    ASSERT_TRUE(e->add_template(all_types(300, ipfix())).has_value());
    EXPECT_TRUE(e->empty());
    EXPECT_TRUE(e->finish(0).empty());
    ASSERT_EQ(e->append(300, packed_all(ipfix(), "x")), Append::added);
    EXPECT_FALSE(e->finish(0).empty());
    EXPECT_TRUE(e->finish(0).empty());
    EXPECT_EQ(e->stats().messages, 1U);
}

TEST_P(EncoderTest, refusesWhatIsNotOfItsForm) {
    const auto e = make();
    ASSERT_TRUE(e->add_template(all_types(300, ipfix())).has_value());
    EXPECT_FALSE(e->add_template(all_types(300, ipfix())).has_value());
    EXPECT_FALSE(e->add_template(all_types(255, ipfix())).has_value());
    EXPECT_FALSE(e->add_template({301, 0, {}}).has_value());
    std::vector<std::uint8_t> packed = packed_all(ipfix(), "x");
    EXPECT_EQ(e->append(299, packed), Append::refused);
    EXPECT_EQ(e->append_template(299), Append::refused);
    packed.pop_back();
    EXPECT_EQ(e->append(300, packed), Append::refused);
    EXPECT_TRUE(e->empty());
    EXPECT_EQ(e->stats().refused, 3U);
    TemplateLayout huge = all_types(400, ipfix());
    for (std::uint16_t i = 1; i < 400; ++i) huge.fields.push_back(field(35632, static_cast<std::uint16_t>(1000 + i), FieldType::unsigned_int, 4, "X"));
    EXPECT_FALSE(e->add_template(huge).has_value());
}

TEST(Netflow9Encoder, uptimeIsExactAtTheHeadersSecond) {
    const TimeNs boot = 1'700'000'000 * kSecond + 250 * kMillisecond;
    const auto e = std::move(*make_netflow9_encoder({.domain = 1, .max_message = 1400, .boot_time = boot}));
    ASSERT_TRUE(e->add_template(all_types(300, false)).has_value());
    ASSERT_EQ(e->append(300, packed_all(false, "x")), Append::added);
    const Message m = read(e->finish(boot + 10 * kSecond));
    EXPECT_EQ(m.seconds, 1'700'000'011U);
    EXPECT_EQ(m.uptime, 10'750U);
}

INSTANTIATE_TEST_SUITE_P(Formats, EncoderTest, testing::Values(false, true),
                         [](const auto& i) { return i.param ? std::string("ipfix") : std::string("netflow9"); });

}  // namespace
}  // namespace voipprobe::wire
