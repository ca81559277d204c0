// users.csv: who uses which address.
#include "join_bench.hpp"

namespace voipprobe::collector::test_join {
namespace {

const UserRow& user(const Bench& b, std::string_view name) {
    for (const UserRow& r : b.rows.users)
        if (r.user == name) return r;
    throw std::runtime_error("no user " + std::string(name));
}

Fields registration(std::string_view who, const char* address) {
    const auto client = *wire::IpAddress::parse(address);
    return {num(RECORD_KIND, 1), num(IPV4_SRC_ADDR, 0xc0000201), num(IPV4_DST_ADDR, 0xc0000299), num(PROTOCOL, 17), num(IN_BYTES, 500), num(IN_PKTS, 2),
            txt(SIP_REGISTER_USER, std::string(who)), txt(SIP_REGISTER_CLIENT, std::string(wire::as_text(client.octets)))};
}

TEST(Users, PartiesOfCallsWithWhatTheyHeard) {
    Bench b;
    b.send(stream(1, 1), 11);
    b.send(stream(1, 2), 11);
    b.send(call(1), 12);
    b.send(with(stream(2, 1), {num(STREAM_LOST, 100)}), 21);
    b.send(stream(2, 2), 21);
    b.send(with(call(2), {num(CALL_INVITE_TIME, kStartUs + 5'000'000)}), 22);
    EXPECT_TRUE(b.rows.users.empty()) << "only when the day is over";
    b.joiner.finish();
    ASSERT_EQ(b.rows.users.size(), 2U);
    const UserRow& alice = user(b, "sip:alice@example.org");
    EXPECT_EQ(alice.address.text(), "192.0.2.1");
    EXPECT_EQ(alice.name, "Alice");
    EXPECT_EQ(alice.calls, 2U);
    EXPECT_EQ(alice.calls_from, 2U);
    EXPECT_EQ(alice.calls_to, 0U);
    EXPECT_EQ(alice.answered, 2U);
    EXPECT_EQ(alice.registrations, 0U);
    EXPECT_EQ(alice.first_seen, kStartUs);
    EXPECT_EQ(alice.last_seen, kStartUs + 11'000'000);
    ASSERT_EQ(b.rows.calls.size(), 2U);
    const double first = *b.rows.calls[0].caller.score.mos_lq, second = *b.rows.calls[1].caller.score.mos_lq;
    EXPECT_LT(second, first);
    EXPECT_DOUBLE_EQ(*alice.mos_mean, (first + second) / 2);
    EXPECT_DOUBLE_EQ(*alice.mos_worst, second);
    EXPECT_EQ(alice.mos_scale, "NB");
    const UserRow& callee = user(b, "tel:+4930123");
    EXPECT_EQ(callee.address.text(), "198.51.100.2");
    EXPECT_EQ(callee.calls_to, 2U);
    EXPECT_DOUBLE_EQ(*callee.mos_worst, first);
    b.balanced();
}

TEST(Users, RegistrationsAreAsOldAsTheirFlow) {
    Bench b;
    b.send(with(registration("sip:carol@example.org", "192.0.2.77"), {num(FLOW_START_MILLISECONDS, kStartUs / 1000 + 1'250), num(FLOW_END_MILLISECONDS, kStartUs / 1000 + 2'750)}), 65);
    b.joiner.finish();
    ASSERT_EQ(b.rows.users.size(), 1U);
    EXPECT_EQ(b.rows.users[0].first_seen, kStartUs + 1'250'000);
    EXPECT_EQ(b.rows.users[0].last_seen, kStartUs + 2'750'000);
}

TEST(Users, RegistrationsAreKnownWithoutCalls) {
    Bench b;
    b.send(registration("sip:carol@example.org", "192.0.2.77"), 5);
    b.send(registration("sip:carol@example.org", "192.0.2.77"), 65);
    b.send(registration("", "192.0.2.78"), 66);
    b.joiner.finish();
    ASSERT_EQ(b.rows.users.size(), 1U);
    const UserRow& carol = user(b, "sip:carol@example.org");
    EXPECT_EQ(carol.address.text(), "192.0.2.77");
    EXPECT_EQ(carol.registrations, 2U);
    EXPECT_EQ(carol.calls, 0U);
    EXPECT_FALSE(carol.mos_mean);
    EXPECT_EQ(carol.first_seen, kStartUs + 5'000'000);
    EXPECT_EQ(carol.last_seen, kStartUs + 65'000'000);
    EXPECT_EQ(b.rows.flows, 3);
}

TEST(Users, ARowForEveryDay) {
    Bench b;
    b.send(registration("sip:carol@example.org", "192.0.2.77"), 5);
    b.time(86'400);
    EXPECT_TRUE(b.rows.users.empty());
    b.time(86'405);
    ASSERT_EQ(b.rows.users.size(), 1U);
    b.send(registration("sip:carol@example.org", "192.0.2.77"), 86'410);
    b.joiner.finish();
    ASSERT_EQ(b.rows.users.size(), 2U);
    EXPECT_NE(b.rows.users[0].record_id, b.rows.users[1].record_id);
}

TEST(Users, BoundedTheOldestIsWrittenFirst) {
    JoinOptions options;
    options.limits.users = 2;
    Bench b(options);
    for (const char* who : {"a", "b", "c"}) b.send(registration(who, "192.0.2.77"), 5);
    ASSERT_EQ(b.rows.users.size(), 1U);
    EXPECT_EQ(b.rows.users[0].user, "a");
    EXPECT_EQ(b.joiner.users().evicted(), 1U);
    b.joiner.finish();
    EXPECT_EQ(b.joiner.users().written(), 3U);
}

// Calls on different scales have no mean but on the common one.
TEST(Users, ScalesAreNotMixed) {
    Bench b;
    b.send(stream(1, 1), 11);
    b.send(stream(1, 2), 11);
    b.send(call(1), 12);
    const Fields wideband{num(RTP_IN_PAYLOAD_TYPE, 9), txt(STREAM_CODEC, "G722")};
    b.send(with(stream(2, 1), wideband), 21);
    b.send(with(stream(2, 2), wideband), 21);
    b.send(call(2), 22);
    b.joiner.finish();
    const UserRow& alice = user(b, "sip:alice@example.org");
    EXPECT_EQ(alice.calls, 2U);
    EXPECT_FALSE(alice.mos_mean);
    EXPECT_FALSE(alice.mos_worst);
    EXPECT_TRUE(alice.mos_common_mean);
}

// A pair of streams that no signalling explains is called what nDPI calls their flow.
TEST(Applications, NameMediaOnlyRows) {
    const auto pair = [](Bench& b) {
        for (const int side : {1, 2})
            b.send(with(without(stream(1, side), {CALL_RECORD_ID, SIP_CALL_ID, STREAM_SIDE}), {num(STREAM_MATCH, 6)}), 11);
        b.joiner.finish();
    };
    for (const char* name : {"WhatsAppCall", "RTP", ""}) {
        Bench b;
        b.send({num(RECORD_KIND, 1), num(IPV4_SRC_ADDR, 0xc0000201), num(L4_SRC_PORT, 4000), num(IPV4_DST_ADDR, 0xc6336402),
                num(L4_DST_PORT, 6000), num(PROTOCOL, 17), num(IN_BYTES, 500), num(IN_PKTS, 2), txt(L7_PROTO_NAME, name)}, 10);
        pair(b);
        ASSERT_EQ(b.rows.calls.size(), 1U);
        EXPECT_EQ(b.rows.calls[0].facts.state, "MEDIA_ONLY");
        EXPECT_EQ(b.rows.calls[0].facts.signalling, std::string_view(name) == "WhatsAppCall" ? name : "");
        EXPECT_TRUE(b.rows.users.empty());
    }
}

}  // namespace
}  // namespace voipprobe::collector::test_join
