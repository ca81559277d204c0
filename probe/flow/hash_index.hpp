// From 64-bit hashes to slot numbers of a bounded table: open addressing with linear probing, fixed size, no
// allocation after construction. The caller compares what is behind a slot number. Thread rule: one owner.
#pragma once

#include <bit>
#include <cstdint>

#include "probe/flow/reserved_array.hpp"

namespace voipprobe::probe {

class HashIndex {
  public:
    explicit HashIndex(std::size_t most) : cells_(std::bit_ceil(most * 2 + 2)), mask_(cells_.capacity() - 1) {}

    // The first slot with this hash that `same(slot)` accepts; 0 when there is none.
    template <typename Same>
    std::uint32_t find(std::uint64_t hash, Same&& same) const {
        for (std::size_t i = hash & mask_; cells_[i].slot != 0; i = (i + 1) & mask_)
            if (cells_[i].tag == tag(hash) && same(cells_[i].slot)) return cells_[i].slot;
        return 0;
    }
    // `slot` > 0; no more than `most` at a time.
    void add(std::uint64_t hash, std::uint32_t slot) {
        std::size_t i = hash & mask_;
        while (cells_[i].slot != 0) i = (i + 1) & mask_;
        cells_[i] = {tag(hash), slot, hash & mask_};
    }
    void remove(std::uint64_t hash, std::uint32_t slot) {
        std::size_t i = hash & mask_;
        while (cells_[i].slot != slot) {
            if (cells_[i].slot == 0) return;
            i = (i + 1) & mask_;
        }
        // Backward shift: what probed past this cell moves up.
        for (std::size_t j = (i + 1) & mask_; cells_[j].slot != 0; j = (j + 1) & mask_) {
            if (((j - cells_[j].home) & mask_) < ((j - i) & mask_)) continue;
            cells_[i] = cells_[j];
            i = j;
        }
        cells_[i] = {};
    }

  private:
    struct Cell {
        std::uint32_t tag = 0;
        std::uint32_t slot = 0;
        std::size_t home = 0;
    };
    static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
    ReservedArray<Cell> cells_;
    std::size_t mask_;
};

}  // namespace voipprobe::probe
