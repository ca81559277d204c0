// The short way through the decoder says what the long way says, and batches say what single packets say.
#include "probe/decode/plain_udp.hpp"

#include <gtest/gtest.h>

#include "tests/unit/probe/same_view.hpp"
#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

// 1: taken the short way, 0: not; fails when the two ways differ.
int compare(const Octets& frame) {
    const probe::RawPacket packet = raw(kCallStart, frame);
    probe::PacketView quick, full;
    if (!probe::decode_plain_udp(packet, quick)) {
        EXPECT_TRUE(same_view(quick, probe::PacketView{}));
        return 0;
    }
    EXPECT_EQ(probe::decode(packet, full), probe::DropReason::none);
    EXPECT_TRUE(same_view(quick, full));
    return 1;
}

Octets frame() {
    return ethernet(ip4_packet(ip("192.0.2.1"), ip("192.0.2.2"), 17, udp(4000, 4002, octets_of(std::string(30, 'x')))));
}

TEST(PlainUdp, everyValueOfEveryHeaderOctet) {
    int quick = 0, all = 0;
    for (std::size_t at = 0; at < 42; ++at)
        for (int value = 0; value < 256; ++value, ++all) {
            Octets o = frame();
            o[at] = static_cast<std::uint8_t>(value);
            quick += compare(o);
        }
    EXPECT_GT(quick, all / 2);
    EXPECT_LT(quick, all);
}

TEST(PlainUdp, everyCutAndEveryLength) {
    for (std::size_t n = 0; n <= frame().size(); ++n) {
        Octets o = frame();
        o.resize(n);
        EXPECT_EQ(compare(o), n >= 42 ? 1 : 0);
    }
    for (const std::size_t at : {std::size_t{16}, std::size_t{38}})
        for (int n = 0; n < 100; ++n) {
            Octets o = frame();
            o[at] = 0;
            o[at + 1] = static_cast<std::uint8_t>(n);
            compare(o);
        }
}

TEST(PlainUdp, tunnelPortsTakeTheLongWay) {
    for (const std::uint16_t port : {probe::kPortL2tp, probe::kPortGtpU, probe::kPortVxlan, probe::kPortGeneve,
                                     probe::kPortVxlanLinux, probe::kPortTzsp})
        EXPECT_EQ(compare(ethernet(ip4_packet(ip("192.0.2.1"), ip("192.0.2.2"), 17, udp(4000, port, Octets(20))))), 0);
}

// Packets of every sort follow one another in the same places of a batch.
TEST(PlainUdp, batchesSayWhatSinglePacketsSay) {
    std::vector<Octets> octets;
    std::vector<wire::TimeNs> times;
    std::size_t n = 0;
    for (const TimedPacket& p : call_packets({})) {
        switch (n++ % 5) {
            case 0: octets.push_back(ethernet(over_udp(4789, vxlan(7, ethernet(p.octets))))); break;
            case 1: octets.push_back(ethernet(0x8100, vlan(9, 0x0800, p.octets))); break;
            case 2: octets.push_back(ethernet(over_ip4(47, gre(0, 0x0800, {}, p.octets)))); break;
            default: octets.push_back(ethernet(p.octets));
        }
        times.push_back(p.time);
        if (n % 7 == 0) {  // a copy, fragments and something that does not decode
            octets.push_back(octets.back());
            times.push_back(p.time);
            for (const Octets& part : fragments(p.octets, 40, static_cast<std::uint32_t>(n))) {
                octets.push_back(ethernet(part));
                times.push_back(p.time);
            }
            octets.push_back(Octets(20, 0xff));
            times.push_back(p.time);
        }
    }
    std::vector<probe::RawPacket> packets;
    for (std::size_t i = 0; i < octets.size(); ++i) packets.push_back(raw(times[i], octets[i]));
    std::string single;
    for (const probe::FlowKey key : {probe::FlowKey::addresses, probe::FlowKey::vlan_and_tunnel})
        for (const std::size_t size : {1U, 2U, 15U, 16U, 17U, 64U, 1000U}) {
            CollectingSink sink;
            probe::PipelineConfig config;
            config.flow_key = key;
            probe::Pipeline pipeline(config, sink);
            std::span<const probe::RawPacket> rest(packets);
            while (!rest.empty()) {
                const std::size_t now = std::min(size, rest.size());
                pipeline.process(rest.first(now));
                rest = rest.subspan(now);
            }
            pipeline.finish();
            expect_conserved(pipeline.counters());
            EXPECT_EQ(pipeline.counters().packets, packets.size());
            if (size == 1) single = summary(sink, true);
            else EXPECT_EQ(summary(sink, true), single) << size;
        }
    EXPECT_FALSE(single.empty());
}

}  // namespace
