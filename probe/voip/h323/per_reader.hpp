// Aligned basic PER (ITU-T X.691), as far as H.225.0 and H.245 messages need it: a bit reader that never passes its end.
// The first read beyond it, and what is not supported (fragmented lengths of 16,384 octets and more), sets failed();
// every later read yields zero. Pure.
#pragma once

#include <cstdint>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

class PerReader {
  public:
    explicit PerReader(wire::Bytes bytes) : bytes_(bytes) {}

    bool failed() const { return failed_; }
    void fail() { failed_ = true; }

    bool bit() { return bits(1) != 0; }
    std::uint32_t bits(std::size_t n) {  // n <= 32
        std::uint32_t v = 0;
        if (!need(n)) return 0;
        for (std::size_t i = 0; i < n; ++i, ++at_) v = v << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1U);
        return v;
    }
    void align() { at_ = (at_ + 7) / 8 * 8; }
    wire::Bytes octets(std::size_t n) {  // aligned
        align();
        if (!need(n * 8)) return {};
        const wire::Bytes out = bytes_.subspan(at_ / 8, n);
        at_ += n * 8;
        return out;
    }
    // INTEGER(low..high), X.691 §10.5.7.
    std::uint32_t integer(std::uint64_t low, std::uint64_t high) {
        const std::uint64_t range = high - low + 1;
        if (range == 1) return static_cast<std::uint32_t>(low);
        if (range < 256) return static_cast<std::uint32_t>(low + bits(width(range - 1)));
        if (range == 256 || range <= 65'536) {
            align();
            return static_cast<std::uint32_t>(low + bits(range == 256 ? 8 : 16));
        }
        const std::size_t most = (width(range - 1) + 7) / 8;
        const std::size_t n = integer(1, most);
        align();
        return static_cast<std::uint32_t>(low + bits(n * 8 <= 32 ? n * 8 : 32));
    }
    // A length without an upper bound, §10.9.3.
    std::size_t length() {
        align();
        const std::uint32_t first = bits(8);
        if ((first & 0x80) == 0) return first;
        if ((first & 0x40) != 0) return fail(), 0;
        return (first & 0x3fU) << 8 | bits(8);
    }
    // A normally small non-negative whole number, §10.6.
    std::uint32_t small() {
        if (!bit()) return bits(6);
        const std::size_t n = length();
        align();
        return n <= 4 ? bits(n * 8) : (fail(), 0U);
    }
    wire::Bytes octet_string() {
        const std::size_t n = length();
        return octets(n);
    }
    // An open type: its octets.
    wire::Bytes open_type() { return octet_string(); }

    // The index of a CHOICE with `root` alternatives and an extension marker; from `root` on it is an extension, whose
    // value is an open type.
    std::uint32_t choice(std::uint32_t root) {
        if (bit()) return root + small();
        return root == 1 ? 0 : bits(width(root - 1));
    }
    // A SEQUENCE that begins with an extension bit, then a bit for each optional component.
    struct Preamble {
        bool extended = false;
        std::uint32_t optional = 0;  // the first component's bit is the highest of `count`
        std::uint32_t count = 0;
        bool has(std::uint32_t i) const { return (optional >> (count - 1 - i) & 1U) != 0; }
    };
    Preamble sequence(std::uint32_t optionals) {
        Preamble p;
        p.extended = bit();
        p.count = optionals;
        p.optional = bits(optionals);
        return p;
    }
    // The extension additions behind the root: visit(index, octets) for each that is there.
    template <typename Visit>
    void extensions(bool extended, Visit&& visit) {
        if (!extended) return;
        std::uint32_t count = 0;
        if (!bit()) count = bits(6) + 1;
        else count = static_cast<std::uint32_t>(length());
        if (count > kMostExtensions) return fail();
        std::uint64_t present = 0;
        for (std::uint32_t i = 0; i < count; ++i) present = present << 1 | (bit() ? 1U : 0U);
        for (std::uint32_t i = 0; i < count && !failed_; ++i)
            if ((present >> (count - 1 - i) & 1U) != 0) visit(i, open_type());
    }
    void skip_extensions(bool extended) {
        extensions(extended, [](std::uint32_t, wire::Bytes) {});
    }

  private:
    static constexpr std::uint32_t kMostExtensions = 64;
    static std::size_t width(std::uint64_t v) {
        std::size_t n = 0;
        while (v != 0) v >>= 1, ++n;
        return n;
    }
    bool need(std::size_t n) {
        if (failed_ || bytes_.size() * 8 - at_ < n || at_ > bytes_.size() * 8) failed_ = true;
        return !failed_;
    }

    wire::Bytes bytes_;
    std::size_t at_ = 0;  // bits
    bool failed_ = false;
};

}  // namespace voipprobe::probe
