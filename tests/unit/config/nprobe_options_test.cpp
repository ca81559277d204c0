// nProbe's command lines and files, as its users have them (docs/interop.md, "From nProbe").
#include "config/nprobe_options.hpp"

#include <fstream>

#include "config/probe_cli.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::config {
namespace {

using Arguments = std::vector<std::string>;

Result<ProbeInvocation> parse(const Arguments& arguments) {
    return parse_probe_command_line(arguments, [](const std::string&) { return std::nullopt; });
}
ProbeConfig config_of(const Arguments& arguments) {
    const auto parsed = parse(arguments);
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
    return parsed ? parsed->config : ProbeConfig{};
}
std::string error_of(const Arguments& arguments) {
    const auto parsed = parse(arguments);
    if (parsed) return "";
    EXPECT_EQ(parsed.error().code, ExitCode::usage);
    EXPECT_EQ(parsed.error().message.find('\n'), std::string::npos) << parsed.error().message;
    return parsed.error().message;
}

TEST(NprobeOptions, whatMeansTheSameInOtherWordsIsAccepted) {
    EXPECT_EQ(config_of({"-D", "t"}).dump_format, DumpFormat::text);
    EXPECT_EQ(config_of({"-Dj"}).dump_format, DumpFormat::json);
    EXPECT_EQ(config_of({"--dump-format", "t"}).dump_format, DumpFormat::text);
    EXPECT_EQ(config_of({"-b", "2"}).verbose, 2U);
    EXPECT_EQ(config_of({"-b", "0"}).verbose, 0U);
    EXPECT_EQ(config_of({"-p", "1/1/1/1/0/0/0"}).flow_key, FlowKey::vlan);
    EXPECT_EQ(config_of({"-p", "0/1/1/1/0"}).flow_key, FlowKey::addresses);
    EXPECT_EQ(config_of({"-a", "-n", "a,b"}).dispatch, Dispatch::all);
    EXPECT_TRUE(config_of({"-O", "SIP,RTP"}).voip_only);
    EXPECT_EQ(config_of({"-S", "1:1:1"}).snaplen, 65535U);
    EXPECT_EQ(config_of({"-q", "192.0.2.1:4000"}).source_address, "192.0.2.1:4000");
    EXPECT_EQ(config_of({"-q", "[::1]:4000"}).source_address, "[::1]:4000");
    EXPECT_EQ(config_of({"-q=192.0.2.1"}).source_address, "192.0.2.1");
    EXPECT_TRUE(config_of({"-q"}).quiet);
    EXPECT_TRUE(config_of({"-q", "-i", "x.pcap"}).quiet);
    const ProbeConfig c = config_of({"-e", "5", "-B", "20", "-u", "3", "-Q", "4", "-G", "-g", "/run/x.pid", "-I", "probe-1"});
    EXPECT_EQ(c.pacing, 5U);
    EXPECT_EQ(c.pacing_burst, 20U);
    EXPECT_EQ(c.in_interface, 3U);
    EXPECT_EQ(c.out_interface, 4U);
    EXPECT_TRUE(c.daemon);
    EXPECT_EQ(c.pid_file, "/run/x.pid");
    EXPECT_EQ(c.syslog, "probe-1");
    const ProbeConfig d = config_of({"--dont-nest-dump-dirs", "--csv-separator", ";", "--pcap-file-list", "list"});
    EXPECT_FALSE(d.dump_nested);
    EXPECT_EQ(d.csv_separator, ";");
    EXPECT_EQ(d.capture_list, "list");
}

TEST(NprobeOptions, longNames) {
    const ProbeConfig c = config_of({"--lifetime-timeout", "60", "--idle-timeout=15", "--queue-timeout", "2", "--flow-templ", "%IN_BYTES %OUT_BYTES",
                                     "--flow-version=9", "--flow-templ-id", "300", "--max-num-flows", "5000", "--bpf-filter", "udp", "--dump-path", "d",
                                     "--dump-frequency", "30", "--flow-delay", "7", "--count-delay", "3", "--flows-intra-templ", "20",
                                     "--netflow-engine", "1:2", "--sender-address", "192.0.2.9", "--all-collectors", "--tunnel", "--dont-reforge-timestamps"});
    EXPECT_EQ(c.active_timeout, 60U);
    EXPECT_EQ(c.idle_timeout, 15U);
    EXPECT_EQ(c.effective_queue_wait(true), 2U);
    EXPECT_EQ(c.template_spec, "%IN_BYTES %OUT_BYTES");
    EXPECT_EQ(c.export_version, 9);
    EXPECT_EQ(c.template_id, 300);
    EXPECT_EQ(c.max_flows, 5000U);
    EXPECT_EQ(c.filter, "udp");
    EXPECT_EQ(c.dump_dir, "d");
    EXPECT_EQ(c.dump_rotate, 30U);
    EXPECT_EQ(c.pacing, 7U);
    EXPECT_EQ(c.pacing_burst, 3U);
    EXPECT_EQ(c.template_every, 20U);
    EXPECT_EQ(c.domain, 258U);
    EXPECT_EQ(c.source_address, "192.0.2.9");
}

TEST(NprobeOptions, whatNeedsNothingHereIsSaid) {
    const auto parsed = parse({"-w", "131072", "--redis", "localhost"});
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    EXPECT_THAT(parsed->warnings, testing::ElementsAre(testing::HasSubstr("-w: the flow table sizes itself"), testing::HasSubstr("--redis: not needed")));
}

TEST(NprobeOptions, therestIsRefusedByOneLine) {
    for (const Arguments& a : std::vector<Arguments>{{"-L", "10.0.0.0/8"}, {"-c"}, {"-r"}, {"-C", "/lock"}, {"-W"}, {"-z", "10"}, {"-A", "as.txt"}, {"--black-list", "x"},
                                                     {"--account-l2"}, {"--original-speed"}, {"--dump-metadata", "f"}, {"--sip-dump-dir", "d"}, {"--sip-exec-cmd", "c"},
                                                     {"--rtp-discard-late-pkts", "60"}, {"--timestamp-format", "x"}, {"--max-log-lines=10"}, {"--collector-port", "2055"}})
        EXPECT_THAT(error_of(a), testing::HasSubstr("option " + a[0].substr(0, a[0].find('=')) + " of nProbe is not here: ")) << a[0];
    EXPECT_THAT(error_of({"-D", "T"}), testing::HasSubstr("compress the finished files"));
    EXPECT_THAT(error_of({"-D", "b"}), testing::HasSubstr("file:PATH"));
    EXPECT_THAT(error_of({"-p", "0/0/1/0/0/0/0"}), testing::HasSubstr("-p"));
    EXPECT_THAT(error_of({"-p", "1/1/1/1/1"}), testing::HasSubstr("not by ToS"));
    EXPECT_THAT(error_of({"-S", "100:1:1"}), testing::HasSubstr("sampling is not done"));
    EXPECT_THAT(error_of({"-O", "DNS"}), testing::HasSubstr("--voip-only"));
    EXPECT_THAT(error_of({"-m", "10"}), testing::HasSubstr("largest message in octets"));
    EXPECT_THAT(error_of({"-b", "7"}), testing::HasSubstr("0, 1 or 2"));
    EXPECT_THAT(error_of({"--biflows-export-policy", "1"}), testing::HasSubstr("both exported"));
    EXPECT_THAT(error_of({"-u", "-1"}), testing::HasSubstr("-u"));
    EXPECT_THAT(error_of({"-S"}), testing::HasSubstr("-S: needs a value"));
    EXPECT_THAT(error_of({"--csv-separator", "ab"}), testing::HasSubstr("one printable character"));
}

TEST(NprobeOptions, valuesThatLookLikeOptionsAreLeftAlone) {
    EXPECT_EQ(config_of({"-f", "-D"}).filter, "-D");
    EXPECT_EQ(config_of({"-T", "-T=%IN_BYTES"}).template_spec, "-T=%IN_BYTES");
}

TEST(NprobeOptions, commandLinesFromTheField) {
    // nProbe's documentation, its issues #36, #214, #280, #281, and the founding slides.
    const std::string everything = "%IPV4_SRC_ADDR %IPV4_DST_ADDR %INPUT_SNMP %OUTPUT_SNMP %IN_PKTS %IN_BYTES %FIRST_SWITCHED %LAST_SWITCHED %L4_SRC_PORT "
                                   "%L4_DST_PORT %TCP_FLAGS %PROTOCOL %SRC_TOS %SRC_AS %DST_AS";
    for (const Arguments& a : std::vector<Arguments>{
             {"-i", "eth0", "-n", "192.0.2.7:2055", "-V", "9", "-T", everything + " @SIP@ @RTP@"},
             {"-i", "eth0", "-n", "none", "-P", "/tmp/flows", "-b", "1", "-T", "%IPV4_SRC_ADDR%IPV4_DST_ADDR%IN_BYTES%OUT_BYTES@SIP@"},
             {"-i=eth0", "-n=192.0.2.7:2055", "-T=%RTP_SSRC% %RTP_MOS%", "-V=10"},
             {"-T", "%IPV4_SRC_ADDR % FIRST_SWITCHED %LAST_SWITCHED %SIP_CALL_ID sip %RTP_FIRST_SSRC"},
             {"-i", "eth0,eth1", "-n", "192.0.2.7:33,192.0.2.8:34", "-a", "-G", "-t", "60", "-d", "15", "-l", "5", "-w", "131072", "-M", "50000"},
             {"--redis", "127.0.0.1", "-i", "x.pcap", "-n", "none", "-P", "d", "-D", "t", "--dont-nest-dump-dirs", "-T", "@NTOPNG@ @SIP@ @RTP@"}}) {
        const auto parsed = parse(a);
        const std::string wrong = parsed ? "" : parsed.error().message;
        if (a[0] == "-T") {  // a stray word that is no element is an error with its column
            EXPECT_THAT(wrong, testing::HasSubstr("no element 'sip'"));
        } else {
            EXPECT_TRUE(parsed.has_value()) << wrong;
        }
    }
}

TEST(NprobeOptions, itsConfigurationFileIsRead) {
    const test::ScratchFolder folder;
    const std::string path = folder / "nprobe.conf";
    std::ofstream(path) << "# nProbe\n\n-i=eth0\n-n=192.0.2.7:2055\n-n=192.0.2.8:2055\n-T=\"%IN_BYTES %OUT_BYTES @SIP@\"\n-a=\n-t=60\n--idle-timeout=15\n-V 9\n-w=32768\n-G\n";
    for (const Arguments& a : std::vector<Arguments>{{"--config", path}, {path}}) {
        const auto parsed = parse(a);
        ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
        const ProbeConfig& c = parsed->config;
        EXPECT_EQ(c.interfaces, Arguments{"eth0"});
        EXPECT_EQ(c.collectors, (Arguments{"192.0.2.7:2055", "192.0.2.8:2055"}));
        EXPECT_EQ(c.template_spec, "%IN_BYTES %OUT_BYTES @SIP@");
        EXPECT_EQ(c.active_timeout, 60U);
        EXPECT_EQ(c.idle_timeout, 15U);
        EXPECT_EQ(c.export_version, 9);
        EXPECT_TRUE(c.daemon);
        EXPECT_EQ(parsed->warnings.size(), 1U);
    }
    EXPECT_EQ(config_of({"--config", path, "-t", "90"}).active_timeout, 90U);
    const std::string bad = folder / "bad.conf";
    std::ofstream(bad) << "-i=eth0\n-L=10.0.0.0/8\n";
    EXPECT_THAT(error_of({"--config", bad}), testing::AllOf(testing::HasSubstr("bad.conf"), testing::HasSubstr("-L")));
    std::ofstream(bad) << "-i=eth0\nsnaplen: 5\n";
    EXPECT_THAT(error_of({"--config", bad}), testing::HasSubstr("unexpected argument"));
    std::ofstream(bad) << "--config=other\n";
    EXPECT_THAT(error_of({"--config", bad}), testing::HasSubstr("names no other one"));
}

TEST(NprobeOptions, aFileOfYamlIsNoNprobeFile) {
    EXPECT_FALSE(read_nprobe_file("snaplen: 5\n").has_value());
    EXPECT_FALSE(read_nprobe_file("# nothing\n\n").has_value());
    EXPECT_FALSE(read_nprobe_file("- a\n").has_value());
    EXPECT_FALSE(read_nprobe_file("").has_value());
    EXPECT_EQ(read_nprobe_file("  -i = \"a b\"\r\n-a=\r\n"), (Arguments{"-i", "a b", "-a"}));
}

}  // namespace
}  // namespace voipprobe::config
