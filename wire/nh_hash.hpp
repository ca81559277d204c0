// NH (RFC 4418 §5.2) over 64-bit words with a 128-bit sum: a universal hash. Who does not know the random keys cannot
// choose inputs that collide more often than chance, which is what tables that strangers fill need; it is a third of
// SipHash-1-3's cost on a flow key (tests/bench). No authentication: the hashes must not be shown to strangers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/siphash.hpp"

namespace voipprobe::wire {

template <std::size_t N>
using NhKeys = std::array<std::uint64_t, N>;

// N words from one key; `purpose` tells the tables of one program apart.
template <std::size_t N>
NhKeys<N> nh_keys(SipKey key, std::uint64_t purpose) {
    NhKeys<N> keys;
    for (std::size_t i = 0; i < N; ++i) keys[i] = siphash13<1>(key, {purpose + i});
    return keys;
}

// The words of an input in pairs, each pair with two key words of its own; every pair is one multiplication, all of
// them independent. finish() folds the sum with two more key words.
class NhSum {
  public:
    explicit NhSum(const std::uint64_t* keys) : keys_(keys) {}
    void add(std::size_t at, std::uint64_t a, std::uint64_t b) { sum_ += Wide{a + keys_[at]} * (b + keys_[at + 1]); }
    std::uint64_t finish(std::size_t at) const {
        const Wide m = Wide{static_cast<std::uint64_t>(sum_) ^ keys_[at]} *
                       (static_cast<std::uint64_t>(sum_ >> 64) ^ keys_[at + 1]);
        return static_cast<std::uint64_t>(m) ^ static_cast<std::uint64_t>(m >> 64);
    }

  private:
    __extension__ using Wide = unsigned __int128;
    const std::uint64_t* keys_;
    Wide sum_ = 0;
};

}  // namespace voipprobe::wire
