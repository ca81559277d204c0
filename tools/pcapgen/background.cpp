#include "tools/pcapgen/background.hpp"

#include <algorithm>
#include <cstring>

namespace voipprobe::pcapgen {
namespace {

constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;
constexpr std::uint8_t kPushAck = 0x18;
constexpr std::uint16_t kBulkPort = 5201;  // no dissector claims it
constexpr std::uint16_t kWireguardPort = 51820;

}  // namespace

Background::Background(const Options& options, const PayloadPattern& pattern)
    : options_(options), pattern_(pattern), rng_(options.seed, 0x6261636b) {
    if (options.background_flood || options.background_flows == 0) return;
    cumulative_.reserve(options.background_flows);
    double sum = 0;
    for (std::uint64_t k = 1; k <= options.background_flows; ++k)
        cumulative_.push_back(sum += 1 / static_cast<double>(k));
    flows_.resize(options.background_flows);
}

std::uint64_t Background::pick_flow() {
    if (options_.background_flood) return packets_;
    const double at = rng_.unit() * cumulative_.back();
    const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), at);
    return static_cast<std::uint64_t>(std::min(found, cumulative_.end() - 1) - cumulative_.begin());
}

void Background::write(PacketWriter& writer, Nanos time) {
    const std::uint64_t flow = pick_flow();
    // A flow's addresses follow from its number: nothing has to be kept for a million of them.
    std::uint64_t state = options_.seed ^ (flow * 0x9e3779b97f4a7c15U + 0x666c6f77);
    const std::uint64_t a = splitmix64(state);
    const std::uint64_t b = splitmix64(state);
    const bool tcp = (b & 7) != 0 && !(options_.background_flood && (b & 1) != 0);
    const auto client_port = static_cast<std::uint16_t>(32768 + (a >> 48) % 28000);
    const std::uint16_t server_port = tcp ? kBulkPort : kWireguardPort;
    Endpoint client;
    Endpoint server;
    if (options_.ipv6) {
        client = endpoint_v6(0x10, static_cast<std::uint32_t>(a), client_port);
        server = endpoint_v6(0x11, static_cast<std::uint32_t>(b >> 32), server_port);
    } else {
        client =
            endpoint_v4(0xac100000U | (static_cast<std::uint32_t>(a) & 0xfffff), client_port);  // 172.16/12
        server = endpoint_v4(0xc6120000U | (static_cast<std::uint32_t>(b >> 32) & 0x1ffff),
                             server_port);  // 198.18/15
    }
    if (tcp) {
        write_tcp(writer, time, flow, client, server);
    } else {
        write_udp(writer, time, client, server);
    }
    ++packets_;
}

void Background::write_tcp(PacketWriter& writer, Nanos time, std::uint64_t flow, const Endpoint& client,
                           const Endpoint& server) {
    if (options_.background_flood) {
        FrameTemplate frame(options_, client, server, Protocol::kTcp);
        frame.set_tcp(rng_.next32(), 0, kSyn);
        write_frame(writer, time, frame, 0, false);
        return;
    }
    FlowState& state = flows_[flow];
    if (state.client_seq == 0) {
        FrameTemplate frame(options_, client, server, Protocol::kTcp);
        state = {static_cast<std::uint32_t>(flow) * 1000 + 1, static_cast<std::uint32_t>(flow) * 2000 + 1};
        frame.set_tcp(state.client_seq - 1, 0, kSyn);
        write_frame(writer, time, frame, 0, false);
        return;
    }
    const bool up = rng_.below(3) == 0;
    FrameTemplate frame(options_, up ? client : server, up ? server : client, Protocol::kTcp);
    std::uint32_t& own = up ? state.client_seq : state.server_seq;
    const std::uint32_t other = up ? state.server_seq : state.client_seq;
    const std::size_t size = up ? (rng_.below(2) ? 0 : 1 + rng_.below(400)) : 1 + rng_.below(1400);
    frame.set_tcp(own, other, size ? kPushAck : kAck);
    own += static_cast<std::uint32_t>(size);
    write_frame(writer, time, frame, size, false);
}

void Background::write_udp(PacketWriter& writer, Nanos time, const Endpoint& client, const Endpoint& server) {
    const bool up = rng_.below(2) == 0;
    FrameTemplate frame(options_, up ? client : server, up ? server : client, Protocol::kUdp);
    write_frame(writer, time, frame, 32 + 16 * static_cast<std::size_t>(rng_.below(80)), true);
}

void Background::write_frame(PacketWriter& writer, Nanos time, FrameTemplate& frame, std::size_t size,
                             bool wireguard) {
    std::uint8_t* out = writer.begin(frame.header_size() + size);
    std::uint8_t* payload = out + frame.header_size();
    const std::size_t at = 2 * static_cast<std::size_t>(rng_.below(PayloadPattern::kSize / 2 - 900));
    std::memcpy(payload, pattern_.at(at), size);
    std::uint64_t sum = 0;
    if (wireguard) {
        put32(payload, 0x04000000);  // transport data: it must not look like RTP version 2
        sum = sum_words(payload, 4) + pattern_.sum(at + 4, size - 4);
    } else {
        sum = pattern_.sum(at, size);
    }
    frame.write(out, size, sum);
    writer.finish(time, frame.header_size() + size);
}

}  // namespace voipprobe::pcapgen
