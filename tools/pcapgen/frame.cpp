#include "tools/pcapgen/frame.hpp"

#include <cstring>

namespace voipprobe::pcapgen {
namespace {

constexpr std::uint16_t kEtherTypeIpv4 = 0x0800;
constexpr std::uint16_t kEtherTypeIpv6 = 0x86dd;
constexpr std::uint16_t kEtherTypeVlan = 0x8100;
// BSD loopback family numbers; 30 is Darwin's AF_INET6, readers accept 24, 28 and 30.
constexpr std::uint32_t kNullIpv4 = 2;
constexpr std::uint32_t kNullIpv6 = 30;

std::size_t write_link(const Options& options, bool v6, std::uint8_t* out) {
    const std::uint32_t type = v6 ? kEtherTypeIpv6 : kEtherTypeIpv4;
    std::size_t size = 0;
    switch (options.link) {
        case Link::kRaw:
            return 0;
        case Link::kNull: {
            const std::uint32_t family = v6 ? kNullIpv6 : kNullIpv4;
            if (options.format == FileFormat::kBigEndian) {
                put32(out, family);
            } else {
                out[0] = static_cast<std::uint8_t>(family);
            }
            return 4;
        }
        case Link::kSll:
            put16(out, 0);      // to us
            put16(out + 2, 1);  // ARPHRD_ETHER
            put16(out + 4, 6);
            out[6] = 2, out[11] = 1;
            size = 14;
            break;
        case Link::kEthernet:
            out[0] = 2, out[5] = 2;  // locally administered addresses
            out[6] = 2, out[11] = 1;
            size = 12;
            break;
    }
    if (options.vlan) {
        put16(out + size, kEtherTypeVlan);
        put16(out + size + 2, *options.vlan);
        size += 4;
    }
    put16(out + size, type);
    return size + 2;
}

}  // namespace

Endpoint endpoint_v4(std::uint32_t address, std::uint16_t port) noexcept {
    Endpoint out;
    put32(out.ip.data(), address);
    out.port = port;
    return out;
}

Endpoint endpoint_v6(std::uint32_t subnet, std::uint32_t host, std::uint16_t port) noexcept {
    Endpoint out;
    out.v6 = true;
    put32(out.ip.data(), 0x20010db8);
    put32(out.ip.data() + 4, subnet);
    put32(out.ip.data() + 12, host);
    out.port = port;
    return out;
}

std::string Endpoint::ip_text() const {
    std::string text;
    if (!v6) {
        for (std::size_t i = 0; i < 4; ++i) {
            if (i > 0) text += '.';
            text += std::to_string(ip[i]);
        }
        return text;
    }
    // RFC 5952: the longest run of zero groups shrinks to "::".
    std::array<std::uint32_t, 8> group{};
    for (std::size_t i = 0; i < 8; ++i) group[i] = static_cast<std::uint32_t>(ip[2 * i] << 8 | ip[2 * i + 1]);
    std::size_t best = 8;
    std::size_t best_size = 1;
    for (std::size_t i = 0; i < 8; ++i) {
        std::size_t size = 0;
        while (i + size < 8 && group[i + size] == 0) ++size;
        if (size > best_size) best = i, best_size = size;
    }
    constexpr char kHex[] = "0123456789abcdef";
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == best) {
            text += i == 0 ? "::" : ":";
            i += best_size - 1;
            continue;
        }
        bool started = false;
        for (int shift = 12; shift >= 0; shift -= 4) {
            const std::uint32_t digit = group[i] >> shift & 15;
            started |= digit != 0 || shift == 0;
            if (started) text += kHex[digit];
        }
        if (i != 7) text += ':';
    }
    return text;
}

std::string Endpoint::ip_and_port() const {
    std::string text;
    if (v6) text += '[';
    text += ip_text();
    if (v6) text += ']';
    text += ':';
    return text += std::to_string(port);
}

std::uint64_t sum_words(const std::uint8_t* data, std::size_t size) noexcept {
    std::uint64_t sum = 0;
    std::size_t i = 0;
    for (; i + 1 < size; i += 2) sum += static_cast<std::uint64_t>(data[i]) << 8 | data[i + 1];
    if (i < size) sum += static_cast<std::uint64_t>(data[i]) << 8;
    return sum;
}

PayloadPattern::PayloadPattern(std::uint64_t seed) {
    Rng rng(seed, 0x7061796c6f6164);
    for (auto& octet : octets_) octet = static_cast<std::uint8_t>(rng.next32());
    for (std::size_t i = 0; i < kSize / 2; ++i) prefix_[i + 1] = prefix_[i] + sum_words(&octets_[2 * i], 2);
}

FrameTemplate::FrameTemplate(const Options& options, const Endpoint& from, const Endpoint& to,
                             Protocol protocol)
    : v6_(from.v6), tcp_(protocol == Protocol::kTcp) {
    std::uint8_t* out = bytes_.data();
    ip_at_ = static_cast<std::uint8_t>(write_link(options, v6_, out));
    std::uint8_t* ip = out + ip_at_;
    const std::size_t address_size = v6_ ? 16 : 4;
    std::uint8_t* addresses = ip + (v6_ ? 8 : 12);
    if (v6_) {
        ip[0] = 0x60;
        ip[6] = static_cast<std::uint8_t>(protocol);
        ip[7] = 61;  // hop limit
    } else {
        ip[0] = 0x45;
        put16(ip + 6, 0x4000);  // do not fragment
        ip[8] = 61;             // time to live
        ip[9] = static_cast<std::uint8_t>(protocol);
    }
    std::memcpy(addresses, from.ip.data(), address_size);
    std::memcpy(addresses + address_size, to.ip.data(), address_size);
    pseudo_sum_ = sum_words(addresses, 2 * address_size) + static_cast<std::uint64_t>(protocol);
    ip_sum_ = v6_ ? 0 : sum_words(ip, 20);
    transport_at_ = static_cast<std::uint8_t>(ip_at_ + (v6_ ? 40 : 20));
    std::uint8_t* transport = out + transport_at_;
    put16(transport, from.port);
    put16(transport + 2, to.port);
    if (tcp_) {
        transport[12] = 5 << 4;
        put16(transport + 14, 64240);
    }
    size_ = static_cast<std::uint8_t>(transport_at_ + (tcp_ ? 20 : 8));
}

void FrameTemplate::set_tcp(std::uint32_t seq, std::uint32_t ack, std::uint8_t flags) noexcept {
    put32(&bytes_[transport_at_ + 4U], seq);
    put32(&bytes_[transport_at_ + 8U], ack);
    bytes_[transport_at_ + 13U] = flags;
}

void FrameTemplate::write(std::uint8_t* out, std::size_t payload, std::uint64_t payload_sum) noexcept {
    std::memcpy(out, bytes_.data(), size_);
    const auto transport_size = static_cast<std::uint32_t>(size_ - transport_at_ + payload);
    std::uint8_t* ip = out + ip_at_;
    if (v6_) {
        put16(ip + 4, transport_size);
    } else {
        const std::uint32_t total = transport_size + 20;
        put16(ip + 2, total);
        put16(ip + 4, ip_id_);
        put16(ip + 10, fold(ip_sum_ + total + ip_id_));
        ++ip_id_;
    }
    std::uint8_t* transport = out + transport_at_;
    if (!tcp_) put16(transport + 4, transport_size);
    const std::uint64_t header_sum = sum_words(transport, size_ - transport_at_);
    const std::uint16_t checksum = fold(pseudo_sum_ + transport_size + header_sum + payload_sum);
    // UDP: 0 would mean "no checksum", its complement is sent instead (RFC 768).
    put16(transport + (tcp_ ? 16 : 6), checksum == 0 && !tcp_ ? 0xffff : checksum);
}

}  // namespace voipprobe::pcapgen
