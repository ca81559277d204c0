#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "collector/receive/export_payload.hpp"
#include "collector/receive/message_file.hpp"
#include "collector/receive/receiver.hpp"
#include "message_builder.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;
namespace fs = std::filesystem;

constexpr std::uint32_t kStart = 1700000000;

Octets udp_packet(const Octets& payload, bool ip6 = false) {
    Octets udp;
    wire::ByteWriter w(udp);
    w.u16(50000), w.u16(2055), w.u16(static_cast<std::uint16_t>(8 + payload.size())), w.u16(0),
        w.bytes(payload);
    Octets out;
    wire::ByteWriter ip(out);
    if (ip6) {
        ip.u32(0x60000000), ip.u16(static_cast<std::uint16_t>(udp.size())), ip.u8(17), ip.u8(64);
        ip.zeros(15), ip.u8(1), ip.zeros(15), ip.u8(1);
    } else {
        ip.u8(0x45), ip.u8(0), ip.u16(static_cast<std::uint16_t>(20 + udp.size())), ip.u32(0);
        ip.u8(64), ip.u8(17), ip.u16(0), ip.u32(0x7f000001), ip.u32(0x7f000001);
    }
    ip.bytes(udp);
    return out;
}

Octets link_header(int link_type, std::uint16_t ethertype, bool vlan = false) {
    Octets out;
    wire::ByteWriter w(out);
    if (link_type == 1) w.zeros(12);
    if (link_type == 113) w.zeros(14);
    if (link_type == 1 || link_type == 113) {
        if (vlan) w.u16(0x8100), w.u16(5);
        w.u16(ethertype);
    }
    if (link_type == 276) w.u16(ethertype), w.zeros(18);
    if (link_type == 0) w.zeros(4);
    return out;
}

TEST(ExportPayload, EveryLinkLayer) {
    const Octets message = test::message(FlowProtocol::ipfix, {}, 0, kStart);
    for (const bool ip6 : {false, true}) {
        for (const int link : {1, 113, 276, 0, 101}) {
            const Octets packet = link_header(link, ip6 ? 0x86dd : 0x0800) + udp_packet(message, ip6);
            const auto found = find_export_payload(link, packet);
            ASSERT_TRUE(found) << link << ip6;
            EXPECT_EQ(found->message.size(), message.size());
            EXPECT_EQ(found->source.text(), ip6 ? "[::1]:50000" : "127.0.0.1:50000");
            for (std::size_t n = 0; n < packet.size();
                 ++n)  // cut anywhere: nothing, and no read past the end
                EXPECT_FALSE(find_export_payload(
                    link, Octets(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(n))));
        }
    }
    EXPECT_TRUE(find_export_payload(1, link_header(1, 0x0800, true) + udp_packet(message)));
    EXPECT_FALSE(find_export_payload(1, link_header(1, 0x0800) + udp_packet(Octets{0, 5, 0, 0})));
    EXPECT_FALSE(find_export_payload(147, udp_packet(message)));
}

// A conversation: template, one call without media, two flows.
std::vector<Octets> messages() {
    const FlowProtocol p = FlowProtocol::ipfix;
    const std::vector<FieldValue> call{txt(RECORD_ID, "0123456789abcdef"),
                                       num(RECORD_FINAL, 1),
                                       txt(SIP_CALL_ID, "a@b"),
                                       txt(SIP_CALL_STATE, "CALL_ERROR"),
                                       num(SIP_RESPONSE_CODE, 486),
                                       num(CALL_INVITE_TIME, 1700000000123456),
                                       num(CALL_MEDIA_FLAGS, 0)};
    const std::vector<FieldValue> flow{num(IPV4_SRC_ADDR, 0xc0000201), num(IN_PKTS, 42)};
    const Octets f = record(p, flow);
    return {message(p, set(2, template_record(p, 256, call) + template_record(p, 257, flow)), 0, kStart),
            message(p, set(256, record(p, call)), 0, kStart + 1), message(p, set(257, f + f), 1, kStart + 2)};
}

class Receive : public testing::Test {
  protected:

    config::CollectorConfig config(const std::string& output) const {
        config::CollectorConfig c;
        c.output = (root_ / output).string();
        c.idle_exit = 0.5;
        return c;
    }
    std::string contents(const std::string& output) const {
        std::ostringstream out;
        for (const char* name : {"calls.csv", "streams.csv", "flows.csv"}) {
            std::ifstream in(root_ / output / name, std::ios::binary);
            out << name << '\n' << in.rdbuf();
        }
        return out.str();
    }
    std::string from_file() const {
        const std::string path = (root_ / "x.ipfix").string();
        std::ofstream out(path, std::ios::binary);
        for (const Octets& m : messages()) out << wire::as_text(m);
        out.close();
        Collector collector(config("file"));
        EXPECT_TRUE(collector.open());
        EXPECT_TRUE(read_file(path, collector));
        EXPECT_TRUE(collector.finish());
        return contents("file");
    }
    std::string live(config::ListenProtocol protocol, const std::string& output) const {
        config::CollectorConfig c = config(output);
        c.listen.push_back({protocol, {wire::IpAddress::v4(0x7f000001), 0}});
        Collector collector(c);
        EXPECT_TRUE(collector.open());
        std::thread sender;
        const auto done = receive_live(collector, [&](const std::string& line) {
            const auto port = static_cast<std::uint16_t>(std::stoi(line.substr(line.rfind(':') + 1)));
            sender = std::thread([=] { send_all(protocol, port); });
        });
        EXPECT_TRUE(done);
        sender.join();
        EXPECT_TRUE(collector.finish());
        return contents(output);
    }
    static void send_all(config::ListenProtocol protocol, std::uint16_t port) {
        const bool udp = protocol == config::ListenProtocol::udp;
        const int fd = ::socket(AF_INET, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
        for (const Octets& m : messages()) {
            const std::size_t step = udp ? m.size() : 7;  // a stream may cut anywhere
            for (std::size_t at = 0; at < m.size(); at += step)
                ASSERT_GT(::send(fd, m.data() + at, std::min(step, m.size() - at), 0), 0);
        }
        ::close(fd);
    }

    test::ScratchFolder scratch_;
    fs::path root_ = scratch_.path();
};

TEST_F(Receive, FileUdpAndTcpGiveTheSameOctets) {
    const std::string expected = from_file();
    EXPECT_NE(expected.find("127.0.0.1/1"), std::string::npos);
    EXPECT_NE(expected.find(",busy,SIP 486,"), std::string::npos);
    EXPECT_NE(expected.find("192.0.2.1,42\n192.0.2.1,42\n"), std::string::npos);
    EXPECT_EQ(live(config::ListenProtocol::udp, "udp"), expected);
    EXPECT_EQ(live(config::ListenProtocol::tcp, "tcp"), expected);
}

TEST_F(Receive, DamagedFilesAreReadAsFarAsTheyGo) {
    std::string whole;
    for (const Octets& m : messages()) whole += wire::as_text(m);
    const std::string path = (root_ / "cut.ipfix").string();
    std::size_t boundaries = 0;
    for (std::size_t n = 0; n <= whole.size(); ++n) {
        std::ofstream(path, std::ios::binary) << whole.substr(0, n);
        std::size_t taken = 0;
        std::uint64_t other = 0;
        const auto done = read_message_file(path, other, [&](const Peer&, wire::Bytes m) {
            taken += m.size();
            return true;
        });
        EXPECT_EQ(done.has_value(), taken == n) << n;
        if (!done) {
            EXPECT_EQ(done.error().code, ExitCode::damaged_input);
        }
        boundaries += done ? 1U : 0U;
    }
    EXPECT_EQ(boundaries, 4U);
    std::uint64_t other = 0;
    const auto missing =
        read_message_file((root_ / "none").string(), other, [](const Peer&, wire::Bytes) { return true; });
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ExitCode::failure);
}

// C01 in --stats: which sessions flap, and how often.
TEST_F(Receive, StatsNameUnstableExporters) {
    Collector collector(config("unstable"));
    ASSERT_TRUE(collector.open());
    for (int i = 0; i < 40; ++i) {
        const Octets shape = template_record(FlowProtocol::ipfix, 256, {num(templates::ElementId::IN_PKTS, 1), num(templates::ElementId::IN_BYTES, 1)});
        const Octets other = template_record(FlowProtocol::ipfix, 256, {num(templates::ElementId::IN_PKTS, 1)});
        const Octets m = voipprobe::test::message(FlowProtocol::ipfix, set(template_set_id(FlowProtocol::ipfix), i % 2 == 0 ? shape : other), 0, 1700000000, 1);
        EXPECT_TRUE(collector.message({Transport::udp, {wire::IpAddress::v4(0xc0000205), 4000}}, m));
    }
    const auto templates = nlohmann::json::parse(collector.stats(config::StatsFormat::json))["templates"];
    EXPECT_EQ(templates["exporters_unstable"], 1);
    EXPECT_EQ(templates["unstable"], nlohmann::json::parse(R"([{"exporter": "192.0.2.5:4000", "replaced": 39}])"));
    EXPECT_EQ(collector.take_newly_unstable().size(), 1U);
    EXPECT_TRUE(collector.finish());
}

TEST_F(Receive, OnlyAllowedExporters) {
    config::CollectorConfig c = config("allow");
    c.allow.push_back(*config::parse_cidr("192.0.2.0/24"));
    Collector collector(c);
    ASSERT_TRUE(collector.open());
    const Octets m = messages()[0];
    EXPECT_FALSE(collector.message({Transport::udp, {wire::IpAddress::v4(0x7f000001), 1}}, m));
    EXPECT_TRUE(collector.message({Transport::udp, {wire::IpAddress::v4(0xc0000205), 1}}, m));
    EXPECT_EQ(collector.input().not_allowed, 1U);
    EXPECT_TRUE(collector.finish());
}

}  // namespace
}  // namespace voipprobe::collector
