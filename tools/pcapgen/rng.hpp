// The generator's own random numbers: the same seed gives the same file on every machine and compiler.
// xoshiro256** by Blackman and Vigna (public domain), seeded by splitmix64. No std:: distribution is used:
// their output is implementation-defined.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace voipprobe::pcapgen {

inline std::uint64_t splitmix64(std::uint64_t& state) noexcept {
    std::uint64_t z = (state += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

class Rng {
  public:
    // `stream` separates independent sequences of one seed: what one call draws never shifts another call.
    explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) noexcept {
        std::uint64_t state = seed ^ (stream * 0xd1342543de82ef95U);
        for (auto& word : state_) word = splitmix64(state);
    }

    std::uint64_t next() noexcept {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }
    std::uint32_t next32() noexcept { return static_cast<std::uint32_t>(next() >> 32); }

    // 0 <= x < 1 with 53 bits.
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
    // 0 <= x < n; the bias of at most n / 2^32 does not matter here.
    std::uint32_t below(std::uint32_t n) noexcept {
        return static_cast<std::uint32_t>((static_cast<std::uint64_t>(next32()) * n) >> 32);
    }
    std::int64_t between(std::int64_t low, std::int64_t high) noexcept {
        return low + static_cast<std::int64_t>(unit() * static_cast<double>(high - low));
    }
    bool chance(double p) noexcept { return p > 0 && unit() < p; }

  private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace voipprobe::pcapgen
