// Everything else on the link: TCP and UDP flows that are no VoIP, few of them with most packets (Zipf), or a
// flood in which every packet is a flow of its own.
#pragma once

#include <cstdint>
#include <vector>

#include "tools/pcapgen/frame.hpp"
#include "tools/pcapgen/packet_writer.hpp"

namespace voipprobe::pcapgen {

class Background {
  public:
    Background(const Options& options, const PayloadPattern& pattern);

    void write(PacketWriter& writer, Nanos time);
    std::uint64_t packets() const noexcept { return packets_; }
    bool wanted() const noexcept { return options_.background_flows > 0 || options_.background_flood; }

  private:
    struct FlowState {
        std::uint32_t client_seq = 0;
        std::uint32_t server_seq = 0;
    };
    std::uint64_t pick_flow();
    void write_tcp(PacketWriter& writer, Nanos time, std::uint64_t flow, const Endpoint& client,
                   const Endpoint& server);
    void write_udp(PacketWriter& writer, Nanos time, const Endpoint& client, const Endpoint& server);
    void write_frame(PacketWriter& writer, Nanos time, FrameTemplate& frame, std::size_t size,
                     bool wireguard);

    const Options& options_;
    const PayloadPattern& pattern_;
    Rng rng_;
    std::vector<double> cumulative_;  // Zipf weights 1/k, summed
    std::vector<FlowState> flows_;
    std::uint64_t packets_ = 0;
};

}  // namespace voipprobe::pcapgen
