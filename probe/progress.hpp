// One line on stderr during long reads of files: how far, how fast. Quiet on short ones and when stderr is no terminal
// (unless --progress plain).
#pragma once

#include <chrono>

#include "config/probe_config.hpp"
#include "probe/capture/source.hpp"

namespace voipprobe::probe {

class ProgressLine {
  public:
    explicit ProgressLine(const config::ProbeConfig& config);
    void show(const ReadProgress& reading, std::uint64_t packets) {
        if (enabled_ && (++calls_ & 0x3ff) == 0) draw(reading, packets);
    }
    void end();

  private:
    void draw(const ReadProgress& reading, std::uint64_t packets);
    bool enabled_ = false;
    bool plain_ = false;
    bool drawn_ = false;
    std::uint64_t calls_ = 0;
    std::chrono::steady_clock::time_point start_, last_;
};

}  // namespace voipprobe::probe
