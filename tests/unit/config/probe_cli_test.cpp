#include "config/probe_cli.hpp"

#include <cstdio>
#include <fstream>
#include <map>

#include "config/probe_options.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::config {
namespace {

using Arguments = std::vector<std::string>;
using Variables = std::map<std::string, std::string>;

Result<ProbeInvocation> parse(const Arguments& arguments, const Variables& variables = {}) {
    return parse_probe_command_line(arguments, [&](const std::string& name) -> std::optional<std::string> {
        const auto it = variables.find(name);
        return it == variables.end() ? std::nullopt : std::optional(it->second);
    });
}

ProbeConfig config_of(const Arguments& arguments, const Variables& variables = {}) {
    const auto parsed = parse(arguments, variables);
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
    return parsed ? parsed->config : ProbeConfig{};
}

std::string error_of(const Arguments& arguments, const Variables& variables = {}) {
    const auto parsed = parse(arguments, variables);
    if (parsed) return "";
    EXPECT_EQ(parsed.error().code, ExitCode::usage);
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos) << parsed.error().message;
    return parsed.error().message;
}

std::string file_with(const std::string& text) {
    static const test::ScratchFolder folder;
    const std::string path = folder / "probe.yaml";
    std::ofstream(path) << text;
    return path;
}

TEST(ProbeCli, nothingTypedMeansTheContractsDefaults) {
    const ProbeConfig c = config_of({});
    EXPECT_TRUE(c.interfaces.empty());
    EXPECT_EQ(c.effective_collectors(), Arguments{"127.0.0.1:2055"});
    EXPECT_EQ(c.template_spec, "voip");
    EXPECT_EQ(c.export_version, 10);
    EXPECT_EQ(c.template_id, 257);
    EXPECT_EQ(c.active_timeout, 120U);
    EXPECT_EQ(c.idle_timeout, 30U);
    EXPECT_EQ(c.effective_queue_wait(true), 30U);
    EXPECT_EQ(c.effective_queue_wait(false), 0U);
    EXPECT_EQ(c.template_every, 10U);
    EXPECT_EQ(c.snaplen, 65535U);
    EXPECT_EQ(c.message_size, 1400U);
    EXPECT_EQ(c.domain, 1U);
    EXPECT_EQ(c.pen, 32473U);
    EXPECT_EQ(c.workers, 1U);
    EXPECT_TRUE(c.rtp_heuristic && c.dedup && !c.strict && !c.dtmf && !c.voip_only);
}

TEST(ProbeCli, nprobesLettersMeanWhatTheyMeant) {
    const ProbeConfig c = config_of({"-i", "eth0", "-i", "-", "-n", "a:1", "-n", "b:2,c:3", "-T", "%IN_BYTES %OUT_BYTES", "-V", "9", "-U", "300",
                                     "-t", "60", "-d", "15", "-l", "5", "-o", "20", "-s", "128", "-f", "udp port 5060", "-m", "1200",
                                     "-e", "3", "-M", "5000", "-E", "1:2", "-v", "-v"});
    EXPECT_EQ(c.interfaces, (Arguments{"eth0", "-"}));
    EXPECT_EQ(c.collectors, (Arguments{"a:1", "b:2,c:3"}));
    EXPECT_EQ(c.template_spec, "%IN_BYTES %OUT_BYTES");
    EXPECT_EQ(c.export_version, 9);
    EXPECT_EQ(c.template_id, 300);
    EXPECT_EQ(c.active_timeout, 60U);
    EXPECT_EQ(c.idle_timeout, 15U);
    EXPECT_EQ(c.effective_queue_wait(true), 5U);
    EXPECT_EQ(c.template_every, 20U);
    EXPECT_EQ(c.snaplen, 128U);
    EXPECT_EQ(c.filter, "udp port 5060");
    EXPECT_EQ(c.message_size, 1200U);
    EXPECT_EQ(c.pacing, 3U);
    EXPECT_EQ(c.max_flows, 5000U);
    EXPECT_EQ(c.domain, 258U);
    EXPECT_EQ(c.verbose, 2U);
}

TEST(ProbeCli, acceptsTheSpellingsPeopleUse) {
    EXPECT_EQ(config_of({"-i=eth0"}).interfaces, Arguments{"eth0"});
    EXPECT_EQ(config_of({"--interface=eth0"}).interfaces, Arguments{"eth0"});
    EXPECT_EQ(config_of({"-ieth0"}).interfaces, Arguments{"eth0"});
    EXPECT_EQ(config_of({"-T=%IN_BYTES"}).template_spec, "%IN_BYTES");
    EXPECT_EQ(config_of({"-V9"}).export_version, 9);
    EXPECT_EQ(config_of({"-t", "60", "-t", "90"}).active_timeout, 90U);
    EXPECT_EQ(config_of({"-vv"}).verbose, 2U);
    EXPECT_TRUE(config_of({"--dedup", "on"}).dedup);
    EXPECT_FALSE(config_of({"--dedup", "off"}).dedup);
    EXPECT_EQ(config_of({"--flow-key", "tunnel"}).flow_key, FlowKey::tunnel);
    EXPECT_EQ(config_of({"--flow-key=vlan+tunnel"}).flow_key, FlowKey::vlan_and_tunnel);
    EXPECT_FALSE(config_of({"--rtp-heuristic=off"}).rtp_heuristic);
    EXPECT_TRUE(config_of({"--strict"}).strict);
    EXPECT_EQ(config_of({"--stats"}).stats, Report::text);
    EXPECT_EQ(config_of({"--stats=json"}).stats, Report::json);
    EXPECT_EQ(config_of({"--dispatch", "hash-call"}).dispatch, Dispatch::hash_call);
    const ProbeConfig c = config_of({"--rtp-map", "120=opus/48000,97=speex/8000"});
    EXPECT_EQ(c.rtp_map, (std::vector<RtpMapEntry>{{120, "opus", 48000}, {97, "speex", 8000}}));
}

TEST(ProbeCli, wrongInputIsOneLineThatHelps) {
    EXPECT_THAT(error_of({"--colector", "x"}), testing::HasSubstr("unknown option '--colector'; did you mean --collector?"));
    EXPECT_THAT(error_of({"-L", "10.0.0.0/8"}), testing::HasSubstr("nProbe is not here"));
    EXPECT_THAT(error_of({"--no-such-thing-at-all"}), testing::HasSubstr("see --help"));
    EXPECT_THAT(error_of({"capture.pcap"}), testing::HasSubstr("captures are given with -i"));
    EXPECT_THAT(error_of({"-s", "12x"}), testing::HasSubstr("-s: '12x' is not a whole number in 64..262144"));
    EXPECT_THAT(error_of({"-V", "5"}), testing::HasSubstr("-V: '5' is not 9 (NetFlow v9) or 10 (IPFIX)"));
    EXPECT_THAT(error_of({"--dispatch", "any"}), testing::HasSubstr("is not one of all, round-robin, hash-call"));
    EXPECT_EQ(config_of({"--correlation-header", "X-Leg,X-Other"}).correlation_headers, (std::vector<std::string>{"X-Leg", "X-Other"}));
    EXPECT_THAT(error_of({"--correlation-header", "X Leg:"}), testing::HasSubstr("no header name"));
    EXPECT_THAT(error_of({"--rtp-map", "200=opus/48000"}), testing::HasSubstr("120=opus/48000"));
    EXPECT_THAT(error_of({"--rtp-map", "96=opus"}), testing::HasSubstr("120=opus/48000"));
    EXPECT_THAT(error_of({"-T", "%IN_BYTES %NO_SUCH"}), testing::HasSubstr("column 12"));
    EXPECT_THAT(error_of({"-q", "-v"}), testing::HasSubstr("exclude each other"));
    EXPECT_THAT(error_of({"-i"}), testing::HasSubstr("-i"));
    EXPECT_THAT(error_of({"--privacy", "hash"}), testing::HasSubstr("needs --privacy-key FILE"));
    EXPECT_THAT(error_of({"--privacy-key", "k"}), testing::HasSubstr("needs --privacy hash or drop"));
    EXPECT_THAT(error_of({"--privacy", "drop", "--privacy-daily"}), testing::HasSubstr("needs --privacy hash"));
    EXPECT_EQ(config_of({"--biflow", "off", "-V", "9"}).biflow, Biflow::off);
    EXPECT_THAT(error_of({"--biflow", "rfc5103", "-V", "9"}), testing::HasSubstr("-V 10"));
    EXPECT_THAT(error_of({"--list-elements=xml"}), testing::HasSubstr("text, json"));
}

TEST(ProbeCli, commandLineBeatsEnvironmentBeatsFileBeatsDefault) {
    const std::string path = file_with("snaplen: 1000\nactive-timeout: 100\nidle-timeout: 20\ncollector: [a, b]\n# comment\nfilter:\n");
    const ProbeConfig c = config_of({"--config", path, "-t", "300"}, {{"VOIPPROBE_ACTIVE_TIMEOUT", "200"}, {"VOIPPROBE_IDLE_TIMEOUT", "25"}, {"VOIPPROBE_INTERFACE", "x y"}});
    EXPECT_EQ(c.snaplen, 1000U);
    EXPECT_EQ(c.active_timeout, 300U);
    EXPECT_EQ(c.idle_timeout, 25U);
    EXPECT_EQ(c.collectors, (Arguments{"a", "b"}));
    EXPECT_EQ(c.interfaces, (Arguments{"x", "y"}));
    EXPECT_EQ(config_of({"--config", path, "-n", "c"}).collectors, Arguments{"c"});
    EXPECT_THAT(error_of({}, {{"VOIPPROBE_SNAPLEN", "1"}}), testing::HasSubstr("VOIPPROBE_SNAPLEN"));
}

TEST(ProbeCli, aWrongFileIsToldWithItsLine) {
    EXPECT_THAT(error_of({"--config", file_with("snaplen: 1000\nsnapln: 5\n")}), testing::AllOf(testing::HasSubstr(":2:"), testing::HasSubstr("'snaplen'")));
    EXPECT_THAT(error_of({"--config", file_with("snaplen: many\n")}), testing::HasSubstr(":1: snaplen: 'many'"));
    EXPECT_THAT(error_of({"--config", file_with("snaplen: [1000, 2000]\n")}), testing::HasSubstr("takes one value"));
    EXPECT_THAT(error_of({"--config", file_with("- a\n")}), testing::HasSubstr(":1:"));
    EXPECT_THAT(error_of({"--config", "/nonexistent.yaml"}), testing::HasSubstr("/nonexistent.yaml"));
}

TEST(ProbeCli, printedConfigurationReadsBack) {
    const Arguments arguments{"-i", "a.pcap", "-n", "udp://[::1]:2055?records=flow", "-T", "%IN_BYTES \"x\"", "--rtp-map", "120=opus/48000", "-V", "9", "--stats=json", "-E", "77", "-f", "udp port 5060", "-l", "7"};
    Arguments fine = arguments;
    fine[5] = "%IN_BYTES %OUT_BYTES";
    fine.push_back("--print-config");
    const auto printed = parse(fine);
    ASSERT_TRUE(printed.has_value()) << printed.error().message;
    ASSERT_EQ(printed->action, ProbeAction::print);
    const auto again = parse({"--config", file_with(printed->text), "--print-config"});
    ASSERT_TRUE(again.has_value()) << again.error().message;
    EXPECT_EQ(again->text, printed->text);
    EXPECT_THAT(printed->text, testing::HasSubstr("rtp-map:\n  - \"120=opus/48000\""));
}

TEST(ProbeCli, theDefaultFileSaysTheDefaults) {
    const auto shipped = parse({"--config", VOIPPROBE_SOURCE_DIR "/config/voipprobe.yaml", "--print-config"});
    ASSERT_TRUE(shipped.has_value()) << shipped.error().message;
    EXPECT_EQ(shipped->text, print_config({}));
    std::ifstream in(VOIPPROBE_SOURCE_DIR "/config/voipprobe.yaml");
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (const ProbeOption& o : probe_options()) EXPECT_THAT(text, testing::HasSubstr("\n# " + std::string(o.name) + ":")) << "voipprobe.yaml lacks it";
}

TEST(ProbeCli, listsAndTexts) {
    for (const char* option : {"--help", "-h", "--version", "--list-elements", "--list-elements=json", "--list-templates"}) {
        const auto parsed = parse({option});
        ASSERT_TRUE(parsed.has_value()) << option;
        EXPECT_EQ(parsed->action, ProbeAction::print);
        EXPECT_GT(parsed->text.size(), 10U);
    }
    EXPECT_THAT(parse({"--list-elements=json", "--pen", "4711"})->text, testing::HasSubstr("\"pen\": 4711"));
    EXPECT_EQ(parse({"--check-config"})->action, ProbeAction::check_config);
    const std::string help = parse({"--help"})->text;
    for (const ProbeOption& o : probe_options()) EXPECT_THAT(help, testing::HasSubstr("--" + std::string(o.name)));
}

}  // namespace
}  // namespace voipprobe::config
