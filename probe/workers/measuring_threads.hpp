// A MeasuringCrew of threads: a queue of batches for each, a stream always in the same queue. Whoever waits works:
// the thread that owns the packet path empties a queue itself when it needs a figure of it or has nothing else to do,
// so that even a queue without a thread (help() by whom it may) never stands still.
// Thread rule: submit() and settle() by the owner of the packet path; help() by anyone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "probe/voip/rtp/measuring_crew.hpp"

namespace voipprobe::probe {

class MediaTracker;

class MeasuringThreads : public MeasuringCrew {
  public:
    // `threads` 0: one queue, emptied by those who help().
    MeasuringThreads(MediaTracker& tracker, std::size_t threads);
    ~MeasuringThreads() override;
    MeasuringThreads(const MeasuringThreads&) = delete;
    MeasuringThreads& operator=(const MeasuringThreads&) = delete;

    std::uint64_t submit(std::uint32_t stream, std::span<const WaitingPacket> packets) override;
    void settle(std::uint32_t stream, std::uint64_t batch) override;
    // Measures some batches of a queue that nobody else is at; false when there was nothing to do.
    bool help();

  private:
    struct Queue;
    Queue& queue_of(std::uint32_t stream) const { return *queues_[stream % queues_.size()]; }
    bool work(Queue& q);

    MediaTracker& tracker_;
    std::vector<std::unique_ptr<Queue>> queues_;
    std::vector<std::thread> threads_;
    std::atomic<bool> stop_{false};
};

}  // namespace voipprobe::probe
