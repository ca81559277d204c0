#include "config/collector_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace voipprobe::config {
namespace {

using Values = std::vector<std::string>;

template <typename T>
bool number(std::string_view s, T& out) {
    const auto [end, error] = std::from_chars(s.data(), s.data() + s.size(), out);
    return error == std::errc{} && end == s.data() + s.size();
}

Result<bool> on_off(const std::string& s) {
    for (const char* yes : {"on", "true", "yes", "1"})
        if (s == yes) return true;
    for (const char* no : {"off", "false", "no", "0"})
        if (s == no) return false;
    return fail(ExitCode::usage, "'" + s + "' is neither on nor off");
}

Result<void> set_bool(bool& target, const Values& v) {
    const auto parsed = on_off(v.empty() ? "on" : v.back());
    if (!parsed) return tl::unexpected(parsed.error());
    target = *parsed;
    return {};
}

// 90, 90s, 5m, 1h, 1d
Result<std::chrono::seconds> duration(const std::string& s) {
    std::uint64_t factor = 1;
    std::string_view digits = s;
    if (!digits.empty()) {
        switch (digits.back()) {
            case 's':
                digits.remove_suffix(1);
                break;
            case 'm':
                factor = 60, digits.remove_suffix(1);
                break;
            case 'h':
                factor = 3600, digits.remove_suffix(1);
                break;
            case 'd':
                factor = 86400, digits.remove_suffix(1);
                break;
            default:
                break;
        }
    }
    std::uint64_t v = 0;
    if (!number(digits, v) || v > 366ULL * 86400)
        return fail(ExitCode::usage, "'" + s + "' is no duration such as 60, 5m or 1h");
    return std::chrono::seconds(v * factor);
}

// 1000000, 500K, 100M, 2G (powers of 1024)
Result<std::uint64_t> size(const std::string& s) {
    unsigned shift = 0;
    std::string_view digits = s;
    if (!digits.empty()) {
        const char c = digits.back();
        shift = c == 'K' || c == 'k' ? 10 : c == 'M' ? 20 : c == 'G' ? 30 : 0;
        if (shift > 0) digits.remove_suffix(1);
    }
    std::uint64_t v = 0;
    if (!number(digits, v) || v > (1ULL << 40))
        return fail(ExitCode::usage, "'" + s + "' is no size such as 500K, 100M or 2G");
    return v << shift;
}

// A list may be repeated and may have commas.
Values split(const Values& values) {
    Values out;
    for (const std::string& v : values) {
        for (std::size_t at = 0; at <= v.size();) {
            const std::size_t comma = std::min(v.find(',', at), v.size());
            if (comma > at) out.push_back(v.substr(at, comma - at));
            at = comma + 1;
        }
    }
    return out;
}

template <typename T, typename Parse>
Result<void> set_list(std::vector<T>& target, const Values& values, Parse parse) {
    target.clear();
    for (const std::string& v : split(values)) {
        auto parsed = parse(v);
        if (!parsed) return tl::unexpected(parsed.error());
        target.push_back(std::move(*parsed));
    }
    return {};
}

template <typename T, typename Parse>
Result<void> set_one(T& target, const Values& values, Parse parse) {
    if (values.empty()) return fail(ExitCode::usage, "needs a value");
    auto parsed = parse(values.back());
    if (!parsed) return tl::unexpected(parsed.error());
    target = std::move(*parsed);
    return {};
}

Result<double> non_negative(const std::string& s) {
    double v = 0;
    if (!number(s, v) || !std::isfinite(v) || v < 0 || v > 1e9)
        return fail(ExitCode::usage, "'" + s + "' is no number from 0 on");
    return v;
}

Result<std::pair<std::string, double>> verdict_limit(const std::string& s) {
    const std::size_t equal = std::min(s.find('='), s.size());
    const std::string name = s.substr(0, equal);
    if (std::find(kVerdictLimits.begin(), kVerdictLimits.end(), name) == kVerdictLimits.end()) {
        std::string names;
        for (const std::string_view n : kVerdictLimits) names += (names.empty() ? "" : ", ") + std::string(n);
        return fail(ExitCode::usage, "'" + s + "' names no threshold; there are " + names);
    }
    const auto value = non_negative(equal < s.size() ? s.substr(equal + 1) : "");
    if (!value) return tl::unexpected(value.error());
    return std::pair{name, *value};
}

Result<std::uint64_t> whole(const std::string& s) {
    std::uint64_t v = 0;
    if (!number(s, v)) return fail(ExitCode::usage, "'" + s + "' is no whole number");
    return v;
}

Result<std::uint32_t> enterprise(const std::string& s) {
    std::uint32_t v = 0;
    if (!number(s, v) || v == 0)
        return fail(ExitCode::usage, "'" + s + "' is no enterprise number (1..4294967295)");
    return v;
}

Result<std::string> as_is(const std::string& s) {
    if (s.empty()) return fail(ExitCode::usage, "the value is empty");
    return s;
}

Result<StatsFormat> stats_format(const std::string& s) {
    if (s == "text" || s == "on" || s == "true") return StatsFormat::text;
    if (s == "json") return StatsFormat::json;
    if (s == "off" || s == "none" || s == "false") return StatsFormat::none;
    return fail(ExitCode::usage, "'" + s + "' is neither text nor json");
}

Result<void> add_verbosity(CollectorConfig& c, const Values& v, int step) {
    if (v.empty()) {
        c.verbosity = std::clamp(step, -1, 3);
        return {};
    }
    bool on = false;
    for (const std::string& s : v) {  // the command line gives "true" per -v
        if (auto parsed = set_bool(on, {s}); !parsed) return parsed;
        if (on) c.verbosity = step < 0 ? -1 : std::max(c.verbosity, 0) + 1;
    }
    return {};
}

using C = CollectorConfig;
constexpr auto kOptions = std::to_array<CollectorOption>({
    {"-l,--listen", "listen", true, false, "URL",
     "receive on udp://, tcp:// or tls://ADDRESS:PORT; IPv6 in brackets; repeatable (udp://0.0.0.0:2055)",
     [](C& c, const Values& v) { return set_list(c.listen, v, parse_listen); }},
    {"-r,--read", "read", true, false, "FILE",
     "read an IPFIX file, or a pcap of export packets (NetFlow v9, IPFIX), instead of listening; repeatable",
     [](C& c, const Values& v) {
         c.read = v;
         return Result<void>{};
     }},
    {"-o,--output", "output", false, false, "DIR", "where the CSV files go (./voip-csv)",
     [](C& c, const Values& v) { return set_one(c.output, v, as_is); }},
    {"--sink", "sink", true, false, "KIND:TARGET", "a further sink, repeatable: csv:DIR, jsonl:DIR, sqlite:FILE, ipfix:udp://HOST:PORT, ipfix:tcp://HOST:PORT, ipfix:file:PATH",
     [](C& c, const Values& v) {
         c.sinks = v;
         return Result<void>{};
     }},
    {"--state", "state", false, false, "DIR",
     "keep the templates of UDP exporters there, so that a restart reads their data at once",
     [](C& c, const Values& v) { return set_one(c.state, v, as_is); }},
    {"--tls-cert", "tls-cert", false, false, "FILE", "certificate for tls:// listeners, PEM",
     [](C& c, const Values& v) { return set_one(c.tls_cert, v, as_is); }},
    {"--tls-key", "tls-key", false, false, "FILE", "its key, PEM",
     [](C& c, const Values& v) { return set_one(c.tls_key, v, as_is); }},
    {"--tls-ca", "tls-ca", false, false, "FILE",
     "who may sign exporters' certificates, PEM; exporters without one are refused (none asked for)",
     [](C& c, const Values& v) { return set_one(c.tls_ca, v, as_is); }},
    {"--rotate-time", "rotate-time", false, false, "TIME",
     "start new files every TIME (60, 5m, 1h), 0 = never",
     [](C& c, const Values& v) { return set_one(c.rotate_time, v, duration); }},
    {"--rotate-size", "rotate-size", false, false, "SIZE",
     "start a new file at SIZE (500K, 100M, 2G), 0 = never",
     [](C& c, const Values& v) { return set_one(c.rotate_size, v, size); }},
    {"--idle-exit", "idle-exit", false, false, "SEC",
     "leave when nothing decodable came for SEC seconds, 0 = never",
     [](C& c, const Values& v) { return set_one(c.idle_exit, v, non_negative); }},
    {"--once", "once", false, false, "N", "leave after N calls",
     [](C& c, const Values& v) { return set_one(c.once, v, whole); }},
    {"--allow", "allow", true, false, "CIDR", "take messages from these exporters only; repeatable (all)",
     [](C& c, const Values& v) { return set_list(c.allow, v, parse_cidr); }},
    {"--csv-formula-guard", "csv-formula-guard", false, false, "on|off",
     "prefix ' to text that a spreadsheet would run as a formula (on)",
     [](C& c, const Values& v) { return set_bool(c.csv_formula_guard, v); }},
    {"--g711-plc", "g711-plc", false, false, "on|off",
     "score G.711 with packet loss concealment, as today's endpoints have it (on)",
     [](C& c, const Values& v) { return set_bool(c.g711_plc, v); }},
    {"--verdict", "verdict", true, false, "NAME=VALUE",
     "threshold of a verdict, as loss_pct=2 or jitter_p95_ms=40; repeatable",
     [](C& c, const Values& v) { return set_list(c.verdict, v, verdict_limit); }},
    {"--pen", "pen", false, false, "N", "enterprise number of voipprobe's own elements (32473)",
     [](C& c, const Values& v) { return set_one(c.pen, v, enterprise); }},
    {"--fail-if-mos-below", "fail-if-mos-below", false, false, "X",
     "exit with code 5 when a call has a MOS below X",
     [](C& c, const Values& v) { return set_one(c.fail_if_mos_below, v, non_negative); }},
    {"--strict", "strict", false, true, "", "exit with code 4 when records were lost",
     [](C& c, const Values& v) { return set_bool(c.strict, v); }},
    {"--explain", "explain", false, false, "CALL-ID", "say at the end why this call has the scores it has",
     [](C& c, const Values& v) { return set_one(c.explain, v, as_is); }},
    {"--explain-column", "explain-column", false, false, "on|off",
     "a last column `explain` in calls.csv: why each side has the score it has (off)",
     [](C& c, const Values& v) { return set_bool(c.explain_column, v); }},
    {"--rescore", "rescore", false, false, "FILE",
     "score the rows of a streams.csv again, as --what-if says; the rows go to stdout",
     [](C& c, const Values& v) { return set_one(c.rescore, v, as_is); }},
    {"--what-if", "what-if", false, false, "SPEC",
     "with --rescore: jb=60|200|adaptive|none,plc=on|off,codec=NAME,loss=0,rtt=MS",
     [](C& c, const Values& v) { return set_one(c.what_if, v, as_is); }},
    {"--stats", "stats", false, true, "text|json", "print what was received, written and refused at the end",
     [](C& c, const Values& v) {
         return set_one(c.stats, v.empty() || v.back().empty() ? Values{"text"} : v, stats_format);
     }},
    {"--user", "user", false, false, "NAME[:GROUP]", "become this user once sockets and files are open",
     [](C& c, const Values& v) { return set_one(c.user, v, as_is); }},
    {"--sandbox", "sandbox", false, false, "on|off",
     "keep only the system calls, folders and capabilities that are needed (on)",
     [](C& c, const Values& v) { return set_bool(c.sandbox, v); }},
    {"-v,--verbose", "verbose", false, true, "", "say more; repeatable",
     [](C& c, const Values& v) { return add_verbosity(c, v, 1); }},
    {"-q,--quiet", "quiet", false, true, "", "errors only",
     [](C& c, const Values& v) { return add_verbosity(c, v, -1); }},
});

}  // namespace

std::span<const CollectorOption> collector_options() { return kOptions; }

Result<void> apply_option(CollectorConfig& config, std::string_view key,
                          const std::vector<std::string>& values) {
    for (const CollectorOption& o : kOptions) {
        if (key != o.key) continue;
        auto done = o.apply(config, values);
        if (!done) return fail(done.error().code, "--" + std::string(key) + ": " + done.error().message);
        return {};
    }
    return fail(ExitCode::usage, "unknown option --" + std::string(key));
}

std::string ListenAddress::text() const {
    const char* scheme = protocol == ListenProtocol::udp ? "udp://" : protocol == ListenProtocol::tcp ? "tcp://" : "tls://";
    return scheme + endpoint.text();
}

bool Cidr::contains(const wire::IpAddress& a) const {
    for (unsigned bit = 0; bit < prefix; bit += 8) {
        const unsigned left = prefix - bit;
        const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xff : 0xff << (8 - left));
        if (((a.octets[bit / 8] ^ network.octets[bit / 8]) & mask) != 0) return false;
    }
    return true;
}

Result<Cidr> parse_cidr(const std::string& text) {
    const auto slash = text.find('/');
    const auto address = wire::IpAddress::parse(text.substr(0, slash));
    if (!address)
        return fail(ExitCode::usage, "'" + text + "' is no network such as 192.0.2.0/24 or 2001:db8::/32");
    const unsigned widest = address->is_v4() ? 32 : 128;
    unsigned prefix = widest;
    if (slash != std::string::npos &&
        (!number(std::string_view(text).substr(slash + 1), prefix) || prefix > widest))
        return fail(ExitCode::usage,
                    "'" + text + "': the prefix length must be 0.." + std::to_string(widest));
    return Cidr{*address, prefix + (128 - widest)};
}

Result<ListenAddress> parse_listen(const std::string& text) {
    const std::string wanted = "'" + text + "' is no address such as udp://0.0.0.0:2055 or tcp://[::1]:4739";
    ListenAddress out;
    std::string rest = text;
    if (const auto scheme = text.find("://"); scheme != std::string::npos) {
        const std::string name = text.substr(0, scheme);
        if (name != "udp" && name != "tcp" && name != "tls")
            return fail(ExitCode::usage,
                        "'" + text + "': " + name + ":// is not built in; udp://, tcp:// and tls:// are");
        if (name == "tcp") out.protocol = ListenProtocol::tcp;
        if (name == "tls") out.protocol = ListenProtocol::tls;
        rest = text.substr(scheme + 3);
    }
    std::string host = rest, port = out.protocol == ListenProtocol::tls ? "4740" : "2055";
    if (!rest.empty() && rest.front() == '[') {
        const auto close = rest.find(']');
        if (close == std::string::npos) return fail(ExitCode::usage, wanted);
        host = rest.substr(1, close - 1);
        if (close + 1 < rest.size()) {
            if (rest[close + 1] != ':') return fail(ExitCode::usage, wanted);
            port = rest.substr(close + 2);
        }
    } else if (const auto colon = rest.rfind(':'); colon != std::string::npos) {
        host = rest.substr(0, colon);
        port = rest.substr(colon + 1);
    }
    if (host.empty() || host == "*") host = "0.0.0.0";
    if (host == "localhost") host = "127.0.0.1";
    const auto address = wire::IpAddress::parse(host);
    if (!address || !number(port, out.endpoint.port)) return fail(ExitCode::usage, wanted);
    out.endpoint.address = *address;
    return out;
}

Result<void> CollectorConfig::validate() {
    if (!listen.empty() && !read.empty())
        return fail(ExitCode::usage,
                    "--listen and --read exclude each other: read the files in a run of their own");
    if (!what_if.empty() && rescore.empty())
        return fail(ExitCode::usage, "--what-if needs --rescore FILE, a streams.csv");
    if (!rescore.empty() && (!listen.empty() || !read.empty()))
        return fail(ExitCode::usage, "--rescore excludes --listen and --read");
    if (listen.empty() && read.empty())
        listen.push_back({ListenProtocol::udp, {wire::IpAddress::v4(0), 2055}});
    return {};
}

}  // namespace voipprobe::config
