// SIP over TCP as a mirror shows it: cut anywhere, in any order, repeated, with holes, from the middle.
#include <numeric>
#include <random>

#include "probe/voip/sip/sip_framing.hpp"
#include "probe/voip/sip/tcp_streams.hpp"
#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::SipTcpStreams;

namespace {

constexpr auto kMs = wire::kMillisecond;

std::string message(std::string_view method, const std::string& body, int n = 1) {
    return std::string(method) + " sip:bob@example.org SIP/2.0\r\nCall-ID: " + std::to_string(n) +
           "\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCSeq: 1 " + std::string(method) + "\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

// Feeds segments of one direction and keeps the messages.
struct Feed {
    explicit Feed(probe::SipTcpLimits limits = {16, 8}) : tcp(limits) {
        probe::FlowIndex evicted = 0;
        stream = tcp.open(1, evicted);
    }
    void add(std::uint32_t seq, std::string_view text, wire::TimeNs time = 0, std::uint32_t missing = 0) {
        probe::PacketView p;
        p.protocol = 6;
        p.tcp_sequence = seq;
        p.payload = wire::as_bytes(text);
        p.payload_length = static_cast<std::uint32_t>(text.size()) + missing;
        p.ip_length = p.payload_length + 40;
        p.time = time;
        tcp.add(stream, 0, p);
        read();
    }
    void finish() {
        tcp.finish(stream, 0);
        read();
    }
    void read() {
        probe::SipTcpMessage m;
        while (tcp.next(m)) {
            got.emplace_back(m.text);
            times.push_back(m.time);
            packets.push_back(m.packets);
            whole.push_back(m.whole);
        }
    }
    SipTcpStreams tcp;
    std::uint32_t stream = 0;
    std::vector<std::string> got;
    std::vector<wire::TimeNs> times;
    std::vector<std::uint32_t> packets;
    std::vector<std::size_t> whole;
};

TEST(SipTcp, framesByContentLength) {
    const std::string a = message("INVITE", "v=0\r\n"), b = message("ACK", "");
    Feed f;
    f.add(100, a + b + "\r\n\r\n" + a);
    EXPECT_EQ(f.got, (std::vector<std::string>{a, b, a}));
    EXPECT_EQ(f.packets, (std::vector<std::uint32_t>{1, 0, 0}));
    EXPECT_EQ(f.tcp.buffers(), 0U);
    f.add(100 + static_cast<std::uint32_t>(2 * a.size() + b.size() + 4), "\r\n\r\n");  // keep-alive
    EXPECT_EQ(f.tcp.buffers(), 0U);
    EXPECT_EQ(f.tcp.counters().skipped_octets, 0U);
}

TEST(SipTcp, everyCutInTwoInBothOrders) {
    const std::string all = message("INVITE", sdp_of(ip("10.0.0.1"), 4000)) + message("ACK", "") + message("BYE", "x");
    for (std::size_t cut = 1; cut < all.size(); ++cut)
        for (const bool swapped : {false, true}) {
            Feed f;
            f.tcp.start(f.stream, 0, 0xffffff00);
            const auto second = static_cast<std::uint32_t>(0xffffff00 + cut);  // the numbers wrap
            if (swapped) f.add(second, std::string_view(all).substr(cut), 5);
            f.add(0xffffff00, std::string_view(all).substr(0, cut), 7);
            if (!swapped) f.add(second, std::string_view(all).substr(cut), 9);
            ASSERT_EQ(f.got.size(), 3U) << cut;
            ASSERT_EQ(f.got[0] + f.got[1] + f.got[2], all);
            ASSERT_EQ(f.times[2], swapped ? 7 : 9);
            ASSERT_EQ(f.packets[0] + f.packets[1] + f.packets[2], 2U);
            ASSERT_EQ(f.tcp.buffers(), 0U);
        }
}

// Random cuts down to single octets, shuffled, repeated and overlapping.
TEST(SipTcp, shuffledSegmentsGiveTheSameMessages) {
    std::mt19937 random(23);
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> want;
        std::string all;
        for (int i = 0; i < 4; ++i) {
            want.push_back(message("INVITE", std::string(random() % 700, 'b'), i));
            all += want.back() + (random() % 3 == 0 ? "\r\n\r\n" : "");
        }
        struct Segment {
            std::size_t from, to;
        };
        std::vector<Segment> segments;
        const std::size_t most = 8 + random() % 600;
        for (std::size_t at = 0; at < all.size();) {
            const std::size_t n = std::min(all.size() - at, 1 + random() % most);
            const std::size_t before = std::min<std::size_t>(at, random() % 4 == 0 ? random() % 30 : 0);  // overlaps
            segments.push_back({at - before, at + n});
            at += n;
        }
        // Shuffled within a window of 200 segments.
        for (std::size_t i = 0; i < segments.size(); i += 200)
            std::shuffle(segments.begin() + static_cast<std::ptrdiff_t>(i),
                         segments.begin() + static_cast<std::ptrdiff_t>(std::min(segments.size(), i + 200)), random);
        Feed f;
        f.tcp.start(f.stream, 0, 5000);
        for (const Segment& s : segments) {
            f.add(static_cast<std::uint32_t>(5000 + s.from), std::string_view(all).substr(s.from, s.to - s.from), 1);
            if (random() % 5 == 0) f.add(static_cast<std::uint32_t>(5000 + s.from), std::string_view(all).substr(s.from, s.to - s.from), 1);
        }
        ASSERT_EQ(f.got, want) << round;
        ASSERT_EQ(f.tcp.counters().holes, 0U);
    }
}

TEST(SipTcp, oneMessageInFourHundredSegments) {
    const std::string all = message("INVITE", std::string(3000, 'x'));
    Feed f;
    const std::size_t step = (all.size() + 399) / 400;
    for (std::size_t at = 0; at < all.size(); at += step)
        f.add(static_cast<std::uint32_t>(at), std::string_view(all).substr(at, step), static_cast<wire::TimeNs>(at));
    ASSERT_EQ(f.got, std::vector<std::string>{all});
    EXPECT_EQ(f.packets[0], (all.size() + step - 1) / step);
    EXPECT_EQ(f.times[0], static_cast<wire::TimeNs>((all.size() - 1) / step * step));
}

TEST(SipTcp, whatCameFirstIsKept) {
    const std::string a = message("INVITE", "one"), forged = message("INVITE", "two");
    Feed f;
    f.add(0, a.substr(0, a.size() - 1));
    f.add(10, forged.substr(10));  // overlaps all but the last octet
    ASSERT_EQ(f.got.size(), 1U);
    EXPECT_EQ(f.got[0], a.substr(0, a.size() - 1) + "o");
    EXPECT_GT(f.tcp.counters().copied_octets, 0U);
}

TEST(SipTcp, startsInTheMiddleAndAfterGarbage) {
    const std::string a = message("INVITE", "body"), b = message("BYE", "");
    Feed f;
    f.add(1000, "end of a body\r\na=sendrecv\r\n" + a + "@arbage" + b.substr(0, 20));
    f.add(static_cast<std::uint32_t>(1000 + 27 + a.size() + 7 + 20), b.substr(20) + b);
    EXPECT_EQ(f.got, (std::vector<std::string>{a, b}));  // the first BYE is not at the beginning of a line
    EXPECT_GT(f.tcp.counters().skipped_octets, 20U);
}

TEST(SipTcp, holesAreGivenUpAfterTheirTime) {
    const std::string a = message("INVITE", "body"), b = message("BYE", "");
    Feed f;
    f.add(0, a + a.substr(0, 100), 0);
    const auto lost = static_cast<std::uint32_t>(2 * a.size());
    f.add(lost, b, 100 * kMs);
    EXPECT_EQ(f.got.size(), 1U);
    f.add(lost + static_cast<std::uint32_t>(b.size()), b, 1900 * kMs);
    EXPECT_EQ(f.got.size(), 1U);
    f.add(lost + static_cast<std::uint32_t>(2 * b.size()), b, 2200 * kMs);
    ASSERT_EQ(f.got.size(), 5U);
    EXPECT_EQ(f.got[1], a.substr(0, 100));  // what there is of it
    EXPECT_GT(f.whole[1], 100U);
    EXPECT_EQ(f.got[2], b);
    EXPECT_EQ(f.tcp.counters().holes, 1U);
    EXPECT_EQ(f.tcp.counters().cut_messages, 1U);
    // At the end nothing is waited for.
    Feed g;
    g.add(0, a, 0);
    g.add(static_cast<std::uint32_t>(a.size() + 50), b, 1);
    g.finish();
    EXPECT_EQ(g.got, (std::vector<std::string>{a, b}));
    EXPECT_EQ(g.tcp.buffers(), 0U);
}

TEST(SipTcp, aSnaplenCutsMessagesNotTheStream) {
    const std::string a = message("INVITE", std::string(500, 'x')), b = message("BYE", "");
    Feed f;
    f.add(0, a.substr(0, 200), 0, static_cast<std::uint32_t>(a.size() - 200));
    f.add(static_cast<std::uint32_t>(a.size()), b, 1);
    EXPECT_EQ(f.got, (std::vector<std::string>{a.substr(0, 200), b}));
    EXPECT_EQ(f.whole[0], a.size());
}

TEST(SipTcp, lyingLengths) {
    const std::string b = message("BYE", "");
    for (const char* length : {"-1", "abc", "4294967328", "99999999999999999999", "", "1048577", "2000000000"}) {
        std::string a = message("INVITE", "");
        a.replace(a.find("Length: 0") + 8, 1, length);
        Feed f;
        f.add(0, a, 0);
        f.add(static_cast<std::uint32_t>(a.size()), b, 1);
        ASSERT_EQ(f.got.size(), 2U) << length;
        EXPECT_EQ(f.got[1], b) << length;
    }
    std::string less = message("INVITE", "v=0\r\no=x\r\n");
    less.replace(less.find("Length: 10") + 8, 2, "3");
    Feed f;
    f.add(0, less + b);
    EXPECT_EQ(f.got.size(), 2U);
    EXPECT_EQ(f.got.back(), b);
    std::string more = message("INVITE", "");
    more.replace(more.find("Length: 0") + 8, 1, "70000");  // more than is kept, but possible
    Feed g;
    g.add(0, more);
    ASSERT_EQ(g.got.size(), 1U);
    g.add(static_cast<std::uint32_t>(more.size()), std::string(35'000, 'z'));
    g.add(static_cast<std::uint32_t>(more.size() + 35'000), std::string(35'000, 'z') + b);
    EXPECT_EQ(g.got.back(), b);
}

TEST(SipTcp, startLines) {
    using enum probe::SipStart;
    const auto start = [](std::string_view s) { return probe::sip_start(wire::as_bytes(s), false); };
    for (const char* s : {"I", "INVITE", "INVITE ", "INVITE sip:x SI", "SIP/2.0", "S", "OPTIONS *"}) EXPECT_EQ(start(s), maybe) << s;
    for (const char* s : {"INVITE sip:x SIP/2.0\r\n", "SIP/2.0 200 OK\r\n", "X sip:x SIP/2.0\r\n"}) EXPECT_EQ(start(s), yes) << s;
    for (const char* s : {"GET / HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "GET / ", "\x16\x03\x01", "INVITES ", "HTTP/1.1 200 OK\r\n", "v=0\r\n"})
        EXPECT_EQ(start(s), no) << s;
}

// ---- bounds ---------------------------------------------------------------------------------------------------------

TEST(SipTcp, memoryIsBoundedUnderAttack) {
    const probe::SipTcpLimits limits{1000, 64};
    SipTcpStreams tcp(limits);
    std::vector<std::uint32_t> stream_of(5000);
    const std::string start = "INVITE sip:bob@example.org SIP/2.0\r\nX: ";
    const std::string filler(1400, 'a');
    probe::SipTcpMessage m;
    std::uint64_t evicted_flows = 0;
    for (std::uint32_t round = 0; round < 60; ++round)
        for (probe::FlowIndex flow = 1; flow < 2000; ++flow) {
            if (stream_of[flow] == 0) {
                probe::FlowIndex evicted = 0;
                stream_of[flow] = tcp.open(flow, evicted);
                if (evicted != 0) {
                    stream_of[evicted] = 0;
                    ++evicted_flows;
                }
            }
            probe::PacketView p;
            const std::string& text = round == 0 ? start : filler;
            p.tcp_sequence = round == 0 ? 0 : static_cast<std::uint32_t>(start.size() + (round - 1) * filler.size());
            p.payload = wire::as_bytes(text);
            p.payload_length = static_cast<std::uint32_t>(text.size());
            p.time = round * kMs;
            tcp.add(stream_of[flow], 0, p);
            while (tcp.next(m)) ASSERT_LE(m.text.size(), SipTcpStreams::kBuffer);
            ASSERT_LE(tcp.buffers(), limits.buffers);
            ASSERT_LE(tcp.streams(), limits.streams);
        }
    EXPECT_EQ(tcp.counters().evicted_streams, evicted_flows);
    EXPECT_GT(tcp.counters().evicted_buffers, 0U);
}

// A connection that only ever sends one octet, or leaves a hole after each: the work per octet stays bounded.
TEST(SipTcp, slowAndHoleyConnectionsCostLittle) {
    Feed f;
    const std::string start = "INVITE sip:bob@example.org SIP/2.0\r\nX: ";
    f.add(0, start);
    for (std::uint32_t i = 0; i < 200'000; ++i) f.add(static_cast<std::uint32_t>(start.size() + i), "a", i);
    EXPECT_EQ(f.got.size(), 1U);  // given up when the buffer was full
    Feed g;
    g.add(0, start);
    for (std::uint32_t i = 0; i < 50'000; ++i) g.add(static_cast<std::uint32_t>(start.size() + 2 * i + 1), "a", i);
    EXPECT_GT(g.tcp.counters().holes, 0U);
}

// ---- through the pipeline ---------------------------------------------------------------------------------------------

struct TcpSide {
    wire::IpAddress address;
    std::uint16_t port;
    std::uint32_t next;
};

// The test call with its signalling over one TCP connection in segments of `size(n)` octets.
std::vector<TimedPacket> tcp_call(const CallEnds& e, const std::function<std::size_t(std::size_t)>& size, std::uint16_t port = 5060) {
    std::vector<TimedPacket> out;
    TcpSide a{e.caller, 41000, 1000}, b{e.callee, port, 0xfffffe00};
    std::uint16_t id = 5000;
    const auto send = [&](wire::TimeNs t, TcpSide& from, const TcpSide& to, std::uint8_t flags, const Octets& payload) {
        out.push_back({t, ip_packet(from.address, to.address, 6, tcp(from.port, to.port, from.next, flags, payload), {++id})});
        from.next += static_cast<std::uint32_t>(payload.size()) + ((flags & 2) != 0 ? 1 : 0);
    };
    send(kCallStart - 3 * kMs, a, b, 2, {});
    send(kCallStart - 2 * kMs, b, a, 0x12, {});
    std::size_t n = 0;
    for (const SipStep& s : sip_steps(e)) {
        TcpSide& from = s.from_caller ? a : b;
        TcpSide& to = s.from_caller ? b : a;
        for (std::size_t at = 0; at < s.text.size(); ++n) {
            const std::size_t take = std::min(s.text.size() - at, size(n));
            const bool last = at + take == s.text.size();
            send(kCallStart + s.after - (last ? 0 : wire::kMicrosecond), from, to, 0x18, octets_of(s.text.substr(at, take)));
            at += take;
        }
    }
    add_media(e, out);
    std::stable_sort(out.begin(), out.end(), [](const auto& x, const auto& y) { return x.time < y.time; });
    return out;
}

class SipSink : public CollectingSink {
  public:
    explicit SipSink(bool dialogs = false) : dialogs_(dialogs) {}
    bool wants(templates::RecordKind kind) const override {
        if (kind == templates::RecordKind::sip) return dialogs_;
        return kind == templates::RecordKind::message || CollectingSink::wants(kind);
    }
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind == templates::RecordKind::message) {
            ++messages;
            transports.push_back(s.message_context->transport);
        }
        if (s.kind == templates::RecordKind::sip) {
            (s.call != nullptr ? dialog_packets : other_packets) += s.packets[0] + s.packets[1];
            sip_octets += s.octets[0] + s.octets[1];
        }
    }
    std::uint64_t messages = 0, dialog_packets = 0, other_packets = 0, sip_octets = 0;
    std::vector<probe::SipTransport> transports;

  private:
    bool dialogs_;
};

probe::PipelineCounters run(const std::vector<TimedPacket>& packets, CollectingSink& sink) {
    probe::Pipeline pipeline({}, sink);
    for (const TimedPacket& p : packets) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
    pipeline.finish();
    expect_conserved(pipeline.counters());
    EXPECT_EQ(pipeline.sip_tcp().streams(), 0U);
    EXPECT_EQ(pipeline.sip_tcp().buffers(), 0U);
    return pipeline.counters();
}

TEST(SipTcp, theCallIsTheSameAsOverUdp) {
    for (const bool v6 : {false, true}) {
        const CallEnds e = v6 ? ends_v6() : CallEnds{};
        CollectingSink over_udp;
        run(call_packets(e), over_udp);
        for (const std::size_t step : {1UL, 7UL, 53UL, 300UL, 5000UL}) {
            SipSink sink;
            run(tcp_call(e, [&](std::size_t) { return step; }, step == 53 ? 8888 : 5060), sink);
            ASSERT_EQ(sink.calls.size(), 1U);
            EXPECT_EQ(sink.calls[0].transport, probe::SipTransport::tcp);
            EXPECT_EQ(sink.calls[0].times, over_udp.calls[0].times) << step;
            EXPECT_EQ(sink.calls[0].codecs, over_udp.calls[0].codecs);
            EXPECT_EQ(sink.calls[0].retransmissions, 0U);
            EXPECT_EQ(sink.messages, 7U);
            ASSERT_EQ(sink.streams.size(), 2U);
            EXPECT_EQ(sink.streams[0].match, probe::StreamMatch::sdp);
        }
    }
}

TEST(SipTcp, everyShuffleOfTheConnectionGivesTheSameCall) {
    std::mt19937 random(3);
    CollectingSink first;
    run(tcp_call({}, [](std::size_t) { return 5000U; }), first);
    for (int round = 0; round < 200; ++round) {
        const std::uint16_t port = round % 2 == 0 ? 5060 : 8888;
        std::vector<TimedPacket> packets = tcp_call({}, [&](std::size_t) { return 1 + random() % 120; }, port);
        // All segments of one message keep their time; their order changes, and the SYN comes first.
        for (std::size_t i = 2; i < packets.size();) {
            std::size_t j = i;
            const auto is_tcp = [&](std::size_t k) { return packets[k].octets[9] == 6; };
            while (j < packets.size() && is_tcp(j) && packets[j].time - packets[i].time <= wire::kMicrosecond) ++j;
            std::vector<Octets> octets;
            for (std::size_t k = i; k < j; ++k) octets.push_back(packets[k].octets);
            std::shuffle(octets.begin(), octets.end(), random);
            for (std::size_t k = i; k < j; ++k) packets[k].octets = octets[k - i];
            i = std::max(j, i + 1);
        }
        CollectingSink sink;
        run(packets, sink);
        ASSERT_EQ(sink.calls.size(), 1U) << round;
        ASSERT_EQ(sink.calls[0].times, first.calls[0].times) << round;
        ASSERT_EQ(sink.calls[0].messages, 7U) << round;
    }
}

TEST(SipTcp, theDialogCountsTheSegmentsThatCarriedIt) {
    const auto packets = tcp_call({}, [](std::size_t) { return 100U; });
    SipSink sink(true), plain;
    run(packets, sink);
    run(packets, plain);
    EXPECT_EQ(sink.flow_packets, sink.streams[0].packets + sink.streams[1].packets);
    EXPECT_EQ(sink.other_packets, 2U);  // SYNs
    EXPECT_EQ(sink.dialog_packets, packets.size() - sink.flow_packets - 2);
    EXPECT_EQ(sink.sip_octets + sink.flow_octets, plain.flow_octets);
    EXPECT_EQ(sink.transports, std::vector<probe::SipTransport>(7, probe::SipTransport::tcp));
}

TEST(SipTcp, otherTrafficPaysNothing) {
    std::vector<TimedPacket> packets;
    const CallEnds e;
    std::uint16_t id = 1;
    for (int c = 0; c < 200; ++c) {
        const std::string text = c % 4 == 0   ? "GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n"
                                 : c % 4 == 1 ? std::string("\x16\x03\x01\x02\x00\x01\x00", 7)
                                 : c % 4 == 2 ? "OPTIONS * HTTP/1.1\r\n\r\n"
                                              : "SSH-2.0-OpenSSH\r\n";
        const auto port = static_cast<std::uint16_t>(20000 + c);
        if (c % 2 == 0) packets.push_back({kCallStart + c * kMs, ip_packet(e.caller, e.callee, 6, tcp(port, 443, 0xffffffff, 2, {}), {++id})});
        for (std::uint32_t i = 0; i < 5; ++i)
            packets.push_back({kCallStart + c * kMs, ip_packet(e.caller, e.callee, 6, tcp(port, 443, i * 100, 0x18, octets_of(text)), {++id})});
    }
    CollectingSink sink;
    probe::Pipeline pipeline({}, sink);
    for (const TimedPacket& p : packets) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
    EXPECT_EQ(pipeline.sip_tcp().counters().opened, 50U);  // TLS, for its server name
    EXPECT_EQ(pipeline.sip_tcp().inner().counters().tls_connections, 50U);
    pipeline.finish();
    EXPECT_EQ(pipeline.counters().sip_messages, 0U);
}

}  // namespace
