// A capture file (pcap, pcapng) or standard input as a packet source.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "probe/capture/block_buffer.hpp"
#include "probe/capture/capture_format.hpp"
#include "probe/capture/packet_filter.hpp"
#include "probe/capture/source.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

class FileSource : public PacketSource {
  public:
    // `path` "-" is standard input. Errors: cannot be opened (usage), no capture file (damaged_input).
    static Result<std::unique_ptr<FileSource>> open(const std::string& path);
    // Takes over an open descriptor.
    static Result<std::unique_ptr<FileSource>> from_descriptor(int fd, std::string name);
    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    std::size_t read_batch(std::span<RawPacket> out) override;
    SourceState state() const override { return state_; }
    const std::string& message() const override { return message_; }
    CaptureStats stats() const override { return {packets_, 0, 0, false}; }
    const std::string& name() const override { return name_; }
    std::string take_secrets() override {
        auto* ng = std::get_if<PcapngFormat>(&format_);
        return ng == nullptr ? std::string() : ng->take_secrets();
    }
    // Only what matches is lent (-f). Nothing set: everything.
    void set_filter(std::shared_ptr<const PacketFilter> filter) { filter_ = std::move(filter); }
    // While this is kept, what the last read_batch() lent stays valid beyond the next call. To be let go by the thread
    // that reads.
    std::shared_ptr<const void> hold() const { return buffer_.hold(); }
    std::uint64_t octets_read() const override { return buffer_.octets_read(); }
    std::uint64_t octets_total() const override { return size_; }

  private:
    FileSource(int fd, std::string name) : fd_(fd), name_(std::move(name)), buffer_(fd) {}
    Result<void> read_header();
    void stop(SourceState state, const std::string& reason);
    template <typename Next>
    ParseResult parse(std::span<RawPacket> out, std::size_t& n, Next&& next);

    int fd_;
    std::string name_;
    BlockBuffer buffer_;
    std::variant<PcapFormat, PcapngFormat> format_;
    std::shared_ptr<const PacketFilter> filter_;
    SourceState state_ = SourceState::more;
    std::string message_;
    std::uint64_t packets_ = 0;
    std::uint64_t size_ = 0;
};

}  // namespace voipprobe::probe
