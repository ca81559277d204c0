// What SIGHUP changes in a running program, and what it only names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/collector_config.hpp"
#include "config/probe_reload.hpp"

namespace voipprobe::config {
namespace {

using testing::ElementsAre;

TEST(Reload, TheProbeTakesWhatItCanAndNamesTheRest) {
    ProbeConfig running, next;
    next.active_timeout = 60;
    next.verbose = 1;
    next.voip_only = true;
    next.snaplen = 96;
    next.collectors = {"192.0.2.1:2055"};
    const Reloaded done = take_over(running, next);
    EXPECT_THAT(done.taken, ElementsAre("active-timeout", "voip-only", "verbose"));
    EXPECT_THAT(done.need_restart, ElementsAre("snaplen", "collector"));
    EXPECT_EQ(running.active_timeout, 60U);
    EXPECT_TRUE(running.voip_only);
    EXPECT_EQ(running.snaplen, 65535U);
    EXPECT_TRUE(running.collectors.empty());
    EXPECT_EQ(describe(done), "changed: active-timeout, voip-only, verbose; only after a restart: snaplen, collector");
    EXPECT_EQ(describe(take_over(running, running)), "nothing changed");
}

TEST(Reload, TheCollectorTakesWhatItCanAndNamesTheRest) {
    CollectorConfig running, next;
    ASSERT_TRUE(apply_option(next, "allow", {"192.0.2.0/24"}));
    ASSERT_TRUE(apply_option(next, "verdict", {"loss_pct=5"}));
    ASSERT_TRUE(apply_option(next, "rotate-time", {"60"}));
    ASSERT_TRUE(apply_option(next, "output", {"elsewhere"}));
    EXPECT_THAT(take_over(running, next), ElementsAre("output"));
    EXPECT_EQ(running.allow, next.allow);
    EXPECT_EQ(running.verdict, next.verdict);
    EXPECT_EQ(running.rotate_time, std::chrono::seconds(60));
    EXPECT_EQ(running.output, "./voip-csv");
    EXPECT_TRUE(take_over(running, running).empty());
}

// Every option either changes at once or is named: none is passed over in silence.
TEST(Reload, NoOptionOfTheCollectorIsForgotten) {
    const std::vector<std::pair<std::string, std::string>> values{
        {"listen", "udp://127.0.0.1:1"}, {"output", "o"}, {"sink", "csv:x"}, {"state", "s"}, {"tls-cert", "c"}, {"tls-key", "k"}, {"tls-ca", "a"},
        {"rotate-time", "9"}, {"rotate-size", "9"}, {"idle-exit", "9"}, {"once", "9"}, {"allow", "192.0.2.1"}, {"csv-formula-guard", "off"},
        {"g711-plc", "off"}, {"verdict", "loss_pct=9"}, {"pen", "9"}, {"fail-if-mos-below", "3"}, {"strict", "on"}, {"explain", "id"},
        {"explain-column", "on"}, {"stats", "json"}, {"user", "nobody"}, {"sandbox", "off"}, {"verbose", "on"}, {"quiet", "on"}};
    for (const CollectorOption& o : collector_options()) {
        const std::string key = o.key;
        if (key == "read" || key == "rescore" || key == "what-if") continue;  // no signal reaches those runs
        const auto value = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == key; });
        ASSERT_NE(value, values.end()) << key << ": say here what SIGHUP does with it";
        CollectorConfig running, next;
        ASSERT_TRUE(apply_option(next, key, {value->second})) << key;
        const bool named = !take_over(running, next).empty();
        EXPECT_NE(named, running == next) << key;
    }
}

}  // namespace
}  // namespace voipprobe::config
