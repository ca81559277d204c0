#include "probe/capture/source.hpp"

#include <poll.h>

#include <vector>

namespace voipprobe::probe {

void wait_for_packets(std::span<const std::unique_ptr<PacketSource>> sources, int milliseconds) {
    std::vector<pollfd> all;
    for (const auto& s : sources) {
        if (s->state() == SourceState::more) return;
        if (s->descriptor() >= 0) all.push_back({s->descriptor(), POLLIN, 0});
    }
    ::poll(all.data(), all.size(), milliseconds);
}

}  // namespace voipprobe::probe
