// Frames by template: headers are laid out once per flow, each packet patches lengths, ids and checksums.
// Checksums are right without touching the payload twice: payload comes from a pattern with prefix sums.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tools/pcapgen/options.hpp"
#include "tools/pcapgen/rng.hpp"

namespace voipprobe::pcapgen {

struct Endpoint {
    std::array<std::uint8_t, 16> ip{};  // the first 4 octets for IPv4
    bool v6 = false;
    std::uint16_t port = 0;

    std::string ip_text() const;
    std::string ip_and_port() const;  // brackets around IPv6
};

Endpoint endpoint_v4(std::uint32_t address, std::uint16_t port) noexcept;
// 2001:db8::/32 (RFC 3849) with the given subnet and host.
Endpoint endpoint_v6(std::uint32_t subnet, std::uint32_t host, std::uint16_t port) noexcept;

inline void put16(std::uint8_t* at, std::uint32_t value) noexcept {
    at[0] = static_cast<std::uint8_t>(value >> 8);
    at[1] = static_cast<std::uint8_t>(value);
}
inline void put32(std::uint8_t* at, std::uint32_t value) noexcept {
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

// Internet checksum arithmetic (RFC 1071): sums of 16-bit words, folded at the end.
std::uint64_t sum_words(const std::uint8_t* data, std::size_t size) noexcept;
inline std::uint16_t fold(std::uint64_t sum) noexcept {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}

// Random octets to cut payloads from. Cuts start at even offsets so that prefix sums apply.
class PayloadPattern {
  public:
    static constexpr std::size_t kSize = 16384;
    explicit PayloadPattern(std::uint64_t seed);
    const std::uint8_t* at(std::size_t even_offset) const noexcept { return octets_.data() + even_offset; }
    std::uint64_t sum(std::size_t even_offset, std::size_t size) const noexcept {
        const std::size_t first = even_offset / 2;
        const std::uint64_t words = prefix_[first + size / 2] - prefix_[first];
        return words + (size % 2 ? static_cast<std::uint64_t>(octets_[even_offset + size - 1]) << 8 : 0);
    }

  private:
    std::array<std::uint8_t, kSize> octets_{};
    std::array<std::uint64_t, kSize / 2 + 1> prefix_{};
};

enum class Protocol : std::uint8_t { kTcp = 6, kUdp = 17 };

// Link, IP and transport header of one direction of one flow.
class FrameTemplate {
  public:
    FrameTemplate() = default;
    FrameTemplate(const Options& options, const Endpoint& from, const Endpoint& to, Protocol protocol);

    std::size_t header_size() const noexcept { return size_; }

    // Writes the headers of a datagram whose transport payload has `payload` octets and the word sum
    // `payload_sum` (its first octet stands at an even offset); the payload goes at out + header_size().
    void write(std::uint8_t* out, std::size_t payload, std::uint64_t payload_sum) noexcept;

    // TCP only: sequence numbers and flags of the next packet.
    void set_tcp(std::uint32_t seq, std::uint32_t ack, std::uint8_t flags) noexcept;

  private:
    std::array<std::uint8_t, 96> bytes_{};
    std::uint8_t size_ = 0;
    std::uint8_t ip_at_ = 0;
    std::uint8_t transport_at_ = 0;
    bool v6_ = false;
    bool tcp_ = false;
    std::uint16_t ip_id_ = 0;
    std::uint64_t ip_sum_ = 0;      // IPv4 header with length and id 0
    std::uint64_t pseudo_sum_ = 0;  // addresses and protocol
};

}  // namespace voipprobe::pcapgen
