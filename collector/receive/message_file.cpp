#include "collector/receive/message_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "wire/flow_message.hpp"

namespace voipprobe::collector {
namespace {

constexpr std::array<std::uint32_t, 5> kCaptureMagics{0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1,
                                                      0x0a0d0d0a};

Result<void> damaged(const std::string& path, std::uint64_t offset, const std::string& what) {
    return fail(ExitCode::damaged_input, path + ": " + what + " at octet " + std::to_string(offset) +
                                             "; what came before was processed");
}

std::size_t read_some(std::ifstream& in, std::uint8_t* to, std::size_t n) {
    in.read(reinterpret_cast<char*>(to), static_cast<std::streamsize>(n));
    return static_cast<std::size_t>(in.gcount());
}

}  // namespace

Result<void> read_ipfix_file(const std::string& path, const TakeMessage& take) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return fail(ExitCode::failure, "cannot read " + path + ": " + std::strerror(errno));
    std::vector<std::uint8_t> message(wire::kMaxMessageLength);
    std::uint64_t offset = 0;
    for (;;) {
        const std::size_t head = read_some(in, message.data(), 4);
        if (head == 0) return {};
        const std::size_t length = wire::ipfix_message_length({message.data(), head});
        if (length == 0)
            return damaged(path, offset, head < 4 ? "the file ends inside a message" : "no IPFIX message");
        if (read_some(in, message.data() + 4, length - 4) != length - 4)
            return damaged(path, offset, "the file ends inside a message");
        if (!take(file_peer(), {message.data(), length})) return {};
        offset += length;
    }
}

Result<void> read_message_file(const std::string& path, std::uint64_t& other_packets,
                               const TakeMessage& take) {
    std::array<std::uint8_t, 4> head{};
    {
        std::ifstream in(path, std::ios::binary);
        if (!in) return fail(ExitCode::failure, "cannot read " + path + ": " + std::strerror(errno));
        if (read_some(in, head.data(), head.size()) == 0)
            return {};  // no message at all: still an IPFIX file
    }
    const std::uint32_t magic = wire::load_be32(head.data());
    if (std::find(kCaptureMagics.begin(), kCaptureMagics.end(), magic) != kCaptureMagics.end())
        return read_capture_file(path, other_packets, take);
    if (head[0] == 0 && head[1] == 10) return read_ipfix_file(path, take);
    return fail(ExitCode::damaged_input, path + " is neither an IPFIX file nor a pcap or pcapng capture");
}

}  // namespace voipprobe::collector
