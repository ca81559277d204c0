// HEP v3: messages octet by octet, RTCP in JSON, agents on UDP and TCP, our own reports read back.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "probe/capture/hep_source.hpp"
#include "probe/capture/rtcp_json.hpp"
#include "probe/export/hep_output.hpp"
#include "probe/export/hep_report.hpp"
#include "probe/voip/hep/hep_message.hpp"
#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::HepDefect;
using probe::HepMessage;

namespace {

// As an agent sends it (chunks in the order of Kamailio's siptrace): 192.0.2.1:5060 -> 192.0.2.2:5070.
const Octets kMessage = hex({'H', 'E', 'P', '3', 0, 0x71,
                             0, 0, 0, 1, 0, 7, 2,                           // family
                             0, 0, 0, 2, 0, 7, 17,                          // protocol
                             0, 0, 0, 3, 0, 10, 192, 0, 2, 1,               // source
                             0, 0, 0, 4, 0, 10, 192, 0, 2, 2,               // destination
                             0, 0, 0, 7, 0, 8, 0x13, 0xc4,                  // ports
                             0, 0, 0, 8, 0, 8, 0x13, 0xce,
                             0, 0, 0, 9, 0, 10, 0x65, 0x53, 0xf1, 0x00,     // 1700000000 s
                             0, 0, 0, 10, 0, 10, 0, 1, 0xe2, 0x40,          // 123456 us
                             0, 0, 0, 11, 0, 7, 1,                          // SIP
                             0, 0, 0, 12, 0, 10, 0, 0, 0, 7,                // agent
                             0, 0, 0, 17, 0, 9, 'a', '@', 'b',              // correlation id
                             0, 0, 0, 15, 0, 11, 'B', 'Y', 'E', ' ', 'x'}); // payload

TEST(Hep, aMessageOctetByOctet) {
    ASSERT_EQ(kMessage.size(), 0x71U);
    HepMessage m;
    ASSERT_EQ(probe::parse_hep(kMessage, m), HepDefect::none);
    EXPECT_EQ(m.src.text(), "192.0.2.1:5060");
    EXPECT_EQ(m.dst.text(), "192.0.2.2:5070");
    EXPECT_EQ(m.time, 1'700'000'000 * wire::kSecond + 123'456 * wire::kMicrosecond);
    EXPECT_EQ(m.protocol, 17);
    EXPECT_EQ(m.type, probe::HepType::sip);
    EXPECT_EQ(m.agent, 7U);
    EXPECT_EQ(m.correlation_id, "a@b");
    EXPECT_EQ(wire::as_text(m.payload), "BYE x");
    Octets again;
    probe::write_hep(m, again);
    EXPECT_EQ(again, kMessage);
    EXPECT_EQ(probe::hep_length(kMessage), kMessage.size());
    for (std::size_t n = 0; n < kMessage.size(); ++n) {
        const wire::Bytes cut = wire::Bytes(kMessage).first(n);
        EXPECT_EQ(probe::parse_hep(cut, m), HepDefect::length) << n;
        EXPECT_EQ(probe::hep_length(cut), n < 6 ? 0U : kMessage.size()) << n;
    }
}

TEST(Hep, everyDamageHasAName) {
    HepMessage m;
    Octets o = kMessage;
    o[3] = '2';
    EXPECT_EQ(probe::parse_hep(o, m), HepDefect::no_hep);
    o = kMessage;
    o[11] = 5;  // a chunk shorter than its own head
    EXPECT_EQ(probe::parse_hep(o, m), HepDefect::length);
    o = kMessage;
    o[11] = 8;  // a number of another length
    EXPECT_EQ(probe::parse_hep(o, m), HepDefect::length);
    o = kMessage;
    o[23] = 200;  // no source address: an unknown chunk
    EXPECT_EQ(probe::parse_hep(o, m), HepDefect::no_address);
    o = kMessage;
    o[o.size() - 8] = 99;  // no payload
    EXPECT_EQ(probe::parse_hep(o, m), HepDefect::no_payload);
}

TEST(Hep, sixesAndForeignChunks) {
    HepMessage m;
    m.src = {ip("2001:db8::1"), 5060};
    m.dst = {ip("2001:db8::2"), 5061};
    m.protocol = 6;
    m.time = 5 * wire::kSecond;
    const Octets text = octets_of("hello");
    m.payload = text;
    Octets o;
    probe::write_hep(m, o);
    const Octets vendor = hex({0, 10, 0, 15, 0, 7, 1});  // another vendor's 15
    o.insert(o.begin() + 6, vendor.begin(), vendor.end());
    o[5] = static_cast<std::uint8_t>(o.size());
    HepMessage back;
    ASSERT_EQ(probe::parse_hep(o, back), HepDefect::none);
    EXPECT_EQ(back.src, m.src);
    EXPECT_EQ(back.dst, m.dst);
    EXPECT_EQ(wire::as_text(back.payload), "hello");
}

// As heplify, Asterisk and older agents write them.
TEST(Hep, rtcpOfJsonIsThePacketItWas) {
    const std::string heplify =
        R"({"sender_information":{"ntp_timestamp_sec":3719322562,"ntp_timestamp_usec":3758534470,"rtp_timestamp":360902880,"packets":4017,"octets":642720},"ssrc":2543003035,"type":202,"report_count":1,"report_blocks":[{"source_ssrc":1393754395,"fraction_lost":0,"packets_lost":5,"highest_seq_no":29662,"ia_jitter":159,"lsr":1,"dlsr":2}],"report_blocks_xr":{"end_system_delay":11},"sdes_ssrc":2540000035})";
    Octets want = hex({0x81, 200, 0, 12});
    for (const std::size_t v : {2543003035UL, 3719322562UL, 3758534470UL, 360902880UL, 4017UL, 642720UL, 1393754395UL, 5UL, 29662UL, 159UL, 1UL, 2UL}) put32(want, v);
    Octets got;
    ASSERT_TRUE(probe::rtcp_from_json(octets_of(heplify), got));
    EXPECT_EQ(got, want);
    const std::string asterisk =
        R"({"ssrc":-1640316609,"type":201,"report_count":1,"sender_information":null,"report_blocks":[{"source_ssrc":7,"fraction_lost":255,"packets_lost":16777215,"highest_seq_no":9,"ia_jitter":48,"lsr":"-1097006646","dlsr":"7733"}]})";
    got.clear();
    ASSERT_TRUE(probe::rtcp_from_json(octets_of(asterisk), got));
    want = hex({0x81, 201, 0, 7});
    for (const std::size_t v : {std::size_t{0x100000000 - 1640316609}, std::size_t{7}, std::size_t{0xffffffff}, std::size_t{9}, std::size_t{48}, std::size_t{0x100000000 - 1097006646}, std::size_t{7733}}) put32(want, v);
    EXPECT_EQ(got, want);
    for (const char* nothing : {"{}", "[]", "{", "", "null", R"({"ssrc":1})", R"({"ssrc":"x","report_blocks":[{"source_ssrc":1}]})",
                                R"({"ssrc":1,"report_blocks":[{"source_ssrc":0}]})"}) {
        got.clear();
        EXPECT_FALSE(probe::rtcp_from_json(octets_of(nothing), got)) << nothing;
        EXPECT_TRUE(got.empty());
    }
    EXPECT_FALSE(probe::rtcp_from_json(octets_of("{\"a\":" + std::string(9'000, '[')), got));
}

TEST(Hep, rtcpOfJsonThatIsOdd) {
    const auto packet = [](const std::string& json) {
        Octets out;
        return probe::rtcp_from_json(octets_of(json), out) ? out : Octets{};
    };
    const auto block = [&](const std::string& fields) { return packet(R"({"ssrc":"3","report_blocks":[{"source_ssrc":7,)" + fields + "}]}"); };
    const auto word = [](const Octets& o, std::size_t n) { return o.size() < 4 * n + 4 ? 0 : wire::load_be32(o.data() + 4 * n); };
    EXPECT_EQ(word(block(R"("packets_lost":-5)"), 3), 0x00fffffbU) << "24 bits, two's complement";
    EXPECT_EQ(word(block(R"("packets_lost":20000000,"fraction_lost":300)"), 3), 0xff7fffffU) << "more than fits";
    EXPECT_EQ(word(block(R"("packets_lost":-20000000)"), 3), 0x00800000U);
    EXPECT_EQ(word(block(R"("packets_lost":"5x","ia_jitter":1.5,"lsr":true,"dlsr":"")"), 3), 0U) << "no number is none";
    EXPECT_EQ(word(block(R"("ia_jitter":1.5)"), 5), 0U);
    EXPECT_EQ(word(block(R"("dlsr":7)"), 7), 7U);
    // 31 blocks fit into a report (RFC 3550 §6.4.1); what is no block takes no room.
    std::string many;
    for (int i = 1; i <= 40; ++i) many += (i == 1 ? "1,{\"source_ssrc\":\"x\"},{\"source_ssrc\":" : ",{\"source_ssrc\":") + std::to_string(i) + "}";
    const Octets most = packet(R"({"ssrc":3,"report_blocks":[)" + many + "]}");
    ASSERT_EQ(most.size(), 8U + 31 * 24);
    EXPECT_EQ(most[0], 0x80 | 31);
    EXPECT_EQ(word(most, 2), 1U);
    EXPECT_EQ(word(most, 2 + 6 * 30), 31U);
    // A sender that sent nothing, or that is no object, is none.
    EXPECT_EQ(packet(R"({"ssrc":3,"sender_information":{"packets":0},"report_blocks":[{"source_ssrc":7}]})")[1], 201);
    EXPECT_EQ(packet(R"({"ssrc":3,"sender_information":5,"report_blocks":[{"source_ssrc":7}]})")[1], 201);
    EXPECT_EQ(packet(R"({"ssrc":3,"sender_information":{"packets":1}})").size(), 28U);
    for (const char* none : {R"({"ssrc":true,"report_blocks":[{"source_ssrc":7}]})", R"({"report_blocks":[{"source_ssrc":7}]})", R"({"ssrc":3,"report_blocks":{"source_ssrc":7}})",
                             R"({"ssrc":3,"report_blocks":[7]})"})
        EXPECT_TRUE(packet(none).empty()) << none;
    const std::string body = R"("ssrc":3,"report_blocks":[{"source_ssrc":7}])";
    EXPECT_FALSE(packet("{\"a\":" + std::string(15, '[') + std::string(15, ']') + ',' + body + '}').empty());
    EXPECT_TRUE(packet("{\"a\":" + std::string(16, '[') + std::string(16, ']') + ',' + body + '}').empty()) << "too deep";
    EXPECT_FALSE(packet("{\"a\":\"" + std::string(16'000, 'x') + "\"," + body + '}').empty());
    EXPECT_TRUE(packet("{\"a\":\"" + std::string(16'384, 'x') + "\"," + body + '}').empty()) << "too long";
}

TEST(Hep, addressesToListenOn) {
    EXPECT_EQ(probe::parse_hep_url("hep://127.0.0.1")->port, 9060);
    EXPECT_EQ(probe::parse_hep_url("hep://[::1]:9061/")->address, "::1");
    for (const char* bad : {"hep://", "hep://name:1", "hep://[::1", "hep://127.0.0.1:x", "hep://127.0.0.1:70000"})
        EXPECT_EQ(probe::parse_hep_url(bad).error().code, ExitCode::usage) << bad;
}

// ---- agents ----------------------------------------------------------------------------------------------------

class Agent {
  public:
    Agent(std::uint16_t port, bool tcp) : fd_(::socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0)) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    }
    ~Agent() { ::close(fd_); }
    void send(const Octets& o) { EXPECT_EQ(::send(fd_, o.data(), o.size(), MSG_NOSIGNAL), static_cast<ssize_t>(o.size())); }

  private:
    int fd_;
};

Octets hep_of(const wire::Endpoint& src, const wire::Endpoint& dst, wire::TimeNs time, const Octets& payload,
              probe::HepType type = probe::HepType::sip, std::uint8_t protocol = 17) {
    HepMessage m;
    m.src = src;
    m.dst = dst;
    m.time = time;
    m.type = type;
    m.protocol = protocol;
    m.payload = payload;
    Octets o;
    probe::write_hep(m, o);
    return o;
}

// Reads until `packets` have come, at most 10 s.
void drain(probe::HepSource& source, probe::Pipeline& pipeline, std::uint64_t packets) {
    std::array<probe::RawPacket, 16> batch;
    for (int i = 0; i < 100 && source.stats().packets < packets; ++i) {
        pollfd p{source.descriptor(), POLLIN, 0};
        if (source.state() != probe::SourceState::more) ::poll(&p, 1, 100);
        pipeline.process(std::span(batch).first(source.read_batch(batch)));
    }
    EXPECT_EQ(source.stats().packets, packets);
}

// The call that an agent tells is the call that was on the wire: SIP over UDP, or over TCP or TLS (22) as siptrace has it.
TEST(Hep, theCallOfAnAgent) {
    const CallEnds e;
    CollectingSink wire_sink;
    {
        probe::Pipeline pipeline({}, wire_sink);
        for (const TimedPacket& p : call_packets(e)) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
        pipeline.finish();
    }
    for (const bool over_tcp : {false, true})
        for (const std::uint8_t protocol : {std::uint8_t{17}, std::uint8_t{6}, std::uint8_t{22}}) {
            auto source = probe::HepSource::open({"127.0.0.1", 0});
            ASSERT_TRUE(source) << source.error().message;
            Agent agent((*source)->port(), over_tcp);
            CollectingSink sink;
            probe::Pipeline pipeline({}, sink);
            std::uint64_t sent = 0;
            const auto message = [&](bool from_caller, wire::TimeNs t, const Octets& o, probe::HepType type, std::uint8_t proto, std::uint16_t a, std::uint16_t b) {
                const wire::Endpoint caller{e.caller, a}, callee{e.callee, b};
                agent.send(hep_of(from_caller ? caller : callee, from_caller ? callee : caller, t, o, type, proto));
                if (++sent % 32 == 0) drain(**source, pipeline, sent);
            };
            for (const SipStep& s : sip_steps(e)) {
                if (s.after > wire::kSecond && sent < 100)  // media before the BYE
                    for (const TimedPacket& p : call_packets(e)) {
                        if (p.octets.size() != 200) continue;
                        const bool forward = p.octets[15] == e.caller.octets[15];
                        message(forward, p.time, Octets(p.octets.begin() + 28, p.octets.end()), probe::HepType::rtp, 17, 40000, 50000);
                    }
                message(s.from_caller, kCallStart + s.after, octets_of(s.text), probe::HepType::sip, protocol, 5060, 5060);
            }
            drain(**source, pipeline, sent);
            pipeline.finish();
            expect_conserved(pipeline.counters());
            ASSERT_EQ(sink.calls.size(), 1U) << int{protocol};
            EXPECT_EQ(sink.calls[0].times, wire_sink.calls[0].times);
            EXPECT_EQ(sink.calls[0].transport, protocol == 17 ? probe::SipTransport::udp : probe::SipTransport::tcp);
            ASSERT_EQ(sink.streams.size(), 2U);
            for (std::size_t i = 0; i < 2; ++i) {
                EXPECT_EQ(sink.streams[i].packets, 99U);
                EXPECT_EQ(sink.streams[i].lost, 1U);
                EXPECT_EQ(sink.streams[i].call_id, "wrapped@example.org");
            }
        }
}

TEST(Hep, whatIsNoPacketIsCounted) {
    auto source = probe::HepSource::open({"127.0.0.1", 0});
    ASSERT_TRUE(source);
    CollectingSink sink;
    probe::Pipeline pipeline({}, sink);
    Agent udp((*source)->port(), false);
    const wire::Endpoint a{ip("10.0.0.1"), 1}, b{ip("10.0.0.2"), 2};
    udp.send(octets_of("no hep at all"));
    udp.send(hep_of(a, b, kCallStart, octets_of("{}"), probe::HepType::log));
    udp.send(hep_of(a, b, kCallStart, octets_of("{}"), probe::HepType::rtcp));
    udp.send(hep_of(a, b, 4'000'000'000 * wire::kSecond, octets_of("x")));  // 2096
    {
        Agent stranger((*source)->port(), true);
        stranger.send(octets_of("GET / HTTP/1.1\r\n\r\n"));
        drain(**source, pipeline, 1);
        for (int i = 0; i < 50 && (*source)->stats().hep->connections_dropped == 0; ++i) {
            std::array<probe::RawPacket, 4> batch;
            pollfd p{(*source)->descriptor(), POLLIN, 0};
            ::poll(&p, 1, 100);
            (*source)->read_batch(batch);
        }
    }
    const probe::HepStats s = *(*source)->stats().hep;
    EXPECT_EQ(s.messages, 4U);
    EXPECT_EQ(s.refused[static_cast<std::size_t>(HepDefect::no_hep)], 1U);
    EXPECT_EQ(s.other_kinds, 1U);
    EXPECT_EQ(s.rtcp_json_refused, 1U);
    EXPECT_EQ(s.times_replaced, 1U);
    EXPECT_EQ(s.connections_dropped, 1U);
    EXPECT_LT(pipeline.now(), 4'000'000'000 * wire::kSecond);
}

// ---- our reports -------------------------------------------------------------------------------------------------

TEST(Hep, ourReportsReadBack) {
    auto homer = probe::HepSource::open({"127.0.0.1", 0});  // counts what it gets
    ASSERT_TRUE(homer);
    const int receiver = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    ASSERT_EQ(::bind(receiver, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    ASSERT_EQ(::getsockname(receiver, reinterpret_cast<sockaddr*>(&a), &n), 0);
    auto output = probe::HepOutput::open({"hep://127.0.0.1:" + std::to_string(ntohs(a.sin_port)),
                                          "hep+tcp://127.0.0.1:" + std::to_string((*homer)->port())}, 9, false);
    ASSERT_TRUE(output) << output.error().message;
    CollectingSink sink;
    (*output)->before(sink);
    {
        probe::Pipeline pipeline({}, **output);
        for (const TimedPacket& p : call_packets({})) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
        pipeline.finish();
    }
    const probe::HepOutputStats stats = (*output)->finish();
    EXPECT_EQ(stats.sent, 3U);
    EXPECT_EQ(stats.dropped + stats.send_errors, 0U);
    EXPECT_EQ(sink.calls.size(), 1U);
    EXPECT_EQ(sink.streams.size(), 2U);
    int calls = 0, streams = 0;
    for (int i = 0; i < 3; ++i) {
        Octets o(65'535);
        const ssize_t got = ::recv(receiver, o.data(), o.size(), 0);
        ASSERT_GT(got, 0);
        HepMessage m;
        ASSERT_EQ(probe::parse_hep(wire::Bytes(o).first(static_cast<std::size_t>(got)), m), HepDefect::none);
        EXPECT_EQ(m.correlation_id, "wrapped@example.org");
        EXPECT_EQ(m.agent, 9U);
        const auto json = nlohmann::json::parse(wire::as_text(m.payload));
        if (m.type == probe::HepType::log) {
            ++calls;
            EXPECT_EQ(json["STATE"], "CALL_COMPLETED");
            EXPECT_EQ(m.src.text(), "192.0.2.10:5060");
            EXPECT_EQ(json["SETUP_MS"], 500.0);
            continue;
        }
        ++streams;
        EXPECT_EQ(m.type, probe::HepType::rtp_report);
        EXPECT_EQ(json["TOTAL_PK"], 99);
        EXPECT_EQ(json["EXPECTED_PK"], 100);
        EXPECT_EQ(json["PACKET_LOSS"], 1);
        EXPECT_EQ(json["CODEC_NAME"], "PCMU");
        EXPECT_GT(json["MOS"], 3.5);
        EXPECT_LT(json["MOS"], 4.5);
        EXPECT_GT(json["RFACTOR"], 80);
        EXPECT_FALSE(json.contains("RTT"));  // not measured
        EXPECT_EQ(json["SRC_IP"].get<std::string>() + ":" + std::to_string(json["SRC_PORT"].get<int>()), m.src.text());
    }
    EXPECT_EQ(calls, 1);
    EXPECT_EQ(streams, 2);
    ::close(receiver);
    // Over TCP the same three came; they are reports, so no packets.
    std::array<probe::RawPacket, 4> batch;
    for (int i = 0; i < 100 && (*homer)->stats().hep->messages < 3; ++i) {
        pollfd p{(*homer)->descriptor(), POLLIN, 0};
        ::poll(&p, 1, 100);
        EXPECT_EQ((*homer)->read_batch(batch), 0U);
    }
    EXPECT_EQ((*homer)->stats().hep->other_kinds, 3U);
}

TEST(Hep, destinationsAreTakenOut) {
    std::vector<std::string> all{"hep://h,udp://c:1", "hep+tcp://h:1", "c:2"};
    EXPECT_EQ(probe::take_hep_destinations(all), (std::vector<std::string>{"hep://h", "hep+tcp://h:1"}));
    EXPECT_EQ(all, (std::vector<std::string>{"udp://c:1", "c:2"}));
}

}  // namespace
