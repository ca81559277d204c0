// C01-C09, C14 and C15 of docs/reliability.md: messages made to hurt. After each the next good message is read.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <random>

#include "collector/receive/udp_socket.hpp"
#include "collector/session/decoder.hpp"
#include "message_builder.hpp"
#include "tests/unit/support/sanitized.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;

constexpr std::uint32_t kStart = 1700000000;

class Counter final : public RecordConsumer {
  public:
    void on_record(const Record& r, RecordKind) override {
        ++records;
        packets += r[IN_PKTS].as_number().value_or(0);
        from_good += r.probe().address.v4_host_order() == 0x7f000001 ? 1 : 0;
    }
    std::uint64_t records = 0, packets = 0, from_good = 0;
};

Peer peer_at(std::uint32_t address, std::uint16_t port = 50000, Transport transport = Transport::udp) { return {transport, {wire::IpAddress::v4(address), port}}; }
const Peer kGood = peer_at(0x7f000001);

const std::vector<FieldValue> kFlow{num(IPV4_SRC_ADDR, 0xc0000201), num(L4_SRC_PORT, 5060), num(IN_PKTS, 42)};
Octets template_of(const std::vector<FieldValue>& fields, std::uint16_t id = 256, FlowProtocol p = FlowProtocol::ipfix) { return set(template_set_id(p), template_record(p, id, fields)); }
Octets data_of(const std::vector<FieldValue>& fields, std::uint16_t id = 256, FlowProtocol p = FlowProtocol::ipfix) { return set(id, record(p, fields)); }

class Threats : public testing::Test {
  protected:
    Threats() : decoder(templates::kOwnPen, {}, {1, 2}) {}
    bool raw(const Octets& octets, const Peer& peer = kGood) { return decoder.message(peer, octets, rows); }
    bool ipfix(const Octets& sets, const Peer& peer = kGood, std::uint32_t domain = 1) { return raw(message(FlowProtocol::ipfix, sets, sequence, kStart, domain), peer); }
    bool v9(const Octets& sets) { return raw(message(FlowProtocol::netflow9, sets, sequence, kStart), peer_at(0x7f000001, 9)); }
    std::uint64_t events(wire::TemplateEvent e) const { return decoder.counters().template_events[static_cast<std::size_t>(e)]; }
    std::uint64_t refused() const { return events(wire::TemplateEvent::bad_id) + events(wire::TemplateEvent::bad_count) + events(wire::TemplateEvent::bad_length) + events(wire::TemplateEvent::truncated); }
    // The exporter under attack goes on as if nothing had been.
    void expect_the_next_message_read() {
        const std::uint64_t before = rows.packets;
        EXPECT_TRUE(ipfix(template_of(kFlow) + data_of(kFlow)));
        EXPECT_EQ(rows.packets, before + 42);
    }
    Decoder decoder;
    Counter rows;
    std::uint32_t sequence = 0;
};

Octets words(std::initializer_list<unsigned> list) {
    Octets o;
    wire::ByteWriter w(o);
    for (const unsigned v : list) w.u16(static_cast<std::uint16_t>(v));
    return o;
}
double cpu_s() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}
double resident_mib() {
    std::ifstream in("/proc/self/statm");
    double size = 0, resident = 0;
    in >> size >> resident;
    return resident * 4096 / (1 << 20);
}

TEST_F(Threats, C01_redefinitionInTheMiddleOfData) {
    const std::vector<FieldValue> other{num(IN_PKTS, 7)};
    ipfix(template_of(kFlow) + data_of(kFlow) + template_of(other) + data_of(other));
    EXPECT_EQ(rows.packets, 49U);
    for (int i = 0; i < 1000; ++i) ipfix(template_of(i % 2 == 0 ? kFlow : other));
    EXPECT_EQ(decoder.counters().templates_replaced, 1001U);
    expect_the_next_message_read();
}

// An exporter that changes its templates all the time is marked, once; who changes his now and then is not, nor is
// another session of the same address.
TEST_F(Threats, C01_aFlappingExporterIsMarkedUnstable) {
    const std::vector<FieldValue> other{num(IN_PKTS, 7)};
    const Peer calm = peer_at(0x7f000001, 50001);
    const auto flap = [&](int times, const Peer& peer) {
        for (int i = 0; i < times; ++i) ipfix(template_of(i % 2 == 0 ? kFlow : other), peer);
    };
    flap(1 + static_cast<int>(Flapping::kMost), kGood);
    EXPECT_EQ(decoder.counters().exporters_unstable, 0U) << "as often as is still believed";
    flap(2, calm);
    flap(3, kGood);
    EXPECT_EQ(decoder.counters().exporters_unstable, 1U);
    flap(100, kGood);
    EXPECT_EQ(decoder.counters().exporters_unstable, 1U) << "once";
    const auto unstable = decoder.unstable(16);
    ASSERT_EQ(unstable.size(), 1U);
    EXPECT_EQ(unstable[0].peer, kGood);
    EXPECT_EQ(unstable[0].replaced + 1, decoder.counters().templates_replaced) << "all but the one of the calm session";
    const auto fresh = decoder.take_newly_unstable();
    ASSERT_EQ(fresh.size(), 1U);
    EXPECT_EQ(fresh[0], kGood);
    EXPECT_TRUE(decoder.take_newly_unstable().empty());
    expect_the_next_message_read();
}

TEST(Flapping, CountsInAWindowOfExportTime) {
    Flapping slow, fast, back;
    for (std::uint32_t i = 0; i < 1000; ++i) EXPECT_FALSE(slow.replaced(1700000000 + i * Flapping::kWindow / Flapping::kMost));
    EXPECT_FALSE(slow.unstable());
    for (std::uint32_t i = 0; i < Flapping::kMost; ++i) EXPECT_FALSE(fast.replaced(1700000000));
    EXPECT_TRUE(fast.replaced(1700000000 + Flapping::kWindow - 1));
    EXPECT_FALSE(fast.replaced(1700000000)) << "it is marked already";
    for (std::uint32_t i = 0; i < Flapping::kMost; ++i) EXPECT_FALSE(back.replaced(1700000000));
    EXPECT_FALSE(back.replaced(1600000000)) << "a clock that went back begins anew";
}

// Who can send from an exporter's address and port can redefine its templates; nobody else's session sees it.
TEST_F(Threats, C02_aSpoofedTemplateStaysInItsSession) {
    const Peer other = peer_at(0x7f000001, 50001);
    ipfix(template_of(kFlow), kGood);
    ipfix(template_of(kFlow), other);
    ipfix(template_of({num(IN_BYTES, 1)}), kGood);
    EXPECT_TRUE(ipfix(data_of(kFlow), other));
    EXPECT_EQ(rows.packets, 42U);
    ipfix(template_of({num(IN_BYTES, 1)}), other, 2);  // another domain
    EXPECT_TRUE(ipfix(data_of(kFlow), other));
    EXPECT_EQ(rows.packets, 84U);
}

TEST_F(Threats, C03_templatesThatCannotBe) {
    ipfix(template_of(kFlow));
    Octets wide = words({256, 65535});
    for (int i = 0; i < 10'000; ++i) wide = std::move(wide) + words({2, 4});
    Octets many = words({256, 513});
    for (int i = 0; i < 513; ++i) many = many + words({2, 4});
    Octets huge = words({256, 500});
    for (int i = 0; i < 500; ++i) huge = huge + words({2, 65534});
    const std::vector<Octets> bad{words({256, 1, 2, 0}), words({256, 2, 2, 65534, 1, 65534}), wide, many, huge, words({256, 65535, 2, 4}), words({255, 1, 2, 4}), words({2, 1, 2, 4}),
                                  words({256, 1, 0x8002, 4}), words({256, 1, 0x8002, 4, 1}), words({256, 1, 2}), words({256, 1}), words({256, 3, 0, 0, 0, 0, 0, 0})};
    for (const Octets& t : bad) {
        const std::uint64_t before = refused();
        ipfix(set(2, t));
        EXPECT_EQ(refused(), before + 1) << t.size();
        EXPECT_TRUE(ipfix(data_of(kFlow))) << "the old template must stay";
    }
    for (const Octets& t : {words({258, 1, 0, 2, 4}), words({258, 2, 3, 2, 4, 1, 4}), words({258, 1, 65535, 2, 4})}) {  // scope counts 0, too many
        const std::uint64_t before = refused();
        ipfix(set(3, t));
        EXPECT_EQ(refused(), before + 1);
    }
    // Lengths that do not fit the type: text is kept, a number is unreadable, the record's end stays where it is.
    ipfix(set(2, words({300, 2, 2, 129, 7, 2})));
    ipfix(set(300, Octets(131, 1)));
    EXPECT_GE(decoder.counters().unreadable_fields, 1U);
    // v9: fields of no length, alone and beside others; options with lengths that are no fields.
    v9(set(0, words({256, 1, 2, 0})));
    v9(set(0, words({257, 2, 2, 0, 1, 4})) + set(257, Octets(4, 1)));
    for (const Octets& t : {words({258, 0, 4, 2, 4}), words({258, 3, 4, 1, 4, 2, 4}), words({258, 0xffff, 0xffff}), words({258, 4, 0, 1, 4})}) v9(set(1, t));
    expect_the_next_message_read();
}

TEST_F(Threats, C04_lengthsThatLie) {
    ipfix(template_of(kFlow));
    const Octets good = message(FlowProtocol::ipfix, data_of(kFlow), 0, kStart);
    std::uint64_t bad = 0;
    for (const unsigned length : {0U, 1U, 2U, 3U, 300U, 65535U}) {
        Octets o = good;
        o[18] = static_cast<std::uint8_t>(length >> 8), o[19] = static_cast<std::uint8_t>(length);
        EXPECT_FALSE(raw(o)) << length;
        EXPECT_EQ(decoder.counters().bad_message_total(), ++bad);
    }
    for (std::size_t n = 0; n < good.size(); ++n) {
        EXPECT_FALSE(raw(Octets(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n))));
        EXPECT_EQ(decoder.counters().bad_message_total(), ++bad);
    }
    for (std::size_t extra = 1; extra < 9; ++extra) {
        EXPECT_FALSE(raw(good + Octets(extra)));
        EXPECT_EQ(decoder.counters().bad_message_total(), ++bad);
    }
    EXPECT_EQ(rows.records, 0U) << "a malformed message is discarded whole";
    for (unsigned id = 0; id < 256; ++id)
        if (id != 2 && id != 3) ipfix(set(static_cast<std::uint16_t>(id), Octets(20)));
    EXPECT_EQ(decoder.counters().reserved_sets, 254U);
    Octets large(65'507 - 20, 1);  // the largest datagram, one set of data without template
    EXPECT_FALSE(ipfix(set(999, large)));
    expect_the_next_message_read();
}

TEST_F(Threats, C05_variableLengths) {
    ipfix(template_of({txt(SIP_CALL_ID, "")}));
    std::uint64_t expected = 0;
    for (unsigned n = 0; n <= 300; ++n)
        for (const bool long_form : {false, true}) {
            if (!long_form && n > 254) continue;
            Octets o = long_form ? Octets{255, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)} : Octets{static_cast<std::uint8_t>(n)};
            ipfix(set(256, o + Octets(n, 'a')));
            EXPECT_EQ(rows.records, ++expected) << n;
            const std::uint64_t damaged = decoder.counters().damaged_sets;
            if (n == 0) continue;
            ipfix(set(256, o + Octets(n - 1, 'a')));  // one too few
            EXPECT_EQ(rows.records, expected) << n;
            EXPECT_EQ(decoder.counters().damaged_sets, damaged + 1) << n;
        }
    for (const unsigned n : {65'000U, 65'510U, 65'512U}) {
        ipfix(set(256, Octets{255, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)} + Octets(n, 'a')));
        EXPECT_EQ(rows.records, ++expected);
    }
    for (const Octets& o : {Octets{255}, Octets{255, 1}, Octets{255, 0xff, 0xff}, Octets{255, 0xff, 0xfa, 1}, Octets{254}}) ipfix(set(256, o));
    EXPECT_EQ(rows.records, expected);
    expect_the_next_message_read();
}

TEST_F(Threats, C06_withdrawalsOverUdp) {
    ipfix(template_of(kFlow));
    for (const Octets& w : {words({256, 0}), words({2, 0}), words({3, 0}), words({999, 0})}) ipfix(set(2, w));
    EXPECT_EQ(decoder.counters().withdrawals_ignored, 4U);
    for (std::size_t n = 1; n < 4; ++n) ipfix(set(2, words({256, 0}) + Octets(n)));  // CVE-2019-14459
    ipfix(set(3, words({256, 0, 0})));
    EXPECT_TRUE(ipfix(data_of(kFlow)));
    expect_the_next_message_read();
}

// Domains, ports and templates by the million: memory and the cost of a message stay, and who sends data is heard.
TEST_F(Threats, C07_sessionsByTheMillion) {
    const std::uint32_t n = std::getenv("VOIPPROBE_LONG") != nullptr ? 1'000'000 : 60'000;
    expect_the_next_message_read();
    expect_the_next_message_read();
    const double start = resident_mib();
    double first = 0, last = 0;
    std::uint64_t good = 0, good_sent = 0;
    const Peer proven = peer_at(0x7f000001, 4000);
    ipfix(template_of(kFlow), proven);
    for (std::uint32_t i = 0; i < n; ++i) {
        const double began = cpu_s();
        ipfix(template_of(kFlow, static_cast<std::uint16_t>(256 + i % 65'000)), peer_at(0x0a000000 + i % 50'000, static_cast<std::uint16_t>(i)), i);
        ipfix(template_of(kFlow, static_cast<std::uint16_t>(256 + i % 65'000)), kGood, i);
        const double took = cpu_s() - began;
        if (i >= n / 10 && i < n / 5) first += took;  // tables are full
        if (i >= n - n / 10) last += took;
        if (i % 10 != 0) continue;
        ++good_sent;
        const std::uint64_t before = rows.records;
        ipfix(data_of(kFlow), proven);
        good += rows.records - before;
    }
    EXPECT_GE(static_cast<double>(good), static_cast<double>(good_sent) * 0.99);
    if (!kSanitized) EXPECT_LE(resident_mib() - start, 96.0) << "MiB; the template budget is 64";
    EXPECT_LE(last, first * 1.5);
    EXPECT_LE(decoder.exporters(), SessionLimits{}.exporters);
    expect_the_next_message_read();
}

TEST_F(Threats, C08_recordsByTheMillionInOneMessage) {
    Octets zero = words({256, 1, 0x8000 | 77, 1, 0, 4711});
    ipfix(set(2, zero));
    const double began = cpu_s();
    for (int i = 0; i < 20; ++i) ipfix(set(256, Octets(65'000)));
    EXPECT_LE(rows.records, 20U * 65'535U);
    EXPECT_LE(cpu_s() - began, 2.0);
    EXPECT_EQ(rows.records, 20U * 65'000U);
    v9(set(0, words({257, 100, 2, 1})));  // says 100 fields, has one
    v9(set(257, Octets(60'000)));
    expect_the_next_message_read();
}

// A scripted trace: every loss, copy, late message and restart counted exactly.
TEST_F(Threats, C09_sequenceGames) {
    SequenceTracker s;
    std::uint32_t next = 0xffffff00;  // wraps
    const auto send = [&](std::uint32_t at) { s.message(at, 10, kStart); };
    for (int i = 0; i < 100; ++i, next += 10) send(next);
    EXPECT_EQ(s.counters().lost, 0U);
    next += 30;  // three lost
    send(next), next += 10;
    EXPECT_EQ(s.counters().lost, 30U);
    send(next - 30);  // one of them is only late
    EXPECT_EQ(s.counters().lost, 20U);
    EXPECT_EQ(s.counters().late, 10U);
    send(next - 30);  // twice
    EXPECT_EQ(s.counters().duplicates, 10U);
    s.message(next + 0x80000000U, 10, kStart);  // half the circle away
    s.message(next + 0x80000000U + 10, 10, kStart);
    EXPECT_EQ(s.counters().lost, 20U) << "a jump that far is a restart";
    EXPECT_EQ(s.counters().resets, 1U);
    std::mt19937 dice(9);
    SequenceTracker shuffled;
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < 5000; ++i) order.push_back(i);
    for (std::size_t i = 1; i < order.size(); ++i)
        if (dice() % 8 == 0) std::swap(order[i], order[i - std::min<std::size_t>(i - 1, dice() % 20)]);
    std::uint64_t dropped = 0, late = 0;
    for (const std::uint32_t i : order) {
        if (i > 0 && i < 4990 && i % 97 == 0) {
            ++dropped;
            continue;
        }
        shuffled.message(i, 1, kStart);
        ++late;
    }
    EXPECT_EQ(shuffled.counters().lost, dropped);
    EXPECT_EQ(shuffled.counters().duplicates, 0U);
    EXPECT_EQ(late + dropped, 5000U);
}

TEST_F(Threats, C14_whatIsNoFlowExport) {
    std::mt19937 dice(4);
    const std::vector<Octets> others{words({5, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), words({0, 5, 0, 1}), words({1, 1}), words({0x1234, 0x0100, 1, 0, 0, 0}), {}, {10}, {0, 10}, {0, 9}};
    const double began = cpu_s();
    std::uint64_t sent = 0;
    for (int i = 0; i < 100'000; ++i, ++sent) {
        if (i % 4 == 0) {
            EXPECT_FALSE(raw(others[static_cast<std::size_t>(i / 4) % others.size()], peer_at(static_cast<std::uint32_t>(dice()))));
            continue;
        }
        Octets o(dice() % 200);
        for (auto& b : o) b = static_cast<std::uint8_t>(dice());
        if (o.size() > 1) o[0] = static_cast<std::uint8_t>(o[0] | 0x40);  // neither 9 nor 10
        EXPECT_FALSE(raw(o, peer_at(static_cast<std::uint32_t>(dice()))));
    }
    EXPECT_LE(cpu_s() - began, 1.0) << "100,000 a second";
    EXPECT_EQ(decoder.counters().bad_message_total(), sent);
    EXPECT_EQ(decoder.exporters(), 0U) << "what is no message makes no session";
    expect_the_next_message_read();
}

// The kernel says with the next datagram how many did not fit.
TEST_F(Threats, C15_aFloodOnThePortIsCounted) {
    const auto bound = open_udp_socket({wire::IpAddress::v4(0x7f000001), 0});
    ASSERT_TRUE(bound);
    EXPECT_GE(bound->receive_buffer, 200'000);
    const int small = 4096;
    setsockopt(bound->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    const int from = socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(bound->local.port);
    to.sin_addr.s_addr = htonl(0x7f000001);
    const Octets o(500, 1);
    const auto send = [&] { return sendto(from, o.data(), o.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to) == static_cast<ssize_t>(o.size()); };
    std::uint64_t sent = 0, got = 0;
    for (int i = 0; i < 2000; ++i) sent += send() ? 1 : 0;
    UdpDrain drain;
    DrainCounters counters;
    std::uint32_t seen = 0;
    const auto take = [&](const wire::Endpoint&, wire::Bytes) { return ++got, true; };
    drain.drain(bound->fd, 4096, seen, counters, take);
    sent += send() ? 1 : 0;  // brings the news
    drain.drain(bound->fd, 4096, seen, counters, take);
    EXPECT_GT(counters.kernel_drops, 1000U);
    EXPECT_EQ(got + counters.kernel_drops, sent);
    close(from);
    close(bound->fd);
}

}  // namespace
}  // namespace voipprobe::collector
