#include "tools/pcapgen/options.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

namespace voipprobe::pcapgen {
namespace {

constexpr const char* kAbout =
    "pcapgen: captures of VoIP calls with known truth.\n"
    "Writes SIP, SDP, RTP and RTCP as a network would carry them, impaired as asked, and beside the capture\n"
    "OUT.calls.csv and OUT.streams.csv: what a correct probe must find. The same options and seed give the "
    "same\n"
    "octets everywhere.";

constexpr const char* kExamples =
    "Examples:\n"
    "  pcapgen -o clean.pcap --calls 20 --codec PCMU,opus --rtcp\n"
    "  pcapgen -o bad.pcap --gilbert 0.01,0.3 --jitter 30 --duplicate 0.01 --reorder 0.02\n"
    "  pcapgen -o load.pcap --calls 1000 --concurrent 500 --duration 60 --truth off\n"
    "  pcapgen -o mix.pcap --calls 50 --background 10000 --background-share 0.8\n"
    "  pcapgen -o - --calls 5 | voipprobe -i - -n none\n"
    "Exit codes: 0 ok, 1 cannot write, 2 wrong options.";

// Everything that is parsed as text first and needs a second look.
struct Texts {
    std::vector<std::string> codecs = {"PCMU"};
    std::vector<double> gilbert;
    std::string truth = "beside";
};

void add_options(CLI::App& app, Options& o, Texts& texts) {
    const auto fraction = CLI::Range(0.0, 1.0);
    app.add_option("-o,--output", o.output, "capture to write; - is standard output")
        ->required()
        ->option_text("FILE");
    app.add_option(
           "--truth", texts.truth,
           "truth files: PATH.csv gives PATH.calls.csv and PATH.streams.csv; off for speed (default: beside "
           "the output; off for -o -)")
        ->option_text("PATH|off");
    app.add_option("--seed", o.seed, "seed of all randomness (1)")->option_text("N");
    app.add_option("--max-packets", o.max_packets, "stop after so many packets (0: no limit)")
        ->option_text("N");
    app.add_flag("-q,--quiet", o.quiet, "no summary line");

    const std::string calls = "Calls";
    app.add_option("--calls", o.calls, "number of calls (1)")->group(calls)->option_text("N");
    auto* rate = app.add_option("--rate", o.rate, "calls per second (1)")->check(CLI::PositiveNumber);
    rate->group(calls)->option_text("N");
    app.add_option("--concurrent", o.concurrent, "calls at a time, instead of --rate")
        ->check(CLI::PositiveNumber)
        ->excludes(rate)
        ->group(calls)
        ->option_text("N");
    app.add_option("--duration", o.duration_s, "talking time of each call, seconds (10)")
        ->check(CLI::Range(0.0, 1e6))
        ->group(calls)
        ->option_text("SEC");
    std::string names;
    for (const auto& codec : all_codecs()) names += (names.empty() ? "" : " ") + std::string(codec.name);
    app.add_option("--codec", texts.codecs, "codecs, calls take them in turn (PCMU): " + names)
        ->delimiter(',')
        ->group(calls)
        ->option_text("NAME,...");
    app.add_option("--ptime", o.ptime_ms, "packet time, ms (default: the codec's usual)")
        ->check(CLI::Range(1, 200))
        ->group(calls)
        ->option_text("MS");
    app.add_option("--start", o.start_epoch, "time of the first packet, seconds since 1970")
        ->check(CLI::Range(0.0, 4e9))
        ->group(calls)
        ->option_text("EPOCH");
    app.add_option("--rtt", o.rtt_ms,
                   "round trip between the parties, ms (40); the capture point is in the middle")
        ->check(CLI::Range(0.0, 5000.0))
        ->group(calls)
        ->option_text("MS");

    const std::string network = "Impairments of RTP (probabilities 0..1)";
    app.add_option("--loss", o.loss, "random loss")->check(fraction)->group(network)->option_text("P");
    app.add_option("--gilbert", texts.gilbert, "bursty loss P,Q: good to bad, bad to good")
        ->delimiter(',')
        ->expected(2)
        ->check(fraction)
        ->group(network)
        ->option_text("P,Q");
    app.add_option("--jitter", o.jitter_ms, "extra delay, uniform 0..MS, order kept")
        ->check(CLI::Range(0.0, 10000.0))
        ->group(network)
        ->option_text("MS");
    app.add_flag("--jitter-reorders", o.jitter_reorders, "let jitter change the order")->group(network);
    app.add_option("--reorder", o.reorder, "packets held back one and a half packet times")
        ->check(fraction)
        ->group(network)
        ->option_text("P");
    app.add_option("--duplicate", o.duplicate, "packets seen twice")
        ->check(fraction)
        ->group(network)
        ->option_text("P");
    app.add_option("--first-seq", o.first_seq, "first sequence number of every stream (default: random)")
        ->group(network)
        ->option_text("N");
    app.add_option("--first-timestamp", o.first_timestamp, "first RTP timestamp (default: random)")
        ->group(network)
        ->option_text("N");

    const std::string behaviour = "What happens in the calls";
    app.add_flag("--proxy", o.proxy, "SIP through a proxy, both hops captured")->group(behaviour);
    app.add_flag("--early-media", o.early_media, "183 with SDP and ringback as RTP")->group(behaviour);
    app.add_flag("--telephone-event", o.telephone_event, "DTMF digits (RFC 4733)")->group(behaviour);
    app.add_flag("--hold", o.hold, "caller holds for a fifth of the call")->group(behaviour);
    app.add_flag("--rtcp", o.rtcp, "SR and RR with true LSR and DLSR, every 5 s")->group(behaviour);
    app.add_flag("--no-sip", o.no_sip, "media only")->group(behaviour);
    app.add_option("--failed", o.failed, "share of calls that fail: busy, no answer, cancelled, rejected ...")
        ->check(fraction)
        ->group(behaviour)
        ->option_text("P");
    app.add_option("--one-way", o.one_way, "share of calls whose callee sends no RTP (no value: all)")
        ->expected(0, 1)
        ->default_str("1")
        ->check(fraction)
        ->group(behaviour)
        ->option_text("[P]");
    app.add_option("--retransmit", o.retransmit,
                   "share of calls with repeated INVITE, 200, ACK, BYE (no value: all)")
        ->expected(0, 1)
        ->default_str("1")
        ->check(fraction)
        ->group(behaviour)
        ->option_text("[P]");
    app.add_option("--sip-port", o.sip_port, "UDP port of SIP (5060)")->group(behaviour)->option_text("PORT");
    app.add_option("--register", o.registrations, "REGISTER exchanges (401, then 200) as noise")
        ->group(behaviour)
        ->option_text("N");

    const std::string noise = "Other traffic";
    app.add_option("--background", o.background_flows, "number of other TCP and UDP flows, Zipf by packets")
        ->group(noise)
        ->option_text("FLOWS");
    app.add_option("--background-share", o.background_share, "their share of all packets (0.5)")
        ->check(CLI::Range(0.0, 0.999))
        ->group(noise)
        ->option_text("P");
    app.add_flag("--background-flood", o.background_flood, "every other packet is a flow of its own")
        ->group(noise);
    app.add_option("--background-packets", o.background_packets, "with --calls 0: so many packets")
        ->group(noise)
        ->option_text("N");
    app.add_option("--background-rate", o.background_rate, "with --calls 0: packets per second (100000)")
        ->check(CLI::PositiveNumber)
        ->group(noise)
        ->option_text("PPS");

    const std::string file = "File";
    app.add_flag("--ipv6", o.ipv6, "IPv6 instead of IPv4")->group(file);
    app.add_option("--vlan", o.vlan, "802.1Q tag (ethernet, sll)")
        ->check(CLI::Range(0, 4094))
        ->group(file)
        ->option_text("ID");
    const std::map<std::string, Link> links = {
        {"ethernet", Link::kEthernet}, {"raw", Link::kRaw}, {"sll", Link::kSll}, {"null", Link::kNull}};
    app.add_option("--link", o.link, "link type: ethernet raw sll null (ethernet)")
        ->transform(CLI::CheckedTransformer(links, CLI::ignore_case))
        ->option_text("TYPE")
        ->group(file);
    const std::map<std::string, FileFormat> formats = {{"pcap", FileFormat::kPcap},
                                                       {"pcapng", FileFormat::kPcapng},
                                                       {"nsec", FileFormat::kNanosecond},
                                                       {"bigendian", FileFormat::kBigEndian}};
    app.add_option("--format", o.format, "pcap (us), pcapng (ns), nsec (pcap, ns), bigendian (pcap, us)")
        ->transform(CLI::CheckedTransformer(formats, CLI::ignore_case))
        ->option_text("FORMAT")
        ->group(file);
    app.add_option("--snaplen", o.snaplen, "octets kept of each packet (262144)")
        ->check(CLI::Range(1, 262144))
        ->group(file)
        ->option_text("N");
}

std::string without_suffix(const std::string& path, const std::string& suffix) {
    const bool has = path.size() > suffix.size() && path.ends_with(suffix);
    return has ? path.substr(0, path.size() - suffix.size()) : path;
}

// What CLI11 cannot check alone. Returns the complaint, empty when all is well.
std::string finish(Options& o, const Texts& texts) {
    for (const auto& name : texts.codecs) {
        const auto codec = find_codec(name);
        if (!codec) return "--codec: '" + name + "' is not known; --help lists them";
        if (o.ptime_ms % codec->frame_ms != 0)
            return "--ptime: " + name + " needs a multiple of " + std::to_string(codec->frame_ms) + " ms";
        if (codec->one_frame_only() && o.ptime_ms > codec->frame_ms)
            return "--ptime: " + name + " is written with one frame per packet";
        o.codecs.push_back(*codec);
    }
    if (!texts.gilbert.empty()) o.gilbert = {texts.gilbert[0], texts.gilbert[1]};
    if (o.gilbert && o.loss > 0) return "--loss and --gilbert exclude each other";
    if (o.vlan && o.link != Link::kEthernet && o.link != Link::kSll)
        return "--vlan needs --link ethernet or sll";
    if (o.calls == 0 && o.background_packets == 0 && o.registrations == 0)
        return "nothing to write: --calls 0 needs --background-packets";
    if (o.background_packets > 0 && o.background_flows == 0 && !o.background_flood)
        return "--background-packets needs --background or --background-flood";
    if (o.rate <= 0) o.rate = 1;
    if (texts.truth == "beside") {
        if (o.output != "-") o.truth_base = without_suffix(without_suffix(o.output, ".pcapng"), ".pcap");
    } else if (texts.truth != "off") {
        o.truth_base = without_suffix(texts.truth, ".csv");
    }
    return {};
}

}  // namespace

ParsedOptions parse_options(int argc, char** argv) {
    Options options;
    Texts texts;
    CLI::App app{kAbout, "pcapgen"};
    app.footer(kExamples);
    add_options(app, options, texts);
    try {
        app.parse(argc, argv);
    } catch (const CLI::Success& done) {
        return {std::nullopt, app.exit(done)};
    } catch (const CLI::ParseError& error) {
        app.exit(error);
        return {std::nullopt, 2};
    }
    if (const auto complaint = finish(options, texts); !complaint.empty()) {
        std::cerr << "pcapgen: " << complaint << '\n';
        return {std::nullopt, 2};
    }
    return {options, 0};
}

}  // namespace voipprobe::pcapgen
