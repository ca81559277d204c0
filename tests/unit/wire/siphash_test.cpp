#include "wire/siphash.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "wire/hex.hpp"

namespace voipprobe::wire {
namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};  // octets 0..15, as in the authors' vectors

std::vector<std::uint8_t> octets(std::size_t n) {
    std::vector<std::uint8_t> out(n);
    for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<std::uint8_t>(i);
    return out;
}

// vectors.h of the authors' reference implementation.
TEST(SipHash, ReferenceVectorsOf24With128Bits) {
    EXPECT_EQ(hex(siphash24_128(kKey, octets(0))), "a3817f04ba25a8e66df67214c7550293");
    EXPECT_EQ(hex(siphash24_128(kKey, octets(8))), "3b62a9ba6258f5610f83e264f31497b4");
}

// By an implementation of its own in Python, which gives the vectors above for 2 and 4 rounds.
TEST(SipHash, OneAndThreeRoundsWith128Bits) {
    auto of = [words = std::vector<std::uint64_t>(8)](std::size_t n) mutable {
        std::memcpy(words.data(), octets(64).data(), 64);
        SipWords128 hash(kKey);
        for (std::size_t i = 0; i < n; ++i) hash.add(words[i]);
        return hex(hash.finish());
    };
    EXPECT_EQ(of(0), "e77ebcb22788a5befd62db6add303001");
    EXPECT_EQ(of(1), "aa12fee1d5e3dab4724f16ab35f9c799");
    EXPECT_EQ(of(8), "1253def24b4aa5364ec8a759ba6a66c2");
}

}  // namespace
}  // namespace voipprobe::wire
