// Templates kept over a restart (RFC 7011 §8), copies left out, elements of other exporters.
#include "collector/template_store.hpp"

#include <filesystem>
#include <fstream>

#include "collector/intake.hpp"
#include "collector/session/decoder.hpp"
#include "collector/sink/columns.hpp"
#include "message_builder.hpp"
#include "tests/unit/support/scratch_folder.hpp"

namespace voipprobe::collector {
namespace {

using namespace voipprobe::test;
using enum templates::ElementId;

constexpr std::uint32_t kNow = 1'700'000'000;

struct Seen : RecordConsumer {
    void on_record(const Record& r, RecordKind kind) override {
        ++records;
        kinds.push_back(kind);
        line.clear();
        names = r.layout().names();
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (i > 0) line += ' ';
            append_plain(line, flow_cell(r, i));
        }
    }
    int records = 0;
    std::vector<RecordKind> kinds;
    std::vector<std::string> names;
    std::string line;
};

Peer udp_peer(std::uint16_t port) { return {Transport::udp, {wire::IpAddress::v4(0xc0000201), port}}; }

const std::vector<FieldValue> kFlow{num(IPV4_SRC_ADDR, 0xc0000201), num(IN_PKTS, 42)};
Octets definition(std::uint32_t domain = 1) {
    return message(FlowProtocol::ipfix, set(2, template_record(FlowProtocol::ipfix, 300, kFlow)), 0, kNow, domain);
}
Octets data(std::uint32_t at = kNow + 1, std::uint32_t domain = 1) {
    return message(FlowProtocol::ipfix, set(300, record(FlowProtocol::ipfix, kFlow)), 0, at, domain);
}

TEST(StoredTemplates, dataOfTheSameAddressPortAndDomainIsReadAtOnce) {
    Decoder before;
    Seen ignored;
    before.message(udp_peer(5000), definition(), ignored);
    before.message({Transport::tcp, udp_peer(6000).endpoint}, definition(), ignored);  // never kept
    std::string warning;
    const auto stored = templates_from_json(templates_to_json(before.stored_templates()), warning);
    EXPECT_EQ(warning, "");
    ASSERT_EQ(stored.size(), 1U);

    Decoder after;
    for (const StoredTemplate& t : stored) after.restore(t);
    Seen same, other_port, other_domain, tcp;
    EXPECT_TRUE(after.message(udp_peer(5000), data(), same));
    EXPECT_FALSE(after.message(udp_peer(5001), data(), other_port));
    EXPECT_FALSE(after.message(udp_peer(5000), data(kNow + 1, 2), other_domain));
    EXPECT_FALSE(after.message({Transport::tcp, udp_peer(5000).endpoint}, data(), tcp));
    EXPECT_EQ(same.records, 1);
    EXPECT_EQ(same.line, "192.0.2.1 42");
    EXPECT_EQ(other_port.records + other_domain.records + tcp.records, 0);
    EXPECT_EQ(after.counters().templates_restored, 1U);
}

TEST(StoredTemplates, areProvisionalUntilTheExporterRepeatsThem) {
    Decoder before;
    Seen seen;
    before.message(udp_peer(5000), definition(), seen);
    const auto stored = before.stored_templates();
    {  // not repeated for too long
        Decoder after;
        after.restore(stored.front());
        EXPECT_TRUE(after.message(udp_peer(5000), data(kNow), seen));
        EXPECT_FALSE(after.message(udp_peer(5000), data(kNow + 1801), seen));
    }
    {  // repeated: it stays
        Decoder after;
        after.restore(stored.front());
        EXPECT_TRUE(after.message(udp_peer(5000), definition(), seen));
        EXPECT_TRUE(after.message(udp_peer(5000), data(kNow + 9000), seen));
    }
    {  // the exporter restarted with another template of that id: its own wins
        Decoder after;
        after.restore(stored.front());
        const std::vector<FieldValue> other{num(IN_BYTES, 7)};
        after.message(udp_peer(5000), message(FlowProtocol::ipfix, set(2, template_record(FlowProtocol::ipfix, 300, other)), 0, kNow), seen);
        after.message(udp_peer(5000), message(FlowProtocol::ipfix, set(300, record(FlowProtocol::ipfix, other)), 0, kNow), seen);
        EXPECT_EQ(seen.line, "7");
    }
}

// RFC 7011 §8.4: over UDP a template that is not refreshed expires; over TCP it lives as long as the session.
TEST(Templates, expireOverUdpUnlessRefreshed) {
    const std::uint32_t lifetime = SessionLimits{}.template_seconds;
    for (const bool tcp : {false, true}) {
        Decoder decoder;
        Seen seen;
        const Peer peer = tcp ? Peer{Transport::tcp, udp_peer(5000).endpoint} : udp_peer(5000);
        decoder.message(peer, definition(), seen);
        EXPECT_TRUE(decoder.message(peer, data(kNow + lifetime), seen));
        EXPECT_EQ(decoder.message(peer, data(kNow + lifetime + 1), seen), tcp);
        EXPECT_EQ(decoder.counters().templates_expired, tcp ? 0U : 1U);
        decoder.message(peer, definition(), seen);
        EXPECT_TRUE(decoder.message(peer, data(kNow + 1), seen)) << "and is learnt again";
    }
}

TEST(StoredTemplates, aFileThatMakesNoSenseIsAWarning) {
    std::string warning;
    EXPECT_TRUE(templates_from_json("not json", warning).empty());
    EXPECT_EQ(warning, "is no list of templates");
    for (const char* bad : {R"([{}])", R"([5])", R"([{"address":"x","port":1,"domain":1,"version":10,"id":300,"scope":0,"fields":[[0,1,8]]}])",
                            R"([{"address":"::1","port":1,"domain":1,"version":10,"id":200,"scope":0,"fields":[[0,1,8]]}])",
                            R"([{"address":"::1","port":1,"domain":1,"version":10,"id":300,"scope":2,"fields":[[0,1,8]]}])",
                            R"([{"address":"::1","port":1,"domain":1,"version":10,"id":300,"scope":0,"fields":[[0,1,0]]}])",
                            R"([{"address":"::1","port":1,"domain":1,"version":9,"id":300,"scope":0,"fields":[[5,1,8]]}])",
                            R"([{"address":"::1","port":1,"domain":1,"version":10,"id":300,"scope":0,"fields":[]}])",
                            R"([{"address":"::1","port":-1,"domain":1,"version":10,"id":300,"scope":0,"fields":[[0,1,8]]}])"}) {
        warning.clear();
        EXPECT_TRUE(templates_from_json(bad, warning).empty()) << bad;
        EXPECT_THAT(warning, testing::HasSubstr("make no sense")) << bad;
    }
    const test::ScratchFolder folder;
    ASSERT_TRUE(write_templates(folder.path() / "state", {}));
    warning.clear();
    EXPECT_TRUE(read_templates(folder.path() / "state", warning).empty());
    EXPECT_EQ(warning, "");
    std::ofstream(folder.path() / "file") << "x";
    EXPECT_FALSE(write_templates(folder.path() / "file", {}));
}

TEST(Copies, recordsOfAStreamAreKeptOnce) {
    Seen seen;
    int options = 0;
    Intake intake(seen, {}, [&](const Record&) { ++options; });
    Decoder decoder;
    const std::vector<FieldValue> flow{txt(RECORD_ID, "0123456789abcdef"), num(IN_PKTS, 42)};
    const std::vector<FieldValue> another{txt(RECORD_ID, "0123456789abcdeX"), num(IN_PKTS, 42)};
    const Octets twice = message(FlowProtocol::ipfix,
                                 set(2, template_record(FlowProtocol::ipfix, 300, flow)) +
                                     set(300, record(FlowProtocol::ipfix, flow) + record(FlowProtocol::ipfix, flow) + record(FlowProtocol::ipfix, another)),
                                 0, kNow);
    decoder.message(udp_peer(1), twice, intake);
    EXPECT_EQ(seen.records, 3) << "over UDP nothing is sent again on purpose";
    seen.records = 0;
    intake.set_stream(true);
    decoder.message({Transport::tcp, udp_peer(2).endpoint}, twice, intake);
    EXPECT_EQ(seen.records, 2);
    EXPECT_EQ(intake.copies(), 1U);
}

// Only so many ids are remembered, and what was written last is what will be sent again: whatever the files are called.
TEST(Copies, idsAreReadInTheOrderTheirFilesWereWritten) {
    const test::ScratchFolder folder;
    const auto now = std::filesystem::file_time_type::clock::now();
    const std::string names = "dahcfbge";
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto path = folder / ("flows-" + names.substr(i, 1) + ".csv");
        std::ofstream(path) << "RECORD_ID\n" << std::string(31, '0') << i << "\n";
        std::filesystem::last_write_time(path, now - std::chrono::seconds(100) + std::chrono::seconds(i));
    }
    const WrittenIds ids = read_written_ids(folder.path());
    ASSERT_EQ(ids.others.size(), names.size());
    for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(wire::hex(ids.others[i]).back(), static_cast<char>('0' + i));
}

TEST(Copies, idsOfAnEarlierRunAreFoundInItsFiles) {
    const test::ScratchFolder folder;
    const std::string id(32, 'a'), other(32, 'b');
    std::ofstream(folder / "calls.csv.part") << "record_id,probe,call_id\n" << id << ",192.0.2.1/7,\"a,\nb\"\n" << other << ",[bad,x\n";
    std::ofstream(folder / "streams.csv.part") << "record_id,probe,call_record_id\n" << std::string(32, 'c') << ",192.0.2.1/7," << id << "\n"
                                               << std::string(32, 'd') << ",192.0.2.1/7," << other << "\n" << std::string(32, 'e') << ",192.0.2.1/7,\n";
    std::ofstream(folder / "flows.csv") << "IN_PKTS,RECORD_ID\n5," << other << "\n6,\n";
    const WrittenIds ids = read_written_ids(folder.path());
    std::vector<std::string> joined;
    for (const CallKey& key : ids.joined) joined.push_back(wire::hex(key.id).substr(0, 1) + " " + key.probe.text());
    EXPECT_THAT(joined, testing::UnorderedElementsAre("a 192.0.2.1/7", "c 192.0.2.1/7", "e 192.0.2.1/7"));
    ASSERT_EQ(ids.stream_rows.size(), 1U);
    EXPECT_EQ(wire::hex(ids.stream_rows[0].id), std::string(32, 'd')) << "its call was still open";
    ASSERT_EQ(ids.others.size(), 1U);
    EXPECT_EQ(wire::hex(ids.others[0]), other);
    EXPECT_TRUE(read_written_ids("/nonexistent").others.empty());
}

// ---- other exporters ------------------------------------------------------------------------------------------

Octets raw_template(std::uint16_t id, const std::vector<std::pair<std::uint16_t, std::uint16_t>>& fields, std::uint32_t pen = 0) {
    Octets out;
    wire::ByteWriter w(out);
    w.u16(id), w.u16(static_cast<std::uint16_t>(fields.size()));
    for (const auto& [number, length] : fields) {
        w.u16(static_cast<std::uint16_t>(number | (pen != 0 ? 0x8000 : 0))), w.u16(length);
        if (pen != 0) w.u32(pen);
    }
    return out;
}

TEST(OtherExporters, ianaNamesWhatOurTableDoesNot) {
    Decoder decoder;
    Seen seen;
    // flowKeyIndicator, observationTimeNanoseconds, applicationName, reversed octets as a whole
    Octets fields;
    wire::ByteWriter w(fields);
    w.u64(5), w.u64(wire::microseconds_to_ntp(1'700'000'000'123'456)), w.u16(2);
    decoder.message(udp_peer(1),
                    message(FlowProtocol::ipfix, set(2, raw_template(300, {{173, 8}, {325, 8}, {302, 2}})) + set(300, fields), 0, kNow), seen);
    EXPECT_THAT(seen.names, testing::ElementsAre("flowKeyIndicator", "observationTimeNanoseconds", "selectorId"));
    EXPECT_EQ(seen.line, "5 2023-11-14T22:13:20.123456Z 2");
    decoder.message(udp_peer(1), message(FlowProtocol::ipfix, set(2, raw_template(301, {{1, 8}, {2, 8}, {86, 8}}, 29305)) + set(301, Octets(24, 0)), 1, kNow), seen);
    EXPECT_THAT(seen.names, testing::ElementsAre("OUT_BYTES", "OUT_PKTS", "reversePacketTotalCount"));
    decoder.message(udp_peer(1), message(FlowProtocol::ipfix, set(2, raw_template(302, {{77, 2}}, 64999)) + set(302, Octets{1, 2}), 2, kNow), seen);
    EXPECT_THAT(seen.names, testing::ElementsAre("pen64999.id77"));
    EXPECT_EQ(seen.line, "0102");
}

TEST(OtherExporters, ciscosSamplingOptionsAreRead) {
    Decoder decoder;
    Seen seen;
    Octets definition_octets;
    wire::ByteWriter w(definition_octets);
    w.u16(260), w.u16(4), w.u16(12);           // scope and option octets
    w.u16(2), w.u16(4);                        // scope: interface
    w.u16(48), w.u16(1), w.u16(49), w.u16(1), w.u16(50), w.u16(4);
    w.u16(0);  // padding
    Octets values;
    wire::ByteWriter v(values);
    v.u32(7), v.u8(1), v.u8(2), v.u32(1000);
    decoder.message(udp_peer(1), message(FlowProtocol::netflow9, set(1, definition_octets) + set(260, values + Octets{0, 0}), 0, kNow), seen);
    ASSERT_EQ(seen.records, 1);
    EXPECT_EQ(seen.kinds.front(), RecordKind::options);
    EXPECT_THAT(seen.names, testing::ElementsAre("SCOPE_INTERFACE", "samplerId", "samplerMode", "samplerRandomInterval"));
    EXPECT_EQ(seen.line, "7 1 2 1000");
}

}  // namespace
}  // namespace voipprobe::collector
