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

TEST(Registrations, OfSkinnyAndIax2) {
    Scene s;
    TcpLink link(s, {"192.0.2.10", 49001}, {"192.0.2.1", 2000});
    link.connect(0).down(10, Skinny(20, 0x147).words({1, 5}).terminated("1234").terminated("Ann").octets());
    s.udp_octets(20, {"192.0.2.1", 4569}, {"192.0.2.20", 4569}, iax2::full(5, 6, 30, 6, 15, iax2::elements({{6, octets_of("bob")}, {19, hex({0, 60})}})));
    EXPECT_EQ(registrations(s), (std::vector<std::string>{"1234 at 192.0.2.10", "bob at 192.0.2.20"}));
}

}  // namespace
}  // namespace voipprobe::test
