// How often the exporter of a session gives a template id another shape (RFC 7011 §8.4 lets it). More than a few
// times a minute is a broken exporter, or somebody else who sends in its name: the session is marked unstable and
// stays so. Unit of time: seconds of the messages' export time. Thread rule: one thread.
#pragma once

#include <cstdint>

namespace voipprobe::collector {

class Flapping {
  public:
    static constexpr std::uint32_t kMost = 10;  // replacements within kWindow that are still a new configuration
    static constexpr std::uint32_t kWindow = 60;

    // A template was replaced. True when this one makes the session unstable.
    bool replaced(std::uint32_t export_seconds) {
        ++replaced_;
        const std::uint32_t away = export_seconds > since_ ? export_seconds - since_ : since_ - export_seconds;
        if (in_window_ == 0 || away >= kWindow) {
            since_ = export_seconds;
            in_window_ = 0;
        }
        if (++in_window_ <= kMost || unstable_) return false;
        return unstable_ = true;
    }
    bool unstable() const { return unstable_; }
    std::uint64_t replaced() const { return replaced_; }

  private:
    std::uint64_t replaced_ = 0;
    std::uint32_t since_ = 0;  // the window's first replacement
    std::uint32_t in_window_ = 0;
    bool unstable_ = false;
};

}  // namespace voipprobe::collector
