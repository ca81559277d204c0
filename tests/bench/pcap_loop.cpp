// The yardstick: what any program pays that lets libpcap read a capture and looks at each packet's ports once.
#include <pcap/pcap.h>

#include <cstdint>
#include <cstdio>

int main(int argc, char** argv) {
    char error[PCAP_ERRBUF_SIZE];
    pcap_t* file = argc == 2 ? pcap_open_offline(argv[1], error) : nullptr;
    if (file == nullptr) return std::fprintf(stderr, "usage: pcap_loop FILE\n"), 2;
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    std::uint64_t packets = 0, octets = 0, ports = 0;
    while (pcap_next_ex(file, &header, &data) == 1) {
        ++packets;
        octets += header->len;
        if (header->caplen < 42 || data[12] != 8 || data[13] != 0) continue;
        const unsigned at = 14 + (data[14] & 15U) * 4;
        if (at + 4 <= header->caplen) ports += static_cast<unsigned>(data[at] << 8 | data[at + 1]) + (data[at + 2] << 8U | data[at + 3]);
    }
    std::printf("%llu packets %llu octets %llx\n", static_cast<unsigned long long>(packets),
                static_cast<unsigned long long>(octets), static_cast<unsigned long long>(ports));
    pcap_close(file);
    return 0;
}
