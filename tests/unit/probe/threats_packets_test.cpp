// P01-P06 of docs/reliability.md: packets, captures and flows made to hurt.
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <fstream>
#include <random>

#include "probe/capture/file_source.hpp"
#include "tests/unit/probe/hostile_link.hpp"
#include "tests/unit/support/scratch_folder.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::DropReason;

namespace {

Octets fragment(bool v6, std::size_t offset, std::size_t octets, bool more, std::uint32_t id, std::uint8_t protocol = 17) {
    Octets part(octets, 0x61);
    if (offset == 0 && octets >= 8) {
        const Octets header = udp(5060, 5060, {});
        std::copy(header.begin(), header.end(), part.begin());
    }
    if (!v6) return ip4_packet(ip("198.51.100.7"), ip("203.0.113.9"), protocol, part, {static_cast<std::uint16_t>(id), 64, offset, more});
    Octets extension = hex({protocol, 0});
    put16(extension, offset | (more ? 1U : 0U));
    put32(extension, id);
    return ip6_packet(ip("2001:db8::7"), ip("2001:db8::9"), 44, extension + part);
}

// Twelve attacks by fragments, each over IPv4 and IPv6.
class FragmentAttack : public testing::TestWithParam<std::tuple<int, bool>> {};

TEST_P(FragmentAttack, P01_leavesTheNextCallIntact) {
    const auto [kind, v6] = GetParam();
    HostileLink link;
    std::uint32_t id = 0;
    for (int round = 0; round < 6000; ++round) {
        ++id;
        const auto send = [&, v6 = v6](std::size_t offset, std::size_t octets, bool more) { link.send(fragment(v6, offset, octets, more, id)); };
        switch (kind) {
            case 0: send(0, 64, true), send(32, 64, false); break;                          // overlap
            case 1: send(0, 64, true), send(24, 8, false); break;                           // teardrop: inside the first
            case 2: send(0, 8, true), send(8, 64, false); break;                            // tiny first
            case 3: send(8, 64, false), send(8, 64, false), send(0, 8, true); break;        // copies, ports last
            case 4: send(0, 1480, true); break;                                             // never completed
            case 5: send(65528, 64, false); break;                                          // ping of death
            case 6: send(8, 0, true); break;                                                // nothing in it
            case 7: send(0, 64, true), send(64, 8, false), send(128, 8, false); break;      // two ends
            case 8: send(0, 61, true); break;                                               // odd length, more to come
            case 9: send(0, 0, false); break;                                               // atomic and empty
            case 10: link.send(fragment(v6, 0, 64, false, id)); break;                      // atomic
            default: for (std::size_t at = 0; at < 64; at += 8) send(at, 8, at < 56); break;  // all tiny
        }
    }
    EXPECT_LE(link.pipeline().fragments().datagrams(), 4096U);
    EXPECT_LE(link.pipeline().fragments().octets_in_use(), std::size_t{5} << 20);
    const auto& c = link.pipeline().fragments().counters();
    const std::uint64_t noticed = c.overlaps + c.copies + c.malformed + c.incomplete + c.evicted + c.reassembled;
    if (kind != 9 && kind != 10) EXPECT_GT(noticed, 0U);
    link.expect_the_next_call_intact();
}
INSTANTIATE_TEST_SUITE_P(Threats, FragmentAttack, testing::Combine(testing::Range(0, 12), testing::Bool()));

// Every packet of a call cut at every octet, with lengths that lie.
TEST(Threats, P02_cutsAndLyingLengths) {
    HostileLink link;
    std::uint64_t cases = 0;
    for (const CallEnds& ends : {CallEnds{}, ends_v6()}) {
        auto packets = call_packets(ends);
        packets.resize(30);
        for (const TimedPacket& p : packets) {
            for (std::size_t n = 0; n <= p.octets.size(); ++n, ++cases) {
                link.send(Octets(p.octets.begin(), p.octets.begin() + static_cast<std::ptrdiff_t>(n)));  // says it was that short
                probe::RawPacket cut = raw(kCallStart - wire::kSecond, p.octets, probe::kLinkRaw);     // says it was cut
                cut.data = cut.data.first(n);
                link.send(cut);
            }
            const bool v6 = p.octets[0] >> 4 == 6;
            for (const std::size_t at : {v6 ? std::size_t{4} : std::size_t{2}, v6 ? std::size_t{44} : std::size_t{24}})
                for (const int lie : {0, 1, 7, 8, 19, 20, 21, 27, 28, 40, 0x7fff, 0xffff, -1, -2}) {
                    Octets o = p.octets;
                    const int said = lie >= 0 ? lie : (o[at] << 8 | o[at + 1]) + (lie == -1 ? 1 : -1);
                    o[at] = static_cast<std::uint8_t>(said >> 8);
                    o[at + 1] = static_cast<std::uint8_t>(said);
                    link.send(o);
                    ++cases;
                }
        }
    }
    EXPECT_GT(cases, 10'000U);
    EXPECT_GT(link.dropped(DropReason::ip_cut), 0U);
    EXPECT_GT(link.dropped(DropReason::transport_cut), 0U);
    EXPECT_GT(link.dropped(DropReason::udp_length), 0U);
    EXPECT_GT(link.dropped(DropReason::ip_total_length), 0U);
    expect_conserved((link.pipeline().finish(), link.pipeline().counters()));
}

Octets nested(int kind, int times) {
    Octets o = call_packets({}).front().octets;
    switch (kind) {
        case 0: o = typed(0x0800, o); for (int i = 0; i < times; ++i) o = typed(i % 2 != 0 ? 0x8100 : 0x88a8, hex({0, 5}) + o); return hex({2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}) + o;
        case 1: { Octets labels; for (int i = 0; i < times; ++i) labels = labels + hex({0, 1, i + 1 == times ? 0x01 : 0x00, 64}); return ethernet(0x8847, labels + o); }
        case 2: for (int i = 0; i < times; ++i) o = over_ip4(47, gre(0, 0x0800, {}, o)); return ethernet(o);
        case 3: for (int i = 0; i < times; ++i) o = over_ip4(4, o); return ethernet(o);
        case 4: for (int i = 0; i < times; ++i) o = over_ip6(o[0] >> 4 == 6 ? 41 : 4, o); return ethernet(o);
        case 5: for (int i = 0; i < times; ++i) o = over_udp(4789, vxlan(7, ethernet(o))); return ethernet(o);
        case 6: for (int i = 0; i < times; ++i) o = over_udp(6081, geneve(7, 0, 0x6558, ethernet(o))); return ethernet(o);
        case 7: for (int i = 0; i < times; ++i) o = over_ip4(47, gre(0, 0x6558, {}, ethernet(o))); return ethernet(o);
        default: { Octets chain = udp(5060, 5060, {}); for (int i = 0; i < times; ++i) chain = hex({i == 0 ? 17 : 60, 0, 0, 0, 0, 0, 0, 0}) + chain; return ethernet(over_ip6(60, chain)); }
    }
}

TEST(Threats, P03_encapsulationBombs) {
    for (int kind = 0; kind < 9; ++kind) {
        HostileLink link;
        for (int round = 0; round < 1000; ++round)
            if (const Octets o = nested(kind, kind == 8 ? 100 : 25); o.size() < 65'000) link.send(o, probe::kLinkEthernet);
        const std::uint64_t refused = link.dropped(DropReason::depth_limit) + link.dropped(DropReason::ip6_extension_chain);
        EXPECT_EQ(refused, 1000U) << "kind " << kind;
        link.expect_the_next_call_intact();
    }
}

// ---- capture files ---------------------------------------------------------------------------------------------

Octets le32(std::initializer_list<std::uint32_t> words) {
    Octets o;
    for (const std::uint32_t w : words)
        for (int i = 0; i < 4; ++i) o.push_back(static_cast<std::uint8_t>(w >> 8 * i));
    return o;
}
Octets pcap_header(std::uint32_t magic = 0xa1b2c3d4, std::uint32_t snaplen = 65535) { return le32({magic, 0x00040002, 0, 0, snaplen, 101}); }
Octets pcap_packet(const Octets& o, std::uint32_t s = 1'700'000'000, std::uint32_t us = 5) {
    const auto n = static_cast<std::uint32_t>(o.size());
    return le32({s, us, n, n}) + o;
}
Octets block(std::uint32_t type, const Octets& body, std::uint32_t length_lie = 0) {
    const auto n = static_cast<std::uint32_t>(body.size() + 12);
    return le32({type, length_lie != 0 ? length_lie : n}) + body + le32({length_lie != 0 ? length_lie : n});
}
const Octets kSection = block(0x0a0d0d0a, le32({0x1a2b3c4d, 1, 0xffffffff, 0xffffffff}));
const Octets kInterface = block(1, le32({101, 65535}));
Octets enhanced(const Octets& packet, std::uint32_t interface = 0) {
    Octets padded = packet;
    padded.resize((packet.size() + 3) / 4 * 4);
    const auto n = static_cast<std::uint32_t>(packet.size());
    return block(6, le32({interface, 0x00060a24, 0x18181818, n, n}) + padded);
}

struct Read {
    std::vector<std::pair<wire::TimeNs, Octets>> packets;
    bool ok = true;  // to the end
};
Read by_us(const std::string& path) {
    Read out;
    auto source = probe::FileSource::open(path);
    if (!source) return {{}, false};
    std::array<probe::RawPacket, 16> batch;
    while ((*source)->state() == probe::SourceState::more) {
        const std::size_t n = (*source)->read_batch(batch);
        for (std::size_t i = 0; i < n; ++i) out.packets.emplace_back(batch[i].time, Octets(batch[i].data.begin(), batch[i].data.end()));
    }
    out.ok = (*source)->state() == probe::SourceState::end;
    return out;
}
Read by_libpcap(const std::string& path) {
    Read out;
    char error[PCAP_ERRBUF_SIZE] = "";
    pcap_t* p = pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, error);
    if (p == nullptr) return {{}, false};
    pcap_pkthdr* h = nullptr;
    const u_char* data = nullptr;
    int more = 0;
    while ((more = pcap_next_ex(p, &h, &data)) == 1)
        out.packets.emplace_back(wire::TimeNs{h->ts.tv_sec} * wire::kSecond + h->ts.tv_usec, Octets(data, data + h->caplen));
    out.ok = more == PCAP_ERROR_BREAK;
    pcap_close(p);
    return out;
}

// Damaged captures: the same packets as libpcap reads, or fewer with an error; never more, never something else.
TEST(Threats, P04_capturesThatLie) {
    test::ScratchFolder scratch;
    const Octets packet = call_packets({}).front().octets, good = pcap_packet(packet);
    std::vector<Octets> files{
        {}, hex({0xd4}), pcap_header(), pcap_header() + good, pcap_header(0xa1b23c4d) + good, pcap_header(0x12345678) + good,
        pcap_header(0xa1b2c3d4, 0) + good, pcap_header(0xa1b2c3d4, 0x80000000) + good, pcap_header(0xa1b2c3d4, 0xffffffff) + good,
        pcap_header() + good + le32({1, 2, 0xffffffff, 0xffffffff}) + good, pcap_header() + good + le32({1, 2, 0x7fffffff, 1}),
        pcap_header() + good + le32({1, 0xffffffff, 4, 4}) + hex({1, 2, 3, 4}),  // negative microseconds (Suricata 8380)
        pcap_header() + pcap_packet(packet, 0xffffffff, 999'999), pcap_header() + pcap_packet({}), pcap_header() + good + le32({1, 2, 3}),
        pcap_header() + le32({1, 2, 262'145, 262'145}) + Octets(262'145), pcap_header() + le32({1, 2, 4, 0}) + hex({1, 2, 3, 4}) + good,
        kSection, kSection + enhanced(packet), kSection + kInterface + enhanced(packet), kSection + kInterface + enhanced(packet, 1),
        kSection + kInterface + enhanced(packet) + block(6, le32({0, 1, 2, 0xffffffff, 4})), kSection + kInterface + block(6, {}) + enhanced(packet),
        kSection + kInterface + block(3, le32({8}) + Octets(8)) + enhanced(packet), kSection + kInterface + block(0x1234, Octets(32)) + enhanced(packet),
        kSection + block(1, le32({101, 65535}) + le32({0xffff0009})) + enhanced(packet),  // an option that runs over
        kSection + block(1, le32({101, 65535}) + le32({0x00010009, 0x000000ff})) + enhanced(packet),  // if_tsresol 2^127
        kSection + block(1, le32({101, 65535}) + le32({0x00010009, 0x0000007f})) + enhanced(packet),  // 10^-127
        kSection + kInterface + enhanced(packet) + kSection + enhanced(packet), block(0x0a0d0d0a, le32({0x99999999, 1, 0, 0})) + kInterface};
    for (const std::uint32_t lie : {0U, 3U, 8U, 11U, 13U, 0x7fffffffU, 0x80000000U, 0xffffffffU})
        for (const std::uint32_t type : {1U, 6U}) files.push_back(kSection + kInterface + enhanced(packet) + le32({type, lie}) + Octets(64) + enhanced(packet));
    Octets many = kSection;
    for (int i = 0; i < 70'000; ++i) many.insert(many.end(), kInterface.begin(), kInterface.end());
    files.push_back(many + enhanced(packet, 65'536));
    const Octets whole = pcap_header() + good, whole_ng = kSection + kInterface + enhanced(packet);
    for (std::size_t cut = 1; cut < 60; cut += 7)
        for (const Octets& o : {whole, whole_ng}) files.push_back(Octets(o.begin(), o.end() - static_cast<std::ptrdiff_t>(cut)));
    EXPECT_GE(files.size(), 40U);
    int read = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const std::string path = scratch / std::to_string(i);
        std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(files[i].data()), static_cast<std::streamsize>(files[i].size()));
        const Read ours = by_us(path), theirs = by_libpcap(path);
        const std::size_t common = std::min(ours.packets.size(), theirs.packets.size());
        for (std::size_t k = 0; k < common; ++k) {
            EXPECT_EQ(ours.packets[k].second, theirs.packets[k].second) << "file " << i;
            // A fraction of more than a second has no one meaning: not ours to judge.
            const bool same_second = ours.packets[k].first / wire::kSecond == theirs.packets[k].first / wire::kSecond;
            if (same_second) EXPECT_EQ(ours.packets[k].first, theirs.packets[k].first) << "file " << i;
        }
        if (theirs.ok && ours.ok) EXPECT_EQ(ours.packets.size(), theirs.packets.size()) << "file " << i;
        read += static_cast<int>(common);
    }
    EXPECT_GT(read, 20);
}

}  // namespace
