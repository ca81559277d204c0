// Where packets come from. One thread asks; a batch stays valid until the next call.
#pragma once

#include <cstddef>
#include <cstdint>
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

struct CaptureStats {
    std::uint64_t packets = 0;          // lent so far
    std::uint64_t kernel_drops = 0;     // live: ring full
    std::uint64_t interface_drops = 0;  // live: NIC or driver
    bool drops_known = false;           // a file says nothing about its capture's losses
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

}  // namespace voipprobe::probe
