// Where packets come from. One thread asks; a batch stays valid until the next call.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "probe/capture/packet.hpp"

namespace voipprobe::probe {

enum class SourceState : std::uint8_t {
    more,     // ask again
    idle,     // live: nothing arrived within the poll interval
    end,      // end of input
    damaged,  // the file breaks off or makes no sense here; message() says where
    failed    // the source is gone; message() says why
};

// What came by HEP and became no packet, by reason.
struct HepStats {
    std::uint64_t messages = 0;
    std::array<std::uint64_t, 5> refused{};    // by HepDefect
    std::uint64_t compressed = 0;
    std::uint64_t other_kinds = 0;             // neither SIP, RTP nor RTCP
    std::uint64_t rtcp_json = 0;               // became RTCP packets
    std::uint64_t rtcp_json_refused = 0;
    std::uint64_t too_long = 0;
    std::uint64_t times_replaced = 0;          // none or in the future: the arrival's instead
    std::uint64_t connections = 0;
    std::uint64_t connections_refused = 0;     // too many
    std::uint64_t connections_dropped = 0;     // sent something else
    std::uint64_t streams_forgotten = 0;       // sequence numbers of SIP over TCP
};

struct CaptureStats {
    std::uint64_t packets = 0;          // lent so far
    std::uint64_t kernel_drops = 0;     // live: ring full
    std::uint64_t interface_drops = 0;  // live: NIC or driver
    bool drops_known = false;           // a file says nothing about its capture's losses
    std::optional<HepStats> hep{};
    std::uint64_t reopened = 0;         // live: times an interface came back
};

class PacketSource {
  public:
    virtual ~PacketSource() = default;
    // Fills `out` from the front and returns how many; 0 says look at state().
    virtual std::size_t read_batch(std::span<RawPacket> out) = 0;
    virtual SourceState state() const = 0;
    virtual const std::string& message() const = 0;
    virtual CaptureStats stats() const = 0;
    virtual const std::string& name() const = 0;
    // TLS key log lines that came with the packets read so far (pcapng).
    virtual std::string take_secrets() { return {}; }
    // Readable when read_batch() has something to do; -1: always ask.
    virtual int descriptor() const { return -1; }
    // Octets read and total size, for progress; 0 when unknown.
    virtual std::uint64_t octets_read() const { return 0; }
    virtual std::uint64_t octets_total() const { return 0; }
};

// How far reading is. The name is the source's own.
struct ReadProgress {
    std::string_view name;
    std::uint64_t octets_read = 0, octets_total = 0;
};
inline ReadProgress progress_of(const PacketSource& s) { return {s.name(), s.octets_read(), s.octets_total()}; }

// Until one of the sources may have something, a signal comes, or the time is over.
void wait_for_packets(std::span<const std::unique_ptr<PacketSource>> sources, int milliseconds);

}  // namespace voipprobe::probe
