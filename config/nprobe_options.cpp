#include "config/nprobe_options.hpp"

#include <array>

#include "config/probe_options.hpp"
#include "wire/address.hpp"
#include "wire/text.hpp"

namespace voipprobe::config {
namespace {

using Arguments = std::vector<std::string>;

tl::unexpected<Error> usage(std::string message) { return fail(ExitCode::usage, std::move(message)); }
std::string shown(std::string_view text) { return "'" + wire::clean_text(wire::cap_text(text, 80)) + "'"; }

std::vector<std::string_view> split(std::string_view all, char separator) {
    std::vector<std::string_view> out;
    while (true) {
        const std::size_t at = all.find(separator);
        out.push_back(all.substr(0, at));
        if (at == all.npos) return out;
        all.remove_prefix(at + 1);
    }
}

// What an option becomes. `name` is as typed ("-D"), `value` empty for switches.
using Translate = Result<void> (*)(std::string_view name, std::string_view value, NprobeTranslation& out);

Result<void> dump_format(std::string_view name, std::string_view value, NprobeTranslation& out) {
    if (value == "T") return usage(std::string(name) + " T: compressed text is not written; compress the finished files");
    if (value == "b") return usage(std::string(name) + " b: raw messages are not dumped; use -n file:PATH, an IPFIX file");
    const std::string_view format = value == "t" ? "text" : value == "j" ? "json" : value;
    out.arguments.push_back("--dump-format=" + std::string(format));
    return {};
}

Result<void> verbosity(std::string_view name, std::string_view value, NprobeTranslation& out) {
    if (value.size() != 1 || value[0] < '0' || value[0] > '2')
        return usage(std::string(name) + ": " + shown(value) + " is not 0, 1 or 2");
    for (char n = '0'; n < value[0]; ++n) out.arguments.emplace_back("-v");
    return {};
}

// <VLAN>/<proto>/<IP>/<port>/<TOS>/...: which parts tell flows apart.
Result<void> aggregation(std::string_view name, std::string_view value, NprobeTranslation& out) {
    const auto parts = split(value, '/');
    const auto is = [&](std::size_t i, std::string_view v) { return i >= parts.size() || parts[i] == v; };
    if (!is(1, "1") || !is(2, "1") || !is(3, "1") || !is(4, "0"))
        return usage(std::string(name) + " " + shown(value) +
                     ": flows are kept by protocol, addresses and ports, not by ToS; only x/1/1/1/0 is possible");
    if (parts[0] != "0" && parts[0] != "1") return usage(std::string(name) + ": " + shown(parts[0]) + " is not 0 or 1");
    out.arguments.emplace_back(parts[0] == "1" ? "--flow-key=vlan" : "--flow-key=addresses");
    return {};
}

Result<void> sampling(std::string_view name, std::string_view value, NprobeTranslation&) {
    for (const std::string_view rate : split(value, ':'))
        if (rate != "1") return usage(std::string(name) + " " + shown(value) + ": sampling is not done, jitter and loss need every packet");
    return {};
}

Result<void> protocols(std::string_view name, std::string_view value, NprobeTranslation& out) {
    for (const std::string_view p : split(value, ','))
        if (p != "SIP" && p != "RTP" && p != "RTCP" && p != "SRTP")
            return usage(std::string(name) + " " + shown(value) + ": only SIP, RTP and RTCP are told apart; see --voip-only");
    out.arguments.emplace_back("--voip-only");
    return {};
}

Result<void> biflows_policy(std::string_view name, std::string_view value, NprobeTranslation&) {
    if (value == "0") return {};
    return usage(std::string(name) + " " + shown(value) + ": flows of one and of two directions are always both exported");
}

Result<void> hash_size(std::string_view name, std::string_view, NprobeTranslation& out) {
    out.warnings.push_back(std::string(name) + ": the flow table sizes itself; -M limits it");
    return {};
}

Result<void> redis(std::string_view name, std::string_view, NprobeTranslation& out) {
    out.warnings.push_back(std::string(name) + ": not needed, calls and their media are put together here");
    return {};
}

Result<void> always(std::string_view, std::string_view, NprobeTranslation&) { return {}; }

Result<void> all_collectors(std::string_view, std::string_view, NprobeTranslation& out) {
    out.arguments.emplace_back("--dispatch=all");
    return {};
}
Result<void> two_directions(std::string_view, std::string_view, NprobeTranslation& out) {
    out.arguments.emplace_back("--biflow=ntop");
    return {};
}

Result<void> flat_folders(std::string_view, std::string_view, NprobeTranslation& out) {
    out.arguments.emplace_back("--dump-nested=off");
    return {};
}

struct NprobeOption {
    char letter;            // 0: none
    std::string_view name;  // long, without dashes; may be empty
    bool takes_value;
    Translate translate;           // nullptr: see the next two
    std::string_view ours;         // the same under another long name
    std::string_view refusal;      // why not, and what instead
};

constexpr auto kOptions = std::to_array<NprobeOption>({
    // meaning kept, other words
    {'D', "", true, dump_format, {}, {}},
    {'b', "", true, verbosity, {}, {}},
    {'p', "aggregation", true, aggregation, {}, {}},
    {'S', "sample-rate", true, sampling, {}, {}},
    {'O', "ndpi-protocols", true, protocols, {}, {}},
    {'a', "all-collectors", false, all_collectors, {}, {}},
    {0, "bi-directional", false, two_directions, {}, {}},
    {0, "biflows-export-policy", true, biflows_policy, {}, {}},
    {0, "dont-nest-dump-dirs", false, flat_folders, {}, {}},
    {'w', "hash-size", true, hash_size, {}, {}},
    {0, "redis", true, redis, {}, {}},
    {0, "tunnel", false, always, {}, {}},                   // tunnels are always opened
    {0, "dont-reforge-timestamps", false, always, {}, {}},  // time is packet time
    {0, "dont-drop-privileges", false, always, {}, {}},  // without --user it stays who it is
    {0, "unprivileged-user", true, nullptr, "user", {}},
    {0, "sender-address", true, nullptr, "source-address", {}},
    {0, "netflow-engine", true, nullptr, "domain", {}},
    {0, "bpf-filter", true, nullptr, "filter", {}},
    {0, "dump-frequency", true, nullptr, "dump-rotate", {}},
    {0, "daemon-mode", false, nullptr, "daemon", {}},
    {0, "queue-timeout", true, nullptr, "queue-wait", {}},
    {0, "max-num-flows", true, nullptr, "max-flows", {}},
    {0, "flows-intra-templ", true, nullptr, "template-every", {}},
    {0, "dump-path", true, nullptr, "dump-dir", {}},
    {0, "lifetime-timeout", true, nullptr, "active-timeout", {}},
    {0, "flow-templ", true, nullptr, "template", {}},
    {0, "flow-templ-id", true, nullptr, "template-id", {}},
    {0, "flow-version", true, nullptr, "export-version", {}},
    {0, "flow-delay", true, nullptr, "pacing", {}},
    {0, "count-delay", true, nullptr, "pacing-burst", {}},
    {0, "in-iface-idx", true, nullptr, "in-interface", {}},
    {0, "out-iface-idx", true, nullptr, "out-interface", {}},
    // refused
    {'L', "local-networks", true, nullptr, {}, "networks need not be told"},
    {'c', "local-hosts-only", false, nullptr, {}, "networks need not be told; -f filters"},
    {'r', "local-traffic-direction", false, nullptr, {}, "networks need not be told"},
    {'C', "flow-lock", true, nullptr, {}, "export cannot be locked by a file; stop the standby probe"},
    {'W', "no-ipv6", false, nullptr, {}, "leave IPv6 out with -f \"not ip6\""},
    {'z', "min-flow-size", true, nullptr, {}, "small flows are exported too"},
    {'A', "as-list", true, nullptr, {}, "AS numbers are not looked up; the collector can"},
    {0, "city-list", true, nullptr, {}, "places are not looked up; the collector can"},
    {0, "black-list", true, nullptr, {}, "leave hosts out with -f \"not net ...\""},
    {0, "account-l2", false, nullptr, {}, "octets are counted from the IP header on"},
    {0, "original-speed", false, nullptr, {}, "files are read as fast as possible, times are the packets'"},
    {0, "dump-metadata", true, nullptr, {}, "see --list-elements=json"},
    {0, "timestamp-format", true, nullptr, {}, "times are written as 2026-11-22T04:22:10.123456Z"},
    {0, "max-log-lines", true, nullptr, {}, "files of -P end by time, see -F"},
    {0, "sip-dump-dir", true, nullptr, {}, "use -P with -T sip"},
    {0, "sip-exec-cmd", true, nullptr, {}, "finished files of -P never change; watch the folder"},
    {0, "rtp-dump-dir", true, nullptr, {}, "use -P with -T rtp"},
    {0, "rtp-discard-late-pkts", true, nullptr, {}, "three jitter buffers are simulated at once, see docs/metrics.md"},
    {0, "collector-port", true, nullptr, {}, "flows are collected by voipcollector -l udp://0.0.0.0:PORT"},
    {0, "if-networks", true, nullptr, {}, "interface indices are given with -u and -Q"},
    {0, "vlanid-as-iface-idx", true, nullptr, {}, "%SRC_VLAN carries the VLAN"},
    {0, "discard-unknown-flows", true, nullptr, {}, "see --voip-only"},
    {0, "no-promisc", false, nullptr, {}, "interfaces are captured in promiscuous mode"},
});

const NprobeOption* by_letter(char c) {
    for (const NprobeOption& o : kOptions)
        if (o.letter != 0 && o.letter == c) return &o;
    return nullptr;
}
const NprobeOption* by_name(std::string_view name) {
    for (const NprobeOption& o : kOptions)
        if (!o.name.empty() && o.name == name) return &o;
    return nullptr;
}

bool ours_takes_value(const ProbeOption& o) { return o.implied.empty(); }
const ProbeOption* ours_by_letter(char c) {
    for (const ProbeOption& o : probe_options())
        if (o.letter != 0 && o.letter == c) return &o;
    return nullptr;
}

bool is_address(std::string_view text) {
    if (text.starts_with('[')) return true;
    const std::size_t colon = text.find(':');
    const bool one_colon = colon != text.npos && text.find(':', colon + 1) == text.npos;
    return wire::IpAddress::parse(std::string(one_colon ? text.substr(0, colon) : text)).has_value();
}

class Translator {
  public:
    explicit Translator(const Arguments& arguments) : in_(arguments) {}

    Result<NprobeTranslation> run() {
        while (at_ < in_.size()) {
            const std::string& word = in_[at_++];
            if (word == "--") {
                out_.arguments.insert(out_.arguments.end(), in_.begin() + static_cast<std::ptrdiff_t>(at_) - 1, in_.end());
                break;
            }
            auto done = word.starts_with("--") ? long_option(word)
                        : word.size() > 1 && word[0] == '-' ? letter(word)
                                                            : copy(word, false);
            if (!done) return tl::unexpected<Error>(done.error());
        }
        return std::move(out_);
    }

  private:
    Result<void> copy(const std::string& word, bool with_value) {
        out_.arguments.push_back(word);
        if (with_value && at_ < in_.size()) out_.arguments.push_back(in_[at_++]);
        return {};
    }

    Result<void> long_option(const std::string& word) {
        const std::size_t equal = word.find('=');
        const std::string_view name = std::string_view(word).substr(2, equal == word.npos ? equal : equal - 2);
        if (name == "dump-format" && equal == word.npos && at_ < in_.size() && in_[at_].size() == 1)
            return dump_format("--dump-format", in_[at_++], out_);
        if (const NprobeOption* o = by_name(name))
            return theirs(*o, "--" + std::string(name), equal == word.npos ? std::nullopt : std::optional(word.substr(equal + 1)));
        const ProbeOption* mine = find_probe_option(name);
        const bool config = name == "config";
        return copy(word, equal == word.npos && (config || (mine != nullptr && ours_takes_value(*mine))));
    }

    Result<void> letter(const std::string& word) {
        const std::string_view rest = std::string_view(word).substr(2);
        if (word[1] == 'q' && source_address(rest)) return {};
        if (const NprobeOption* o = by_letter(word[1])) {
            const std::string_view value = rest.starts_with('=') ? rest.substr(1) : rest;
            return theirs(*o, word.substr(0, 2), rest.empty() ? std::nullopt : std::optional(std::string(value)));
        }
        const ProbeOption* mine = ours_by_letter(word[1]);
        const bool value_follows = mine != nullptr && ours_takes_value(*mine) && rest.empty();
        if (word[1] == 'm') {
            const std::string_view value = value_follows && at_ < in_.size() ? std::string_view(in_[at_]) : rest;
            if (!value.empty() && value.size() < 3 && value.find_first_not_of("0123456789") == value.npos)
                return usage("-m " + std::string(value) + ": here -m is the largest message in octets; a message leaves when it is full or -l is over");
        }
        return copy(word, value_follows);
    }

    // nProbe's -q HOST[:PORT]; ours is "quiet".
    bool source_address(std::string_view attached) {
        if (attached.starts_with('=')) attached.remove_prefix(1);
        const bool next = attached.empty() && at_ < in_.size() && !in_[at_].starts_with('-');
        const std::string_view value = next ? std::string_view(in_[at_]) : attached;
        if (value.empty() || !is_address(value)) return false;
        out_.arguments.push_back("--source-address=" + std::string(value));
        if (next) ++at_;
        return true;
    }

    Result<void> theirs(const NprobeOption& o, const std::string& name, std::optional<std::string> value) {
        if (!o.refusal.empty()) return usage("option " + name + " of nProbe is not here: " + std::string(o.refusal));
        if (o.takes_value && !value) {
            if (at_ >= in_.size()) return usage(name + ": needs a value");
            value = in_[at_++];
        }
        if (o.translate != nullptr) return o.translate(name, value.value_or(""), out_);
        out_.arguments.push_back("--" + std::string(o.ours) + (o.takes_value ? "=" + *value : ""));
        return {};
    }

    const Arguments& in_;
    std::size_t at_ = 0;
    NprobeTranslation out_;
};

// Without blanks and the line ends of other systems.
std::string_view bare(std::string_view s) {
    constexpr std::string_view blanks = " \t\r";
    const std::size_t first = s.find_first_not_of(blanks);
    return first == s.npos ? std::string_view() : s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

std::string_view without_quotes(std::string_view s) {
    const bool quoted = s.size() >= 2 && (s.front() == '"' || s.front() == '\'') && s.back() == s.front();
    return quoted ? s.substr(1, s.size() - 2) : s;
}

bool is_option_line(std::string_view line) {
    if (line.size() < 2 || line[0] != '-') return false;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return line[1] == '-' ? line.size() > 2 && letter(line[2]) : letter(line[1]);
}

}  // namespace

Result<NprobeTranslation> translate_nprobe_options(const Arguments& arguments) { return Translator(arguments).run(); }

std::optional<Arguments> read_nprobe_file(std::string_view text) {
    Arguments out;
    for (const std::string_view raw : split(text, '\n')) {
        const std::string_view line = bare(raw);
        if (line.empty() || line[0] == '#') continue;
        if (!is_option_line(line)) {
            if (out.empty()) return std::nullopt;
            out.emplace_back(line);  // the parser says what is wrong with it
            continue;
        }
        const std::size_t end = line.find_first_of("= \t");
        out.emplace_back(line.substr(0, end));
        if (end == line.npos) continue;
        std::string_view value = bare(line.substr(end));
        if (value.starts_with('=')) value = bare(value.substr(1));
        value = without_quotes(value);
        if (!value.empty()) out.emplace_back(value);
    }
    if (out.empty()) return std::nullopt;
    return out;
}

}  // namespace voipprobe::config
