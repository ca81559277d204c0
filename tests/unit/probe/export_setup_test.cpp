#include "probe/export/export_setup.hpp"

namespace voipprobe::probe {
namespace {

TEST(ExportSetup, followsTheOptions) {
    config::ProbeConfig options;
    options.collectors = {"a:1,b:2?records=flow,call", "file:x"};
    options.queue_wait = 7;
    options.domain = 9;
    const auto setup = make_export_setup(options, true);
    ASSERT_TRUE(setup.has_value()) << setup.error().message;
    EXPECT_EQ(setup->config.destinations.size(), 3U);
    EXPECT_EQ(setup->config.queue_wait, 7 * wire::kSecond);
    EXPECT_EQ(setup->config.messages_per_second, 0U);
    EXPECT_EQ(setup->config.domain, 9U);
    EXPECT_FALSE(setup->plan.templates.empty());
    EXPECT_EQ(make_export_setup(options, false)->config.messages_per_second, kFilePace);
}

TEST(ExportSetup, refusesWhatCannotWork) {
    config::ProbeConfig options;
    options.export_version = 9;
    options.collectors = {"file:x"};
    EXPECT_THAT(make_export_setup(options, true).error().message, testing::HasSubstr("use -V 10"));
    options.collectors = {"a,b,c,d,e,f,g,h,i"};
    EXPECT_FALSE(make_export_setup(options, true).has_value());
    options.collectors = {"a"};
    options.template_spec = "@/nonexistent";
    EXPECT_FALSE(make_export_setup(options, true).has_value());
}

}  // namespace
}  // namespace voipprobe::probe
