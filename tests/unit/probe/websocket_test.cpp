// SIP over WebSocket: RFC 6455's own frames octet by octet, and calls whose messages come masked, in fragments, cut
// anywhere, with holes, from the middle.
#include <random>

#include "probe/voip/ws/ws_frame.hpp"
#include "tests/unit/probe/ws_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::WsOpcode;
using probe::WsParse;

namespace {

std::string read_all(const Octets& data, std::size_t step, std::vector<std::string>* messages = nullptr) {
    probe::WsState state;
    Octets waiting;
    std::string now, all;
    for (std::size_t at = 0; at < data.size(); at += step) {
        waiting.insert(waiting.end(), data.begin() + static_cast<std::ptrdiff_t>(at),
                       data.begin() + static_cast<std::ptrdiff_t>(std::min(data.size(), at + step)));
        for (;;) {
            const probe::WsPart p = probe::next_ws_part(waiting, state);
            if (p.kind == probe::WsPart::Kind::wait) break;
            if (p.kind == probe::WsPart::Kind::payload) {
                Octets clear(p.octets - p.payload);
                probe::ws_unmask(wire::Bytes(waiting).subspan(p.payload, clear.size()), state.frame, p.at, clear.data());
                if (p.first) now.clear();
                now.append(clear.begin(), clear.end());
                if (p.last) {
                    all += now + "|";
                    if (messages != nullptr) messages->push_back(now);
                }
            }
            waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(p.octets));
        }
    }
    return all;
}

// RFC 6455 §5.7, every example.
TEST(WebSocket, framesOfTheStandard) {
    probe::WsHeader h;
    const Octets hello = hex({0x81, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f});
    ASSERT_EQ(probe::parse_ws_header(hello, h), WsParse::whole);
    EXPECT_TRUE(h.fin && !h.masked && h.opcode == WsOpcode::text && h.length == 5 && h.octets == 2);
    EXPECT_EQ(read_all(hello, 1), "Hello|");
    const Octets masked = hex({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
    EXPECT_EQ(read_all(masked, 1), "Hello|");
    EXPECT_EQ(masked, ws_frame(0x81, octets_of("Hello"), true));
    const Octets fragments = hex({0x01, 3, 0x48, 0x65, 0x6c, 0x80, 2, 0x6c, 0x6f});
    EXPECT_EQ(read_all(fragments, 1), "Hello|");
    const Octets ping = hex({0x89, 5, 0x48, 0x65, 0x6c, 0x6c, 0x6f});
    ASSERT_EQ(probe::parse_ws_header(ping, h), WsParse::whole);
    EXPECT_TRUE(h.control() && h.opcode == WsOpcode::ping);
    const Octets pong = hex({0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58});
    EXPECT_EQ(read_all(ping + pong, 1), "");
    EXPECT_EQ(read_all(hex({0x01, 3, 0x48, 0x65, 0x6c}) + ping + hex({0x80, 2, 0x6c, 0x6f}), 3), "Hello|");  // between fragments
    ASSERT_EQ(probe::parse_ws_header(hex({0x82, 0x7e, 0x01, 0x00}), h), WsParse::whole);
    EXPECT_TRUE(h.opcode == WsOpcode::binary && h.length == 256 && h.octets == 4);
    ASSERT_EQ(probe::parse_ws_header(hex({0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0}), h), WsParse::whole);
    EXPECT_TRUE(h.length == 65'536 && h.octets == 10);
}

TEST(WebSocket, whatTheStandardForbids) {
    probe::WsHeader h;
    for (const auto& bad : {hex({0x83, 0}), hex({0x8b, 0}), hex({0xa1, 0}), hex({0x91, 0}), hex({0x09, 0}), hex({0x89, 126, 0, 126}),
                            hex({0x81, 126, 0, 125}), hex({0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}),
                            hex({0x81, 127, 0x80, 0, 0, 0, 0, 1, 0, 0})})
        EXPECT_EQ(probe::parse_ws_header(bad, h), WsParse::bad);
    for (const auto& more : {hex({}), hex({0x81}), hex({0x81, 0x85, 1, 2, 3}), hex({0x81, 126, 1}), hex({0x81, 127, 0, 0, 0, 0, 0, 1, 0})})
        EXPECT_EQ(probe::parse_ws_header(more, h), WsParse::more);
}

TEST(WebSocket, theHandshakeIsKnownByItsSubprotocol) {
    std::size_t head = 0;
    EXPECT_EQ(probe::ws_start(octets_of(kWsRequest), head), probe::WsStart::request);
    EXPECT_EQ(head, kWsRequest.size());
    EXPECT_EQ(probe::ws_start(octets_of(kWsResponse), head), probe::WsStart::response);
    for (std::size_t n = 1; n < kWsRequest.size(); ++n)
        ASSERT_EQ(probe::ws_start(octets_of(kWsRequest.substr(0, n)), head), probe::WsStart::maybe) << n;
    std::string other = kWsRequest;
    other.replace(other.find("Protocol: sip"), 13, "Protocol: mqtt");
    EXPECT_EQ(probe::ws_start(octets_of(other), head), probe::WsStart::no);
    other.replace(other.find("mqtt"), 4, "mqtt, SIP");
    EXPECT_EQ(probe::ws_start(octets_of(other), head), probe::WsStart::request);
    EXPECT_EQ(probe::ws_start(octets_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), head), probe::WsStart::no);
}

// ---- whole calls -----------------------------------------------------------------------------------------------

struct Outcome {
    CollectingSink sink;
    probe::InnerCounters inner;
    probe::PipelineCounters counters;
};
void run(const std::vector<TimedPacket>& packets, Outcome& o, probe::PipelineConfig config = {}) {
    probe::Pipeline pipeline(config, o.sink);
    for (const TimedPacket& p : packets) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
    pipeline.finish();
    expect_conserved(pipeline.counters());
    EXPECT_EQ(pipeline.sip_tcp().streams(), 0U);
    EXPECT_EQ(pipeline.sip_tcp().inner().connections(), 0U);
    EXPECT_EQ(pipeline.sip_tcp().inner().buffers(), 0U);
    o.inner = pipeline.sip_tcp().inner().counters();
    o.counters = pipeline.counters();
}

TEST(WebSocket, theCallIsTheSameAsOverUdp) {
    for (const bool v6 : {false, true}) {
        const CallEnds e = v6 ? ends_v6() : CallEnds{};
        Outcome udp;
        run(call_packets(e), udp);
        for (const std::size_t step : {1UL, 7UL, 53UL, 300UL, 5000UL})
            for (const std::size_t frame : {9UL, 200UL, 100'000UL}) {
                Outcome o;
                run(ws_call(e, [&](std::size_t) { return step; }, {frame, true, true}), o);
                ASSERT_EQ(o.sink.calls.size(), 1U) << step << ' ' << frame;
                EXPECT_EQ(o.sink.calls[0].transport, probe::SipTransport::ws);
                EXPECT_EQ(o.sink.calls[0].times, udp.sink.calls[0].times) << step << ' ' << frame;
                EXPECT_EQ(o.sink.calls[0].codecs, udp.sink.calls[0].codecs);
                EXPECT_EQ(o.counters.sip_messages, 7U);
                EXPECT_EQ(o.inner.ws_garbage_octets + o.inner.skipped_octets + o.inner.cut_messages, 0U);
                ASSERT_EQ(o.sink.streams.size(), 2U);
                EXPECT_EQ(o.sink.streams[0].match, probe::StreamMatch::sdp);
            }
    }
}

// A probe that starts while browsers are connected sees no handshake.
TEST(WebSocket, fromTheMiddleOfAConnection) {
    for (const std::size_t step : {40UL, 300UL, 5000UL}) {
        Outcome o;
        run(ws_call({}, [&](std::size_t) { return step; }, {1U << 20, false, false}), o);
        ASSERT_EQ(o.sink.calls.size(), 1U) << step;
        EXPECT_EQ(o.sink.calls[0].transport, probe::SipTransport::ws);
        EXPECT_EQ(o.counters.sip_messages, 7U);
    }
}

TEST(WebSocket, everyLostSegmentCostsOneMessageAtMost) {
    const auto packets = ws_call({}, [](std::size_t) { return 400U; });
    for (std::size_t lost = 2; lost < packets.size(); ++lost) {
        if (packets[lost].octets[9] != 6) continue;
        std::vector<TimedPacket> rest = packets;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(lost));
        Outcome o;
        run(rest, o);
        // A cut INVITE or answer is still read as far as it goes.
        EXPECT_GE(o.counters.sip_messages, 6U) << lost;
        EXPECT_EQ(o.sink.calls.size(), lost == 4 ? 0U : 1U) << lost;  // the beginning of the INVITE
    }
}

TEST(WebSocket, shuffledSegmentsGiveTheSameCall) {
    std::mt19937 random(5);
    for (int round = 0; round < 100; ++round) {
        auto packets = ws_call({}, [&](std::size_t) { return 1 + random() % 200; }, {1 + random() % 500, true, true});
        for (std::size_t i = 2; i < packets.size();) {
            std::size_t j = i;
            while (j < packets.size() && packets[j].octets[9] == 6 && packets[j].time - packets[i].time <= wire::kMicrosecond) ++j;
            std::vector<Octets> octets;
            for (std::size_t k = i; k < j; ++k) octets.push_back(packets[k].octets);
            std::shuffle(octets.begin(), octets.end(), random);
            for (std::size_t k = i; k < j; ++k) packets[k].octets = octets[k - i];
            i = std::max(j, i + 1);
        }
        Outcome o;
        run(packets, o);
        ASSERT_EQ(o.sink.calls.size(), 1U) << round;
        ASSERT_EQ(o.counters.sip_messages, 7U) << round;
    }
}

struct Feed {
    explicit Feed(probe::SipTcpLimits limits = {16, 8, {}}) : tcp(limits) {
        probe::FlowIndex evicted = 0;
        stream = tcp.open(1, evicted);
        tcp.start(stream, 0, 0);
    }
    void add(const Octets& o) {
        probe::PacketView p;
        p.protocol = 6;
        p.tcp_sequence = at;
        p.payload = o;
        p.payload_length = static_cast<std::uint32_t>(o.size());
        p.ip_length = p.payload_length + 40;
        tcp.add(stream, 0, p);
        at += p.payload_length;
        probe::SipTcpMessage m;
        while (tcp.next(m)) {
            got.emplace_back(m.text);
            whole.push_back(m.whole);
        }
    }
    probe::SipTcpStreams tcp;
    std::uint32_t stream = 0, at = 0;
    std::vector<std::string> got;
    std::vector<std::size_t> whole;
};

const std::string kBye = sip_message("BYE sip:b SIP/2.0", "2 BYE", "", true);

TEST(WebSocket, severalMessagesAndKeepAlives) {
    Feed f;
    std::string no_length = kBye;
    no_length.erase(no_length.find("Content-Length: 0\r\n"), 19);  // a message of its own needs none
    f.add(octets_of(kWsRequest) + ws_message(kBye + "\r\n\r\n" + kBye, true) + ws_frame(0x81, octets_of("\r\n\r\n"), true) +
          ws_frame(0x89, {}, true) + ws_message(no_length + "body", true) + ws_frame(0x88, hex({3, 0xe8}), true));
    EXPECT_EQ(f.got, (std::vector<std::string>{kBye, kBye, no_length + "body"}));
    EXPECT_EQ(f.tcp.inner().buffers(), 0U);
    EXPECT_EQ(f.tcp.inner().counters().skipped_octets, 0U);
}

TEST(WebSocket, whatIsTooLongIsCutAndCounted) {
    Feed f;
    std::string longer = sip_message("MESSAGE sip:b SIP/2.0", "3 MESSAGE", std::string(90'000, 'x'), true);
    f.add(octets_of(kWsRequest));
    const Octets all = ws_message(longer, true, 30'000) + ws_message(kBye, true);
    for (std::size_t i = 0; i < all.size(); i += 1400)
        f.add(Octets(all.begin() + static_cast<std::ptrdiff_t>(i), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), i + 1400))));
    ASSERT_EQ(f.got.size(), 2U);
    EXPECT_EQ(f.got[0], longer.substr(0, 65'536));
    EXPECT_EQ(f.got[1], kBye);
    EXPECT_GT(f.whole[0], f.got[0].size());
    EXPECT_EQ(f.tcp.inner().counters().cut_messages, 1U);
}

TEST(WebSocket, compressedMessagesAreCountedNotGuessed) {
    Feed f;
    f.add(octets_of(kWsRequest) + ws_frame(0xc1, octets_of("abc"), true) + ws_message(kBye, true));
    EXPECT_EQ(f.got, std::vector<std::string>{kBye});
    EXPECT_EQ(f.tcp.inner().counters().ws_compressed, 1U);
}

TEST(WebSocket, aBufferThatGaveWayIsCounted) {
    probe::SipTcpLimits limits{16, 8, {}};
    limits.inner.buffers = 1;
    Feed f(limits);
    probe::FlowIndex evicted = 0;
    const auto second = f.tcp.open(2, evicted);
    f.tcp.start(second, 0, 0);
    f.add(octets_of(kWsRequest) + ws_frame(0x01, octets_of(kBye.substr(0, 30)), true));
    probe::PacketView p;
    const Octets other = octets_of(kWsRequest) + ws_frame(0x01, octets_of(kBye.substr(0, 30)), true);
    p.protocol = 6;
    p.payload = other;
    p.payload_length = static_cast<std::uint32_t>(other.size());
    probe::SipTcpMessage m;
    f.tcp.add(second, 0, p);
    while (f.tcp.next(m)) {
    }
    EXPECT_EQ(f.tcp.inner().counters().evicted_buffers, 1U);
    f.add(ws_frame(0x80, octets_of(kBye.substr(30)), true) + ws_message(kBye, true));
    EXPECT_EQ(f.got, std::vector<std::string>{kBye});
    EXPECT_EQ(f.tcp.inner().counters().evicted_buffers, 2U);
    EXPECT_EQ(f.tcp.inner().buffers(), 0U);
}

}  // namespace
