// Plain reads of 256 KiB into reused buffers. Measured beside mmap and libpcap's 4 KiB stdio reads this is the
// cheapest way through a capture file, and a file truncated meanwhile is an end, not a SIGBUS.
// Thread rule: one owner, which also lets go what hold() gave.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "wire/bytes.hpp"

namespace voipprobe::probe {

class BlockBuffer {
  public:
    static constexpr std::size_t kBlock = 256 * 1024;
    using Storage = std::vector<std::uint8_t>;

    explicit BlockBuffer(int fd) : fd_(fd), storage_(std::make_shared<Storage>(2 * kBlock)) {}

    // Octets available without another read.
    wire::Bytes available() const { return wire::Bytes(*storage_).subspan(begin_, end_ - begin_); }
    void consume(std::size_t n) { begin_ += n; }
    // Reads until at least `n` octets are available; false at the end of input. Everything lent before becomes invalid,
    // unless it is held.
    bool fill(std::size_t n);
    // While this is kept, what available() is now stays where it is.
    std::shared_ptr<const void> hold() const { return storage_; }
    std::uint64_t offset() const { return total_ - (end_ - begin_); }  // file offset of available().front()
    std::uint64_t octets_read() const { return total_; }
    int last_errno() const { return errno_; }

  private:
    void move_rest(std::size_t room);

    int fd_;
    std::shared_ptr<Storage> storage_;
    std::vector<std::shared_ptr<Storage>> others_;  // held when they were full
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t total_ = 0;
    int errno_ = 0;
};

}  // namespace voipprobe::probe
