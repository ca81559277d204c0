// Where a stream's waiting packets are measured when the packet path has threads to spare. The packet path decides
// everything in the packets' order; only the arithmetic of streams moves, and nobody reads a stream's figures before
// its batches are done (MediaTracker::stream()): the records are the same as without a crew.
#pragma once

#include <cstdint>
#include <span>

#include "probe/voip/rtp/rtp_stream.hpp"

namespace voipprobe::probe {

class MeasuringCrew {
  public:
    virtual ~MeasuringCrew() = default;
    // Takes a copy of the packets; they come after all batches of the stream submitted before. Returns the batch's
    // number, > 0, or 0: too busy, the caller measures them itself (after settle()).
    virtual std::uint64_t submit(std::uint32_t stream, std::span<const WaitingPacket> packets) = 0;
    // Returns when the stream's batch with this number is measured.
    virtual void settle(std::uint32_t stream, std::uint64_t batch) = 0;
};

}  // namespace voipprobe::probe
