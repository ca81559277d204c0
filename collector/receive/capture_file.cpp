// Captures of export packets, read by libpcap (pcap and pcapng).
#include <pcap/pcap.h>

#include <array>
#include <memory>

#include "collector/receive/export_payload.hpp"
#include "collector/receive/message_file.hpp"

namespace voipprobe::collector {

Result<void> read_capture_file(const std::string& path, std::uint64_t& other_packets,
                               const TakeMessage& take) {
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(
        pcap_open_offline(path.c_str(), error.data()), &pcap_close);
    if (!capture) return fail(ExitCode::damaged_input, path + ": " + error.data());
    const int link_type = pcap_datalink(capture.get());
    std::uint64_t messages = 0;
    pcap_pkthdr* header = nullptr;
    const std::uint8_t* data = nullptr;
    int status = 0;
    while ((status = pcap_next_ex(capture.get(), &header, &data)) == 1) {
        const auto payload = find_export_payload(link_type, {data, header->caplen});
        if (!payload) {
            ++other_packets;
            continue;
        }
        ++messages;
        if (!take({Transport::udp, payload->source}, payload->message)) return {};
    }
    if (status != PCAP_ERROR_BREAK)
        return fail(ExitCode::damaged_input,
                    path + ": " + pcap_geterr(capture.get()) + "; what came before was processed");
    if (messages == 0) return fail(ExitCode::damaged_input, path + " holds no NetFlow v9 or IPFIX message");
    return {};
}

}  // namespace voipprobe::collector
