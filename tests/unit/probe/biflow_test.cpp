// --biflow: the same call told in three ways; packets and octets stay the capture's.
#include <cstring>
#include <map>

#include "probe/export/packed_record.hpp"
#include "probe/record/record_writer.hpp"
#include "tests/unit/probe/test_call.hpp"

namespace voipprobe::probe {
namespace {

using namespace voipprobe::test;
using templates::Biflow;
using templates::ElementId;

struct Seen {
    templates::PlannedTemplate t;
    std::vector<std::uint8_t> packed;

    std::uint64_t number(ElementId id) const {
        for (std::size_t i = 0; i < t.elements.size(); ++i) {
            if (t.elements[i] != id) continue;
            std::uint64_t v = 0;
            const wire::Bytes b = packed_field(t.layout, packed, i);
            std::memcpy(&v, b.data(), std::min<std::size_t>(b.size(), 8));
            return v;
        }
        ADD_FAILURE() << "no " << templates::element(id).name;
        return 0;
    }
    bool has(ElementId id) const { return std::find(t.elements.begin(), t.elements.end(), id) != t.elements.end(); }
};

std::vector<Seen> run(Biflow biflow, std::string_view spec) {
    const auto plan = templates::plan_templates(*templates::parse_template_spec(spec), {.biflow = biflow});
    EXPECT_TRUE(plan.has_value());
    std::vector<Seen> out;
    RecordWriter writer(
        plan->templates, [&](std::size_t i, wire::Bytes packed, wire::TimeNs) { out.push_back({plan->templates[i], {packed.begin(), packed.end()}}); },
        {.privacy = {}, .one_way = biflow == Biflow::off});
    Pipeline pipeline({}, writer);
    for (const TimedPacket& p : call_packets({})) pipeline.process(raw(p.time, p.octets, kLinkRaw));
    pipeline.finish();
    return out;
}

constexpr std::string_view kSpec =
    "%IPV4_SRC_ADDR %IPV4_DST_ADDR %L4_SRC_PORT %L4_DST_PORT %IN_PKTS %IN_BYTES %OUT_PKTS %OUT_BYTES %RTP_IN_PKT_LOST %RTP_OUT_PKT_LOST %RTP_IN_JITTER "
    "%RTP_OUT_JITTER %SIP_RTP_L4_SRC_PORT %SIP_RTP_L4_DST_PORT";

TEST(Biflow, ntopHasBothDirectionsInOneRecord) {
    const auto records = run(Biflow::ntop, kSpec);
    std::uint64_t packets = 0;
    for (const Seen& r : records) packets += r.number(ElementId::IN_PKTS) + r.number(ElementId::OUT_PKTS);
    EXPECT_EQ(packets, 7U + 198U);
    for (const Seen& r : records)
        for (std::size_t i = 0; i < r.t.elements.size(); ++i)
            if (r.t.elements[i] == ElementId::OUT_BYTES) EXPECT_EQ(r.t.layout.fields[i].number, 23);
}

TEST(Biflow, rfc5103SendsReverseElementsAndADirectionInEveryRecord) {
    const auto records = run(Biflow::rfc5103, "voip");
    std::size_t flows = 0;
    for (const Seen& r : records) {
        if (!r.has(ElementId::OUT_BYTES)) continue;
        ++flows;
        EXPECT_EQ(r.number(ElementId::BIFLOW_DIRECTION), 1U);
        for (std::size_t i = 0; i < r.t.elements.size(); ++i) {
            const wire::FieldLayout& f = r.t.layout.fields[i];
            EXPECT_NE(f.pen == 0 ? f.number : 0, 23);
            EXPECT_NE(f.pen == 0 ? f.number : 0, 24);
            EXPECT_NE(f.pen == 0 ? f.number : 0, 55);
            if (r.t.elements[i] == ElementId::OUT_BYTES) EXPECT_EQ(std::pair(f.pen, f.number), std::pair(29305U, std::uint16_t{1}));
            if (r.t.elements[i] == ElementId::OUT_PKTS) EXPECT_EQ(std::pair(f.pen, f.number), std::pair(29305U, std::uint16_t{2}));
            if (r.t.elements[i] == ElementId::DST_TOS) EXPECT_EQ(std::pair(f.pen, f.number), std::pair(29305U, std::uint16_t{5}));
        }
        EXPECT_EQ(r.t.elements.size(), r.t.layout.fields.size());
        EXPECT_LE(r.t.elements.size(), templates::kMostFields);
    }
    EXPECT_EQ(flows, 2U);
    EXPECT_FALSE(templates::plan_templates(*templates::parse_template_spec("voip"), {.version = 9, .biflow = Biflow::rfc5103}).has_value());
}

TEST(Biflow, offIsARecordForEachDirectionWithInAndOutSwappedThroughout) {
    const auto both = run(Biflow::ntop, kSpec);
    const auto each = run(Biflow::off, kSpec);
    EXPECT_EQ(each.size(), 2 * both.size());
    std::uint64_t packets = 0, octets = 0, expected_octets = 0;
    std::map<std::uint64_t, const Seen*> by_source;
    for (const Seen& r : both) expected_octets += r.number(ElementId::IN_BYTES) + r.number(ElementId::OUT_BYTES);
    for (const Seen& r : each) {
        EXPECT_FALSE(r.has(ElementId::OUT_PKTS) || r.has(ElementId::OUT_BYTES));
        packets += r.number(ElementId::IN_PKTS);
        octets += r.number(ElementId::IN_BYTES);
        if (r.has(ElementId::RTP_IN_JITTER)) by_source[r.number(ElementId::L4_SRC_PORT)] = &r;
    }
    EXPECT_EQ(packets, 7U + 198U);
    EXPECT_EQ(octets, expected_octets);
    ASSERT_EQ(by_source.size(), 2U);
    const Seen& forward = *by_source.at(40000);
    const Seen& back = *by_source.at(50000);
    EXPECT_EQ(forward.number(ElementId::RTP_IN_JITTER), back.number(ElementId::RTP_OUT_JITTER));
    EXPECT_EQ(forward.number(ElementId::RTP_OUT_JITTER), back.number(ElementId::RTP_IN_JITTER));
    EXPECT_EQ(forward.number(ElementId::IPV4_SRC_ADDR), back.number(ElementId::IPV4_DST_ADDR));
    for (const Seen& r : each) {
        if (!r.has(ElementId::SIP_RTP_L4_SRC_PORT) || r.has(ElementId::RTP_IN_JITTER)) continue;
        const bool from_caller = r.number(ElementId::IPV4_SRC_ADDR) == forward.number(ElementId::IPV4_SRC_ADDR);
        EXPECT_EQ(r.number(ElementId::SIP_RTP_L4_SRC_PORT), from_caller ? 40000U : 50000U);
    }
}

TEST(Biflow, offGivesEachHalfAnIdentityOfItsOwn) {
    const auto records = run(Biflow::off, "voip");
    std::map<std::vector<std::uint8_t>, int> ids;
    for (const Seen& r : records) {
        if (!r.has(ElementId::IN_PKTS)) continue;
        const auto id = packed_field(r.t.layout, r.packed, 0);
        ++ids[{id.begin(), id.end()}];
    }
    EXPECT_EQ(ids.size(), 4U);
}

}  // namespace
}  // namespace voipprobe::probe
