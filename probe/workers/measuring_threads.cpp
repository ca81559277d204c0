#include "probe/workers/measuring_threads.hpp"

#include <algorithm>
#include <array>
#include <boost/lockfree/spsc_queue.hpp>

#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/workers/backoff.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kQueued = 512;   // batches: 7,168 packets
constexpr std::size_t kAtATime = 16;   // batches measured before the queue is left to others

struct Batch {
    std::array<WaitingPacket, WaitingLane::kRoom> packets;
    std::uint32_t stream;
};

}  // namespace

struct MeasuringThreads::Queue {
    boost::lockfree::spsc_queue<Batch, boost::lockfree::capacity<kQueued>> batches;
    std::uint64_t submitted = 0;                // the owner's
    alignas(64) std::atomic<std::uint64_t> measured{0};
    std::atomic_flag taken;                     // somebody empties it
};

MeasuringThreads::MeasuringThreads(MediaTracker& tracker, std::size_t threads) : tracker_(tracker) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) queues_.push_back(std::make_unique<Queue>());
    for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this, &q = *queues_[i]] {
            Backoff idle;
            while (!stop_.load(std::memory_order_relaxed)) {
                if (work(q)) idle.reset();
                else idle.wait();
            }
        });
}

MeasuringThreads::~MeasuringThreads() {
    stop_ = true;
    for (std::thread& t : threads_) t.join();
}

std::uint64_t MeasuringThreads::submit(std::uint32_t stream, std::span<const WaitingPacket> packets) {
    Queue& q = queue_of(stream);
    Batch b;
    std::copy_n(packets.begin(), b.packets.size(), b.packets.begin());
    b.stream = stream;
    return q.batches.push(b) ? ++q.submitted : 0;
}

void MeasuringThreads::settle(std::uint32_t stream, std::uint64_t batch) {
    Queue& q = queue_of(stream);
    Backoff patience;
    while (q.measured.load(std::memory_order_acquire) < batch)
        if (!work(q)) patience.wait();
}

bool MeasuringThreads::help() {
    for (const auto& q : queues_)
        if (q->batches.read_available() != 0 && work(*q)) return true;
    return false;
}

bool MeasuringThreads::work(Queue& q) {
    if (q.taken.test_and_set(std::memory_order_acquire)) return false;
    std::array<Batch, kAtATime> some;
    const std::size_t n = q.batches.pop(some.data(), some.size());
    for (std::size_t i = 0; i < n; ++i) tracker_.prefetch(some[i].stream);
    for (std::size_t i = 0; i < n; ++i) tracker_.prefetch_pools(some[i].stream);
    for (std::size_t i = 0; i < n; ++i) tracker_.measure_batch(some[i].stream, some[i].packets);
    if (n != 0) q.measured.store(q.measured.load(std::memory_order_relaxed) + n, std::memory_order_release);
    q.taken.clear(std::memory_order_release);
    return n != 0;
}

}  // namespace voipprobe::probe
