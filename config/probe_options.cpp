#include "config/probe_options.hpp"

#include <algorithm>
#include <charconv>

#include "config/option_value.hpp"

namespace voipprobe::config {
namespace {

using Values = std::span<const std::string>;
using Strings = std::vector<std::string>;
using Setter = std::function<Result<void>(ProbeConfig&, Values)>;
using Getter = std::function<Strings(const ProbeConfig&)>;

struct Access {
    Setter set;
    Getter get;
};

template <auto Member>
Access number(std::uint32_t least, std::uint32_t most) {
    return {[=](ProbeConfig& c, Values v) -> Result<void> {
                const auto n = parse_number(v.back(), least, most);
                if (!n) return tl::unexpected<Error>(n.error());
                c.*Member = static_cast<std::remove_reference_t<decltype(c.*Member)>>(*n);
                return {};
            },
            [](const ProbeConfig& c) -> Strings { return {std::to_string(c.*Member)}; }};
}

template <auto Member>
Access text() {
    return {[](ProbeConfig& c, Values v) -> Result<void> {
                c.*Member = v.back();
                return {};
            },
            [](const ProbeConfig& c) -> Strings {
                const std::string& given = c.*Member;
                return given.empty() ? Strings{} : Strings{given};
            }};
}

template <auto Member>
Access list() {
    return {[](ProbeConfig& c, Values v) -> Result<void> {
                (c.*Member).assign(v.begin(), v.end());
                return {};
            },
            [](const ProbeConfig& c) -> Strings { return c.*Member; }};
}

template <auto Member>
Access on_off() {
    return {[](ProbeConfig& c, Values v) -> Result<void> {
                const auto on = parse_switch(v.back());
                if (!on) return tl::unexpected<Error>(on.error());
                c.*Member = *on;
                return {};
            },
            [](const ProbeConfig& c) -> Strings { return {c.*Member ? "on" : "off"}; }};
}

// `words` in the order of the enumerators.
template <auto Member>
Access word(std::vector<std::string_view> words) {
    return {[words](ProbeConfig& c, Values v) -> Result<void> {
                const auto i = parse_word(v.back(), words);
                if (!i) return tl::unexpected<Error>(i.error());
                c.*Member = static_cast<std::remove_reference_t<decltype(c.*Member)>>(*i);
                return {};
            },
            [words](const ProbeConfig& c) -> Strings { return {std::string(words[static_cast<std::size_t>(c.*Member)])}; }};
}

// -E N, or nProbe's TYPE:ID, which makes TYPE * 256 + ID.
Access domain() {
    Access a = number<&ProbeConfig::domain>(0, UINT32_MAX);
    a.set = [](ProbeConfig& c, Values v) -> Result<void> {
        const std::string_view all = v.back();
        const std::size_t colon = all.find(':');
        const auto id = parse_number(colon == all.npos ? all : all.substr(colon + 1), 0, colon == all.npos ? UINT32_MAX : 255);
        if (!id) return tl::unexpected<Error>(id.error());
        const auto type = colon == all.npos ? Result<std::uint32_t>(0) : parse_number(all.substr(0, colon), 0, 255);
        if (!type) return tl::unexpected<Error>(type.error());
        c.domain = *type * 256 + *id;
        return {};
    };
    return a;
}

Access queue_wait() {
    return {[](ProbeConfig& c, Values v) -> Result<void> {
                const auto n = parse_number(v.back(), 0, 86400);
                if (!n) return tl::unexpected<Error>(n.error());
                c.queue_wait = *n;
                return {};
            },
            [](const ProbeConfig& c) -> Strings {
                return c.queue_wait ? Strings{std::to_string(*c.queue_wait)} : Strings{};
            }};
}

Result<RtpMapEntry> parse_rtp_map_entry(std::string_view s) {
    const auto bad = [&](std::string_view why) {
        return fail(ExitCode::usage, "'" + std::string(s) + "' " + std::string(why) + "; write PT=NAME/CLOCK, as 120=opus/48000");
    };
    const std::size_t equal = s.find('=');
    const std::size_t slash = s.find('/', equal == s.npos ? 0 : equal);
    if (equal == s.npos || slash == s.npos || slash == equal + 1) return bad("is not a payload type map");
    const auto type = parse_number(s.substr(0, equal), 0, 127);
    const auto clock = parse_number(s.substr(slash + 1), 1000, 1'000'000);
    if (!type) return bad("has no payload type in 0..127");
    if (!clock) return bad("has no clock rate in 1000..1000000");
    const std::string_view name = s.substr(equal + 1, slash - equal - 1);
    if (name.size() > 24 || !std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; }))
        return bad("has a codec name that SDP could not carry");
    return RtpMapEntry{static_cast<std::uint8_t>(*type), std::string(name), *clock};
}

Access rtp_map() {
    return {[](ProbeConfig& c, Values v) -> Result<void> {
                c.rtp_map.clear();
                for (std::string_view all : v)
                    while (!all.empty()) {
                        const std::size_t comma = all.find(',');
                        auto entry = parse_rtp_map_entry(all.substr(0, comma));
                        if (!entry) return tl::unexpected<Error>(entry.error());
                        c.rtp_map.push_back(std::move(*entry));
                        all = comma == all.npos ? std::string_view() : all.substr(comma + 1);
                    }
                return {};
            },
            [](const ProbeConfig& c) {
                Strings out;
                for (const RtpMapEntry& e : c.rtp_map)
                    out.push_back(std::to_string(e.payload_type) + "=" + e.codec + "/" + std::to_string(e.clock_rate));
                return out;
            }};
}

Access header_names() {
    return {[](ProbeConfig& c, Values v) -> Result<void> {
                c.correlation_headers.clear();
                for (std::string_view all : v)
                    while (!all.empty()) {
                        const std::size_t comma = all.find(',');
                        const std::string_view name = all.substr(0, comma);
                        const bool token = std::all_of(name.begin(), name.end(), [](char ch) { return ch > ' ' && ch < 127 && ch != ':'; });
                        if (name.empty() || name.size() > 64 || !token)
                            return fail(ExitCode::usage, "'" + std::string(name) + "' is no header name, as X-Call-ID is");
                        c.correlation_headers.emplace_back(name);
                        all = comma == all.npos ? std::string_view() : all.substr(comma + 1);
                    }
                return {};
            },
            [](const ProbeConfig& c) { return c.correlation_headers; }};
}

Access separator() {
    Access a = text<&ProbeConfig::csv_separator>();
    a.set = [](ProbeConfig& c, Values v) -> Result<void> {
        const std::string& s = v.back() == "\\t" ? "\t" : v.back();
        if (s.size() != 1 || (s[0] != '\t' && (s[0] < ' ' || s[0] > '~' || s[0] == '"')))
            return fail(ExitCode::usage, "a separator is one printable character or \\t");
        c.csv_separator = s;
        return {};
    };
    return a;
}

Access export_version() {
    Access a = number<&ProbeConfig::export_version>(9, 10);
    a.set = [](ProbeConfig& c, Values v) -> Result<void> {
        if (v.back() != "9" && v.back() != "10")
            return fail(ExitCode::usage, "'" + v.back() + "' is not 9 (NetFlow v9) or 10 (IPFIX)");
        c.export_version = v.back() == "9" ? 9 : 10;
        return {};
    };
    return a;
}

ProbeOption row(std::string_view name, char letter, std::string_view placeholder, std::string_view group,
                std::string_view help, Access access, std::string_view implied = {}, bool repeatable = false) {
    return {name, letter, placeholder, repeatable, implied, group, help, std::move(access.set), std::move(access.get)};
}

std::vector<ProbeOption> make_options() {
    using C = ProbeConfig;
    const std::string_view from = "Packets", to = "Collectors", what = "Records", when = "Timing", how = "VoIP", talk = "Messages", rights = "Rights";
    return {
        row("interface", 'i', "SRC", from, "interface, FILE.pcap, FILE.pcapng, - (stdin), a directory of captures or hep://ADDRESS:PORT (HEP agents); repeatable (the default route's interface)", list<&C::interfaces>(), {}, true),
        row("pcap-file-list", 0, "FILE", from, "a file with the names of captures, one a line, read after those of -i", text<&C::capture_list>()),
        row("filter", 'f', "BPF", from, "capture filter", text<&C::filter>()),
        row("snaplen", 's', "OCTETS", from, "octets kept of a packet", number<&C::snaplen>(64, 262144)),
        row("ring-size", 0, "MIB", from, "the kernel's buffer for each interface", number<&C::ring_size>(1, 2047)),
        row("promiscuous", 0, "on|off", from, "take packets for other machines too", on_off<&C::promiscuous>()),
        row("reopen", 0, "on|off", from, "wait for an interface that goes away", on_off<&C::reopen>()),
        row("tls-keylog", 0, "FILE", from, "secrets of TLS connections (SSLKEYLOGFILE), followed while it grows", text<&C::tls_keylog>()),
        row("max-flows", 'M', "N", from, "flows in memory; beyond, the oldest leave early", number<&C::max_flows>(1000, 100'000'000)),
        row("workers", 0, "N", from, "threads for packets; the records are the same for every number", number<&C::workers>(1, 64)),
        row("dedup", 0, "on|off", from, "leave out packets that a mirror port delivers twice", on_off<&C::dedup>()),
        row("flow-key", 0, "KEY", from, "what besides addresses and ports tells flows apart: addresses (nothing), vlan, tunnel or vlan+tunnel", word<&C::flow_key>({"addresses", "vlan", "tunnel", "vlan+tunnel"})),

        row("collector", 'n', "DEST", to, "host:port, udp://, tcp://, tls://, file:PATH, hep:// (Homer), hep+tcp:// or none, with ?records=KIND,...&resend=on; repeatable (127.0.0.1:2055)", list<&C::collectors>(), {}, true),
        row("dispatch", 0, "HOW", to, "several collectors: all, round-robin or hash-call", word<&C::dispatch>({"all", "round-robin", "hash-call"})),
        row("message-size", 'm', "OCTETS", to, "largest export message", number<&C::message_size>(576, 65496)),
        row("pacing", 'e', "MS", to, "milliseconds between messages", number<&C::pacing>(0, 1000)),
        row("pacing-burst", 'B', "N", to, "messages before -e is waited", number<&C::pacing_burst>(1, 100'000)),
        row("source-address", 0, "ADDR[:PORT]", to, "address and port that messages leave from (the system's choice)", text<&C::source_address>()),
        row("reconnect", 0, "SEC", to, "tcp, tls: connect at most every so many seconds", number<&C::reconnect>(1, 3600)),
        row("spool", 0, "MIB", to, "tcp, tls: memory for records that wait for a collector", number<&C::spool>(1, 65536)),
        row("tls-ca", 0, "FILE", to, "who may sign collectors' certificates, PEM (the system's authorities)", text<&C::tls_ca>()),
        row("tls-cert", 0, "FILE", to, "certificate to show to collectors, PEM", text<&C::tls_cert>()),
        row("tls-key", 0, "FILE", to, "its key, PEM", text<&C::tls_key>()),
        row("export-options", 0, "on|off", to, "tell collectors statistics and element types as options data", on_off<&C::export_options>()),
        row("dump-dir", 'P', "DIR", to, "write the records as files too", text<&C::dump_dir>()),
        row("dump-format", 0, "FORMAT", to, "csv, json or text (nProbe's, with |)", word<&C::dump_format>({"csv", "json", "text"})),
        row("dump-rotate", 'F', "SEC", to, "a new file of -P every so many seconds of packet time", number<&C::dump_rotate>(1, 86400)),

        row("csv-separator", 0, "CHAR", to, "between the columns of text files", separator()),
        row("dump-nested", 0, "on|off", to, "YEAR/MONTH/DAY folders below -P", on_off<&C::dump_nested>()),

        row("template", 'T', "SPEC", what, "template name, @file, or \"%A %B @SIP@ @RTP@\" (see --list-templates)", text<&C::template_spec>()),
        row("template-id", 'U', "ID", what, "first template id", number<&C::template_id>(256, 65000)),
        row("export-version", 'V', "9|10", what, "NetFlow v9 or IPFIX", export_version()),
        row("domain", 'E', "ID", what, "observation domain (IPFIX) or source id (v9)", domain()),
        row("biflow", 0, "HOW", what, "ntop, rfc5103 or off", word<&C::biflow>({"ntop", "rfc5103", "off"})),
        row("in-interface", 'u', "IFINDEX", what, "INPUT_SNMP of every flow", number<&C::in_interface>(0, UINT32_MAX)),
        row("out-interface", 'Q', "IFINDEX", what, "OUTPUT_SNMP of every flow", number<&C::out_interface>(0, UINT32_MAX)),
        row("pen", 0, "N", what, "enterprise number of our own elements", number<&C::pen>(1, UINT32_MAX)),

        row("active-timeout", 't', "SEC", when, "a record of a running flow, call or stream this often", number<&C::active_timeout>(1, 86400)),
        row("idle-timeout", 'd', "SEC", when, "a flow ends after this silence", number<&C::idle_timeout>(1, 86400)),
        row("queue-wait", 'l', "SEC", when, "a record waits at most this long for its message to fill (30 live, 0 files)", queue_wait()),
        row("template-every", 'o', "N", when, "templates again after N messages; 0: every 60 s only", number<&C::template_every>(0, 1'000'000)),

        row("rtp-map", 0, "PT=NAME/CLOCK,...", how, "codecs of dynamic payload types where no SDP was seen", rtp_map(), {}, true),
        row("correlation-header", 0, "NAME,...", how, "SIP headers by which servers tie the legs of a call (X-Call-ID,X-CID,X-Correlation-ID)", header_names(), {}, true),
        row("rtp-heuristic", 0, "on|off", how, "find RTP that no SDP announces", on_off<&C::rtp_heuristic>()),
        row("voip-only", 0, "", how, "no records of other flows", on_off<&C::voip_only>(), "on"),
        row("privacy", 0, "HOW", how, "numbers, names, Call-IDs and digits in all output: off, hash (same number, same token) or drop", word<&C::privacy>({"off", "hash", "drop"})),
        row("privacy-key", 0, "FILE", how, "key for --privacy hash: a file of 16 octets or more, kept secret", text<&C::privacy_key>()),
        row("privacy-daily", 0, "", how, "another key every day (UTC), made of this one", on_off<&C::privacy_daily>(), "on"),
        row("dpi", 0, "on|off", how, "name the application of every flow by nDPI, where built with it", on_off<&C::dpi>()),
        row("dtmf", 0, "on|off", how, "export DTMF digits", on_off<&C::dtmf>()),
        row("speech-weighting", 0, "on|off", how, "measure speech activity, and the losses within speech", on_off<&C::speech_weighting>()),
        row("g711-plc", 0, "on|off", how, "score G.711 with packet loss concealment", on_off<&C::g711_plc>()),

        row("strict", 0, "", talk, "exit with 4 when packets or records were lost", on_off<&C::strict>(), "on"),
        row("stats", 0, "json", talk, "counters on stderr at exit, as text or JSON", word<&C::stats>({"none", "text", "json"}), "text"),
        row("progress", 0, "HOW", talk, "auto, never or plain", word<&C::progress>({"auto", "never", "plain"})),
        row("verbose", 'v', "", talk, "say more; twice: debug", number<&C::verbose>(0, 3), "1"),
        row("quiet", 'q', "", talk, "say errors only", on_off<&C::quiet>(), "on"),
        row("daemon", 'G', "", talk, "go to the background once the options are checked", on_off<&C::daemon>(), "on"),
        row("pid-file", 'g', "FILE", talk, "write the process id there", text<&C::pid_file>()),
        row("syslog", 'I', "NAME", talk, "log to syslog under this name", text<&C::syslog>()),
        row("user", 0, "NAME[:GROUP]", rights, "become this user once interfaces, sockets and files are open", text<&C::user>()),
        row("sandbox", 0, "on|off", rights, "keep only the system calls, folders and capabilities that are needed", on_off<&C::sandbox>()),
    };
}

bool needs_quotes(std::string_view s) {
    return s.empty() || s.find_first_of(":#{}[],&*?|<>=!%@\\\"' \t") != s.npos || s == "on" || s == "off" || s == "none";
}

std::string yaml_scalar(std::string_view s) {
    if (!needs_quotes(s) || s == "on" || s == "off" || s == "none") return std::string(s);
    std::string out = "\"";
    for (const char c : s) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

}  // namespace

std::span<const ProbeOption> probe_options() {
    static const std::vector<ProbeOption> options = make_options();
    return options;
}

const ProbeOption* find_probe_option(std::string_view name) {
    for (const ProbeOption& o : probe_options())
        if (o.name == name) return &o;
    return nullptr;
}

Result<void> apply_option(ProbeConfig& config, const ProbeOption& option, Values values, std::string_view where) {
    if (values.empty()) return fail(ExitCode::usage, std::string(where) + ": no value");
    auto done = option.set(config, values);
    if (!done) return fail(done.error().code, std::string(where) + ": " + done.error().message);
    return done;
}

std::string print_config(const ProbeConfig& config) {
    std::string out;
    for (const ProbeOption& o : probe_options()) {
        const Strings values = o.get(config);
        const std::string key(o.name);
        if (values.empty()) {
            out += "# " + key + ":\n";
        } else if (o.repeatable) {
            out += key + ":\n";
            for (const std::string& v : values) out += "  - " + yaml_scalar(v) + "\n";
        } else {
            out += key + ": " + yaml_scalar(values.front()) + "\n";
        }
    }
    return out;
}

}  // namespace voipprobe::config
