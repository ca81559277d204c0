// SipHash-c-d (Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012), 64- and 128-bit output.
// SipHash-1-3 with a random key keys the tables that strangers can fill; with 128 bits it makes record ids, of strings that
// SipHash-2-4-128 has made short.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "wire/bytes.hpp"

namespace voipprobe::wire {

struct SipKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
};

namespace detail {
struct SipState {
    std::uint64_t v0, v1, v2, v3;
    explicit SipState(SipKey k)
        : v0(k.k0 ^ 0x736f6d6570736575ULL),
          v1(k.k1 ^ 0x646f72616e646f6dULL),
          v2(k.k0 ^ 0x6c7967656e657261ULL),
          v3(k.k1 ^ 0x7465646279746573ULL) {}
    static std::uint64_t rotl(std::uint64_t x, int b) { return x << b | x >> (64 - b); }
    [[gnu::always_inline]] void round() {
        v0 += v1;
        v1 = rotl(v1, 13) ^ v0;
        v0 = rotl(v0, 32);
        v2 += v3;
        v3 = rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = rotl(v1, 17) ^ v2;
        v2 = rotl(v2, 32);
    }
    template <int Rounds>
    [[gnu::always_inline]] void rounds() {
        round();
        if constexpr (Rounds > 1) rounds<Rounds - 1>();
    }
    template <int Rounds = 4>
    [[gnu::always_inline]] std::array<std::uint8_t, 16> finish128() {
        std::array<std::uint8_t, 16> out{};
        v2 ^= 0xee;
        rounds<Rounds>();
        const std::uint64_t lo = v0 ^ v1 ^ v2 ^ v3;
        v1 ^= 0xdd;
        rounds<Rounds>();
        const std::uint64_t hi = v0 ^ v1 ^ v2 ^ v3;
        std::memcpy(out.data(), &lo, 8);
        std::memcpy(out.data() + 8, &hi, 8);
        return out;
    }
    template <int Rounds>
    [[gnu::always_inline]] void absorb(std::uint64_t m) {
        v3 ^= m;
        rounds<Rounds>();
        v0 ^= m;
    }
};
}  // namespace detail

// SipHash-1-3 over whole 64-bit words: for table keys of fixed size.
template <std::size_t Words>
[[gnu::always_inline]] inline std::uint64_t siphash13(SipKey key, const std::array<std::uint64_t, Words>& words) {
    detail::SipState s(key);
    for (const std::uint64_t w : words) s.absorb<1>(w);
    s.absorb<1>(static_cast<std::uint64_t>(Words * 8) << 56);
    s.v2 ^= 0xff;
    s.round();
    s.round();
    s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

inline std::uint64_t load_le64(const std::uint8_t* p) {
    std::uint64_t v;
    std::memcpy(&v, p, 8);
    return v;
}

// SipHash-1-3 with 128-bit output over whole words, as they come.
class SipWords128 {
  public:
    explicit SipWords128(SipKey key) : state_(key) { state_.v1 ^= 0xee; }
    [[gnu::always_inline]] void add(std::uint64_t word) {
        state_.absorb<1>(word);
        octets_ += 8;
    }
    [[gnu::always_inline]] std::array<std::uint8_t, 16> finish() {  // once
        state_.absorb<1>(octets_ << 56);
        return state_.finish128<3>();
    }

  private:
    detail::SipState state_;
    std::uint64_t octets_ = 0;
};

// SipHash-1-3 over octets: for strings such as a Call-ID.
std::uint64_t siphash13(SipKey key, Bytes data);
// SipHash-2-4 with 128-bit output over octets.
std::array<std::uint8_t, 16> siphash24_128(SipKey key, Bytes data);

}  // namespace voipprobe::wire
