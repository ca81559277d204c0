// Keeps messages apart, so that a collector with an ordinary socket buffer (Debian's 208 KiB hold some 90 full
// datagrams) loses nothing: a token bucket, and nProbe's fixed delay (-e). Thread rule: the exporter's thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace voipprobe::probe {

class Pacer {
  public:
    using Clock = std::chrono::steady_clock;

    Pacer() = default;  // never waits
    // `per_second` 0: no bucket. `delay` after every `delay_every` messages, 0: none.
    Pacer(std::uint32_t per_second, std::uint32_t burst, std::chrono::milliseconds delay, std::uint32_t delay_every = 1)
        : interval_(per_second == 0 ? 0 : 1'000'000'000 / per_second), burst_(interval_ * burst), delay_(delay), delay_every_(delay_every) {}

    // How long to wait before a message may leave at `now`; the message counts as sent after the wait.
    std::chrono::nanoseconds reserve(Clock::time_point now) {
        std::chrono::nanoseconds wait{0};
        if (delay_.count() > 0 && ++since_delay_ >= delay_every_) {
            since_delay_ = 0;
            wait = std::chrono::nanoseconds(delay_);
        }
        if (interval_.count() > 0) {
            // `due_` is when the bucket would be full again; it may run ahead of now by `burst_`.
            if (due_ < now) due_ = now;
            due_ += interval_;
            if (const auto ahead = due_ - now; ahead > burst_) wait = std::max(wait, std::chrono::nanoseconds(ahead - burst_));
        }
        return wait;
    }

  private:
    std::chrono::nanoseconds interval_{0};
    std::chrono::nanoseconds burst_{0};
    std::chrono::milliseconds delay_{0};
    std::uint32_t delay_every_ = 1;
    std::uint32_t since_delay_ = 0;
    Clock::time_point due_{};
};

}  // namespace voipprobe::probe
