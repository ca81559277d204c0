// What an entry of a node-based table costs, for --stats.
#pragma once

#include <cstddef>

namespace voipprobe::probe {

// A node of std::unordered_map with its place in the array of buckets.
template <typename Value>
constexpr std::size_t node_octets() {
    constexpr std::size_t kNext = sizeof(void*), kHash = sizeof(std::size_t), kBucket = sizeof(void*), kMalloc = 8;
    return (sizeof(Value) + kNext + kHash + kMalloc + 15) / 16 * 16 + kBucket;
}

}  // namespace voipprobe::probe
