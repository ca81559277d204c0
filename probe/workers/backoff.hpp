// Waiting for another thread: spins first, then gives the core away, then sleeps for longer and longer (to 1 ms).
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace voipprobe::probe {

class Backoff {
  public:
    void wait() {
        ++rounds_;
        if (rounds_ < 64) __builtin_ia32_pause();
        else if (rounds_ < 128) std::this_thread::yield();
        else std::this_thread::sleep_for(std::chrono::microseconds(std::min(1000, 20 * (rounds_ - 127))));
    }
    void reset() { rounds_ = 0; }

  private:
    int rounds_ = 0;
};

}  // namespace voipprobe::probe
