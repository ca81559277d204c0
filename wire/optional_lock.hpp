// A spin lock for what is held for a few instructions and seldom (who waits long gives the core away); costs one branch until it is enabled.
// Thread rule: enable() before the second thread exists.
#pragma once

#include <atomic>
#include <thread>

namespace voipprobe::wire {

class OptionalLock {
  public:
    void enable() { enabled_ = true; }

    class Guard {
      public:
        explicit Guard(const OptionalLock& lock) : lock_(lock.enabled_ ? &lock : nullptr) {
            if (lock_ == nullptr) [[likely]] return;
            for (int tries = 0; lock_->held_.test_and_set(std::memory_order_acquire); ++tries) {
                if (tries < kSpins) __builtin_ia32_pause();
                else std::this_thread::yield();  // its holder has lost the core
            }
        }
        ~Guard() {
            if (lock_ != nullptr) lock_->held_.clear(std::memory_order_release);
        }
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;

      private:
        const OptionalLock* lock_;
    };

  private:
    static constexpr int kSpins = 1000;

    mutable std::atomic_flag held_;
    bool enabled_ = false;
};

}  // namespace voipprobe::wire
