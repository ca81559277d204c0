#include "collector/session/decoder.hpp"

#include <random>

#include "message_builder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;

constexpr std::uint32_t kStart = 1700000000;

// Keeps what it saw as text.
class Recorder final : public RecordConsumer {
  public:
    struct Seen {
        RecordKind kind;
        std::vector<std::string> names;
        std::vector<ValueKind> kinds;
        std::uint64_t packets;
        std::string call_id;
        std::string probe;
        std::optional<std::uint64_t> invite;
    };
    void on_record(const Record& r, RecordKind kind) override {
        Seen s{kind,
               r.layout().names(),
               {},
               r[IN_PKTS].as_number().value_or(0),
               std::string(r[SIP_CALL_ID].as_text()),
               r.probe().text(),
               r[CALL_INVITE_TIME].as_time()};
        for (const Value& v : r.values()) s.kinds.push_back(v.kind());
        seen.push_back(s);
    }
    std::vector<Seen> seen;
};

Peer udp_peer(std::uint16_t port = 50000, std::uint32_t address = 0x7f000001) {
    return {Transport::udp, {wire::IpAddress::v4(address), port}};
}

struct Fixture {
    Decoder decoder;
    Recorder rows;
    std::uint32_t sequence = 0;

    explicit Fixture(SessionLimits limits = {}) : decoder(templates::kOwnPen, limits) {}
    bool send(const Octets& sets, std::uint32_t records = 0, FlowProtocol p = FlowProtocol::ipfix,
              Peer peer = udp_peer(), std::uint32_t domain = 1) {
        const bool useful = decoder.message(peer, message(p, sets, sequence, kStart, domain), rows);
        sequence += p == FlowProtocol::ipfix ? records : 1;
        return useful;
    }
    std::uint64_t events(wire::TemplateEvent e) const {
        return decoder.counters().template_events[static_cast<std::size_t>(e)];
    }
};

const std::vector<FieldValue> kFlow{num(IPV4_SRC_ADDR, 0xc0000201), num(L4_SRC_PORT, 5060), num(IN_PKTS, 42)};

Octets template_of(const std::vector<FieldValue>& fields, std::uint16_t id = 256,
                   FlowProtocol p = FlowProtocol::ipfix) {
    return set(template_set_id(p), template_record(p, id, fields));
}
Octets data_of(const std::vector<FieldValue>& fields, std::uint16_t id = 256,
               FlowProtocol p = FlowProtocol::ipfix) {
    return set(id, record(p, fields));
}

class BothProtocols : public testing::TestWithParam<FlowProtocol> {};

TEST_P(BothProtocols, DecodesATypedRecord) {
    const FlowProtocol p = GetParam();
    Fixture f;
    const std::vector<FieldValue> call{txt(RECORD_ID, "0123456789abcdef"),
                                       txt(SIP_CALL_ID, "abc@host"),
                                       num(CALL_INVITE_TIME, 1700000000123456),
                                       none(STREAM_JITTER_MEAN),
                                       none(STREAM_BURST_DENSITY),
                                       none(RTP_IN_PAYLOAD_TYPE),
                                       num(CALL_BYE_TIME, 0)};
    EXPECT_TRUE(f.send(template_of(call, 256, p), 0, p));
    EXPECT_TRUE(f.send(data_of(call, 256, p), 1, p));
    ASSERT_EQ(f.rows.seen.size(), 1U);
    const auto& r = f.rows.seen[0];
    EXPECT_EQ(r.kind, RecordKind::stream);
    EXPECT_EQ(r.call_id, "abc@host");
    EXPECT_EQ(r.invite, 1700000000123456U);
    EXPECT_EQ(r.probe, "127.0.0.1/1");
    EXPECT_EQ(r.kinds, (std::vector{ValueKind::octets, ValueKind::text, ValueKind::time, ValueKind::absent,
                                    ValueKind::absent, ValueKind::absent, ValueKind::absent}));
}
INSTANTIATE_TEST_SUITE_P(Decoder, BothProtocols,
                         testing::Values(FlowProtocol::ipfix, FlowProtocol::netflow9));

TEST(Decoder, ReducedSizeIntegersAndAllOnesAtTheLengthReceived) {
    Fixture f;
    // IN_PKTS in 3 octets, RTP_IN_JITTER (absent: all ones) in 2.
    Octets t;
    wire::ByteWriter w(t);
    for (const unsigned v : {256U, 2U, 2U, 3U, 0x8000U | 154U, 2U}) w.u16(static_cast<std::uint16_t>(v));
    w.u32(templates::kNtopPen);
    f.send(set(2, t));
    f.send(set(256, Octets{0, 1, 0, 0xff, 0xff}), 1);
    ASSERT_EQ(f.rows.seen.size(), 1U);
    EXPECT_EQ(f.rows.seen[0].packets, 256U);
    EXPECT_EQ(f.rows.seen[0].kinds, (std::vector{ValueKind::number, ValueKind::absent}));
}

TEST(Decoder, UnknownElementsKeepTheirNumber) {
    Fixture f;
    Octets t;
    wire::ByteWriter w(t);
    w.u16(256), w.u16(2), w.u16(0x8000 | 17), w.u16(4), w.u32(12345), w.u16(499), w.u16(2);
    f.send(set(2, t));
    f.send(set(256, Octets{1, 2, 3, 4, 5, 6}), 1);
    ASSERT_EQ(f.rows.seen.size(), 1U);
    EXPECT_EQ(f.rows.seen[0].names, (std::vector<std::string>{"pen12345.id17", "pen0.id499"}));
    EXPECT_EQ(f.rows.seen[0].kinds[0], ValueKind::octets);
}

TEST(Decoder, TypeInformationNamesUnknownElements) {
    Fixture f;
    Octets types, t;
    wire::ByteWriter w(types), v(t);
    for (const unsigned x : {258U, 4U, 2U, 346U, 4U, 303U, 2U, 339U, 1U, 341U, 65535U})
        w.u16(static_cast<std::uint16_t>(x));
    f.send(set(3, types));
    Octets r;
    wire::ByteWriter rw(r);
    rw.u32(12345), rw.u16(17), rw.u8(3), rw.u8(8), rw.text("lossBits");
    v.u16(256), v.u16(1), v.u16(0x8000 | 17), v.u16(4), v.u32(12345);
    f.send(set(2, t));  // the template comes before its types
    f.send(set(258, r), 1);
    f.send(set(256, Octets{0, 0, 0, 5}), 1);
    ASSERT_EQ(f.rows.seen.size(), 2U);
    EXPECT_EQ(f.rows.seen[0].kind, RecordKind::options);
    EXPECT_EQ(f.rows.seen[1].names, std::vector<std::string>{"lossBits"});
    EXPECT_EQ(f.rows.seen[1].kinds[0], ValueKind::number);
    EXPECT_EQ(f.decoder.counters().sequence.lost, 0U);
}

TEST(Decoder, TextIsCleanWhateverCame) {
    Fixture f;
    const std::vector<FieldValue> r{txt(SIP_CALL_ID, "a\x1b[31m\r\n\xff")};
    f.send(template_of(r));
    f.send(data_of(r), 1);
    ASSERT_EQ(f.rows.seen.size(), 1U);
    EXPECT_EQ(f.rows.seen[0].call_id, "a\xef\xbf\xbd[31m\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

// C01: the old shape before, the new one after.
TEST(Decoder, RedefinitionReplaces) {
    Fixture f;
    const std::vector<FieldValue> other{num(IN_PKTS, 7)};
    f.send(template_of(kFlow) + data_of(kFlow) + template_of(other) + data_of(other), 2);
    ASSERT_EQ(f.rows.seen.size(), 2U);
    EXPECT_EQ(f.rows.seen[0].packets, 42U);
    EXPECT_EQ(f.rows.seen[1].packets, 7U);
    EXPECT_EQ(f.decoder.counters().templates_replaced, 1U);
    f.send(template_of(other));
    EXPECT_EQ(f.decoder.counters().templates_refreshed, 1U);
}

// C02, RFC 7011 §8: templates belong to one session and one domain.
TEST(Decoder, SessionsAndDomainsDoNotShareTemplates) {
    Fixture f;
    f.send(template_of(kFlow));
    f.send(data_of(kFlow), 1, FlowProtocol::ipfix, udp_peer(50001));
    f.send(data_of(kFlow), 1, FlowProtocol::ipfix, udp_peer(), 2);
    EXPECT_TRUE(f.rows.seen.empty());
    EXPECT_EQ(f.decoder.counters().sets_dropped, 2U);
}

TEST(Decoder, DataWaitsForItsTemplate) {
    Fixture f;
    EXPECT_FALSE(f.send(data_of(kFlow) + data_of(kFlow), 2));
    EXPECT_TRUE(f.send(template_of(kFlow)));
    EXPECT_EQ(f.rows.seen.size(), 2U);
    EXPECT_EQ(f.decoder.counters().sets_decoded_late, 2U);
    EXPECT_EQ(f.decoder.counters().sequence.lost, 0U);
    EXPECT_EQ(f.decoder.usage().pending, 0U);
}

TEST(Decoder, WaitingDataIsBounded) {
    SessionLimits limits;
    limits.pending_octets_per_domain = 1000;
    Fixture f(limits);
    for (int i = 0; i < 100; ++i) f.send(data_of(kFlow), 1);
    EXPECT_LE(f.decoder.usage().pending, 1000U);
    f.send(template_of(kFlow));
    EXPECT_GT(f.rows.seen.size(), 0U);
    EXPECT_EQ(f.rows.seen.size() + f.decoder.counters().sets_dropped, 100U);
}

// C06
TEST(Decoder, WithdrawalsCountOverTcpAndNotOverUdp) {
    for (const Transport transport : {Transport::udp, Transport::tcp, Transport::file}) {
        for (const Octets& withdrawal : {Octets{1, 0, 0, 0}, Octets{0, 2, 0, 0}}) {
            Fixture f;
            const Peer peer{transport, {wire::IpAddress::v4(0x7f000001), 1}};
            f.send(template_of(kFlow), 0, FlowProtocol::ipfix, peer);
            f.send(set(2, withdrawal), 0, FlowProtocol::ipfix, peer);
            f.send(data_of(kFlow), 1, FlowProtocol::ipfix, peer);
            EXPECT_EQ(f.rows.seen.size(), transport == Transport::udp ? 1U : 0U);
            EXPECT_EQ(f.decoder.counters().withdrawals_ignored, transport == Transport::udp ? 1U : 0U);
        }
    }
}

TEST(Decoder, AnEndedSessionIsForgotten) {
    Fixture f;
    f.send(template_of(kFlow));
    f.decoder.forget(udp_peer());
    f.send(data_of(kFlow), 1);
    EXPECT_TRUE(f.rows.seen.empty());
    EXPECT_GT(f.decoder.usage().pending, 0U);
}

// C07: a flood of sessions and domains neither grows without bound nor pushes out who sends data.
TEST(Decoder, AFloodOfNewcomersLeavesTheProvenExporterAlone) {
    Fixture f;
    f.send(template_of(kFlow));
    f.send(data_of(kFlow), 1);
    f.send(data_of(kFlow), 1);
    const std::uint32_t sequence = f.sequence;
    for (std::uint32_t i = 0; i < 20000; ++i) {
        f.sequence = 0;
        f.send(template_of(kFlow) + data_of(kFlow), 1, FlowProtocol::ipfix,
               udp_peer(static_cast<std::uint16_t>(i), 0x0a000000 + i));
    }
    EXPECT_LE(f.decoder.exporters(), SessionLimits{}.exporters);
    for (std::uint32_t d = 2; d < 5000; ++d)
        f.send(template_of(kFlow), 0, FlowProtocol::ipfix, udp_peer(), d);
    f.rows.seen.clear();
    f.sequence = sequence;
    f.send(data_of(kFlow), 1);
    EXPECT_EQ(f.rows.seen.size(), 1U);
    EXPECT_GT(f.decoder.counters().exporters_evicted, 0U);
    EXPECT_GT(f.decoder.counters().domains_evicted, 0U);
}

TEST(Decoder, TemplateMemoryIsBounded) {
    SessionLimits limits;
    limits.template_octets = 1 << 20;
    Fixture f(limits);
    std::vector<FieldValue> wide(500, num(IN_PKTS, 1));
    for (std::uint32_t i = 0; i < 400; ++i)
        f.send(template_of(wide, static_cast<std::uint16_t>(256 + i % 100)), 0, FlowProtocol::ipfix,
               udp_peer(50000), i % 70);
    EXPECT_LE(f.decoder.usage().templates, limits.template_octets);
    f.send(template_of(kFlow) + data_of(kFlow), 1, FlowProtocol::ipfix, udp_peer(1));
    EXPECT_FALSE(f.rows.seen.empty());
}

TEST(Decoder, ARefusedTemplateLeavesTheOldOne) {
    Fixture f;
    f.send(template_of(kFlow));
    f.send(set(2, Octets{1, 0, 0, 1, 0, 8, 0, 0}));
    f.send(data_of(kFlow), 1);
    EXPECT_EQ(f.rows.seen.size(), 1U);
    EXPECT_EQ(f.events(wire::TemplateEvent::bad_length), 1U);
}

TEST(Decoder, ReverseCountersOfABiflowAreOutCounters) {
    Fixture f;
    Octets t;
    wire::ByteWriter w(t);
    w.u16(256), w.u16(2), w.u16(2), w.u16(8), w.u16(0x8000 | 2), w.u16(8), w.u32(29305);
    f.send(set(2, t));
    f.send(set(256, Octets(16, 1)), 1);
    ASSERT_EQ(f.rows.seen.size(), 1U);
    EXPECT_EQ(f.rows.seen[0].names, (std::vector<std::string>{"IN_PKTS", "OUT_PKTS"}));
}

TEST(Decoder, OwnElementsUnderAnotherEnterpriseNumber) {
    Decoder decoder(4711);
    Recorder rows;
    Octets t;
    wire::ByteWriter w(t);
    w.u16(256), w.u16(1), w.u16(0x8000 | 14), w.u16(8), w.u32(4711);
    decoder.message(udp_peer(), message(FlowProtocol::ipfix, set(2, t), 0, kStart), rows);
    Octets r;
    wire::ByteWriter(r).u64(wire::microseconds_to_ntp(1700000000000001));
    decoder.message(udp_peer(), message(FlowProtocol::ipfix, set(256, r), 0, kStart), rows);
    ASSERT_EQ(rows.seen.size(), 1U);
    EXPECT_EQ(rows.seen[0].names, std::vector<std::string>{"CALL_INVITE_TIME"});
    EXPECT_EQ(rows.seen[0].invite, 1700000000000001U);
}

}  // namespace
}  // namespace voipprobe::collector
