#include "probe/capture/packet_filter.hpp"

#include <algorithm>

#include "probe/decode/link.hpp"

namespace voipprobe::probe {
namespace {

constexpr int kSnaplen = 262144;

// libpcap's number for a LINKTYPE_ of a file: the same but for raw IP.
int data_link_of(std::uint16_t link_type) {
    return link_type == kLinkRaw || link_type == kLinkRawBsd || link_type == kLinkRawOpenBsd ? DLT_RAW : link_type;
}

}  // namespace

Result<std::shared_ptr<const PacketFilter>> PacketFilter::compile(const std::string& expression) {
    const std::shared_ptr<PacketFilter> filter(new PacketFilter);
    std::string problem;
    for (const std::uint16_t type : {kLinkEthernet, kLinkRaw, kLinkRawBsd, kLinkRawOpenBsd, kLinkNull, kLinkLoop, kLinkSll, kLinkSll2, kLinkPpp,
                                     kLinkPppHdlc, kLinkPppEther, kLinkPppDirection, kLinkCiscoHdlc, kLinkIpv4, kLinkIpv6}) {
        const std::unique_ptr<pcap_t, decltype(&pcap_close)> handle(pcap_open_dead(data_link_of(type), kSnaplen), &pcap_close);
        if (handle == nullptr) return fail(ExitCode::failure, "-f " + expression + ": out of memory");
        bpf_program code{};
        if (pcap_compile(handle.get(), &code, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0)
            filter->programs_.push_back({type, code});
        else if (problem.empty())
            problem = pcap_geterr(handle.get());
    }
    // What makes no sense for one link type ("ether host" without Ethernet) may for another.
    if (filter->programs_.empty()) return fail(ExitCode::usage, "-f " + expression + ": " + problem);
    return filter;
}

PacketFilter::~PacketFilter() {
    for (Program& p : programs_) pcap_freecode(&p.code);
}

std::size_t PacketFilter::keep(std::span<RawPacket> packets) const {
    const auto dropped = [this](const RawPacket& packet) {
        const auto program = std::find_if(programs_.begin(), programs_.end(), [&](const Program& p) { return p.link_type == packet.link_type; });
        if (program == programs_.end()) return true;
        pcap_pkthdr header{};
        header.caplen = static_cast<bpf_u_int32>(packet.data.size());
        header.len = std::max(packet.wire_length, header.caplen);
        return pcap_offline_filter(&program->code, &header, packet.data.data()) == 0;
    };
    return static_cast<std::size_t>(std::remove_if(packets.begin(), packets.end(), dropped) - packets.begin());
}

}  // namespace voipprobe::probe
