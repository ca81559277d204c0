// What voipcollector is told: plain settings with their defaults, the one table of its options (command line,
// environment VOIPCOLLECTOR_*, YAML file), and their validation. Errors: ExitCode::usage with one line that
// names the option. Thread rule: value types.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "templates/element.hpp"
#include "wire/address.hpp"
#include "wire/result.hpp"

namespace voipprobe::config {

enum class ListenProtocol : std::uint8_t { udp, tcp, tls };

struct ListenAddress {
    ListenProtocol protocol = ListenProtocol::udp;
    wire::Endpoint endpoint;

    std::string text() const;  // udp://127.0.0.1:2055
    friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

struct Cidr {
    wire::IpAddress network;
    unsigned prefix = 0;  // 0..128, IPv4 prefixes counted within ::ffff:0:0/96

    bool contains(const wire::IpAddress& a) const;
    friend bool operator==(const Cidr&, const Cidr&) = default;
};

// Names of --verdict; each is a threshold of docs/calls.md, "verdict".
inline constexpr std::array<std::string_view, 9> kVerdictLimits{
    "late_media_ms", "early_stop_ms", "burst_loss_pct", "burst_ratio", "loss_pct", "jitter_p95_ms", "discard_pct", "codec_mos", "codec_mos_common"};

enum class StatsFormat : std::uint8_t { none, text, json };

struct CollectorConfig {
    std::vector<ListenAddress> listen;  // empty and nothing to read: udp://0.0.0.0:2055
    std::vector<std::string> read;
    std::string output = "./voip-csv";
    std::vector<std::string> sinks;
    std::string state;                      // folder for templates of UDP exporters; empty: none
    std::string tls_ca, tls_cert, tls_key;  // files
    std::chrono::seconds rotate_time{0};
    std::uint64_t rotate_size = 0;  // octets
    double idle_exit = 0;           // seconds, 0 = never
    std::uint64_t once = 0;         // calls, 0 = no end
    std::vector<Cidr> allow;        // empty = all
    bool csv_formula_guard = true;
    bool g711_plc = true;
    std::vector<std::pair<std::string, double>> verdict;  // thresholds by name, see kVerdictLimits
    std::uint32_t pen = templates::kOwnPen;
    std::optional<double> fail_if_mos_below;
    bool strict = false;
    std::optional<std::string> explain;
    bool explain_column = false;
    std::string rescore;  // a streams.csv; empty: collect
    std::string what_if;
    StatsFormat stats = StatsFormat::none;
    int verbosity = 0;  // -1 quiet
    std::string user;     // NAME[:GROUP] to become once everything is open; empty: stays who it is
    bool sandbox = true;  // system calls, folders and capabilities only as far as needed

    friend bool operator==(const CollectorConfig&, const CollectorConfig&) = default;
    Result<void> validate();  // also fills what depends on other settings
};

// One option: `key` is its long name everywhere.
struct CollectorOption {
    const char* names;  // "-l,--listen"
    const char* key;
    bool is_list;
    bool value_optional;     // a flag, or a value after '='
    const char* value_name;  // for --help, empty for flags
    const char* description;
    Result<void> (*apply)(CollectorConfig&, const std::vector<std::string>& values);
};
std::span<const CollectorOption> collector_options();

// Applies one setting to the configuration; the message names the option.
Result<void> apply_option(CollectorConfig& config, std::string_view key,
                          const std::vector<std::string>& values);

// Command line over environment over --config file over defaults. Nothing to run (help, version): `ran_help`
// is set and the text is in `message`.
struct CollectorCommand {
    CollectorConfig config;
    std::string config_file;  // of --config; empty: none
    bool only_message = false;
    std::string message;
};
Result<CollectorCommand> read_collector_command(int argc, const char* const* argv);

// SIGHUP. Copies into `running` what may change while records flow: allow, verdict, g711-plc, rotate-time, rotate-size,
// idle-exit, once, fail-if-mos-below, strict, stats, verbose, quiet. Returns the names of the other options that differ; they
// need a restart.
std::vector<std::string> take_over(CollectorConfig& running, const CollectorConfig& next);

Result<ListenAddress> parse_listen(const std::string& text);
Result<Cidr> parse_cidr(const std::string& text);

}  // namespace voipprobe::config
