// What the user asked for. Parsed and checked once; everything else only reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/pcapgen/codecs.hpp"

namespace voipprobe::pcapgen {

using Nanos = std::int64_t;
inline constexpr Nanos kMillisecond = 1'000'000;
inline constexpr Nanos kSecond = 1'000'000'000;

enum class Link : std::uint8_t { kEthernet, kRaw, kSll, kNull };
enum class FileFormat : std::uint8_t { kPcap, kPcapng, kNanosecond, kBigEndian };

struct Options {
    std::string output;
    std::string truth_base;  // empty: no truth files
    std::uint64_t seed = 1;
    std::uint64_t calls = 1;
    double rate = 0;        // calls per second
    double concurrent = 0;  // calls at a time; excludes rate
    double duration_s = 10;
    std::vector<Codec> codecs;
    std::uint32_t ptime_ms = 0;  // 0: the codec's own
    double start_epoch = 1'700'000'000;
    double rtt_ms = 40;

    double loss = 0;
    std::optional<std::pair<double, double>> gilbert;  // p good to bad, q bad to good
    double jitter_ms = 0;
    bool jitter_reorders = false;
    double reorder = 0;
    double duplicate = 0;
    std::optional<std::uint16_t> first_seq;
    std::optional<std::uint32_t> first_timestamp;

    bool ipv6 = false;
    std::optional<std::uint16_t> vlan;
    bool proxy = false;
    bool early_media = false;
    bool telephone_event = false;
    bool hold = false;
    double failed = 0;
    double one_way = 0;
    double retransmit = 0;
    bool rtcp = false;
    bool no_sip = false;
    std::uint16_t sip_port = 5060;
    std::uint64_t registrations = 0;

    std::uint64_t background_flows = 0;
    double background_share = 0.5;
    bool background_flood = false;
    std::uint64_t background_packets = 0;  // without calls: how many
    double background_rate = 100'000;      // without calls: per second

    Link link = Link::kEthernet;
    FileFormat format = FileFormat::kPcap;
    std::uint32_t snaplen = 262'144;
    std::uint64_t max_packets = 0;  // 0: no limit
    bool quiet = false;
};

// Result of the command line: options, or the exit code to leave with (0 after --help).
struct ParsedOptions {
    std::optional<Options> options;
    int exit_code = 0;
};
ParsedOptions parse_options(int argc, char** argv);

}  // namespace voipprobe::pcapgen
