// flowdump --lint: a message that breaks a rule is told by that rule, one that keeps all is not. One test for each rule
// (docs/rfc7011.md names them).
#include "tools/flowdump/lint.hpp"

#include "templates/template_plan.hpp"
#include "tests/unit/collector/message_builder.hpp"
#include "wire/message_encoder.hpp"

namespace voipprobe::lint {
namespace {

using namespace voipprobe::test;

constexpr std::uint32_t kNow = 1'700'000'000;
constexpr FlowProtocol kIpfix = FlowProtocol::ipfix, kV9 = FlowProtocol::netflow9;

struct Field {
    std::uint16_t number, length;
    std::uint32_t pen = 0;
};

Octets definition(std::uint16_t id, const std::vector<Field>& fields, int scope = -1) {
    Octets out;
    wire::ByteWriter w(out);
    w.u16(id), w.u16(static_cast<std::uint16_t>(fields.size()));
    if (scope >= 0) w.u16(static_cast<std::uint16_t>(scope));
    for (const Field& f : fields) {
        w.u16(static_cast<std::uint16_t>(f.number | (f.pen != 0 ? 0x8000 : 0))), w.u16(f.length);
        if (f.pen != 0) w.u32(f.pen);
    }
    return out;
}
Octets v9_message(std::uint16_t count, std::uint32_t sequence, const Octets& sets) {
    Octets m = message(kV9, sets, sequence, kNow);
    m[2] = static_cast<std::uint8_t>(count >> 8), m[3] = static_cast<std::uint8_t>(count);
    return m;
}
Octets octets(std::initializer_list<int> list) {
    Octets out;
    for (const int o : list) out.push_back(static_cast<std::uint8_t>(o));
    return out;
}

std::vector<Rule> rules(const std::vector<Octets>& messages, bool udp = false) {
    Lint lint({1472, 600});
    for (const Octets& m : messages) lint.message("a", udp, m);
    std::vector<Rule> out;
    for (const Finding& f : lint.findings()) {
        out.push_back(f.rule);
        EXPECT_THAT(f.line(), testing::HasSubstr(std::string(rule_text(f.rule).section)));
    }
    return out;
}
std::vector<Rule> of(const Octets& sets, bool udp = false) { return rules({message(kIpfix, sets, 0, kNow)}, udp); }
const Octets kPort = definition(300, {{7, 2}});  // sourceTransportPort

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Lint, whatIsRightIsNotTold) {
    EXPECT_THAT(of(set(2, kPort) + set(300, octets({0, 1, 0, 2}))), IsEmpty());
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort) + set(300, octets({0, 1, 0, 2})), 0, kNow), message(kIpfix, set(300, octets({0, 1})), 2, kNow)}, true), IsEmpty());
    EXPECT_THAT(of(set(3, definition(300, {{149, 4}, {41, 8}}, 1)) + set(300, Octets(12, 1))), IsEmpty());
    EXPECT_THAT(of(set(2, definition(300, {{82, 65535}, {276, 1}})) + set(300, octets({3, 'a', 0xc3, 0xa4, 1, 0}))), IsEmpty());
    EXPECT_THAT(of(set(2, definition(300, {{1, 4, 29305}, {239, 1}})) + set(300, octets({0, 0, 0, 1, 2}))), IsEmpty());
    EXPECT_THAT(rules({v9_message(2, 0, set(0, kPort) + set(300, octets({0, 1, 0, 0}))), v9_message(2, 1, set(300, octets({0, 1, 0, 2})))}, true), ElementsAre(Rule::v9_count))
        << "padding of two octets looks like a record of two";
}

TEST(Lint, everyMessageOfOurEncodersIsRight) {
    for (const std::uint8_t version : {std::uint8_t{9}, std::uint8_t{10}}) {
        for (const templates::BundledTemplate& b : templates::bundled_templates()) {
            const auto plan = templates::plan_templates(*templates::parse_template_spec(b.name), {.version = version});
            auto encoder = version == 9 ? wire::make_netflow9_encoder({}) : wire::make_ipfix_encoder({});
            for (const auto& t : plan->templates) ASSERT_TRUE((*encoder)->add_template(t.layout).has_value());
            Lint lint;
            const auto take = [&] {
                const wire::Bytes m = (*encoder)->finish(kNow * wire::kSecond);
                if (!m.empty()) lint.message("a", true, m);
            };
            for (const auto& t : plan->templates) {
                if ((*encoder)->append_template(t.layout.id) == wire::Append::full) take(), (*encoder)->append_template(t.layout.id);
                Octets packed;
                for (const auto& f : t.layout.fields) {
                    if (f.length == wire::kVariable) packed.insert(packed.end(), {2, 0, 'a', 'b'});
                    else packed.insert(packed.end(), f.length, f.type == wire::FieldType::string ? std::uint8_t{'x'} : std::uint8_t{1});
                }
                for (int i = 0; i < 3; ++i)
                    while ((*encoder)->append(t.layout.id, packed) == wire::Append::full) take();
            }
            take();
            for (const Finding& f : lint.findings()) ADD_FAILURE() << b.name << " version " << int{version} << ": " << f.line();
            EXPECT_GE(lint.records(), 3 * plan->templates.size());
        }
    }
}

TEST(Lint, version) { EXPECT_THAT(rules({octets({0, 5, 0, 4})}), ElementsAre(Rule::version)); }
TEST(Lint, length) {
    Octets m = message(kIpfix, set(2, kPort), 0, kNow);
    m.push_back(0);
    EXPECT_THAT(rules({m}), ElementsAre(Rule::length));
    EXPECT_THAT(rules({octets({0, 10, 0, 4})}), ElementsAre(Rule::length));
}
TEST(Lint, no_set) { EXPECT_THAT(of({}), ElementsAre(Rule::no_set)); }
TEST(Lint, sequence) {
    const Octets data = set(300, octets({0, 1, 0, 2}));
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort) + data, 0, kNow), message(kIpfix, data, 1, kNow)}), ElementsAre(Rule::sequence));
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort) + data, 0xfffffffe, kNow), message(kIpfix, data, 0, kNow)}), IsEmpty());
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort), 0, kNow), message(kIpfix, data, 1, kNow)}), ElementsAre(Rule::sequence)) << "templates do not count";
}
TEST(Lint, set_length) { EXPECT_THAT(of(octets({0, 2, 0, 3})), ElementsAre(Rule::set_length)); }
TEST(Lint, set_id) {
    EXPECT_THAT(of(set(5, {})), ElementsAre(Rule::set_id));
    EXPECT_THAT(of(set(0, {})), ElementsAre(Rule::set_id));
}
TEST(Lint, set_empty) {
    EXPECT_THAT(of(set(2, {})), ElementsAre(Rule::set_empty));
    EXPECT_THAT(of(set(2, kPort) + set(300, {})), ElementsAre(Rule::set_empty));
}
TEST(Lint, padding) {
    const Octets wide = definition(300, {{1, 8}});
    EXPECT_THAT(of(set(2, wide) + set(300, Octets(8, 1) + Octets(4, 0))), IsEmpty());
    EXPECT_THAT(of(set(2, wide) + set(300, Octets(8, 1) + Octets(4, 1))), ElementsAre(Rule::padding));
}
TEST(Lint, record_cut) { EXPECT_THAT(of(set(2, definition(300, {{82, 65535}})) + set(300, octets({9, 'a'}))), ElementsAre(Rule::record_cut)); }
TEST(Lint, template_id) { EXPECT_THAT(of(set(2, definition(200, {{7, 2}}))), ElementsAre(Rule::template_id)); }
TEST(Lint, template_cut) {
    Octets cut = kPort;
    cut.pop_back();
    EXPECT_THAT(of(set(2, cut)), ElementsAre(Rule::template_cut));
}
TEST(Lint, field_length) { EXPECT_THAT(of(set(2, definition(300, {{7, 0}, {11, 2}}))), ElementsAre(Rule::field_length)); }
TEST(Lint, field_id) { EXPECT_THAT(of(set(2, definition(300, {{0, 2}}))), Contains(Rule::field_id)); }
TEST(Lint, scope) {
    EXPECT_THAT(of(set(3, definition(300, {{149, 4}, {41, 8}}, 0))), Contains(Rule::scope));
    EXPECT_THAT(of(set(3, definition(300, {{149, 4}, {41, 8}}, 3))), Contains(Rule::scope));
    EXPECT_THAT(of(set(3, definition(300, {{149, 4}}, 1))), Contains(Rule::scope));
}
TEST(Lint, reduced_size) {
    EXPECT_THAT(of(set(2, definition(300, {{8, 3}}))), ElementsAre(Rule::reduced_size));
    EXPECT_THAT(of(set(2, definition(300, {{152, 4}}))), ElementsAre(Rule::reduced_size));
    EXPECT_THAT(of(set(2, definition(300, {{1, 4}}))), IsEmpty());
    EXPECT_THAT(of(set(2, definition(300, {{1, 65535}}))), ElementsAre(Rule::reduced_size));
}
TEST(Lint, utf8) {
    EXPECT_THAT(of(set(2, definition(300, {{82, 65535}})) + set(300, octets({2, 'a', 0xc3}))), ElementsAre(Rule::utf8));
    EXPECT_THAT(of(set(2, definition(300, {{82, 65535}})) + set(300, octets({2, 'a', 0x07}))), IsEmpty());
}
TEST(Lint, boolean) { EXPECT_THAT(of(set(2, definition(300, {{276, 1}})) + set(300, octets({0}))), ElementsAre(Rule::boolean)); }
TEST(Lint, no_template) { EXPECT_THAT(of(set(300, octets({0, 1}))), ElementsAre(Rule::no_template)); }
TEST(Lint, redefined) {
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort), 0, kNow), message(kIpfix, set(2, definition(300, {{11, 2}})), 0, kNow)}), ElementsAre(Rule::redefined));
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort), 0, kNow), message(kIpfix, set(2, octets({1, 44, 0, 0})), 0, kNow), message(kIpfix, set(2, definition(300, {{11, 2}})), 0, kNow)}), IsEmpty());
}
TEST(Lint, withdrawn_udp) { EXPECT_THAT(of(set(2, octets({1, 44, 0, 0})), true), ElementsAre(Rule::withdrawn_udp)); }
TEST(Lint, withdrawn_unknown) { EXPECT_THAT(of(set(2, octets({1, 44, 0, 0}))), ElementsAre(Rule::withdrawn_unknown)); }
TEST(Lint, refresh) {
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort), 0, kNow), message(kIpfix, set(300, octets({0, 1})), 0, kNow + 601)}, true), ElementsAre(Rule::refresh));
    EXPECT_THAT(rules({message(kIpfix, set(2, kPort), 0, kNow), message(kIpfix, set(300, octets({0, 1})), 0, kNow + 601)}, false), IsEmpty());
}
TEST(Lint, path_mtu) { EXPECT_THAT(of(set(2, kPort) + set(300, Octets(1600, 0)), true), ElementsAre(Rule::path_mtu)); }
TEST(Lint, statistics_scope) { EXPECT_THAT(of(set(3, definition(300, {{10, 4}, {41, 8}}, 1))), ElementsAre(Rule::statistics_scope)); }
TEST(Lint, biflow_direction) { EXPECT_THAT(of(set(2, definition(300, {{239, 1}})) + set(300, octets({4}))), ElementsAre(Rule::biflow_direction)); }
TEST(Lint, biflow_element) { EXPECT_THAT(of(set(2, definition(300, {{8, 4, 29305}}))), ElementsAre(Rule::biflow_element)); }
TEST(Lint, type_information) {
    EXPECT_THAT(of(set(3, definition(300, {{346, 4}, {339, 1}, {341, 65535}}, 1)) + set(300, octets({0, 0, 0, 1, 99, 0}))),
                ElementsAre(Rule::type_information, Rule::type_information));
}
TEST(Lint, v9_count) { EXPECT_THAT(rules({v9_message(5, 0, set(0, kPort))}), ElementsAre(Rule::v9_count)); }
TEST(Lint, v9_sequence) { EXPECT_THAT(rules({v9_message(1, 0, set(0, kPort)), v9_message(1, 5, set(0, kPort))}), ElementsAre(Rule::v9_sequence)); }
TEST(Lint, v9_set_id) { EXPECT_THAT(rules({v9_message(0, 0, set(2, {}))}), ElementsAre(Rule::v9_set_id)); }
TEST(Lint, v9_alignment) { EXPECT_THAT(rules({v9_message(2, 0, set(0, kPort) + set(300, octets({0, 1})))}), ElementsAre(Rule::v9_alignment)); }
TEST(Lint, v9_options) { EXPECT_THAT(rules({v9_message(1, 0, set(1, octets({1, 44, 0, 0, 0, 4, 0, 41, 0, 4})))}), Contains(Rule::v9_options)); }
TEST(Lint, v9_no_template) { EXPECT_THAT(rules({v9_message(1, 0, set(300, octets({0, 1, 0, 0})))}), ElementsAre(Rule::v9_no_template)); }

TEST(Lint, everyRuleHasItsWords) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Rule::kCount); ++i) {
        EXPECT_THAT(std::string(rule_text(static_cast<Rule>(i)).section), testing::StartsWith("RFC "));
        EXPECT_FALSE(rule_text(static_cast<Rule>(i)).text.empty());
    }
}

}  // namespace
}  // namespace voipprobe::lint
