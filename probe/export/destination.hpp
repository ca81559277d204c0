// Where records go: what stands behind -n, --collector.
//
//   host | host:port | udp://host:port | tcp://host:port | tls://host:port | file:PATH | none
//   IPv6 literals in brackets; default port 2055 (nProbe's), of tls:// 4740 (IANA's ipfixs)
//   each optionally followed by ?records=KIND,KIND... and, for streams, resend=on (joined by '&'): after a break the last
//   records sent are sent again, for a collector that removes copies by RECORD_ID as voipcollector does
// Several destinations may be separated by commas. Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "templates/record_kind.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

inline constexpr std::uint16_t kDefaultPort = 2055;
inline constexpr std::uint16_t kDefaultTlsPort = 4740;

enum class Transport : std::uint8_t { udp, tcp, tls, file, none };

struct Destination {
    Transport transport = Transport::udp;
    std::string host;  // name or literal without brackets; file: the path
    std::uint16_t port = kDefaultPort;
    std::uint32_t kinds = ~0U;  // bit n: record kind n is sent here
    bool resend = false;        // streams: the last records again after a break

    bool wants(templates::RecordKind kind) const { return (kinds >> static_cast<unsigned>(kind) & 1U) != 0; }
    bool is_stream() const { return transport == Transport::tcp || transport == Transport::tls; }
    std::string text() const;  // as a URL, for messages
};

// One -n argument. Errors: usage (exit code 2), naming the part that is wrong.
Result<std::vector<Destination>> parse_destinations(std::string_view argument);

}  // namespace voipprobe::probe
