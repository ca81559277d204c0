#include "probe/progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace voipprobe::probe {

ProgressLine::ProgressLine(const config::ProbeConfig& config)
    : start_(std::chrono::steady_clock::now()), last_(start_) {
    plain_ = config.progress == config::Progress::plain;
    enabled_ = plain_ || (config.progress == config::Progress::automatic && !config.quiet && isatty(STDERR_FILENO) != 0);
}

void ProgressLine::draw(const ReadProgress& reading, std::uint64_t packets) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(plain_ ? 2000 : 250)) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double rate = static_cast<double>(packets) / seconds / 1e6;
    char share[16] = "";
    if (reading.octets_total != 0)
        std::snprintf(share, sizeof share, "%3.0f %%  ",
                      100.0 * static_cast<double>(reading.octets_read) / static_cast<double>(reading.octets_total));
    std::fprintf(stderr, "%s%s%.*s: %.1f M packets, %.2f M/s%s", plain_ ? "" : "\r\033[K", share,
                 static_cast<int>(reading.name.size()), reading.name.data(),
                 static_cast<double>(packets) / 1e6, rate, plain_ ? "\n" : "");
    drawn_ = !plain_;
}

void ProgressLine::end() {
    if (drawn_) std::fputs("\r\033[K", stderr);
    drawn_ = false;
}

}  // namespace voipprobe::probe
