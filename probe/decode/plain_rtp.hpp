// The packet that VoIP links are full of, told by its fixed places: Ethernet, IPv4 without options, UDP, nothing else in
// the IP packet, an RTP header of 12 octets (RFC 3550 §5.1: version 2, no padding, no extension, no CSRC). Whether it is
// RTP and no tunnel, its flow knows. Pure; no allocation.
#pragma once

#include "probe/decode/plain_udp.hpp"

namespace voipprobe::probe {

class PlainRtp {
  public:
    static constexpr std::uint32_t kHeaders = 28;  // of IP and UDP

    static bool is(const RawPacket& raw) {
        const wire::Bytes d = raw.data;
        if (raw.link_type != 1 || d.size() < kLink + kIp + kUdp + kRtp) return false;
        const std::uint8_t* ip = d.data() + kLink;
        const std::uint32_t length = wire::load_be16(ip + kIp + 4);
        const std::uint32_t kind = wire::load_be32(d.data() + 12) & 0xffffff00;         // EtherType, version and header length
        const std::uint32_t fragment_and_protocol = wire::load_be32(ip + 6) & 0x3fff00ff;  // more fragments, offset; protocol
        return kind == 0x08004500 && fragment_and_protocol == kProtoUdp && ip[kIp + kUdp] == 0x80 && length >= kUdp + kRtp &&
               wire::load_be16(ip + 2) == kIp + length;
    }
    explicit PlainRtp(const RawPacket& raw) : ip_(raw.data.data() + kLink), captured_(raw.data.size() - kLink - kIp - kUdp) {}

    const std::uint8_t* ip() const { return ip_; }
    const std::uint8_t* rtp() const { return ip_ + kIp + kUdp; }
    std::uint32_t payload_length() const { return wire::load_be16(ip_ + 2) - kHeaders; }  // of UDP
    std::size_t captured() const { return captured_; }  // octets of it

  private:
    static constexpr std::uint32_t kLink = 14, kIp = 20, kUdp = 8, kRtp = 12;
    const std::uint8_t* ip_;
    std::size_t captured_;
};

}  // namespace voipprobe::probe
