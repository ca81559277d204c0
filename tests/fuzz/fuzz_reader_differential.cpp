// A capture file of any content, read by us and by libpcap: the packets that both give are the same, and when both say that
// the file is whole both give as many. Link types that libpcap refuses, and packets that only one of them reads, are let pass.
#include <fcntl.h>
#include <pcap/pcap.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "probe/capture/file_source.hpp"

using namespace voipprobe;

namespace {

struct Packet {
    wire::TimeNs time;
    std::uint32_t wire_length;
    std::vector<std::uint8_t> data;
};
struct Read {
    std::vector<Packet> packets;
    std::size_t snapshot = 0;  // octets of a packet that the file says it holds at most
    bool whole = false;
    bool opened = false;
};

Read by_us(const std::uint8_t* data, std::size_t size) {
    Read out;
    const int fd = memfd_create("capture", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
    lseek(fd, 0, SEEK_SET);
    auto source = probe::FileSource::from_descriptor(fd, "fuzz");
    if (!source) return out;
    out.opened = true;
    std::array<probe::RawPacket, 16> batch;
    while ((*source)->state() == probe::SourceState::more) {
        const std::size_t n = (*source)->read_batch(batch);
        for (std::size_t i = 0; i < n; ++i) out.packets.push_back({batch[i].time, batch[i].wire_length, {batch[i].data.begin(), batch[i].data.end()}});
    }
    out.whole = (*source)->state() == probe::SourceState::end;
    return out;
}

Read by_libpcap(const std::uint8_t* data, std::size_t size) {
    Read out;
    if (size == 0) return out;
    std::FILE* file = fmemopen(const_cast<std::uint8_t*>(data), size, "rb");
    char error[PCAP_ERRBUF_SIZE] = "";
    pcap_t* p = file != nullptr ? pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error) : nullptr;
    if (p == nullptr) {
        if (file != nullptr) std::fclose(file);
        return out;
    }
    out.opened = true;
    out.snapshot = static_cast<std::size_t>(pcap_snapshot(p));
    pcap_pkthdr* h = nullptr;
    const u_char* octets = nullptr;
    int more = 0;
    while ((more = pcap_next_ex(p, &h, &octets)) == 1) out.packets.push_back({wire::TimeNs{h->ts.tv_sec} * wire::kSecond + h->ts.tv_usec, h->len, {octets, octets + h->caplen}});
    out.whole = more == PCAP_ERROR_BREAK;
    pcap_close(p);
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Read ours = by_us(data, size), theirs = by_libpcap(data, size);
    if (!ours.opened || !theirs.opened) return 0;
    for (std::size_t i = 0; i < std::min(ours.packets.size(), theirs.packets.size()); ++i) {
        const Packet &a = ours.packets[i], &b = theirs.packets[i];
        // A packet that is longer than the file says: libpcap cuts it, we give what is there.
        const bool cut = b.data.size() == theirs.snapshot && a.data.size() > b.data.size();
        if (!cut && a.data.size() != b.data.size()) std::abort();
        if (!std::equal(b.data.begin(), b.data.end(), a.data.begin())) std::abort();
        // A packet that was shorter on the wire than in the file is said to be as long as in the file.
        if (a.wire_length != std::max(b.wire_length, static_cast<std::uint32_t>(a.data.size()))) {
            std::fprintf(stderr, "packet %zu: %u, libpcap %u of %zu octets\n", i, a.wire_length, b.wire_length, b.data.size());
            std::abort();
        }
        // Times before 1970 or past 2262, and fractions of a second of a second or more, have no one meaning.
        if (b.time >= 0 && b.time < (wire::TimeNs{1} << 62) && a.time != b.time && a.time / wire::kSecond == b.time / wire::kSecond) std::abort();
    }
    if (ours.whole && theirs.whole && ours.packets.size() != theirs.packets.size()) std::abort();
    return 0;
}
