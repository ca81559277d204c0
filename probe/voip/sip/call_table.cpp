#include "probe/voip/sip/call_table.hpp"

#include "probe/flow/node_octets.hpp"

namespace voipprobe::probe {

CallIndex CallTable::find(std::string_view call_id) const {
    const auto [begin, end] = by_id_.equal_range(hash(call_id));
    for (auto it = begin; it != end; ++it)
        if (calls_[it->second]->call_id == call_id) return it->second;
    return 0;
}

CallIndex CallTable::add(std::string_view call_id) {
    if (by_id_.size() >= max_calls_) return 0;
    CallIndex i = 0;
    if (!free_.empty()) {
        i = free_.back();
        free_.pop_back();
    } else {
        i = static_cast<CallIndex>(calls_.size());
        calls_.emplace_back();
    }
    calls_[i] = std::make_unique<Call>();
    Call& c = *calls_[i];
    c.call_id = call_id;
    c.serial = next_serial_++;
    c.times.fill(wire::kNever);
    by_id_.emplace(hash(call_id), i);
    if (arrivals_.size() >= 2 * by_id_.size() + 1024)
        std::erase_if(arrivals_, [this](const Slot& s) { return get(s.first, s.second) == nullptr; });
    arrivals_.emplace_back(i, c.serial);
    return i;
}

void CallTable::remove(CallIndex i) {
    const auto [begin, end] = by_id_.equal_range(hash(calls_[i]->call_id));
    for (auto it = begin; it != end; ++it) {
        if (it->second != i) continue;
        by_id_.erase(it);
        break;
    }
    ++gone_;
    heap_of_gone_ += calls_[i]->heap_octets();
    calls_[i].reset();
    free_.push_back(i);
}

std::size_t CallTable::memory_octets() const {
    std::uint64_t n = gone_, heap = heap_of_gone_;
    for (CallIndex i = 1; n < 64 && i < calls_.size(); ++i)  // none has ended yet, or few
        if (calls_[i]) ++n, heap += calls_[i]->heap_octets();
    const std::size_t each = sizeof(Call) + (n == 0 ? 0 : heap / n) + node_octets<std::pair<const std::uint64_t, CallIndex>>() +
                             sizeof(calls_[0]) + sizeof(Slot) + sizeof(Deadline);
    return most() * each;
}

CallIndex CallTable::victim() {
    constexpr int kPasses = 256;  // answered calls that are passed over at one time
    for (int passed = 0; passed < kPasses && !arrivals_.empty();) {
        const Slot slot = arrivals_.front();
        arrivals_.pop_front();
        const Call* call = get(slot.first, slot.second);
        if (call == nullptr) continue;
        if (!call->has(CallEvent::ok) || call->ended()) return slot.first;
        arrivals_.push_back(slot);
        ++passed;
    }
    while (!deadlines_.empty()) {
        const Deadline d = deadlines_.top();
        if (get(d.call, d.serial) != nullptr) return d.call;
        deadlines_.pop();
    }
    return 0;
}

}  // namespace voipprobe::probe
