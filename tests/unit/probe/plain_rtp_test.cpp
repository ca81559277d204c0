// What the packet's fixed places say is what the decoder says, and what the duplicate filter compares.
#include "probe/decode/plain_rtp.hpp"

#include <gtest/gtest.h>

#include "probe/decode/decode.hpp"
#include "probe/flow/duplicate_filter.hpp"
#include "tests/unit/probe/same_view.hpp"
#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

Octets frame() {
    Octets rtp(32, 0x55);
    rtp[0] = 0x80;
    return ethernet(ip4_packet(ip("192.0.2.1"), ip("192.0.2.2"), 17, udp(4000, 4002, rtp)));
}

// 1: told by its fixed places, 0: not.
int compare(const Octets& octets) {
    static const probe::DuplicateFilter filter({1, 2});
    const probe::RawPacket packet = raw(kCallStart, octets);
    if (!probe::PlainRtp::is(packet)) return 0;
    const probe::PlainRtp p(packet);
    if (probe::is_tunnel_port(wire::load_be16(p.ip() + 22))) return 1;
    probe::PacketView view;
    EXPECT_EQ(probe::decode(packet, view), probe::DropReason::none);
    EXPECT_EQ(view.protocol, probe::kProtoUdp);
    EXPECT_EQ(view.ip_version, 4);
    EXPECT_FALSE(view.fragment);
    EXPECT_EQ(view.tunnel.type, probe::TunnelType::none);
    EXPECT_EQ(view.payload.data(), p.rtp());
    EXPECT_GE(view.payload.size(), 12U);
    EXPECT_EQ(view.payload[0], 0x80);
    EXPECT_EQ(view.payload_length, p.payload_length());
    EXPECT_EQ(view.ip_length, p.payload_length() + probe::PlainRtp::kHeaders);
    EXPECT_EQ(view.truncated, p.captured() < p.payload_length());
    EXPECT_EQ(filter.mark(view, 0), filter.mark_of_rtp(p.ip(), p.payload_length()));
    return 1;
}

TEST(PlainRtp, everyValueOfEveryHeaderOctet) {
    int told = 0, all = 0;
    for (std::size_t at = 0; at < 54; ++at)
        for (int value = 0; value < 256; ++value, ++all) {
            Octets o = frame();
            o[at] = static_cast<std::uint8_t>(value);
            told += compare(o);
        }
    EXPECT_GT(told, all / 2);
    EXPECT_LT(told, all);
}

TEST(PlainRtp, everyCutAndEveryLength) {
    for (std::size_t n = 0; n <= frame().size(); ++n) {
        Octets o = frame();
        o.resize(n);
        EXPECT_EQ(compare(o), n >= 54 ? 1 : 0);
    }
    for (const std::size_t at : {std::size_t{16}, std::size_t{38}})
        for (int n = 0; n < 256; ++n) {
            Octets o = frame();
            o[at] = 0;
            o[at + 1] = static_cast<std::uint8_t>(n);
            compare(o);
        }
}

}  // namespace
