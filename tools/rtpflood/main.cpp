// Sends RTP at a steady rate, many datagrams a system call (sendmmsg): what a capture must keep up with.
//   rtpflood HOST PORT --rate PPS --seconds S --streams N [--octets N]
// N streams of G.711, each from a port of its own to PORT, PORT+2 ...; prints one line of JSON: sent, seconds, late (bursts that
// began more than 10 ms after their time).
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kBurst = 64;

std::int64_t now_ns() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * std::int64_t{1'000'000'000} + t.tv_nsec;
}

void put(std::uint8_t* p, std::uint64_t v, int octets) {
    for (int i = 0; i < octets; ++i) p[i] = static_cast<std::uint8_t>(v >> (8 * (octets - 1 - i)));
}

struct Stream {
    int fd = -1;
    std::uint32_t sequence = 0;
};

int connect_to(const std::string& host, unsigned port) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_DGRAM;
    if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0 || found == nullptr) return -1;
    const int fd = ::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool ok = fd >= 0 && ::connect(fd, found->ai_addr, found->ai_addrlen) == 0;
    freeaddrinfo(found);
    return ok ? fd : -1;
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("RTP at a steady rate");
    std::string host;
    unsigned port = 20'000, streams = 100, octets = 160;
    double rate = 10'000, seconds = 1;
    app.add_option("host", host)->required();
    app.add_option("port", port)->check(CLI::Range(1, 60'000));
    app.add_option("--rate", rate, "packets a second")->check(CLI::Range(1.0, 1e7));
    app.add_option("--seconds", seconds)->check(CLI::Range(0.1, 86'400.0));
    app.add_option("--streams", streams)->check(CLI::Range(1, 2'000));
    app.add_option("--octets", octets, "of the payload")->check(CLI::Range(1, 1'400));
    CLI11_PARSE(app, argc, argv);

    std::vector<Stream> all(streams);
    for (unsigned i = 0; i < streams; ++i) {
        all[i].fd = connect_to(host, port + 2 * i);
        if (all[i].fd < 0) return std::fprintf(stderr, "rtpflood: %s: %s\n", host.c_str(), std::strerror(errno)), 1;
    }
    std::vector<std::array<std::uint8_t, 12 + 1'400>> packets(kBurst);
    std::array<mmsghdr, kBurst> messages{};
    std::array<iovec, kBurst> parts{};
    const auto total = static_cast<std::uint64_t>(rate * seconds);
    const std::int64_t start = now_ns();
    std::uint64_t sent = 0, late = 0;
    // A burst is one stream's: a socket takes one call. Streams take turns, so each stream's packets come kBurst together.
    for (std::size_t turn = 0; sent < total; ++turn) {
        const std::int64_t due = start + static_cast<std::int64_t>(static_cast<double>(sent) / rate * 1e9);
        const std::int64_t now = now_ns();
        if (now < due) {
            const timespec wait{(due - now) / 1'000'000'000, (due - now) % 1'000'000'000};
            nanosleep(&wait, nullptr);
        } else if (now - due > 10'000'000) {
            ++late;
        }
        Stream& s = all[turn % streams];
        const std::size_t n = std::min<std::uint64_t>(kBurst, total - sent);
        for (std::size_t i = 0; i < n; ++i) {
            std::uint8_t* p = packets[i].data();
            put(p, 0x8000U | (s.sequence == 0 ? 0x80U : 0U), 2);
            put(p + 2, s.sequence & 0xffffU, 2);
            put(p + 4, std::uint64_t{s.sequence} * 160, 4);
            put(p + 8, 0x52000000U + turn % streams, 4);
            ++s.sequence;
            parts[i] = {p, 12 + octets};
            messages[i].msg_hdr = {};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        for (std::size_t done = 0; done < n;) {
            const int k = ::sendmmsg(s.fd, messages.data() + done, static_cast<unsigned>(n - done), 0);
            if (k > 0) done += static_cast<std::size_t>(k);
            else if (errno != ECONNREFUSED && errno != ENOBUFS && errno != EINTR) return std::perror("rtpflood"), 1;
        }
        sent += n;
    }
    const double took = static_cast<double>(now_ns() - start) / 1e9;
    std::printf("{\"sent\": %llu, \"seconds\": %.3f, \"late\": %llu}\n", static_cast<unsigned long long>(sent), took, static_cast<unsigned long long>(late));
    for (const Stream& s : all) ::close(s.fd);
    return 0;
}
