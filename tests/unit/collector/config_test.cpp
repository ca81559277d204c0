#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/collector_config.hpp"
#include "config/yaml_document.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::config {
namespace {

Result<CollectorCommand> run(std::vector<const char*> words) {
    words.insert(words.begin(), "voipcollector");
    return read_collector_command(static_cast<int>(words.size()), words.data());
}

std::string error_of(std::vector<const char*> words) {
    const auto r = run(std::move(words));
    if (r) return "no error";
    EXPECT_EQ(r.error().code, ExitCode::usage);
    return r.error().message;
}

TEST(CollectorConfig, Defaults) {
    const auto r = run({});
    ASSERT_TRUE(r) << r.error().message;
    ASSERT_EQ(r->config.listen.size(), 1U);
    EXPECT_EQ(r->config.listen[0].text(), "udp://0.0.0.0:2055");
    EXPECT_EQ(r->config.output, "./voip-csv");
    EXPECT_TRUE(r->config.csv_formula_guard);
    EXPECT_EQ(r->config.stats, StatsFormat::none);
}

TEST(CollectorConfig, VerdictThresholds) {
    const auto r = run({"--verdict", "loss_pct=2.5,jitter_p95_ms=40", "--verdict", "codec_mos=3.2"});
    ASSERT_TRUE(r) << r.error().message;
    ASSERT_EQ(r->config.verdict.size(), 3U);
    EXPECT_EQ(r->config.verdict[0], (std::pair<std::string, double>{"loss_pct", 2.5}));
    EXPECT_FALSE(run({"--verdict", "los=2"}));
    EXPECT_FALSE(run({"--verdict", "loss_pct"}));
    EXPECT_FALSE(run({"--verdict", "loss_pct=-1"}));
}

TEST(CollectorConfig, EveryOption) {
    const auto r = run({"-l",
                        "udp://127.0.0.1:2055",
                        "--listen",
                        "tcp://[::1]:4739",
                        "-o",
                        "out",
                        "--sink",
                        "jsonl:x",
                        "--sink",
                        "csv:y",
                        "--rotate-time",
                        "5m",
                        "--rotate-size",
                        "2M",
                        "--idle-exit",
                        "0.5",
                        "--once",
                        "7",
                        "--allow",
                        "192.0.2.0/24,2001:db8::/32",
                        "--csv-formula-guard",
                        "off",
                        "--g711-plc",
                        "off",
                        "--pen",
                        "4711",
                        "--fail-if-mos-below",
                        "3.5",
                        "--strict",
                        "--stats=json",
                        "-v",
                        "-v"});
    ASSERT_TRUE(r) << r.error().message;
    const CollectorConfig& c = r->config;
    ASSERT_EQ(c.listen.size(), 2U);
    EXPECT_EQ(c.listen[1].text(), "tcp://[::1]:4739");
    EXPECT_EQ(c.sinks, (std::vector<std::string>{"jsonl:x", "csv:y"}));
    EXPECT_EQ(c.rotate_time, std::chrono::minutes(5));
    EXPECT_EQ(c.rotate_size, 2U << 20);
    EXPECT_EQ(c.idle_exit, 0.5);
    EXPECT_EQ(c.once, 7U);
    EXPECT_EQ(c.allow.size(), 2U);
    EXPECT_FALSE(c.csv_formula_guard);
    EXPECT_FALSE(c.g711_plc);
    EXPECT_EQ(c.pen, 4711U);
    EXPECT_EQ(c.fail_if_mos_below, 3.5);
    EXPECT_TRUE(c.strict);
    EXPECT_EQ(c.stats, StatsFormat::json);
    EXPECT_EQ(c.verbosity, 2);
}

TEST(CollectorConfig, StatsAndFlagsWithoutValues) {
    EXPECT_EQ(run({"--stats"})->config.stats, StatsFormat::text);
    EXPECT_EQ(run({"--stats", "-q"})->config.stats, StatsFormat::text);
    EXPECT_EQ(run({"-q"})->config.verbosity, -1);
    EXPECT_TRUE(run({"--version"})->only_message);
    EXPECT_NE(run({"--help"})->message.find("--idle-exit"), std::string::npos);
}

TEST(CollectorConfig, MistakesAreNamed) {
    EXPECT_THAT(error_of({"--idel-exit", "5"}), testing::HasSubstr("did you mean --idle-exit?"));
    EXPECT_THAT(error_of({"--nonsense"}), testing::HasSubstr("--nonsense"));
    EXPECT_THAT(error_of({"-l", "sctp://1.2.3.4:5"}), testing::HasSubstr("sctp"));
    EXPECT_THAT(error_of({"-l", "udp://1.2.3.4:99999"}), testing::HasSubstr("99999"));
    EXPECT_THAT(error_of({"-l", "udp://1.2.3.4:2055", "-r", "x"}), testing::HasSubstr("exclude"));
    EXPECT_THAT(error_of({"--allow", "1.2.3.4/33"}), testing::HasSubstr("0..32"));
    EXPECT_THAT(error_of({"--rotate-time", "soon"}), testing::HasSubstr("soon"));
    EXPECT_THAT(error_of({"--stats=xml"}), testing::HasSubstr("json"));
    EXPECT_THAT(error_of({"--csv-formula-guard", "maybe"}), testing::HasSubstr("on nor off"));
}

TEST(CollectorConfig, Cidr) {
    const auto net = parse_cidr("192.0.2.128/25");
    ASSERT_TRUE(net);
    EXPECT_TRUE(net->contains(*wire::IpAddress::parse("192.0.2.200")));
    EXPECT_FALSE(net->contains(*wire::IpAddress::parse("192.0.2.1")));
    EXPECT_FALSE(net->contains(*wire::IpAddress::parse("2001:db8::1")));
    EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(*wire::IpAddress::parse("8.8.8.8")));
    EXPECT_FALSE(parse_cidr("0.0.0.0/0")->contains(*wire::IpAddress::parse("2001:db8::1")));
    EXPECT_TRUE(parse_cidr("::1")->contains(*wire::IpAddress::parse("::1")));
}

class ConfigFile : public testing::Test {
  protected:
    void write(const std::string& text) const { std::ofstream(path_) << text; }
    test::ScratchFolder scratch_;
    std::string path_ = scratch_ / "collector.yaml";
};

TEST_F(ConfigFile, CommandLineOverEnvironmentOverFile) {
    write(
        "output: from-file\nonce: 3\nidle-exit: 9\nlisten: [udp://127.0.0.1:1000, "
        "tcp://127.0.0.1:1001]\nstrict: true\n");
    ::setenv("VOIPCOLLECTOR_ONCE", "4", 1);
    const auto r = run({"--config", path_.c_str(), "--idle-exit", "1"});
    ::unsetenv("VOIPCOLLECTOR_ONCE");
    ASSERT_TRUE(r) << r.error().message;
    EXPECT_EQ(r->config.output, "from-file");
    EXPECT_EQ(r->config.once, 4U);
    EXPECT_EQ(r->config.idle_exit, 1);
    EXPECT_EQ(r->config.listen.size(), 2U);
    EXPECT_TRUE(r->config.strict);
}

TEST_F(ConfigFile, StrictWithLineAndHint) {
    write("output: x\n\nidel-exit: 5\n");
    EXPECT_THAT(error_of({"--config", path_.c_str()}),
                testing::AllOf(testing::HasSubstr(":3:"), testing::HasSubstr("'idle-exit'")));
    write("output: x\noutput: y\n");
    EXPECT_THAT(error_of({"--config", path_.c_str()}), testing::HasSubstr("twice"));
    write("output: {a: 1}\n");
    EXPECT_THAT(error_of({"--config", path_.c_str()}), testing::HasSubstr("mapping"));
    write("once: many\n");
    EXPECT_THAT(error_of({"--config", path_.c_str()}),
                testing::AllOf(testing::HasSubstr(":1:"), testing::HasSubstr("many")));
    write("a: [b\n");
    EXPECT_THAT(error_of({"--config", path_.c_str()}), testing::HasSubstr(path_));
    EXPECT_THAT(error_of({"--config", "/nonexistent/x.yaml"}), testing::HasSubstr("cannot read"));
}

// F22
TEST(YamlDocument, HostileDocuments) {
    EXPECT_FALSE(parse_yaml_settings(std::string(1'000'000, '['), "deep", {"a"}));
    EXPECT_FALSE(parse_yaml_settings(std::string(2'000'000, 'x'), "big", {"a"}));
    EXPECT_FALSE(parse_yaml_settings("a: &x [1, 1]\nb: &y [*x, *x]\nc: [*y, *y]\n", "bomb", {"a", "b", "c"}));
    EXPECT_TRUE(parse_yaml_settings("", "empty", {"a"}));
}

}  // namespace
}  // namespace voipprobe::config
