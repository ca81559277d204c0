// Checked access to bytes from the wire. A reader never passes its end: the first read beyond it sets failed()
// and every later read yields zero, so a parser may read a header in one go and test once.
// Sources of the byte order: network order unless a name says otherwise. Thread rule: value types, no sharing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace voipprobe::wire {

using Bytes = std::span<const std::uint8_t>;

inline std::uint16_t load_be16(const std::uint8_t* p) {
    std::uint16_t v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_bswap16(v);
}
inline std::uint32_t load_be32(const std::uint8_t* p) {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_bswap32(v);
}
inline std::uint64_t load_be64(const std::uint8_t* p) {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return __builtin_bswap64(v);
}
static_assert(std::endian::native == std::endian::little, "byte order helpers assume a little-endian host");

class ByteReader {
  public:
    constexpr ByteReader() = default;
    explicit constexpr ByteReader(Bytes bytes) : bytes_(bytes) {}

    bool failed() const { return failed_; }
    std::size_t remaining() const { return bytes_.size() - at_; }
    std::size_t position() const { return at_; }
    bool empty() const { return remaining() == 0; }

    std::uint8_t u8() { return need(1) ? bytes_[at_++] : std::uint8_t{0}; }
    std::uint16_t u16() { return need(2) ? load_be16(advance(2)) : std::uint16_t{0}; }
    std::uint32_t u32() { return need(4) ? load_be32(advance(4)) : 0U; }
    std::uint64_t u64() { return need(8) ? load_be64(advance(8)) : 0U; }
    std::uint32_t u24() {
        if (!need(3)) return 0;
        const std::uint8_t* p = advance(3);
        return static_cast<std::uint32_t>(p[0]) << 16 | static_cast<std::uint32_t>(p[1]) << 8 | p[2];
    }
    // Unsigned integer of 1..8 octets (reduced-size encoding, RFC 7011 §6.2).
    std::uint64_t uint(std::size_t octets) {
        if (octets == 0 || octets > 8 || !need(octets)) {
            failed_ = true;
            return 0;
        }
        std::uint64_t v = 0;
        for (std::size_t i = 0; i < octets; ++i) v = v << 8 | bytes_[at_ + i];
        at_ += octets;
        return v;
    }
    Bytes take(std::size_t n) {
        if (!need(n)) return {};
        const Bytes out = bytes_.subspan(at_, n);
        at_ += n;
        return out;
    }
    void skip(std::size_t n) {
        if (need(n)) at_ += n;
    }
    Bytes rest() const { return bytes_.subspan(at_); }

  private:
    bool need(std::size_t n) {
        if (failed_ || bytes_.size() - at_ < n) {
            failed_ = true;
            return false;
        }
        return true;
    }
    const std::uint8_t* advance(std::size_t n) {
        const std::uint8_t* p = bytes_.data() + at_;
        at_ += n;
        return p;
    }

    Bytes bytes_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

// Appends to a growing buffer; patch() rewrites what was already written (lengths known only at the end).
class ByteWriter {
  public:
    explicit ByteWriter(std::vector<std::uint8_t>& out) : out_(&out) {}

    std::size_t size() const { return out_->size(); }
    void u8(std::uint8_t v) { out_->push_back(v); }
    void u16(std::uint16_t v) { uint(v, 2); }
    void u32(std::uint32_t v) { uint(v, 4); }
    void u64(std::uint64_t v) { uint(v, 8); }
    void uint(std::uint64_t v, std::size_t octets) {
        for (std::size_t i = octets; i-- > 0;) out_->push_back(static_cast<std::uint8_t>(v >> (8 * i)));
    }
    void bytes(Bytes b) { out_->insert(out_->end(), b.begin(), b.end()); }
    void text(std::string_view s) { out_->insert(out_->end(), s.begin(), s.end()); }
    void zeros(std::size_t n) { out_->insert(out_->end(), n, std::uint8_t{0}); }
    void patch16(std::size_t at, std::uint16_t v) {
        (*out_)[at] = static_cast<std::uint8_t>(v >> 8);
        (*out_)[at + 1] = static_cast<std::uint8_t>(v);
    }

  private:
    std::vector<std::uint8_t>* out_;
};

inline std::string_view as_text(Bytes b) {
    return {reinterpret_cast<const char*>(b.data()), b.size()};
}
inline Bytes as_bytes(std::string_view s) {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

}  // namespace voipprobe::wire
