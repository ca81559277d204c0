// The floor: the least that any flow meter pays for a capture file. Reads it in blocks of 1 MiB, finds addresses and
// ports, hashes them and counts in a table of one cache line per direction; nothing is checked, timed out or exported.
// Classic pcap of Ethernet only.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

struct alignas(64) Entry {
    std::uint64_t hash, packets, octets, first, last;
};

std::uint64_t load64(const std::uint8_t* p) {
    std::uint64_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
std::uint32_t load32(const std::uint8_t* p) {
    std::uint32_t v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a ^ 0x9e3779b97f4a7c15U) * (b ^ 0xd6e8feb86659fd93U);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

class Floor {
  public:
    void packet(const std::uint8_t* record, std::uint32_t captured) {
        if (captured < 58) return;
        const std::uint8_t* frame = record + 16;
        std::uint64_t hash = 0;
        if (frame[12] == 0x08) hash = mix(load64(frame + 26), load32(frame + 14 + (frame[14] & 15U) * 4) | std::uint64_t{frame[23]} << 32);
        else hash = mix(mix(load64(frame + 22), load64(frame + 30)), mix(load64(frame + 38), load32(frame + 54)));
        if (2 * flows_ >= table_.size()) grow();
        Entry& e = find(hash);
        if (e.packets == 0) {
            ++flows_;
            e.hash = hash;
            e.first = load64(record);
        }
        ++e.packets;
        e.octets += load32(record + 12);
        e.last = load64(record);
        ++packets_;
    }
    void print() const { std::printf("%llu packets %llu flows\n", static_cast<unsigned long long>(packets_), static_cast<unsigned long long>(flows_)); }

  private:
    Entry& find(std::uint64_t hash) {
        std::size_t i = hash & (table_.size() - 1);
        while (table_[i].packets != 0 && table_[i].hash != hash) i = (i + 1) & (table_.size() - 1);
        return table_[i];
    }
    void grow() {
        std::vector<Entry> old(table_.size() * 2);
        old.swap(table_);
        for (const Entry& e : old)
            if (e.packets != 0) find(e.hash) = e;
    }

    std::vector<Entry> table_ = std::vector<Entry>(4096);
    std::uint64_t packets_ = 0, flows_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const int fd = argc == 2 ? ::open(argv[1], O_RDONLY) : -1;
    std::vector<std::uint8_t> buffer(std::size_t{1} << 20);
    std::size_t have = 0;
    std::uint8_t header[24];
    if (fd < 0 || ::read(fd, header, sizeof header) != static_cast<ssize_t>(sizeof header))
        return std::fprintf(stderr, "usage: floor_loop FILE.pcap\n"), 2;
    Floor floor;
    for (;;) {
        const ssize_t n = ::read(fd, buffer.data() + have, buffer.size() - have);
        if (n <= 0) break;
        have += static_cast<std::size_t>(n);
        std::size_t at = 0;
        while (have - at >= 16) {
            const std::uint32_t captured = load32(buffer.data() + at + 8);
            if (captured > 262144) return std::fprintf(stderr, "floor_loop: no little-endian pcap\n"), 3;
            if (have - at - 16 < captured) break;
            floor.packet(buffer.data() + at, captured);
            at += 16 + captured;
        }
        std::memmove(buffer.data(), buffer.data() + at, have - at);
        have -= at;
    }
    floor.print();
    ::close(fd);
}
