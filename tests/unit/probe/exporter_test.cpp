#include "probe/export/exporter.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "probe/export/packed_record.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::probe {
namespace {

using templates::RecordKind;

Destination destination(std::string_view text) {
    auto parsed = parse_destinations(text);
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
    return parsed ? parsed->front() : Destination{};
}

std::vector<templates::PlannedTemplate> plan(std::string_view text, std::uint8_t version) {
    const auto spec = templates::parse_template_spec(text);
    return templates::plan_templates(spec.value(), {.version = version})->templates;
}

// A record of `t` with every octet 1 and strings of `text`.
std::vector<std::uint8_t> record_of(const templates::PlannedTemplate& t, std::string_view text = "abc") {
    std::vector<std::uint8_t> out;
    for (const auto& f : t.layout.fields) {
        if (f.length != wire::kVariable) {
            out.insert(out.end(), f.length, std::uint8_t{1});
            continue;
        }
        out.push_back(static_cast<std::uint8_t>(text.size()));
        out.push_back(static_cast<std::uint8_t>(text.size() >> 8));
        out.insert(out.end(), text.begin(), text.end());
    }
    return out;
}

class Receiver {
  public:
    Receiver() : socket_(::socket(AF_INET, SOCK_DGRAM, 0)) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t n = sizeof a;
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&a), n), 0);
        EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&a), &n), 0);
        port_ = ntohs(a.sin_port);
        const timeval wait{0, 50'000};
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    }
    ~Receiver() { ::close(socket_); }
    std::string url() const { return "udp://127.0.0.1:" + std::to_string(port_); }
    std::vector<std::vector<std::uint8_t>> all() {
        std::vector<std::vector<std::uint8_t>> out;
        std::vector<std::uint8_t> buffer(65536);
        while (true) {
            const ssize_t n = ::recv(socket_, buffer.data(), buffer.size(), 0);
            if (n < 0) return out;
            out.emplace_back(buffer.begin(), buffer.begin() + n);
        }
    }

  private:
    int socket_;
    std::uint16_t port_ = 0;
};

bool has_set(const std::vector<std::uint8_t>& message, std::uint16_t wanted) {
    wire::ByteReader r(message);
    r.skip(r.u16() == 9 ? 18 : 14);
    while (r.remaining() > 4) {
        const std::uint16_t id = r.u16();
        const std::uint16_t length = r.u16();
        if (id == wanted) return true;
        r.skip(length - 4U);
    }
    return false;
}

TEST(Destination, parsesWhatTheContractSays) {
    EXPECT_EQ(destination("collector").text(), "udp://collector:2055");
    EXPECT_EQ(destination("10.0.0.1:9995").text(), "udp://10.0.0.1:9995");
    EXPECT_EQ(destination("tcp://[2001:db8::1]:4739").text(), "tcp://[2001:db8::1]:4739");
    EXPECT_EQ(destination("[::1]").text(), "udp://[::1]:2055");
    EXPECT_EQ(destination("file:/tmp/x.ipfix").host, "/tmp/x.ipfix");
    EXPECT_EQ(destination("none").transport, Transport::none);
    const Destination d = destination("udp://c:1?records=flow,call");
    EXPECT_TRUE(d.wants(RecordKind::flow) && d.wants(RecordKind::call) && !d.wants(RecordKind::stream));
    EXPECT_EQ(parse_destinations("a:1?records=flow,call,b:2,none")->size(), 3U);
    for (const char* bad : {"", "a:0", "a:99999", "a:x", "a:", "::1", "[::1", "ftp://a", "a?records=", "a?records=flows", "a?x=1", "file:", ","})
        EXPECT_FALSE(parse_destinations(bad).has_value()) << bad;
}

struct ExporterTest : testing::TestWithParam<int> {
    std::uint8_t version() const { return static_cast<std::uint8_t>(GetParam()); }
    ExportConfig config(const std::vector<std::string>& to) const {
        ExportConfig c;
        c.version = version();
        for (const std::string& d : to) c.destinations.push_back(destination(d));
        return c;
    }
};

TEST_P(ExporterTest, everyRecordArrivesAndTemplatesComeFirst) {
    Receiver receiver;
    const auto templates = plan("voip", version());
    auto e = Exporter::open(config({receiver.url()}), templates);
    ASSERT_TRUE(e.has_value()) << e.error().message;
    EXPECT_EQ((*e)->local_endpoints().size(), 1U);
    (*e)->set_boot_time(100 * wire::kSecond);
    const auto record = record_of(templates[0]);
    for (int i = 0; i < 200; ++i) (*e)->submit(0, record, (200 + i) * wire::kSecond);
    const ExportStats stats = (*e)->finish();
    auto messages = receiver.all();
    EXPECT_EQ(stats.submitted, 200U);
    EXPECT_EQ(stats.records_sent, 200U);
    EXPECT_EQ(stats.records[1], 200U);
    EXPECT_EQ(stats.messages, messages.size());
    std::erase_if(messages, [&](const auto& m) { return wire::load_be32(&m[version() == 9 ? 16 : 12]) == 0; });  // options
    ASSERT_FALSE(messages.empty());
    EXPECT_TRUE(has_set(messages.front(), version() == 9 ? 0 : 2));
    EXPECT_FALSE(has_set(messages.front(), 258)) << "a template that no record uses was sent";
    for (const auto& m : messages) EXPECT_LE(m.size(), 1400U);
}

TEST_P(ExporterTest, templatesAreRepeatedByCountAndByTime) {
    const auto templates = plan("basic", version());
    const auto record = record_of(templates[0]);
    const auto template_messages = [&](ExportConfig c, wire::TimeNs step) {
        Receiver receiver;
        c.destinations = {destination(receiver.url())};
        auto e = Exporter::open(c, templates);
        for (int i = 0; i < 40; ++i) {
            (*e)->submit(0, record, i * step);
            (*e)->tick(i * step);  // queue_wait 0: one message each
        }
        (*e)->finish();
        int found = 0;
        for (const auto& m : receiver.all()) found += has_set(m, version() == 9 ? 0 : 2) ? 1 : 0;
        return found;
    };
    ExportConfig c = config({});
    EXPECT_EQ(template_messages(c, 1), 4);  // messages 1, 11, 21, 31
    c.template_every = 0;
    EXPECT_EQ(template_messages(c, 1), 1);
    EXPECT_EQ(template_messages(c, 10 * wire::kSecond), 7);  // at 0, 60 .. 360 s
}

TEST_P(ExporterTest, aCollectorThatIsAwayStopsNothing) {
    std::string url;
    { url = Receiver().url(); }  // nobody listens there any more
    const auto templates = plan("basic", version());
    ExportConfig c = config({url});
    auto e = Exporter::open(c, templates);
    const auto record = record_of(templates[0]);
    for (int i = 0; i < 50; ++i) {
        (*e)->submit(0, record, 0);
        (*e)->tick(0);
    }
    const ExportStats stats = (*e)->finish();
    EXPECT_EQ(stats.records_sent + stats.records_lost, 50U);
    EXPECT_GE(stats.records_sent, 1U);
}

TEST_P(ExporterTest, eachDestinationHasItsOwnKindsAndSequence) {
    Receiver flows, calls;
    const auto templates = plan("voip", version());
    auto e = Exporter::open(config({flows.url() + "?records=flow", calls.url() + "?records=call,stream"}), templates);
    const auto call = *templates::pick_template(templates, RecordKind::call, 4);
    for (int i = 0; i < 10; ++i) {
        (*e)->submit(0, record_of(templates[0]), 0);
        (*e)->submit(call, record_of(templates[call]), 0);
    }
    const ExportStats stats = (*e)->finish();
    EXPECT_EQ(stats.records[1], 10U);
    EXPECT_EQ(stats.records[2], 10U);
    for (const auto& m : flows.all()) EXPECT_FALSE(has_set(m, templates[call].layout.id));
    for (const auto& m : calls.all()) EXPECT_FALSE(has_set(m, templates[0].layout.id));
}

TEST_P(ExporterTest, dispatchSharesRecordsOut) {
    for (const Dispatch dispatch : {Dispatch::round_robin, Dispatch::hash_call}) {
        Receiver a, b;
        const auto templates = plan("voip", version());
        ExportConfig c = config({a.url(), b.url()});
        c.dispatch = dispatch;
        auto e = Exporter::open(c, templates);
        std::vector<std::uint8_t> record = record_of(templates[0]);
        for (int i = 0; i < 100; ++i) {
            record[3] = static_cast<std::uint8_t>(i);  // within RECORD_ID
            (*e)->submit(0, record, 0);
        }
        EXPECT_EQ((*e)->finish().records_sent, 100U);
        EXPECT_FALSE(a.all().empty());
        EXPECT_FALSE(b.all().empty());
    }
}

TEST_P(ExporterTest, aFullQueueDropsLiveAndWaitsForFiles) {
    const auto templates = plan("basic", version());
    const auto record = record_of(templates[0]);
    for (const bool live : {true, false}) {
        Receiver receiver;
        ExportConfig c = config({receiver.url()});
        c.live = live;
        c.queue_octets = 1;  // two batches
        c.messages_per_second = 2000;
        c.burst = 1;
        auto e = Exporter::open(c, templates);
        for (int i = 0; i < 12000; ++i) (*e)->submit(0, record, 0);
        const ExportStats stats = (*e)->finish();
        EXPECT_EQ(stats.submitted, 12000U);
        EXPECT_EQ(stats.records_sent + stats.dropped + stats.records_lost, 12000U);
        EXPECT_EQ(stats.dropped > 0, live);
    }
}

// F13: the records of a full flow table at the end of a live capture wait, as those of a file do.
TEST_P(ExporterTest, whatComesAfterTheCaptureWaits) {
    const auto templates = plan("basic", version());
    const auto record = record_of(templates[0]);
    Receiver receiver;
    ExportConfig c = config({receiver.url()});
    c.live = true;
    c.queue_octets = 1;  // two batches
    auto e = Exporter::open(c, templates);
    (*e)->submit(0, record, 0);
    (*e)->capture_ended();
    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 120'000; ++i) (*e)->submit(0, record, 0);
    const ExportStats stats = (*e)->finish();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    EXPECT_EQ(stats.records_sent, 120'001U);
    EXPECT_EQ(stats.dropped, 0U);
    EXPECT_GE(took.count(), 0.9 * static_cast<double>(stats.messages - 64) / kFilePace) << "it was sent as fast as it goes";
}

INSTANTIATE_TEST_SUITE_P(Formats, ExporterTest, testing::Values(9, 10),
                         [](const auto& i) { return std::string(i.param == 9 ? "netflow9" : "ipfix"); });

TEST(Exporter, recordsThatFitNoMessageAreShortened) {
    Receiver receiver;
    const auto templates = plan("voip", 10);
    ExportConfig c;
    c.destinations = {destination(receiver.url())};
    auto e = Exporter::open(c, templates);
    const auto call = *templates::pick_template(templates, RecordKind::call, 4);
    (*e)->submit(call, record_of(templates[call], std::string(250, 'x')), 0);
    const ExportStats stats = (*e)->finish();
    EXPECT_EQ(stats.records_sent, 1U);
    EXPECT_GE(stats.shortened, 1U);
    EXPECT_EQ(stats.records_lost, 0U);
}

TEST(Exporter, ipfixFileIsTheMessagesAndIsRenamedWhenClosed) {
    const test::ScratchFolder folder;
    const std::string path = folder / "records.ipfix";
    const auto templates = plan("voip", 10);
    ExportConfig c;
    c.destinations = {destination("file:" + path)};
    auto e = Exporter::open(c, templates);
    ASSERT_TRUE(e.has_value()) << e.error().message;
    for (int i = 0; i < 100; ++i) (*e)->submit(0, record_of(templates[0]), 0);
    EXPECT_FALSE(std::filesystem::exists(path));
    const ExportStats stats = (*e)->finish();
    EXPECT_EQ(std::filesystem::file_size(path), stats.octets);
    EXPECT_EQ(stats.template_messages, 1U);
    c.version = 9;
    EXPECT_FALSE(Exporter::open(c, plan("voip", 9)).has_value());
    c.version = 10;
    c.destinations = {destination("file:/nonexistent-folder/x")};
    EXPECT_FALSE(Exporter::open(c, templates).has_value());
}

TEST(Exporter, tcpCarriesMessagesBackToBack) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t n = sizeof a;
    ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&a), n), 0);
    ASSERT_EQ(::listen(listener, 1), 0);
    ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&a), &n), 0);
    const auto templates = plan("voip", 10);
    ExportConfig c;
    c.destinations = {destination("tcp://127.0.0.1:" + std::to_string(ntohs(a.sin_port)))};
    auto e = Exporter::open(c, templates);
    ASSERT_TRUE(e.has_value()) << e.error().message;
    std::vector<std::uint8_t> got;
    std::thread reader([&] {
        const int peer = ::accept(listener, nullptr, nullptr);
        std::vector<std::uint8_t> buffer(4096);
        for (ssize_t k = 0; (k = ::recv(peer, buffer.data(), buffer.size(), 0)) > 0;) got.insert(got.end(), buffer.begin(), buffer.begin() + k);
        ::close(peer);
    });
    for (int i = 0; i < 100; ++i) (*e)->submit(0, record_of(templates[0]), 0);
    const ExportStats stats = (*e)->finish();
    reader.join();
    ::close(listener);
    EXPECT_EQ(got.size(), stats.octets);
    std::size_t messages = 0;
    for (std::size_t at = 0; at + 4 <= got.size(); ++messages) at += wire::load_be16(&got[at + 2]);
    EXPECT_EQ(messages, stats.messages);
}

TEST(Exporter, namesThatDoNotResolveAreAnError) {
    ExportConfig c;
    c.destinations = {destination("no-such-host.invalid:2055")};
    const auto e = Exporter::open(c, plan("voip", 10));
    ASSERT_FALSE(e.has_value());
    EXPECT_EQ(e.error().code, ExitCode::failure);
    EXPECT_THAT(e.error().message, testing::HasSubstr("no-such-host.invalid"));
}

TEST(PackedRecord, shortensTheLongestStringAtACharacter) {
    const wire::TemplateLayout layout{300, 0, {{0, 4, 4, wire::FieldType::unsigned_int, 1, "PROTOCOL"},
                                               {0, 82, 82, wire::FieldType::string, wire::kVariable, "A"},
                                               {0, 96, 96, wire::FieldType::string, wire::kVariable, "B"}}};
    std::vector<std::uint8_t> packed{17, 2, 0, 'x', 'y', 5, 0, 'a', 0xc3, 0xa4, 'b', 'c'};
    EXPECT_EQ(wire::as_text(packed_field(layout, packed, 2)), "a\xc3\xa4" "bc");
    ASSERT_TRUE(shorten_longest_string(layout, packed));
    EXPECT_EQ(wire::as_text(packed_field(layout, packed, 2)), "a");
    EXPECT_EQ(wire::as_text(packed_field(layout, packed, 1)), "xy");
    while (shorten_longest_string(layout, packed)) {}
    EXPECT_EQ(packed, (std::vector<std::uint8_t>{17, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace voipprobe::probe
