#include "wire/siphash.hpp"

namespace voipprobe::wire {
namespace {

template <int Compress>
void absorb_all(detail::SipState& s, Bytes data) {
    std::size_t at = 0;
    for (; at + 8 <= data.size(); at += 8) s.absorb<Compress>(load_le64(data.data() + at));
    std::uint64_t last = static_cast<std::uint64_t>(data.size()) << 56;
    for (std::size_t i = 0; at + i < data.size(); ++i) last |= static_cast<std::uint64_t>(data[at + i]) << (8 * i);
    s.absorb<Compress>(last);
}

}  // namespace

std::uint64_t siphash13(SipKey key, Bytes data) {
    detail::SipState s(key);
    absorb_all<1>(s, data);
    s.v2 ^= 0xff;
    for (int i = 0; i < 3; ++i) s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::array<std::uint8_t, 16> siphash24_128(SipKey key, Bytes data) {
    detail::SipState s(key);
    s.v1 ^= 0xee;
    absorb_all<2>(s, data);
    return s.finish128();
}

}  // namespace voipprobe::wire
