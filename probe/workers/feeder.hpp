// A thread that reads capture files and prepares their packets, so that the owner of the packet path gets them decoded and
// hashed. Nothing is copied: a block holds on to what was read. Blocks come in the order of capture; what happens to a
// file (it cannot be opened, it ends) travels in the same line.
// Thread rule: next() and release() by one thread.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "probe/capture/file_source.hpp"
#include "probe/prepared_packet.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

class Pipeline;

struct PacketBlock {
    static constexpr std::size_t kPackets = 256;

    std::array<PreparedPacket, kPackets> packets;
    std::array<DecodedPacket, kPackets> decoded;
    std::size_t count = 0;
    std::shared_ptr<const void> octets;  // what the packets point into
    wire::TimeNs first_time = 0;         // of a block with packets
    ReadProgress progress;
    std::string secrets;                 // TLS, of the source; they come before the packets
    std::optional<Error> error;          // a file could not be opened
    std::unique_ptr<FileSource> ended;   // a file that has no more to give
};

class Feeder {
  public:
    // Opens the next file; nullopt: there are no more. Called on the feeder's thread.
    using Open = std::function<std::optional<Result<std::unique_ptr<FileSource>>>()>;
    // Work for a feeder that has read far enough ahead; false when there was none.
    using Spare = std::function<bool()>;

    Feeder(const Pipeline& pipeline, Open open, Spare spare);
    ~Feeder();
    Feeder(const Feeder&) = delete;
    Feeder& operator=(const Feeder&) = delete;

    // nullptr: not yet, or never more when done().
    PacketBlock* next();
    void release(PacketBlock* block);
    bool done() const;

  private:
    struct Lines;
    void run();
    bool read(FileSource& source);  // into a block; false when it has no more
    PacketBlock* open_block();
    void publish();

    const Pipeline& pipeline_;
    Open open_;
    Spare spare_;
    std::vector<std::unique_ptr<PacketBlock>> blocks_;
    std::unique_ptr<Lines> lines_;
    PacketBlock* filling_ = nullptr;
    std::atomic<bool> stop_{false};
    std::atomic<bool> finished_{false};
    std::thread thread_;
};

}  // namespace voipprobe::probe
