#include "templates/template_spec.hpp"

namespace voipprobe::templates {
namespace {

using enum ElementId;
using Elements = std::vector<ElementId>;

Elements inline_elements(std::string_view text) {
    const auto spec = parse_template_spec(text);
    EXPECT_TRUE(spec.has_value()) << (spec ? "" : spec.error().message);
    if (!spec || spec->sections.size() != 1) return {};
    EXPECT_FALSE(spec->sections.front().kind.has_value());
    return spec->sections.front().elements;
}

std::string error_of(std::string_view text, const FileReader& reader = {}) {
    const auto spec = parse_template_spec(text, reader);
    if (spec) return "";
    EXPECT_EQ(spec.error().code, ExitCode::usage);
    EXPECT_EQ(spec.error().message.find('\n'), std::string::npos);
    return spec.error().message;
}

TEST(TemplateSpec, acceptsWhatNprobeUsersType) {
    const Elements two{IN_BYTES, OUT_BYTES};
    for (const char* text : {"%IN_BYTES %OUT_BYTES", "%IN_BYTES%OUT_BYTES", "%IN_BYTES% %OUT_BYTES%", "% IN_BYTES % OUT_BYTES",
                             "%IN_BYTES\r\n%OUT_BYTES\r\n", "%IN_BYTES OUT_BYTES", "IN_BYTES OUT_BYTES", "=%IN_BYTES %OUT_BYTES",
                             "-T=%IN_BYTES %OUT_BYTES", "\"%IN_BYTES %OUT_BYTES\"", "%IN_BYTES %IN_BYTES %OUT_BYTES %IN_BYTES",
                             "%octetDeltaCount %postOctetDeltaCount", "%SRC_TO_DST_BYTES %DST_TO_SRC_BYTES", "\t%IN_BYTES\t%OUT_BYTES "})
        EXPECT_EQ(inline_elements(text), two) << text;
}

TEST(TemplateSpec, theFoundingSlidesCommandWorksWithWarnings) {
    const auto spec = parse_template_spec("%IPV4_SRC_ADDR %IPV4_DST_ADDR %IN_PKTS %OUT_PKTS % FIRST_SWITCHED %LAST_SWITCHED "
                                          "%SIP_CALL_ID %SIP_OK_TIME %SIP_RTP_SRC_PORT %RTP_FIRST_SSRC %SIP_ACK_TIME");
    ASSERT_TRUE(spec.has_value()) << spec.error().message;
    EXPECT_EQ(spec->sections.front().elements.size(), 11U);
    ASSERT_EQ(spec->warnings.size(), 2U);
    EXPECT_EQ(spec->warnings.front(), "column 96: SIP_OK_TIME is an old name of SIP_INVITE_OK_TIME");
}

TEST(TemplateSpec, macrosStandForNprobesLists) {
    EXPECT_EQ(inline_elements("@SIP@").size(), 13U);
    EXPECT_EQ(inline_elements("@RTP@").size(), 16U);
    EXPECT_EQ(inline_elements("%IN_BYTES@SIP@@RTP@%IN_BYTES").size(), 30U);
    EXPECT_EQ(inline_elements("@NTOPNG@").size(), 22U);
}

TEST(TemplateSpec, anUnknownNameIsAnErrorWithColumnAndNearestNames) {
    const std::string message = error_of("%IN_BYTES %SIP_CALLID %RTP_MOSS");
    EXPECT_THAT(message, testing::HasSubstr("column 12: no element 'SIP_CALLID' (nearest: SIP_CALL_ID"));
    EXPECT_THAT(message, testing::HasSubstr("column 24: no element 'RTP_MOSS' (nearest: RTP_MOS"));
    EXPECT_THAT(error_of("%in_bytes"), testing::HasSubstr("nearest: IN_BYTES"));
    EXPECT_THAT(error_of("%IN_BYTES @SIPP@"), testing::HasSubstr("column 11: no element '@SIPP@'"));
    EXPECT_THAT(error_of("%" + std::string(1000, 'X')), testing::HasSubstr("--list-elements"));
    EXPECT_THAT(error_of("%A1 %B1 %C1 %D1 %E1"), testing::HasSubstr("and 2 more"));
}

TEST(TemplateSpec, emptyTemplatesAreRefused) {
    for (const char* text : {"", "%", " % % ", "=", "\"\"", "-T="}) EXPECT_THAT(error_of(text), testing::HasSubstr("names no element")) << text;
}

TEST(TemplateSpec, namesFilesAndBundledTemplatesAreTold) {
    const FileReader reader = [](const std::string& path) -> std::optional<std::string> {
        if (path == "my.tmpl") return "# mine\n[flow]\n%IN_BYTES\n[call] # calls\n%SIP_CALL_ID %CALL_OK_TIME\n";
        if (path == "plain") return "%IN_BYTES # %OUT_BYTES\n%IN_PKTS";
        return std::nullopt;
    };
    for (const char* argument : {"my.tmpl", "@my.tmpl", "=my.tmpl"}) {
        const auto spec = parse_template_spec(argument, reader);
        ASSERT_TRUE(spec.has_value()) << spec.error().message;
        ASSERT_EQ(spec->sections.size(), 2U);
        EXPECT_EQ(spec->sections[0].kind, RecordKind::flow);
        EXPECT_EQ(spec->sections[1].kind, RecordKind::call);
        EXPECT_EQ(spec->sections[1].elements, (Elements{SIP_CALL_ID, CALL_OK_TIME}));
    }
    const auto plain = parse_template_spec("plain", reader);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(plain->sections.front().elements, (Elements{IN_BYTES, IN_PKTS}));
    EXPECT_THAT(error_of("@none.tmpl", reader), testing::HasSubstr("cannot read the template file '@none.tmpl'"));
    EXPECT_THAT(error_of("viop", reader), testing::HasSubstr("templates: basic, ntop, rtp, sip, voip"));
    EXPECT_EQ(inline_elements("IN_BYTES"), Elements{IN_BYTES});
}

TEST(TemplateSpec, filesNameTheLine) {
    const auto bad = [](const char* text) {
        const auto spec = parse_template_text(text, "x.tmpl", true);
        return spec ? std::string() : spec.error().message;
    };
    EXPECT_THAT(bad("[flow]\n%IN_BYTES\n %IN_BITES"), testing::StartsWith("x.tmpl: line 3 column 3: no element 'IN_BITES'"));
    EXPECT_THAT(bad("[flow]\n%IN_BYTES\n[flow]\n"), testing::HasSubstr("line 3 column 1: section [flow] appears twice"));
    EXPECT_THAT(bad("[flows]\n"), testing::HasSubstr("no record kind 'flows'"));
    EXPECT_THAT(bad("%IN_BYTES [flow]"), testing::HasSubstr("before the first section"));
    EXPECT_THAT(bad("[flow"), testing::HasSubstr("'[' without ']'"));
    EXPECT_THAT(bad("[flow]\n[call]\n%SIP_CALL_ID"), testing::HasSubstr("section [flow] names no element"));
    EXPECT_THAT(bad("# nothing\n"), testing::HasSubstr("names no element"));
}

TEST(TemplateSpec, everyBundledTemplateParsesWithoutWarning) {
    EXPECT_GE(bundled_templates().size(), 6U);
    for (const BundledTemplate& t : bundled_templates()) {
        const auto spec = parse_template_spec(t.name);
        ASSERT_TRUE(spec.has_value()) << spec.error().message;
        EXPECT_TRUE(spec->warnings.empty()) << t.name;
        EXPECT_EQ(spec->origin, t.name);
    }
}

}  // namespace
}  // namespace voipprobe::templates
