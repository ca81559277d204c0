#include "probe/voip/media_table.hpp"

namespace voipprobe::probe {

bool MediaTable::add(const wire::Endpoint& at, const MediaPromise& promise) {
    if (promises_.size() >= max_endpoints_ && !promises_.contains(at)) return ++refused_, false;
    Promises& p = promises_[at];
    for (std::size_t i = 0; i < p.count; ++i)
        if (p.list[i].call == promise.call && p.list[i].serial == promise.serial) return false;
    if (p.count == kPerEndpoint) return ++refused_, false;
    p.list[p.count++] = promise;
    ++generation_;
    return true;
}

void MediaTable::remove(const wire::Endpoint& at, std::uint32_t call) {
    const auto it = promises_.find(at);
    if (it == promises_.end()) return;
    Promises& p = it->second;
    for (std::size_t i = 0; i < p.count;) {
        if (p.list[i].call == call) {
            for (std::size_t j = i + 1; j < p.count; ++j) p.list[j - 1] = p.list[j];
            --p.count;
        } else {
            ++i;
        }
    }
    if (p.count == 0) promises_.erase(it);
}

}  // namespace voipprobe::probe
