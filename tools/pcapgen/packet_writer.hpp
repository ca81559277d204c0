// The capture file: pcap (us or ns, either byte order) or pcapng, to a file or standard output, in blocks of
// 1 MiB. Packets must come in time order; times are cut to what the format holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/pcapgen/options.hpp"

namespace voipprobe::pcapgen {

class PacketWriter {
  public:
    PacketWriter() = default;
    ~PacketWriter();
    PacketWriter(const PacketWriter&) = delete;
    PacketWriter& operator=(const PacketWriter&) = delete;

    // "-" is standard output. False with a reason in error().
    bool open(const Options& options);

    // Room for a frame of `length` octets; it counts once finish() is called. At most kMaxFrame.
    std::uint8_t* begin(std::size_t length);
    void finish(Nanos time, std::size_t length);

    // The time as a reader of the file sees it.
    Nanos as_written(Nanos time) const noexcept { return time - time % resolution_; }

    bool close();
    bool failed() const noexcept { return !error_.empty(); }
    const std::string& error() const noexcept { return error_; }
    std::uint64_t packets() const noexcept { return packets_; }
    std::uint64_t octets() const noexcept { return octets_; }

    static constexpr std::size_t kMaxFrame = 65600;

  private:
    void put(std::size_t at, std::uint32_t value) noexcept;
    void put_half(std::size_t at, std::uint32_t value) noexcept;
    void write_file_header(const Options& options);
    void flush();

    int fd_ = -1;
    bool owned_ = false;
    bool big_endian_ = false;
    bool pcapng_ = false;
    Nanos resolution_ = 1000;
    std::uint32_t snaplen_ = 0;
    std::vector<std::uint8_t> buffer_;
    std::size_t used_ = 0;
    std::uint64_t packets_ = 0;
    std::uint64_t octets_ = 0;
    std::string error_;
};

}  // namespace voipprobe::pcapgen
