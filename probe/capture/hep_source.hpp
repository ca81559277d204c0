// Packets as HEP agents saw them, over UDP and TCP on one port: -i hep://ADDRESS:PORT. Each message becomes the packet it
// was cut from (an IP packet with the original addresses and time), RTCP in JSON an RTCP packet.
// Bounds: 1024 connections (more are refused), 64 KiB each; the sequence numbers of 65,536 streams of SIP.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/capture/source.hpp"
#include "probe/voip/hep/hep_message.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

struct HepConfig {
    std::string address = "0.0.0.0";  // of either family, no name
    std::uint16_t port = 9060;        // 0: any; see port()
};
// hep://ADDRESS:PORT, IPv6 in brackets, the port may be missing. Errors: usage.
Result<HepConfig> parse_hep_url(const std::string& url);

class HepSource : public PacketSource {
  public:
    static Result<std::unique_ptr<HepSource>> open(const HepConfig& config);
    ~HepSource() override;
    HepSource(const HepSource&) = delete;
    HepSource& operator=(const HepSource&) = delete;

    std::size_t read_batch(std::span<RawPacket> out) override;
    SourceState state() const override { return state_; }
    const std::string& message() const override { return message_; }
    CaptureStats stats() const override;
    const std::string& name() const override { return name_; }
    int descriptor() const override { return poll_; }
    std::uint16_t port() const { return port_; }

  private:
    struct Connection {
        std::vector<std::uint8_t> waiting;
    };
    struct StreamKey {
        wire::Endpoint src, dst;
        bool operator==(const StreamKey&) const = default;
    };
    struct StreamHash {
        std::uint64_t k0, k1;
        std::size_t operator()(const StreamKey& k) const;
    };

    explicit HepSource(const HepConfig& config);
    Result<void> listen(const HepConfig& config);
    void watch(int fd);
    void read_datagrams(std::span<RawPacket> out, std::size_t& n);
    void accept_one();
    void read_connection(int fd, std::span<RawPacket> out, std::size_t& n);
    void take_whole(Connection& c, int fd, std::span<RawPacket> out, std::size_t& n);
    void drop(int fd);
    // Makes a packet of one message; false: none, counted.
    bool take(wire::Bytes message, RawPacket& out);
    TcpPlace place_of(const HepMessage& m, std::size_t octets);
    bool room() const { return arena_.size() + 2 * 65'535 <= kArena; }

    static constexpr std::size_t kArena = 4U << 20;

    std::string name_;
    std::uint16_t port_ = 0;
    int udp_ = -1, tcp_ = -1, poll_ = -1;
    SourceState state_ = SourceState::idle;
    std::string message_;
    std::vector<std::uint8_t> arena_;     // packets lent; never grows
    std::vector<std::uint8_t> datagram_;
    std::vector<std::uint8_t> scratch_;   // RTCP
    std::map<int, Connection> connections_;
    std::vector<int> unread_;             // connections with whole messages waiting
    std::unordered_map<StreamKey, std::uint32_t, StreamHash> streams_;
    std::uint32_t next_base_ = 1;
    bool forgot_streams_ = false;
    HepStats hep_;
    std::uint64_t packets_ = 0;
    std::uint32_t kernel_drops_ = 0;
};

}  // namespace voipprobe::probe
