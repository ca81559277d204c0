// Plain reads of 256 KiB into one reused buffer. Measured beside mmap and libpcap's 4 KiB stdio reads this is the
// cheapest way through a capture file, and a file truncated meanwhile is an end, not a SIGBUS.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

class BlockBuffer {
  public:
    static constexpr std::size_t kBlock = 256 * 1024;

    explicit BlockBuffer(int fd) : fd_(fd), storage_(2 * kBlock) {}

    // Octets available without another read.
    wire::Bytes available() const { return wire::Bytes(storage_).subspan(begin_, end_ - begin_); }
    void consume(std::size_t n) { begin_ += n; }
    // Reads until at least `n` octets are available; false at the end of input. Moves what is left to the front:
    // everything lent before becomes invalid.
    bool fill(std::size_t n);
    std::uint64_t offset() const { return total_ - (end_ - begin_); }  // file offset of available().front()
    std::uint64_t octets_read() const { return total_; }
    int last_errno() const { return errno_; }

  private:
    int fd_;
    std::vector<std::uint8_t> storage_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t total_ = 0;
    int errno_ = 0;
};

}  // namespace voipprobe::probe
