#include "templates/template_plan.hpp"

#include <set>

namespace voipprobe::templates {
namespace {

using enum ElementId;
using Elements = std::vector<ElementId>;

TemplatePlan plan(std::string_view text, PlanOptions options = {}) {
    const auto spec = parse_template_spec(text);
    EXPECT_TRUE(spec.has_value()) << (spec ? "" : spec.error().message);
    if (!spec) return {};
    const auto made = plan_templates(*spec, options);
    EXPECT_TRUE(made.has_value()) << (made ? "" : made.error().message);
    return made ? *made : TemplatePlan{};
}

std::string kinds(const TemplatePlan& p) {
    std::string out;
    for (const PlannedTemplate& t : p.templates) {
        if (!out.empty()) out += ' ';
        out += record_kind_name(t.kind);
        out += static_cast<char>('0' + t.ip_version);
    }
    return out;
}

TEST(TemplatePlan, splitsAnInlineTemplateAsNprobeDoes) {
    const TemplatePlan p = plan("%IPV4_SRC_ADDR %IPV4_DST_ADDR %IN_BYTES %OUT_BYTES @SIP@ @RTP@");
    EXPECT_EQ(kinds(p), "flow4 flow6 sip4 sip6 rtp4 rtp6");
    EXPECT_EQ(p.templates[0].layout.id, 257);
    EXPECT_EQ(p.templates[5].layout.id, 262);
    EXPECT_EQ(p.templates[0].elements, (Elements{IPV4_SRC_ADDR, IPV4_DST_ADDR, IN_BYTES, OUT_BYTES}));
    EXPECT_EQ(p.templates[1].elements, (Elements{IPV6_SRC_ADDR, IPV6_DST_ADDR, IN_BYTES, OUT_BYTES}));
    EXPECT_EQ(p.templates[2].elements.size(), 4U + 13U);
    EXPECT_EQ(p.templates[4].elements.size(), 4U + 16U);
}

TEST(TemplatePlan, findsTheKindOfAnInlineTemplate) {
    EXPECT_EQ(kinds(plan("%IPV4_SRC_ADDR %L4_SRC_PORT")), "flow4 flow6");
    EXPECT_EQ(kinds(plan("%IN_BYTES")), "flow0");
    EXPECT_EQ(kinds(plan("%SIP_CALL_ID")), "call0");
    EXPECT_EQ(kinds(plan("%IPV4_SRC_ADDR %SIP_CALL_ID %CALL_OK_TIME")), "call4 call6");
    EXPECT_EQ(kinds(plan("%IN_BYTES %SIP_CALL_ID")), "flow0 sip0");
    EXPECT_EQ(kinds(plan("%IN_BYTES %CALL_OK_TIME")), "flow0 call0");
    EXPECT_EQ(kinds(plan("%RTP_IN_JITTER")), "rtp0");
    EXPECT_EQ(kinds(plan("%IN_PKTS %RTP_SSRC")), "flow0 rtp0");
    EXPECT_EQ(kinds(plan("%STREAM_LOST %RTP_SSRC %SIP_CALL_ID")), "stream0");
    EXPECT_EQ(kinds(plan("%STREAM_LOST %RTP_OUT_JITTER")), "rtp0 stream0");
    EXPECT_EQ(kinds(plan("%MESSAGE_TIME %SIP_CALL_ID %CALL_TRANSPORT")), "message0");
    EXPECT_EQ(kinds(plan("%RECORD_ID")), "flow0");
}

TEST(TemplatePlan, everyNamedElementIsInSomeTemplate) {
    for (const Element& e : elements()) {
        const TemplatePlan p = plan("%PROTOCOL %" + std::string(e.name), {.version = 9});
        bool found = false;
        for (const PlannedTemplate& t : p.templates)
            found = found || std::find(t.elements.begin(), t.elements.end(), e.id) != t.elements.end();
        EXPECT_TRUE(found) << e.name;
    }
}

TEST(TemplatePlan, onlyFlowRtpAndSipRecordsCountOctets) {
    const auto spec = parse_template_text("[call]\n%SIP_CALL_ID %IN_BYTES %OUT_PKTS %OCTET_TOTAL", "x", true);
    const auto made = plan_templates(spec.value(), {});
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->templates.front().elements, Elements{SIP_CALL_ID});
    ASSERT_EQ(made->warnings.size(), 1U);
    EXPECT_THAT(made->warnings.front(), testing::HasSubstr("flow tools would count them twice"));
    const auto nothing = parse_template_text("[call]\n%IN_BYTES", "x", true);
    EXPECT_FALSE(plan_templates(nothing.value(), {}).has_value());
}

TEST(TemplatePlan, uptimesBecomeMillisecondsUnderIpfixOnly) {
    EXPECT_EQ(plan("%FIRST_SWITCHED %LAST_SWITCHED %FLOW_START_MILLISECONDS").templates.front().elements,
              (Elements{FLOW_START_MILLISECONDS, FLOW_END_MILLISECONDS}));
    EXPECT_EQ(plan("%FIRST_SWITCHED", {.version = 9}).templates.front().elements, Elements{FIRST_SWITCHED});
}

TEST(TemplatePlan, bothFamiliesNamedStillGiveOneOfEach) {
    const TemplatePlan p = plan("%IPV6_SRC_ADDR %IPV4_SRC_ADDR %EXPORTER_IPV4_ADDRESS");
    ASSERT_EQ(kinds(p), "flow4 flow6");
    EXPECT_EQ(p.templates[0].elements, (Elements{IPV4_SRC_ADDR, EXPORTER_IPV4_ADDRESS}));
    EXPECT_EQ(p.templates[1].elements, (Elements{IPV6_SRC_ADDR, EXPORTER_IPV4_ADDRESS}));
}

TEST(TemplatePlan, fieldsFollowVersionAndPen) {
    const auto ipfix = plan("%SIP_CALL_ID %CALL_OK_TIME", {.version = 10, .first_id = 300, .own_pen = 4711});
    EXPECT_EQ(ipfix.templates.front().layout.id, 300);
    EXPECT_EQ(ipfix.templates.front().layout.fields[0].length, wire::kVariable);
    EXPECT_EQ(ipfix.templates.front().layout.fields[0].pen, kNtopPen);
    EXPECT_EQ(ipfix.templates.front().layout.fields[1].pen, 4711U);
    const auto v9 = plan("%SIP_CALL_ID %CALL_OK_TIME", {.version = 9});
    EXPECT_EQ(v9.templates.front().layout.fields[0].length, 96);
    EXPECT_EQ(v9.templates.front().layout.fields[0].v9, 57602);
}

TEST(TemplatePlan, bundledTemplatesFitTheBudgets) {
    for (const BundledTemplate& bundled : bundled_templates())
        for (const std::uint8_t version : {std::uint8_t{9}, std::uint8_t{10}}) {
            const TemplatePlan p = plan(bundled.name, {.version = version});
            EXPECT_TRUE(p.warnings.empty()) << bundled.name << p.warnings.front();
            std::set<std::uint16_t> ids;
            for (const PlannedTemplate& t : p.templates) {
                EXPECT_LE(t.elements.size(), kMostFields) << bundled.name;
                EXPECT_EQ(t.elements.size(), t.layout.fields.size());
                EXPECT_TRUE(ids.insert(t.layout.id).second);
                std::size_t octets = 0;
                for (const auto& f : t.layout.fields) octets += f.length == wire::kVariable ? 20 : f.length;
                EXPECT_LE(octets, 1380U) << bundled.name << " " << record_kind_name(t.kind);
            }
        }
    EXPECT_EQ(kinds(plan("voip-full")).substr(0, 11), "flow4 flow6");
}

TEST(TemplatePlan, presenceClassesLoseNothing) {
    const TemplatePlan p = plan("voip");
    for (const std::uint8_t family : {std::uint8_t{4}, std::uint8_t{6}})
        for (std::uint8_t present = 0; present < 4; ++present)
            for (const RecordKind kind : {RecordKind::call, RecordKind::stream, RecordKind::flow}) {
                const auto seen = static_cast<std::uint8_t>(kind == RecordKind::stream ? present | presence::kRtp : present);
                const auto i = pick_template(p.templates, kind, family, seen);
                ASSERT_TRUE(i.has_value());
                const PlannedTemplate& chosen = p.templates[*i];
                const auto all = pick_template(p.templates, kind, family);
                for (const ElementId id : p.templates[*all].elements) {
                    const std::uint8_t group = presence_group(kind, id);
                    if (group != 0 && (group & seen) == 0) continue;
                    EXPECT_NE(std::find(chosen.elements.begin(), chosen.elements.end(), id), chosen.elements.end());
                }
            }
    EXPECT_LT(p.templates[*pick_template(p.templates, RecordKind::stream, 4, presence::kRtp)].elements.size(), 50U);
    const PlannedTemplate& plain = p.templates[*pick_template(p.templates, RecordKind::stream, 6, presence::kPlain)];
    const auto has = [&](ElementId id) { return std::find(plain.elements.begin(), plain.elements.end(), id) != plain.elements.end(); };
    EXPECT_TRUE(has(ElementId::STREAM_APPLICATION) && has(ElementId::STREAM_LOST) && has(ElementId::IPV6_SRC_ADDR));
    EXPECT_FALSE(has(ElementId::RTP_SSRC) || has(ElementId::STREAM_JITTER_MEAN) || has(ElementId::STREAM_RTT));
    EXPECT_FALSE(pick_template(p.templates, RecordKind::message, 4).has_value());
}

TEST(TemplatePlan, refusesIdsOutOfRange) {
    const auto spec = parse_template_spec("voip");
    EXPECT_FALSE(plan_templates(*spec, {.version = 10, .first_id = 255}).has_value());
    EXPECT_FALSE(plan_templates(*spec, {.version = 10, .first_id = 65530}).has_value());
}

}  // namespace
}  // namespace voipprobe::templates
