// A bounded queue of byte batches between two threads; emptied batches come back for reuse, so that the steady
// state allocates nothing. Thread rule: one producer, one consumer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace voipprobe::probe {

using Batch = std::vector<std::uint8_t>;

class BatchQueue {
  public:
    explicit BatchQueue(std::size_t most) : most_(most) {}

    // Takes the content of `batch` and leaves it empty. A full queue: waits, or returns false and keeps it.
    bool push(Batch& batch, bool wait) {
        std::unique_lock lock(mutex_);
        if (batches_.size() >= most_ && !wait) return false;
        room_.wait(lock, [&] { return batches_.size() < most_; });
        batches_.push_back(std::move(batch));
        batch = Batch{};
        if (!spare_.empty()) {
            batch = std::move(spare_.back());
            spare_.pop_back();
        }
        lock.unlock();
        work_.notify_one();
        return true;
    }

    enum class Pop : std::uint8_t { batch, nothing, closed };
    // The next batch into `batch`, whose storage goes back to the producer. `nothing`: none came in time.
    Pop pop(Batch& batch, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        batch.clear();
        if (batch.capacity() > 0) spare_.push_back(std::move(batch));
        batch = Batch{};
        if (!work_.wait_for(lock, patience, [&] { return closed_ || !batches_.empty(); })) return Pop::nothing;
        if (batches_.empty()) return Pop::closed;
        batch = std::move(batches_.front());
        batches_.pop_front();
        lock.unlock();
        room_.notify_one();
        return Pop::batch;
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            closed_ = true;
        }
        work_.notify_one();
    }

  private:
    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::condition_variable room_;
    std::deque<Batch> batches_;
    std::vector<Batch> spare_;
    bool closed_ = false;
};

}  // namespace voipprobe::probe
