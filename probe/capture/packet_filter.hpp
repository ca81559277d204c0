// A capture filter for files (-f): libpcap's language, applied to what a file's reader lends.
#pragma once

#include <pcap/pcap.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "probe/capture/packet.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

class PacketFilter {
  public:
    // Compiles for every link type that is decoded, before the sandbox closes: names of ports and hosts are looked up.
    static Result<std::shared_ptr<const PacketFilter>> compile(const std::string& expression);
    ~PacketFilter();
    PacketFilter(const PacketFilter&) = delete;
    PacketFilter& operator=(const PacketFilter&) = delete;

    // Moves the packets that match to the front, in their order; how many they are.
    std::size_t keep(std::span<RawPacket> packets) const;

  private:
    PacketFilter() = default;
    struct Program {
        std::uint16_t link_type;
        bpf_program code;
    };
    std::vector<Program> programs_;
};

}  // namespace voipprobe::probe
