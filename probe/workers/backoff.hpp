// Waiting for another thread: spins first, then gives the core away, then sleeps for longer and longer (to 1 ms).
// Few yields: on a busy machine each costs a whole time slice of whoever runs instead, a short sleep does not.
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace voipprobe::probe {

class Backoff {
  public:
    void wait() {
        if (rounds_ < kSpins) __builtin_ia32_pause();
        else if (rounds_ < kYields) std::this_thread::yield();
        else std::this_thread::sleep_for(std::chrono::microseconds(20 * (rounds_ - kYields + 1)));
        rounds_ = std::min(rounds_ + 1, kLongest);
    }
    void reset() { rounds_ = 0; }

  private:
    static constexpr int kSpins = 400;
    static constexpr int kYields = kSpins + 4;
    static constexpr int kLongest = kYields + 49;  // 1 ms

    int rounds_ = 0;
};

}  // namespace voipprobe::probe
