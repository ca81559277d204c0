// Who registered from where, as flow records say it.
#include <gtest/gtest.h>

#include "tests/unit/signalling/iax2_frames.hpp"
#include "tests/unit/signalling/skinny.hpp"
#include "tests/unit/signalling/tcp_link.hpp"

namespace voipprobe::test {
namespace {

class RegisterSink : public CollectingSink {
  public:
    void emit(const probe::RecordSource& s) override {
        CollectingSink::emit(s);
        if (s.kind == templates::RecordKind::flow && s.registers != nullptr)
            seen.push_back(s.registers->user + " at " + s.registers->client.text());
    }
    std::vector<std::string> seen;
};

std::vector<std::string> registrations(Scene& s) {
    RegisterSink sink;
    probe::Pipeline pipeline({}, sink);
    s.replay(pipeline);
    return sink.seen;
}

const Host kPhone{"192.0.2.10"}, kServer{"192.0.2.1"};

TEST(Registrations, OfSip) {
    Scene s;
    const Sip request{.line = "REGISTER", .cseq = "1 REGISTER", .from = "<sip:alice@example.org>", .to = "\"A\" <sip:alice@example.org;x=y>"};
    s.sip(0, kPhone, kServer, request);
    Sip answer = request;
    answer.line = "401";
    s.sip(10, kServer, kPhone, answer);
    s.sip(20, {"192.0.2.99"}, kServer, {.line = "REGISTER", .cseq = "1 REGISTER", .from = "<sip:eve@example.org>", .to = "<sip:eve@example.org>"});
    s.sip(30, kServer, {"192.0.2.99"}, {.line = "403", .cseq = "1 REGISTER", .from = "<sip:eve@example.org>", .to = "<sip:eve@example.org>"});
    answer.line = "200";
    s.sip(40, kServer, kPhone, answer);
    EXPECT_EQ(registrations(s), (std::vector<std::string>{"sip:alice@example.org at 192.0.2.10", " at ::"}));
}

// RFC 6076 §4.1, §4.2: deltas of every flow record; repeated responses and challenges count for nothing.
TEST(Registrations, DelaysAndOutcomesForEachRecord) {
    class Figures : public CollectingSink {
      public:
        void emit(const probe::RecordSource& s) override {
            CollectingSink::emit(s);
            if (s.kind == templates::RecordKind::flow && s.registers != nullptr)
                seen.push_back(std::to_string(s.registers->succeeded) + " " + std::to_string(s.registers->failed) + " " +
                               std::to_string(s.registers->delay_ns / 1'000'000));
        }
        std::vector<std::string> seen;
    };
    Scene s;
    const auto transaction = [&](int at, int number, const std::string& status, int delay, bool twice = false) {
        const std::string cseq = std::to_string(number) + " REGISTER";
        const std::string aor = "<sip:alice@example.org>", branch = "r" + std::to_string(number);
        s.sip(at, kPhone, kServer, {.line = "REGISTER", .cseq = cseq, .branch = branch, .from = aor, .to = aor});
        for (int i = 0; i < (twice ? 2 : 1); ++i)
            s.sip(at + delay + i, kServer, kPhone, {.line = status, .cseq = cseq, .branch = branch, .from = aor, .to = aor});
    };
    transaction(0, 1, "401", 5);
    transaction(100, 2, "200", 20, true);
    transaction(10'000, 3, "423", 5);
    transaction(10'100, 4, "200", 40);
    transaction(20'000, 5, "403", 7, true);
    transaction(25'000, 6, "503", 7);
    for (int i = 0; i < 12; ++i) transaction(30'000 + i * 10'000, 7 + i, "200", 10);  // beyond the active timeout
    Figures sink;
    probe::Pipeline pipeline({}, sink);
    s.replay(pipeline);
    EXPECT_EQ(sink.seen, (std::vector<std::string>{"11 2 150", "3 0 30"}));
}

TEST(Registrations, OfSkinnyAndIax2) {
    Scene s;
    TcpLink link(s, {"192.0.2.10", 49001}, {"192.0.2.1", 2000});
    link.connect(0).down(10, Skinny(20, 0x147).words({1, 5}).terminated("1234").terminated("Ann").octets());
    s.udp_octets(20, {"192.0.2.1", 4569}, {"192.0.2.20", 4569}, iax2::full(5, 6, 30, 6, 15, iax2::elements({{6, octets_of("bob")}, {19, hex({0, 60})}})));
    EXPECT_EQ(registrations(s), (std::vector<std::string>{"1234 at 192.0.2.10", "bob at 192.0.2.20"}));
}

}  // namespace
}  // namespace voipprobe::test
