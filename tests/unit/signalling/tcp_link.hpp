// One TCP connection of a scene: it counts the sequence numbers and cuts what is sent into segments.
#pragma once

#include <functional>

#include "tests/unit/probe/dialog_scene.hpp"

namespace voipprobe::test {

class TcpLink {
  public:
    using Sizes = std::function<std::size_t(std::size_t segment)>;
    TcpLink(Scene& scene, Host client, Host server, Sizes sizes = {})
        : scene_(scene), ends_{std::move(client), std::move(server)}, sizes_(std::move(sizes)) {}

    TcpLink& connect(int ms) {
        scene_.tcp_octets(ms, ends_[0], ends_[1], next_[0]++, 0x02, {});
        scene_.tcp_octets(ms, ends_[1], ends_[0], next_[1]++, 0x12, {});
        return *this;
    }
    TcpLink& up(int ms, const Octets& message) { return send(ms, 0, message); }     // client to server
    TcpLink& down(int ms, const Octets& message) { return send(ms, 1, message); }   // server to client
    // The next `n` octets are not in the capture.
    TcpLink& lose(std::size_t way, std::uint32_t n) {
        next_[way] += n;
        return *this;
    }

  private:
    TcpLink& send(int ms, std::size_t way, const Octets& message) {
        for (std::size_t at = 0; at < message.size(); ++segments_) {
            const std::size_t n = std::min(message.size() - at, sizes_ ? std::max<std::size_t>(1, sizes_(segments_)) : message.size());
            const auto first = message.begin() + static_cast<std::ptrdiff_t>(at);
            scene_.tcp_octets(ms, ends_[way], ends_[1 - way], next_[way], 0x18,
                              Octets(first, first + static_cast<std::ptrdiff_t>(n)));
            next_[way] += static_cast<std::uint32_t>(n);
            at += n;
        }
        return *this;
    }

    Scene& scene_;
    std::array<Host, 2> ends_;
    Sizes sizes_;
    std::array<std::uint32_t, 2> next_{1000, 0xffffff80};  // the second one wraps
    std::size_t segments_ = 0;
};

}  // namespace voipprobe::test
