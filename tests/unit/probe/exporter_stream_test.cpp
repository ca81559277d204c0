// The exporter's streams (RFC 7011 §10.4, §11): sessions, breaks, TLS; and destinations that are away.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "probe/export/exporter.hpp"
#include "probe/export/record_spool.hpp"
#include "tests/unit/support/scratch_folder.hpp"
#include "tests/unit/support/test_certificates.hpp"
#include "wire/flow_message.hpp"

namespace voipprobe::probe {
namespace {

using namespace std::chrono_literals;
using Octets = std::vector<std::uint8_t>;

std::vector<templates::PlannedTemplate> plan() { return templates::plan_templates(*templates::parse_template_spec("voip"), {})->templates; }

std::vector<Destination> destination(const std::string& text) {
    auto parsed = parse_destinations(text);
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().message);
    return parsed ? *parsed : std::vector<Destination>{};
}

// Flow record number n: RECORD_ID is the first element of the template. Variable strings are empty.
Octets flow_record(const templates::PlannedTemplate& t, std::uint32_t n) {
    Octets out;
    for (const auto& f : t.layout.fields) {
        const bool variable = f.length == wire::kVariable;  // packed: two octets of length
        out.insert(out.end(), variable ? 2U : f.length, static_cast<std::uint8_t>(variable ? 0 : 1));
    }
    for (int i = 0; i < 4; ++i) out[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> (8 * i));
    return out;
}
std::size_t record_length(const templates::PlannedTemplate& t) {
    std::size_t n = 0;
    for (const auto& f : t.layout.fields) n += f.length == wire::kVariable ? 1U : f.length;  // on the wire: one
    return n;
}

struct Session {
    std::vector<Octets> messages;
};

// Accepts connections one after the other; closes the first `breaks` after `octets_each` octets (0: never).
class Server {
  public:
    explicit Server(std::size_t octets_each = 0, SSL_CTX* tls = nullptr, std::size_t breaks = 2)
        : limit_(octets_each), tls_(tls), breaks_(breaks) {
        listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
        const int on = 1;
        ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const int small = 64 << 10;  // so that the exporter still has records when the connection breaks
        ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        listen_on(0);
    }
    ~Server() { stop(); }
    void stop() {
        if (stopped_.exchange(true)) return;
        thread_.join();
        ::close(listener_);
    }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    std::vector<Session> sessions;  // after stop()

  private:
    void listen_on(std::uint16_t port) {
        sockaddr_in a{};
        a.sin_family = AF_INET;
        a.sin_port = htons(port);
        a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t n = sizeof a;
        EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&a), n), 0);
        EXPECT_EQ(::listen(listener_, 4), 0);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&a), &n);
        port_ = ntohs(a.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    void serve() {
        for (;;) {
            pollfd waiting{listener_, POLLIN, 0};
            if (::poll(&waiting, 1, 20) == 0) {
                if (stopped_) return;  // and no connection waits to be accepted
                continue;
            }
            const int peer = ::accept(listener_, nullptr, nullptr);
            if (peer < 0) return;
            Octets got;
            SSL* ssl = nullptr;
            if (tls_ != nullptr) {
                ssl = SSL_new(tls_);
                SSL_set_fd(ssl, peer);
                if (SSL_accept(ssl) != 1) {
                    SSL_free(ssl);
                    ::close(peer);
                    continue;
                }
            }
            Octets room(4096);
            while (limit_ == 0 || got.size() < limit_) {
                const auto n = ssl != nullptr ? static_cast<ssize_t>(SSL_read(ssl, room.data(), 4096)) : ::recv(peer, room.data(), room.size(), 0);
                if (n <= 0) break;
                got.insert(got.end(), room.begin(), room.begin() + n);
            }
            if (ssl != nullptr) SSL_free(ssl);
            ::close(peer);
            Session s;
            for (std::size_t at = 0; at + 16 <= got.size();) {
                const std::size_t length = wire::load_be16(&got[at + 2]);
                if (length < 16 || at + length > got.size()) break;
                s.messages.emplace_back(got.begin() + static_cast<std::ptrdiff_t>(at), got.begin() + static_cast<std::ptrdiff_t>(at + length));
                at += length;
            }
            sessions.push_back(std::move(s));
            if (sessions.size() >= breaks_) limit_ = 0;
        }
    }
    int listener_ = -1;
    std::uint16_t port_ = 0;
    std::size_t limit_;
    SSL_CTX* tls_;
    std::size_t breaks_;
    std::atomic<bool> stopped_{false};
    std::thread thread_;
};

// Record numbers of a session's flow records, in order; checks templates first and the sequence numbers of domain 1.
std::vector<std::uint32_t> read_session(const Session& s, const templates::PlannedTemplate& t) {
    std::vector<std::uint32_t> out;
    bool known = false;
    for (const Octets& m : s.messages) {
        auto parsed = wire::FlowMessage::parse(m);
        EXPECT_TRUE(parsed.has_value());
        if (!parsed || parsed->header().domain != 1) continue;
        EXPECT_EQ(parsed->header().sequence, out.size());
        for (wire::SetView set; parsed->next(set);) {
            if (set.kind == wire::SetKind::templates) known = true;
            if (set.id != t.layout.id) continue;
            EXPECT_TRUE(known) << "data before its template";
            for (std::size_t at = 0; at + record_length(t) <= set.body.size(); at += record_length(t)) {
                std::uint32_t n = 0;
                for (int i = 3; i >= 0; --i) n = n << 8 | set.body[at + static_cast<std::size_t>(i)];
                out.push_back(n);
            }
        }
    }
    return out;
}

ExportConfig config_for(const std::string& url) {
    ExportConfig c;
    c.destinations = destination(url);
    c.reconnect = 1s;
    c.linger = 20s;
    return c;
}

TEST(ExporterStream, aBrokenConnectionIsMadeAgainAndTheWindowIsSentAgain) {
    Server server(30'000);
    const auto templates = plan();
    auto e = Exporter::open(config_for("tcp://" + server.address() + "?resend=on"), templates);
    ASSERT_TRUE(e.has_value()) << e.error().message;
    constexpr std::uint32_t kRecords = 40'000;  // more than both sockets hold
    for (std::uint32_t i = 0; i < kRecords; ++i) (*e)->submit(0, flow_record(templates[0], i), i * wire::kMillisecond);
    const ExportStats stats = (*e)->finish();
    server.stop();
    ASSERT_GE(server.sessions.size(), 2U);
    std::set<std::uint32_t> all;
    std::size_t copies = 0;
    for (const Session& s : server.sessions)
        for (const std::uint32_t n : read_session(s, templates[0])) copies += all.insert(n).second ? 0 : 1;
    EXPECT_EQ(all.size(), kRecords);
    EXPECT_GT(copies, 0U);
    EXPECT_EQ(stats.records_sent, kRecords);
    EXPECT_EQ(stats.records_lost, 0U);
    EXPECT_GE(stats.records_resent, copies);
    EXPECT_EQ(stats.connections, server.sessions.size());
}

TEST(ExporterStream, aCollectorThatDiesAfterTheLastRecordStillGetsIt) {
    Server server(2'000);  // closes with unread records behind it: the connection is reset
    const auto templates = plan();
    auto e = Exporter::open(config_for("tcp://" + server.address() + "?resend=on"), templates);
    ASSERT_TRUE(e.has_value());
    for (std::uint32_t i = 0; i < 500; ++i) (*e)->submit(0, flow_record(templates[0], i), 0);  // the sockets hold them all
    const ExportStats stats = (*e)->finish();
    server.stop();
    std::set<std::uint32_t> all;
    for (const Session& s : server.sessions)
        for (const std::uint32_t n : read_session(s, templates[0])) all.insert(n);
    EXPECT_EQ(all.size(), 500U);
    EXPECT_EQ(stats.records_lost, 0U);
    EXPECT_GE(stats.connections, 2U);
}

TEST(ExporterStream, withoutResendNoRecordIsSentTwiceThatTheOldConnectionTook) {
    Server server(30'000, nullptr, 1);
    const auto templates = plan();
    auto e = Exporter::open(config_for("tcp://" + server.address()), templates);
    ASSERT_TRUE(e.has_value());
    constexpr std::uint32_t kRecords = 40'000;
    for (std::uint32_t i = 0; i < kRecords; ++i) (*e)->submit(0, flow_record(templates[0], i), 0);
    const ExportStats stats = (*e)->finish();
    server.stop();
    std::map<std::uint32_t, int> seen;
    for (const Session& s : server.sessions)
        for (const std::uint32_t n : read_session(s, templates[0])) ++seen[n];
    EXPECT_TRUE(seen.count(kRecords - 1)) << "records after the break are missing";
    EXPECT_EQ(stats.records_sent, kRecords);
    for (const auto& [n, times] : seen) EXPECT_LE(times, 2) << n;
}

TEST(ExporterStream, connectsNotMoreOftenThanAsked) {
    Server server(1'000);
    const auto templates = plan();
    ExportConfig c = config_for("tcp://" + server.address());
    c.reconnect = 60s;
    c.linger = 1s;
    auto e = Exporter::open(c, templates);
    ASSERT_TRUE(e.has_value());
    for (std::uint32_t i = 0; i < 20'000; ++i) (*e)->submit(0, flow_record(templates[0], i), 0);
    const ExportStats stats = (*e)->finish();
    server.stop();
    EXPECT_EQ(server.sessions.size(), 1U);
    EXPECT_EQ(stats.connections, 1U);
    EXPECT_GT(stats.records_lost, 0U);
    EXPECT_LE(stats.records_lost + read_session(server.sessions[0], templates[0]).size(), 20'000U);
}

TEST(ExporterStream, aCollectorThatIsNotThereIsAnErrorForFilesAndWaitedForLive) {
    std::string address;
    { address = Server().address(); }
    ExportConfig c = config_for("tcp://" + address);
    const auto refused = Exporter::open(c, plan());
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, testing::HasSubstr("refused"));
    c.live = true;
    c.linger = 0s;
    std::vector<std::string> said;
    c.warn = [&](const std::string& line) { said.push_back(line); };
    auto waiting = Exporter::open(c, plan());
    ASSERT_TRUE(waiting.has_value());
    (*waiting)->submit(0, flow_record(plan()[0], 1), 0);
    EXPECT_EQ((*waiting)->finish().records_lost, 1U);
    EXPECT_FALSE(said.empty());
}

TEST(ExporterStream, theSpoolIsBounded) {
    RecordSpool spool(10'000, 1'000);
    const Octets record(100);
    int kept = 0;
    while (spool.push(0, record, 0)) ++kept;
    EXPECT_GT(kept, 40);
    EXPECT_LT(kept, 100);
    for (int i = 0; i < kept; ++i) spool.advance();
    EXPECT_TRUE(spool.empty());
    spool.rewind_window();
    EXPECT_GT(spool.waiting(), 2U);
    EXPECT_LT(spool.waiting(), 12U);
    EXPECT_EQ(spool.rewind(1000), 1000U);
}

TEST(ExporterStream, statisticsAndTypesGoIntoDomainZero) {
    Server server;
    const auto templates = plan();
    auto e = Exporter::open(config_for("tcp://" + server.address()), templates);
    ASSERT_TRUE(e.has_value());
    (*e)->submit(0, flow_record(templates[0], 1), wire::kSecond);
    (*e)->set_ignored({7, wire::kSecond, 2 * wire::kSecond});
    (*e)->tick(2 * wire::kSecond);
    (*e)->tick(70 * wire::kSecond);
    const ExportStats stats = (*e)->finish();
    server.stop();
    ASSERT_EQ(server.sessions.size(), 1U);
    std::set<std::uint16_t> sets;
    for (const Octets& m : server.sessions[0].messages) {
        auto parsed = wire::FlowMessage::parse(m);
        ASSERT_TRUE(parsed.has_value());
        for (wire::SetView set; parsed->next(set);) {
            if (parsed->header().domain == 0) sets.insert(set.id);
            else EXPECT_NE(set.kind, wire::SetKind::options_templates);
        }
    }
    EXPECT_THAT(sets, testing::ElementsAre(3, 256, 257, 258));
    EXPECT_GT(stats.options_records, 50U);
    EXPECT_EQ(stats.records_sent, 1U);
}

// ---- TLS -----------------------------------------------------------------------------------------------------

struct ExporterTls : testing::Test {
    void SetUp() override {
        if (!certificates.good()) GTEST_SKIP() << "openssl is not installed";
    }
    config::TlsFiles server_files() const { return {"", certificates.path("server.pem"), certificates.path("server.key")}; }
    test::ScratchFolder folder;
    test::TestCertificates certificates{folder / "."};
};

TEST_F(ExporterTls, messagesArriveUnderOurOwnAuthority) {
    const auto context = config::tls_server_context(server_files());
    ASSERT_TRUE(context.has_value()) << context.error().message;
    Server server(0, context->get());
    const auto templates = plan();
    ExportConfig c = config_for("tls://" + server.address());
    c.tls.ca = certificates.path("ca.pem");
    auto e = Exporter::open(c, templates);
    ASSERT_TRUE(e.has_value()) << e.error().message;
    for (std::uint32_t i = 0; i < 1000; ++i) (*e)->submit(0, flow_record(templates[0], i), 0);
    EXPECT_EQ((*e)->finish().records_sent, 1000U);
    server.stop();
    ASSERT_EQ(server.sessions.size(), 1U);
    EXPECT_EQ(read_session(server.sessions[0], templates[0]).size(), 1000U);
}

TEST_F(ExporterTls, aCertificateOfAnotherAuthorityOrNameIsRefused) {
    const auto context = config::tls_server_context(server_files());
    ASSERT_TRUE(context.has_value());
    Server server(0, context->get());
    ExportConfig c = config_for("tls://" + server.address());
    c.tls.ca = certificates.path("other.pem");
    auto e = Exporter::open(c, plan());
    ASSERT_FALSE(e.has_value());
    EXPECT_THAT(e.error().message, testing::HasSubstr("TLS:"));
    c = config_for("tls://" + server.address());
    c.tls.ca = certificates.path("ca.pem");
    c.destinations[0].host = "127.0.0.2";
    e = Exporter::open(c, plan());
    ASSERT_FALSE(e.has_value());
}

TEST_F(ExporterTls, filesThatAreWrongAreNamed) {
    EXPECT_THAT(config::tls_client_context({"/nonexistent.pem", "", ""}).error().message, testing::HasSubstr("--tls-ca /nonexistent.pem"));
    EXPECT_THAT(config::tls_server_context({}).error().message, testing::HasSubstr("--tls-cert"));
    EXPECT_THAT(config::tls_server_context({"", certificates.path("server.pem"), certificates.path("client.key")}).error().message, testing::HasSubstr("--tls-key"));
    EXPECT_THAT(config::tls_client_context({"", certificates.path("client.pem"), ""}).error().message, testing::HasSubstr("belong together"));
}

// ---- several destinations -------------------------------------------------------------------------------------

TEST(ExporterFailOver, recordsOfADestinationThatIsAwayGoToTheNext) {
    std::string away;
    { away = Server().address(); }
    Server here;
    const auto templates = plan();
    for (const Dispatch dispatch : {Dispatch::round_robin, Dispatch::hash_call}) {
        ExportConfig c = config_for("tcp://" + away);
        const auto second = destination("tcp://" + here.address());
        c.destinations.insert(c.destinations.end(), second.begin(), second.end());
        c.live = true;  // a collector may be away at first
        c.dispatch = dispatch;
        c.reconnect = 60s;
        c.linger = 1s;
        auto e = Exporter::open(c, templates);
        ASSERT_TRUE(e.has_value());
        for (std::uint32_t i = 0; i < 100; ++i) (*e)->submit(0, flow_record(templates[0], i), 0);
        const ExportStats stats = (*e)->finish();
        EXPECT_EQ(stats.records_sent, 100U);
        EXPECT_EQ(stats.records_lost, 0U);
    }
    here.stop();
    ASSERT_EQ(here.sessions.size(), 2U);
    for (const Session& s : here.sessions) EXPECT_EQ(read_session(s, templates[0]).size(), 100U);
}

TEST(Destination, streamsAndTheirQuery) {
    const Destination d = destination("tls://collector?records=flow,call&resend=on").front();
    EXPECT_EQ(d.text(), "tls://collector:4740");
    EXPECT_TRUE(d.resend && d.wants(templates::RecordKind::call) && !d.wants(templates::RecordKind::stream));
    EXPECT_FALSE(parse_destinations("udp://a?resend=on").has_value());
    EXPECT_FALSE(parse_destinations("tcp://a?resend=maybe").has_value());
    EXPECT_THAT(parse_destinations("sctp://a").error().message, testing::HasSubstr("not done"));
}

}  // namespace
}  // namespace voipprobe::probe
