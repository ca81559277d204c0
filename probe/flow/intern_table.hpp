// Equal values kept once, by number: what many flows share (a tunnel, a zone). A value lives as long as someone
// retains it. Cap: `most` values, beyond which intern() gives 0 and counts. Thread rule: one owner.
#pragma once

#include <cstdint>

#include "probe/flow/hash_index.hpp"
#include "probe/flow/reserved_array.hpp"

namespace voipprobe::probe {

template <typename T>
class InternTable {
  public:
    explicit InternTable(std::uint32_t most) : most_(most), index_(most), entries_(most + std::size_t{1}) {}

    // The number of `value`, 0 when the table is full. Retained: once per call.
    std::uint32_t intern(const T& value, std::uint64_t hash) {
        std::uint32_t i = index_.find(hash, [&](std::uint32_t slot) { return entries_[slot].value == value; });
        if (i == 0) {
            if (size_ == most_) return ++refused_, 0;
            i = free_;
            if (i != 0) free_ = entries_[i].next;
            else i = next_unused_++;
            entries_[i] = {value, hash, 0, 0};
            index_.add(hash, i);
            ++size_;
        }
        ++entries_[i].holders;
        return i;
    }
    void retain(std::uint32_t i) {
        if (i != 0) ++entries_[i].holders;
    }
    void release(std::uint32_t i) {
        if (i == 0 || --entries_[i].holders != 0) return;
        index_.remove(entries_[i].hash, i);
        entries_[i].next = free_;
        free_ = i;
        --size_;
    }
    const T& operator[](std::uint32_t i) const { return entries_[i].value; }
    std::size_t size() const { return size_; }
    std::uint64_t refused() const { return refused_; }

  private:
    struct Entry {
        T value;
        std::uint64_t hash;
        std::uint32_t holders;
        std::uint32_t next;
    };
    std::uint32_t most_;
    HashIndex index_;
    ReservedArray<Entry> entries_;
    std::uint32_t free_ = 0;
    std::uint32_t next_unused_ = 1;
    std::uint32_t size_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace voipprobe::probe
