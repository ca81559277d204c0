// --sink ipfix: what goes out is valid IPFIX and says what came in.
#include "collector/sink/ipfix_sink.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "collector/receive/message_file.hpp"
#include "collector/session/decoder.hpp"
#include "collector/sink/columns.hpp"
#include "message_builder.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;

constexpr std::uint32_t kNow = 1'700'000'000;
const Peer kProbe{Transport::udp, {wire::IpAddress::v4(0xc0000207), 5000}};

struct Lines : RecordConsumer {
    void on_record(const Record& r, RecordKind) override {
        std::string line;
        const auto names = r.layout().names();
        for (std::size_t i = 0; i < names.size(); ++i) {
            line += names[i] + "=";
            append_plain(line, flow_cell(r, i));
            line += ' ';
        }
        lines.push_back(line);
        if (sink != nullptr) sink->record(r);
    }
    std::vector<std::string> lines;
    Sink* sink = nullptr;
};

std::vector<FieldValue> fields(FlowProtocol p) {
    std::vector<FieldValue> f{num(IPV4_SRC_ADDR, 0xc0000201), num(IN_PKTS, 42), txt(SIP_CALL_ID, std::string(300, 'x')), none(RTP_IN_JITTER),
                              real(STREAM_BURST_RATIO, 1.5), num(SIP_INVITE_TIME, kNow), num(CALL_INVITE_TIME, 1'700'000'000'123'456), txt(RECORD_ID, "0123456789abcdef"),
                              none(STREAM_CLOCK_SKEW)};
    if (p == FlowProtocol::netflow9) f.push_back(num(FIRST_SWITCHED, 500));  // the header's uptime is 1000 ms
    return f;
}

TEST(IpfixSink, everyRecordGoesOnWithItsOrigin) {
    for (const FlowProtocol p : {FlowProtocol::netflow9, FlowProtocol::ipfix}) {
        const test::ScratchFolder folder;
        IpfixSink sink("file:" + (folder / "out.ipfix"), templates::kOwnPen);
        ASSERT_TRUE(sink.open());
        Lines in, out;
        in.sink = &sink;
        Decoder decoder;
        for (std::uint32_t n = 0; n < 20; ++n)
            decoder.message(kProbe, message(p, set(template_set_id(p), template_record(p, 300, fields(p))) + set(300, record(p, fields(p))), n, kNow, 9), in);
        ASSERT_TRUE(sink.close());
        EXPECT_EQ(sink.dropped_rows(), 0U);
        Decoder again;
        std::uint64_t other = 0;
        const auto read = read_message_file(folder / "out.ipfix", other, [&](const Peer& from, wire::Bytes m) {
            EXPECT_LE(m.size(), 1400U);
            again.message(from, m, out);
            return true;
        });
        ASSERT_TRUE(read) << read.error().message;
        ASSERT_EQ(out.lines.size(), in.lines.size());
        std::string expected = in.lines[0];
        const std::size_t uptime = expected.find("FIRST_SWITCHED");
        if (uptime != expected.npos) expected.replace(uptime, std::string("FIRST_SWITCHED").size(), "FLOW_START_MILLISECONDS");
        for (const std::string& line : out.lines)
            EXPECT_EQ(line, "originalExporterIPv4Address=192.0.2.7 originalObservationDomainId=9 " + expected);
        EXPECT_EQ(again.counters().sequence.lost, 0U);
    }
}

TEST(IpfixSink, overUdpTemplatesAreRepeated) {
    const int receiver = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    ASSERT_EQ(::bind(receiver, reinterpret_cast<sockaddr*>(&a), n), 0);
    ASSERT_EQ(::getsockname(receiver, reinterpret_cast<sockaddr*>(&a), &n), 0);
    const timeval wait{0, 50'000};
    ::setsockopt(receiver, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    IpfixSink sink("udp://127.0.0.1:" + std::to_string(ntohs(a.sin_port)), templates::kOwnPen);
    ASSERT_TRUE(sink.open());
    Lines in, out;
    in.sink = &sink;
    Decoder decoder, again;
    const FlowProtocol p = FlowProtocol::ipfix;
    for (std::uint32_t i = 0; i < 60; ++i) {
        decoder.message(kProbe, message(p, set(2, template_record(p, 300, fields(p))) + set(300, record(p, fields(p))), i, kNow), in);
        sink.flush();
    }
    std::vector<std::uint8_t> room(65536);
    for (ssize_t got = 0; (got = ::recv(receiver, room.data(), room.size(), 0)) > 0;)
        again.message(kProbe, {room.data(), static_cast<std::size_t>(got)}, out);
    ::close(receiver);
    EXPECT_EQ(out.lines.size(), 60U);
    EXPECT_GE(again.counters().templates_refreshed, 2U);
    EXPECT_EQ(again.counters().sequence.lost, 0U);
}

// A TCP peer that takes the connection and reads nothing may not stop the collector.
TEST(IpfixSink, whoDoesNotReadIsGivenUp) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    const int small = 4096;
    ::setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&a), n), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&a), &n), 0);
    IpfixSink sink("tcp://127.0.0.1:" + std::to_string(ntohs(a.sin_port)), templates::kOwnPen);
    ASSERT_TRUE(sink.open());
    Lines in;
    in.sink = &sink;
    Decoder decoder;
    const FlowProtocol p = FlowProtocol::ipfix;
    const auto began = std::chrono::steady_clock::now();
    for (std::uint32_t i = 0; i < 20'000; ++i)
        decoder.message(kProbe, message(p, (i == 0 ? set(2, template_record(p, 300, fields(p))) : Octets{}) + set(300, record(p, fields(p))), i, kNow), in);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(60));
    EXPECT_EQ(in.lines.size(), 20'000U);
    EXPECT_GT(sink.dropped_rows(), 1000U);
    ::close(listener);
}

TEST(IpfixSink, whatIsNoTargetIsRefused) {
    for (const char* bad : {"host:4739", "sctp://h:1", "udp://h", "tcp://:1"}) EXPECT_EQ(IpfixSink(bad, 1).open().error().code, ExitCode::usage) << bad;
    EXPECT_FALSE(IpfixSink("file:/nonexistent-folder/x", 1).open());
    EXPECT_FALSE(IpfixSink("tcp://127.0.0.1:1", 1).open());
}

}  // namespace
}  // namespace voipprobe::collector
