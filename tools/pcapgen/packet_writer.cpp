#include "tools/pcapgen/packet_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace voipprobe::pcapgen {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::uint32_t kMagicMicroseconds = 0xa1b2c3d4;
constexpr std::uint32_t kMagicNanoseconds = 0xa1b23c4d;
constexpr std::size_t kPcapRecord = 16;
constexpr std::size_t kPcapngRecord = 28;

// https://www.tcpdump.org/linktypes.html
std::uint32_t link_number(Link link) noexcept {
    switch (link) {
        case Link::kRaw:
            return 101;
        case Link::kSll:
            return 113;
        case Link::kNull:
            return 0;
        default:
            return 1;
    }
}

}  // namespace

PacketWriter::~PacketWriter() {
    if (owned_ && fd_ >= 0) ::close(fd_);
}

void PacketWriter::put(std::size_t at, std::uint32_t value) noexcept {
    for (std::size_t i = 0; i < 4; ++i)
        buffer_[at + i] = static_cast<std::uint8_t>(value >> (big_endian_ ? 24 - 8 * i : 8 * i));
}

void PacketWriter::put_half(std::size_t at, std::uint32_t value) noexcept {
    buffer_[at + (big_endian_ ? 1 : 0)] = static_cast<std::uint8_t>(value);
    buffer_[at + (big_endian_ ? 0 : 1)] = static_cast<std::uint8_t>(value >> 8);
}

bool PacketWriter::open(const Options& options) {
    if (options.output == "-") {
        fd_ = STDOUT_FILENO;
    } else {
        fd_ = ::open(options.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        owned_ = true;
    }
    if (fd_ < 0) {
        error_ = options.output + ": " + std::strerror(errno);
        return false;
    }
    big_endian_ = options.format == FileFormat::kBigEndian;
    pcapng_ = options.format == FileFormat::kPcapng;
    resolution_ = pcapng_ || options.format == FileFormat::kNanosecond ? 1 : 1000;
    snaplen_ = options.snaplen;
    buffer_.resize(kBlock + kMaxFrame + 64);
    write_file_header(options);
    return true;
}

void PacketWriter::write_file_header(const Options& options) {
    const std::uint32_t link = link_number(options.link);
    if (!pcapng_) {
        put(0, resolution_ == 1 ? kMagicNanoseconds : kMagicMicroseconds);
        put_half(4, 2);
        put_half(6, 4);
        put(16, snaplen_);
        put(20, link);
        used_ = 24;
        return;
    }
    // Section header block, then an interface description with if_tsresol = 9 (nanoseconds).
    put(0, 0x0a0d0d0a), put(4, 28), put(8, 0x1a2b3c4d), put_half(12, 1), put_half(14, 0);
    put(16, 0xffffffff), put(20, 0xffffffff), put(24, 28);
    put(28, 1), put(32, 32), put_half(36, link), put(40, snaplen_);
    put_half(44, 9), put_half(46, 1), put(48, 9), put(52, 0), put(56, 32);
    used_ = 60;
}

std::uint8_t* PacketWriter::begin(std::size_t length) {
    const std::size_t record = pcapng_ ? kPcapngRecord : kPcapRecord;
    if (used_ + record + length + 8 > buffer_.size()) flush();
    return buffer_.data() + used_ + record;
}

void PacketWriter::finish(Nanos time, std::size_t length) {
    const auto captured = std::min(static_cast<std::uint32_t>(length), snaplen_);
    if (pcapng_) {
        const std::uint32_t padded = (captured + 3) & ~3U;
        const std::uint32_t total = 32 + padded;
        const auto ticks = static_cast<std::uint64_t>(time);
        put(used_, 6), put(used_ + 4, total), put(used_ + 8, 0);
        put(used_ + 12, static_cast<std::uint32_t>(ticks >> 32)),
            put(used_ + 16, static_cast<std::uint32_t>(ticks));
        put(used_ + 20, captured), put(used_ + 24, static_cast<std::uint32_t>(length));
        std::memset(buffer_.data() + used_ + kPcapngRecord + captured, 0, padded - captured);
        put(used_ + kPcapngRecord + padded, total);
        used_ += total;
    } else {
        put(used_, static_cast<std::uint32_t>(time / kSecond));
        put(used_ + 4, static_cast<std::uint32_t>(time % kSecond / resolution_));
        put(used_ + 8, captured), put(used_ + 12, static_cast<std::uint32_t>(length));
        used_ += kPcapRecord + captured;
    }
    ++packets_;
    octets_ += length;
    if (used_ >= kBlock) flush();
}

void PacketWriter::flush() {
    std::size_t done = 0;
    while (done < used_ && error_.empty()) {
        const ::ssize_t n = ::write(fd_, buffer_.data() + done, used_ - done);
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno != EINTR) {
            error_ = std::string("write: ") + std::strerror(errno);
        }
    }
    used_ = 0;
}

bool PacketWriter::close() {
    flush();
    if (owned_ && ::close(fd_) != 0 && error_.empty()) error_ = std::string("close: ") + std::strerror(errno);
    owned_ = false;
    return error_.empty();
}

}  // namespace voipprobe::pcapgen
