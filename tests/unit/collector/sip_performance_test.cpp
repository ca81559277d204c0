// The ratios and means of RFC 6076, from rows and flow records with known truth.
#include "collector/join/sip_performance.hpp"

#include "collector/session/decoder.hpp"
#include "message_builder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;

CallRow attempt(std::uint64_t code, bool answered = false) {
    CallRow r;
    r.facts.from_exporter = true;
    r.facts.signalling = "SIP";
    r.facts.invite = 1'000'000;
    r.facts.response_code = code;
    if (answered) {
        r.facts.ok = 5'000'000;
        r.facts.bye = 65'000'000;
        r.facts.bye_ok = 65'030'000;
        r.post_dial_delay_ms = 200;
    } else if (code >= 300) {
        r.facts.failure = 3'000'000;
    }
    return r;
}

TEST(SipPerformance, Sessions) {
    SipPerformance p;
    EXPECT_FALSE(p.establishment_pct()) << "nothing was measured";
    for (int i = 0; i < 10; ++i) p.on_call(attempt(200, true));
    CallRow running = attempt(200, true);
    running.facts.bye.reset();
    p.on_call(running);
    CallRow unanswered_bye = attempt(200, true);
    unanswered_bye.facts.bye_ok.reset();
    p.on_call(unanswered_bye);
    for (const std::uint64_t code : {480, 486, 600, 603}) p.on_call(attempt(code));
    for (const std::uint64_t code : {408, 500, 503, 504}) p.on_call(attempt(code));
    p.on_call(attempt(404));
    p.on_call(attempt(302));
    CallRow other = attempt(200, true);  // not SIP, not an attempt that is over, not a call
    other.facts.signalling = "SCCP";
    p.on_call(other);
    p.on_call(attempt(180));
    other.facts.from_exporter = false;
    p.on_call(other);
    EXPECT_EQ(p.attempts, 22U);
    EXPECT_DOUBLE_EQ(*p.establishment_pct(), 100.0 * 12 / 21);
    EXPECT_DOUBLE_EQ(*p.effectiveness_pct(), 100.0 * 16 / 21);
    EXPECT_DOUBLE_EQ(*p.ineffective_pct(), 100.0 * 4 / 22);
    EXPECT_DOUBLE_EQ(*p.completion_pct(), 100.0 * 11 / 22);
    EXPECT_DOUBLE_EQ(*p.setup.value(), 200);
    EXPECT_DOUBLE_EQ(*p.failed_setup.value(), 2000);
    EXPECT_EQ(p.failed_setup.n, 9U);
    EXPECT_DOUBLE_EQ(*p.disconnect.value(), 30);
    EXPECT_EQ(p.disconnect_unanswered, 1U);
    EXPECT_DOUBLE_EQ(*p.duration.value(), 60'000);
}

TEST(SipPerformance, Registrations) {
    struct Flows : RecordConsumer {
        void on_record(const Record& r, RecordKind) override { p.on_flow(r); }
        SipPerformance p;
    } to;
    Decoder decoder;
    const auto p = FlowProtocol::ipfix;
    std::uint32_t n = 0;
    for (const auto& [ok, refused, ns] : {std::tuple{3, 1, 60'000'000}, {1, 0, 20'000'000}, {0, 0, 0}}) {
        const std::vector<FieldValue> f{num(IN_PKTS, 3),
                                        num(SIP_REGISTER_SUCCEEDED, static_cast<std::uint64_t>(ok)),
                                        num(SIP_REGISTER_FAILED, static_cast<std::uint64_t>(refused)),
                                        num(SIP_REGISTER_DELAY, static_cast<std::uint64_t>(ns))};
        decoder.message(
            {}, message(p, set(2, template_record(p, 300, f)) + set(300, record(p, f)), n++, 1'700'000'000),
            to);
    }
    EXPECT_EQ(to.p.registered, 4U);
    EXPECT_DOUBLE_EQ(*to.p.registration_delay(), 20);
    EXPECT_DOUBLE_EQ(*to.p.ineffective_registrations_pct(), 20);
}

}  // namespace
}  // namespace voipprobe::collector
