// A network interface as a packet source, by libpcap. Never in immediate mode (it halves the ring's use and loses
// packets); non-blocking with our own poll, so that an idle link still lets timers run and a signal end it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "probe/capture/source.hpp"
#include "wire/result.hpp"

struct pcap;

namespace voipprobe::probe {

struct LiveConfig {
    std::string interface;
    std::string filter;                  // BPF
    std::uint32_t snaplen = 65535;
    std::size_t ring_octets = std::size_t{64} << 20;
    int poll_ms = 100;
    bool promiscuous = true;
    bool reopen = true;                  // an interface that goes away is waited for
};

class LiveSource : public PacketSource {
  public:
    // Errors: unknown interface, no privilege (says which), a filter that does not compile (usage).
    static Result<std::unique_ptr<LiveSource>> open(const LiveConfig& config);
    ~LiveSource() override;
    LiveSource(const LiveSource&) = delete;
    LiveSource& operator=(const LiveSource&) = delete;

    // Does not wait; returns 0 with state idle when nothing is there.
    std::size_t read_batch(std::span<RawPacket> out) override;
    SourceState state() const override { return state_; }
    const std::string& message() const override { return message_; }
    CaptureStats stats() const override;
    const std::string& name() const override { return config_.interface; }
    int descriptor() const override { return fd_; }

  private:
    explicit LiveSource(LiveConfig config) : config_(std::move(config)) {}
    Result<void> start();
    void stop();
    void lost(int code);
    void give_up();
    void look_after(std::int64_t now);
    void read_drops() const;

    LiveConfig config_;
    pcap* handle_ = nullptr;
    int fd_ = -1;
    std::uint16_t link_type_ = 1;
    SourceState state_ = SourceState::idle;
    std::string message_;
    std::uint64_t packets_ = 0;
    unsigned index_ = 0;          // of the interface; another one of its name is another one
    std::int64_t looked_ = 0;     // CLOCK_MONOTONIC, s
    std::uint64_t reopened_ = 0;
    std::int64_t ending_ = 0;     // CLOCK_MONOTONIC, ms: until then the ring of an interface that went away is read
    // pcap counts in 32 bits, from each opening on.
    mutable std::uint64_t kernel_drops_ = 0, interface_drops_ = 0;
    mutable std::uint32_t kernel_seen_ = 0, interface_seen_ = 0;
    std::vector<std::uint8_t> copies_;  // never grows within a batch
};

// The interface of the default route; nullopt when there is none.
std::optional<std::string> default_interface();

}  // namespace voipprobe::probe
