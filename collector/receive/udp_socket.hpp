// A bound UDP socket for export messages: a large receive queue, batches of datagrams per system call, and
// the kernel's count of datagrams it had no room for. Thread rule: one thread. Errors: open_udp_socket()
// reports.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "wire/address.hpp"
#include "wire/bytes.hpp"
#include "wire/result.hpp"

namespace voipprobe::collector {

struct BoundSocket {
    int fd = -1;
    wire::Endpoint local;    // with the port the kernel chose, when 0 was asked for
    int receive_buffer = 0;  // octets the kernel granted
};

// Non-blocking and bound. The receive queue is raised past rmem_max when the process may.
Result<BoundSocket> open_udp_socket(const wire::Endpoint& local);

struct DrainCounters {
    std::uint64_t kernel_drops = 0;
    std::uint64_t cut_datagrams = 0;
};

class UdpDrain {
  public:
    using Taker = std::function<bool(const wire::Endpoint& from, wire::Bytes datagram)>;  // false: stop

    UdpDrain();
    ~UdpDrain();
    // Takes what the socket holds, at most `batches` system calls. Returns the number of datagrams.
    std::size_t drain(int fd, int batches, std::uint32_t& drops_seen, DrainCounters& counters,
                      const Taker& take);

  private:
    struct Buffers;
    std::unique_ptr<Buffers> buffers_;
};

}  // namespace voipprobe::collector
