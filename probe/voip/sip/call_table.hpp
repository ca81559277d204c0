// All calls by Call-ID: bounded storage, lookup by keyed hash, deadlines by packet time. What a message does to a
// call is in dialog.hpp. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "probe/voip/sip/call.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

using CallIndex = std::uint32_t;  // 0 = none

class CallTable {
  public:
    CallTable(std::size_t max_calls, wire::SipKey key) : max_calls_(max_calls), key_(key), calls_(1) {}

    CallIndex find(std::string_view call_id) const;
    template <typename Visit>
    void for_each_of(std::string_view call_id, Visit&& visit) const {
        const auto [begin, end] = by_id_.equal_range(hash(call_id));
        for (auto it = begin; it != end; ++it)
            if (calls_[it->second]->call_id == call_id) visit(it->second);
    }
    // 0 when the table is full (the caller evicts oldest() and tries again).
    CallIndex add(std::string_view call_id);
    void remove(CallIndex i);
    Call& operator[](CallIndex i) { return *calls_[i]; }
    const Call& operator[](CallIndex i) const { return *calls_[i]; }
    // The call, if that slot still holds it.
    Call* get(CallIndex i, std::uint32_t serial) {
        return i < calls_.size() && calls_[i] && calls_[i]->serial == serial ? calls_[i].get() : nullptr;
    }
    const Call* get(CallIndex i, std::uint32_t serial) const {
        return i < calls_.size() && calls_[i] && calls_[i]->serial == serial ? calls_[i].get() : nullptr;
    }
    std::size_t size() const { return by_id_.size(); }
    std::size_t capacity() const { return max_calls_; }
    std::size_t most() const { return calls_.size() - 1; }  // at a time
    std::size_t memory_octets() const;                      // with that many

    void wake_at(CallIndex i, wire::TimeNs due) { deadlines_.push({due, i, calls_[i]->serial}); }
    // Calls on_due(index) for each call whose deadline passed; deadlines of calls gone meanwhile are skipped.
    template <typename OnDue>
    void expire(wire::TimeNs now, OnDue&& on_due) {
        while (!deadlines_.empty() && deadlines_.top().due <= now) {
            const Deadline d = deadlines_.top();
            deadlines_.pop();
            if (get(d.call, d.serial) != nullptr) on_due(d.call);
        }
    }
    // The call to give up when the table is full: the oldest that is not answered, else the one that is due next;
    // 0 when there is none. A flood of INVITEs does not cost the calls that run.
    CallIndex victim();
    template <typename Visit>
    void for_each(Visit&& visit) {
        for (CallIndex i = 1; i < calls_.size(); ++i)
            if (calls_[i]) visit(i);
    }

  private:
    using Slot = std::pair<CallIndex, std::uint32_t>;  // and serial
    struct Deadline {
        wire::TimeNs due;
        CallIndex call;
        std::uint32_t serial;
        bool operator>(const Deadline& o) const { return due != o.due ? due > o.due : serial > o.serial; }
    };
    std::uint64_t hash(std::string_view call_id) const { return wire::siphash13(key_, wire::as_bytes(call_id)); }

    std::size_t max_calls_;
    wire::SipKey key_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::vector<CallIndex> free_;
    std::unordered_multimap<std::uint64_t, CallIndex> by_id_;
    std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
    std::deque<Slot> arrivals_;  // calls that may be given up, oldest first
    std::uint32_t next_serial_ = 1;
    std::uint64_t gone_ = 0, heap_of_gone_ = 0;  // calls that were removed, and the octets they had on the heap
};

}  // namespace voipprobe::probe
