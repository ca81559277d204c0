// IPFIX files (RFC 5655): messages one after the other.
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "collector/receive/receiver.hpp"

namespace voipprobe::collector {
namespace {

constexpr std::array<std::uint32_t, 5> kCaptureMagics{0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1, 0x0a0d0d0a};

Result<void> damaged(const std::string& path, std::uint64_t offset, const std::string& what) {
    return fail(ExitCode::damaged_input, path + ": " + what + " at octet " + std::to_string(offset) +
                                             "; what came before was processed");
}

std::size_t read_some(std::ifstream& in, std::uint8_t* to, std::size_t n) {
    in.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(n));
    return static_cast<std::size_t>(in.gcount());
}

}  // namespace

Result<void> read_ipfix_file(const std::string& path, Collector& collector) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(ExitCode::failure, "cannot read " + path + ": " + std::strerror(errno));
    std::vector<std::uint8_t> message(wire::kMaxMessageLength);
    const std::uint64_t bad_before = collector.session_counters().bad_message_total();
    std::uint64_t offset = 0;
    for (;;) {
        const std::size_t head = read_some(in, message.data(), 4);
        if (head == 0) break;
        const std::size_t length = wire::ipfix_message_length({message.data(), head});
        if (length == 0) return damaged(path, offset, head < 4 ? "the file ends inside a message" : "no IPFIX message");
        if (read_some(in, message.data() + 4, length - 4) != length - 4)
            return damaged(path, offset, "the file ends inside a message");
        collector.message(file_peer(), {message.data(), length});
        if (collector.enough()) return {};
        offset += length;
    }
    const std::uint64_t bad = collector.session_counters().bad_message_total() - bad_before;
    if (bad > 0)
        return fail(ExitCode::damaged_input, path + ": " + std::to_string(bad) + " malformed messages were left out");
    return {};
}

Result<void> read_file(const std::string& path, Collector& collector) {
    std::array<std::uint8_t, 4> head{};
    {
        std::ifstream in(path, std::ios::binary);
        if (!in) return fail(ExitCode::failure, "cannot read " + path + ": " + std::strerror(errno));
        const std::size_t n = read_some(in, head.data(), head.size());
        if (n == 0) return fail(ExitCode::damaged_input, path + " is empty");
    }
    ++collector.input().files;
    Result<void> done;
    const std::uint32_t magic = wire::load_be32(head.data());
    if (std::find(kCaptureMagics.begin(), kCaptureMagics.end(), magic) != kCaptureMagics.end())
        done = read_capture_file(path, collector);
    else if (head[0] == 0 && head[1] == 10)
        done = read_ipfix_file(path, collector);
    else
        done = fail(ExitCode::damaged_input, path + " is neither an IPFIX file nor a pcap or pcapng capture");
    if (!done && done.error().code == ExitCode::damaged_input) ++collector.input().damaged_files;
    return done;
}

}  // namespace voipprobe::collector
