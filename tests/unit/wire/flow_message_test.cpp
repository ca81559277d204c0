#include "wire/flow_message.hpp"

#include "wire/flow_record.hpp"
#include "wire/flow_template.hpp"
#include "wire/layout.hpp"

namespace voipprobe::wire {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets ipfix(const Octets& sets, int claimed_difference = 0) {
    Octets out;
    ByteWriter w(out);
    w.u16(10);
    w.u16(static_cast<std::uint16_t>(16 + static_cast<int>(sets.size()) + claimed_difference));
    w.u32(1700000000);
    w.u32(5);
    w.u32(7);
    w.bytes(sets);
    return out;
}

Octets netflow9(const Octets& sets) {
    Octets out;
    ByteWriter w(out);
    w.u16(9);
    w.u16(1);
    w.u32(1000);
    w.u32(1700000000);
    w.u32(5);
    w.u32(7);
    w.bytes(sets);
    return out;
}

Octets words(std::initializer_list<unsigned> values) {
    Octets out;
    ByteWriter w(out);
    for (const unsigned v : values) w.u16(static_cast<std::uint16_t>(v));
    return out;
}

MessageError error_of(const Octets& message) {
    const auto parsed = FlowMessage::parse(message);
    return parsed ? MessageError::kCount : parsed.error();
}

struct ReadTemplates {
    std::vector<TemplateEvent> events;
    std::vector<TemplateSpec> specs;
};

ReadTemplates read(FlowProtocol protocol, const Octets& body, bool options = false) {
    SetView set;
    set.kind = options ? SetKind::options_templates : SetKind::templates;
    set.body = body;
    TemplateReader reader(protocol, set);
    ReadTemplates out;
    TemplateSpec spec;
    TemplateEvent event{};
    while (reader.next(spec, event)) {
        out.events.push_back(event);
        out.specs.push_back(spec);
    }
    return out;
}

TEST(FlowMessage, ReadsBothHeaders) {
    const auto a = FlowMessage::parse(ipfix(words({256, 6, 0x0102})));
    ASSERT_TRUE(a);
    EXPECT_EQ(a->header().export_seconds, 1700000000U);
    EXPECT_EQ(a->header().sequence, 5U);
    EXPECT_EQ(a->header().domain, 7U);
    const auto b = FlowMessage::parse(netflow9({}));
    ASSERT_TRUE(b);
    EXPECT_EQ(b->header().protocol, FlowProtocol::netflow9);
    EXPECT_EQ(b->header().uptime_ms, 1000U);
    EXPECT_EQ(b->header().domain, 7U);
}

// C04 and C14: lengths that do not add up refuse the whole message.
TEST(FlowMessage, RefusesWhatDoesNotAddUp) {
    EXPECT_EQ(error_of({}), MessageError::short_header);
    EXPECT_EQ(error_of({0}), MessageError::short_header);
    EXPECT_EQ(error_of({0, 5, 0, 1}), MessageError::not_flow_export);
    EXPECT_EQ(error_of({0, 10, 0, 16}), MessageError::short_header);
    EXPECT_EQ(error_of(ipfix({}, 1)), MessageError::length_mismatch);
    EXPECT_EQ(error_of(ipfix({0, 0, 0, 0}, -4)), MessageError::length_mismatch);
    for (const unsigned length : {0U, 1U, 2U, 3U, 9U, 65535U})
        EXPECT_EQ(error_of(ipfix(words({256, length, 0, 0}))), MessageError::bad_set_length) << length;
    EXPECT_EQ(error_of(ipfix({1, 0, 0, 4, 9})), MessageError::trailing_octets);
    EXPECT_EQ(error_of(netflow9({1, 0, 0, 4, 9, 9, 9})), MessageError::trailing_octets);
    EXPECT_EQ(error_of(ipfix(words({256, 4}))), MessageError::kCount);
}

TEST(FlowMessage, EveryTruncationIsRefusedOrWhole) {
    const Octets whole = ipfix(words({2, 12, 256, 1, 8, 4}));
    ASSERT_TRUE(FlowMessage::parse(whole));
    for (std::size_t n = 0; n < whole.size(); ++n)
        EXPECT_FALSE(FlowMessage::parse(Bytes(whole.data(), n))) << n;
}

TEST(FlowMessage, NamesSetKinds) {
    const auto of_ipfix = ipfix(words({2, 4, 3, 4, 0, 4, 255, 4, 256, 4}));
    auto parsed = FlowMessage::parse(of_ipfix);
    ASSERT_TRUE(parsed);
    std::vector<SetKind> kinds;
    for (SetView s; parsed->next(s);) kinds.push_back(s.kind);
    EXPECT_EQ(kinds, (std::vector{SetKind::templates, SetKind::options_templates, SetKind::reserved,
                                  SetKind::reserved, SetKind::data}));
    const auto of_netflow9 = netflow9(words({0, 4, 1, 4, 2, 4, 65535, 4}));
    auto v9 = FlowMessage::parse(of_netflow9);
    ASSERT_TRUE(v9);
    kinds.clear();
    for (SetView s; v9->next(s);) kinds.push_back(s.kind);
    EXPECT_EQ(kinds, (std::vector{SetKind::templates, SetKind::options_templates, SetKind::reserved,
                                  SetKind::data}));
}

TEST(FlowTemplate, ReadsEnterpriseFieldsVariableLengthAndPadding) {
    const auto t = read(FlowProtocol::ipfix, words({256, 3, 8, 4, 0x8082, 65535, 0, 35632, 2, 8, 0}));
    ASSERT_EQ(t.events, std::vector{TemplateEvent::defined});
    EXPECT_EQ(t.specs[0].fields, (std::vector<FieldSpec>{{0, 8, 4}, {35632, 130, kVariable}, {0, 2, 8}}));
    EXPECT_TRUE(t.specs[0].variable);
    EXPECT_EQ(t.specs[0].shortest, 13U);
}

// C03
TEST(FlowTemplate, RefusesWhatCannotBeUsed) {
    using E = TemplateEvent;
    EXPECT_EQ(read(FlowProtocol::ipfix, words({255, 1, 8, 4})).events, std::vector{E::bad_id});
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 1, 8, 0})).events, std::vector{E::bad_length});
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 2, 8, 65534, 12, 65534})).events,
              std::vector{E::bad_length});
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 65535, 8, 4})).events, std::vector{E::truncated});
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 1, 0x8008, 4})).events,
              std::vector{E::truncated});  // no PEN
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 1, 0x8008, 4, 1})).events, std::vector{E::truncated});
    EXPECT_EQ(read(FlowProtocol::netflow9, words({256, 0, 1, 1})).events[0], E::bad_count);
    EXPECT_EQ(read(FlowProtocol::netflow9, words({256, 1, 8, 0})).events, std::vector{E::bad_length});
    EXPECT_EQ(read(FlowProtocol::netflow9, words({256, 2, 8, 0, 12, 4})).events, std::vector{E::defined});
    std::initializer_list<unsigned> none{};
    EXPECT_TRUE(read(FlowProtocol::ipfix, words(none)).events.empty());
    Octets many = words({256, 513});
    for (int i = 0; i < 513; ++i) {
        const Octets field = words({8, 4});
        many.insert(many.end(), field.begin(), field.end());
    }
    EXPECT_EQ(read(FlowProtocol::ipfix, many).events, std::vector{E::bad_count});
}

TEST(FlowTemplate, AfterARefusedTemplateTheNextIsRead) {
    const auto t = read(FlowProtocol::ipfix, words({256, 1, 8, 0, 257, 1, 8, 4}));
    EXPECT_EQ(t.events, (std::vector{TemplateEvent::bad_length, TemplateEvent::defined}));
    EXPECT_EQ(t.specs[1].id, 257);
}

TEST(FlowTemplate, ScopeOfOptionsTemplates) {
    using E = TemplateEvent;
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 2, 1, 149, 4, 41, 8}), true).events,
              std::vector{E::defined});
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 2, 0, 149, 4, 41, 8}), true).events,
              std::vector{E::bad_count});
    EXPECT_EQ(read(FlowProtocol::ipfix, words({256, 2, 3, 149, 4, 41, 8}), true).events,
              std::vector{E::bad_count});
    // NetFlow v9 counts octets: scope 4, options 8.
    const auto v9 = read(FlowProtocol::netflow9, words({256, 4, 8, 1, 4, 41, 4, 42, 4}), true);
    ASSERT_EQ(v9.events, std::vector{E::defined});
    EXPECT_EQ(v9.specs[0].scope_count, 1);
    EXPECT_EQ(v9.specs[0].fields.size(), 3U);
    EXPECT_EQ(read(FlowProtocol::netflow9, words({256, 3, 8, 1, 4, 41, 4}), true).events,
              std::vector{E::bad_count});
}

TEST(FlowTemplate, Withdrawals) {
    const auto one = read(FlowProtocol::ipfix, words({256, 0}));
    ASSERT_EQ(one.events, std::vector{TemplateEvent::withdrawn});
    EXPECT_EQ(one.specs[0].id, 256);
    // C06: a withdrawal with 1..3 trailing octets.
    for (std::size_t extra = 1; extra <= 3; ++extra) {
        Octets body = words({2, 0});
        body.resize(body.size() + extra, 1);
        EXPECT_EQ(read(FlowProtocol::ipfix, body).events, std::vector{TemplateEvent::withdrawn});
    }
}

// C05: every short length, and the long form at its boundaries.
TEST(FlowRecord, VariableLengths) {
    TemplateSpec spec{256, 0, 2, true, {{35632, 130, kVariable}, {0, 4, 1}}};
    std::vector<std::size_t> lengths;
    for (std::size_t n = 0; n <= 300; ++n) lengths.push_back(n);
    for (std::size_t n = 65500; n <= 65525; ++n) lengths.push_back(n);
    for (const std::size_t n : lengths) {
        for (const bool long_form : {false, true}) {
            if (!long_form && n >= 255) continue;
            Octets body;
            ByteWriter w(body);
            if (long_form) {
                w.u8(255);
                w.u16(static_cast<std::uint16_t>(n));
            } else {
                w.u8(static_cast<std::uint8_t>(n));
            }
            w.zeros(n);
            w.u8(17);
            RecordBudget budget;
            RecordReader reader(spec, body, budget);
            std::vector<Bytes> fields;
            ASSERT_TRUE(reader.next(fields)) << n << long_form;
            EXPECT_EQ(fields[0].size(), n);
            EXPECT_EQ(fields[1][0], 17);
            EXPECT_FALSE(reader.next(fields));
            EXPECT_FALSE(reader.damaged());
            // One octet less: the record runs past its set.
            RecordReader cut(spec, Bytes(body.data(), body.size() - 1), budget);
            EXPECT_FALSE(cut.next(fields));
        }
    }
}

TEST(FlowRecord, LengthOctetsThemselvesMissing) {
    TemplateSpec spec{256, 0, 1, true, {{35632, 130, kVariable}}};
    for (const Octets& body : {Octets{255}, Octets{255, 1}, Octets{255, 1, 0}, Octets{1}}) {
        RecordBudget budget;
        RecordReader reader(spec, body, budget);
        std::vector<Bytes> fields;
        EXPECT_FALSE(reader.next(fields));
        EXPECT_TRUE(reader.damaged());
    }
}

TEST(FlowRecord, PaddingShorterThanARecordIsSkipped) {
    TemplateSpec spec{256, 0, 4, false, {{0, 8, 4}}};
    const Octets body{1, 2, 3, 4, 0, 0, 0};
    RecordBudget budget;
    RecordReader reader(spec, body, budget);
    std::vector<Bytes> fields;
    EXPECT_TRUE(reader.next(fields));
    EXPECT_FALSE(reader.next(fields));
    EXPECT_FALSE(reader.damaged());
}

// C08: many tiny fields in one message stop at the budget.
TEST(FlowRecord, BudgetStopsAFlood) {
    TemplateSpec spec{256, 0, 1, false, std::vector<FieldSpec>(512, FieldSpec{0, 8, 0})};
    spec.fields[0].length = 1;
    const Octets body(65000, 1);
    RecordBudget budget;
    RecordReader reader(spec, body, budget);
    std::vector<Bytes> fields;
    std::size_t n = 0;
    while (reader.next(fields)) ++n;
    EXPECT_EQ(n, kMaxFieldsPerMessage / 512);
    EXPECT_TRUE(reader.over_budget());
}

TEST(FlowMessage, LengthOfAStreamedMessage) {
    EXPECT_EQ(ipfix_message_length(Octets{0, 10, 0, 16}), 16U);
    EXPECT_EQ(ipfix_message_length(Octets{0, 10, 0, 15}), 0U);
    EXPECT_EQ(ipfix_message_length(Octets{0, 9, 0, 16}), 0U);
    EXPECT_EQ(ipfix_message_length(Octets{0, 10, 0}), 0U);
}

}  // namespace
}  // namespace voipprobe::wire
