// What happens next: a binary heap ordered by time, then by order of scheduling, so that equal times are
// resolved the same way everywhere.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tools/pcapgen/options.hpp"

namespace voipprobe::pcapgen {

enum class EventKind : std::uint8_t { kNextCall, kNextRegistration, kSip, kMedia, kLate, kRtcp };

struct Event {
    Nanos time = 0;
    std::uint64_t order = 0;
    std::uint32_t slot = 0;  // call, or held-back packet for kLate
    EventKind kind = EventKind::kSip;
    std::uint8_t side = 0;  // 0: sent by the caller, 1: by the callee

    bool operator<(const Event& other) const noexcept {
        return time != other.time ? time < other.time : order < other.order;
    }
};

class EventQueue {
  public:
    bool empty() const noexcept { return heap_.empty(); }
    const Event& top() const noexcept { return heap_.front(); }

    void push(Event event) {
        event.order = ++order_;
        heap_.push_back(event);
        std::size_t at = heap_.size() - 1;
        while (at > 0 && event < heap_[(at - 1) / 2]) {
            heap_[at] = heap_[(at - 1) / 2];
            at = (at - 1) / 2;
        }
        heap_[at] = event;
    }
    void pop() {
        const Event last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) sink(last);
    }
    // pop() and push() in one: the usual case of a stream that goes on.
    void replace_top(Event event) {
        event.order = ++order_;
        sink(event);
    }

  private:
    void sink(const Event& event) {
        const std::size_t size = heap_.size();
        std::size_t at = 0;
        for (std::size_t child = 1; child < size; child = 2 * at + 1) {
            if (child + 1 < size && heap_[child + 1] < heap_[child]) ++child;
            if (!(heap_[child] < event)) break;
            heap_[at] = heap_[child];
            at = child;
        }
        heap_[at] = event;
    }

    std::vector<Event> heap_;
    std::uint64_t order_ = 0;
};

}  // namespace voipprobe::pcapgen
