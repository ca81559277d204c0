// -P: records as text files, against what the collector makes of the same records.
#include "probe/export/record_dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "probe/export/field_text.hpp"
#include "probe/record/record_writer.hpp"
#include "templates/template_spec.hpp"
#include "tests/unit/probe/test_call.hpp"
#include "wire/csv_text.hpp"
#include "tests/unit/support/scratch_folder.hpp"

using namespace voipprobe;
using namespace voipprobe::test;
using probe::RecordDump;
using templates::ElementId;

namespace {

namespace fs = std::filesystem;

class Dump : public testing::Test {
  protected:
    void SetUp() override {
        plan_ = templates::plan_templates(*templates::parse_template_spec("voip"), {})->templates;
    }

    void run(probe::DumpStyle style, std::int64_t rotate = 60 * wire::kSecond) {
        auto opened = RecordDump::open({folder_.string(), style, rotate, {}}, plan_);
        ASSERT_TRUE(opened) << opened.error().message;
        RecordDump& dump = **opened;
        probe::RecordWriter writer(plan_, [&](std::size_t i, wire::Bytes packed, wire::TimeNs t) { dump.record(i, packed, t); });
        probe::Pipeline pipeline({}, writer);
        for (const TimedPacket& p : call_packets({})) pipeline.process(raw(p.time, p.octets, probe::kLinkRaw));
        pipeline.finish();
        EXPECT_GT(dump.written(), 0U);
        EXPECT_EQ(dump.lost(), 0U);
    }
    // All finished files of a kind, put together.
    std::vector<std::string> files(const std::string& ending) const {
        std::vector<std::string> out;
        for (const auto& entry : fs::recursive_directory_iterator(folder_))
            if (entry.is_regular_file() && entry.path().string().ends_with(ending)) out.push_back(entry.path().string());
        std::sort(out.begin(), out.end());
        return out;
    }
    static std::string text(const std::string& path) {
        std::ifstream in(path, std::ios::binary);
        std::ostringstream out;
        out << in.rdbuf();
        return out.str();
    }
    test::ScratchFolder scratch_;
    fs::path folder_ = scratch_.path() / "dump";
    std::vector<templates::PlannedTemplate> plan_;
};

TEST_F(Dump, csvHasOneTableForEachKind) {
    run(probe::DumpStyle::csv);
    EXPECT_TRUE(files(".temp").empty());
    ASSERT_EQ(files("-call.csv").size(), 1U);
    EXPECT_THAT(files("-call.csv")[0], testing::HasSubstr("/2023/11/14/22_13-call.csv"));
    const std::string all = text(files("-call.csv")[0]);
    std::string_view rest = all;
    std::vector<std::string> names, cells;
    ASSERT_TRUE(wire::next_csv_record(rest, names));
    ASSERT_TRUE(wire::next_csv_record(rest, cells));
    ASSERT_EQ(names.size(), cells.size());
    const auto at = [&](const char* name) {
        const auto i = std::find(names.begin(), names.end(), name) - names.begin();
        return i < static_cast<std::ptrdiff_t>(cells.size()) ? cells[static_cast<std::size_t>(i)] : "no such column";
    };
    EXPECT_EQ(at("SIP_CALL_ID"), "wrapped@example.org");
    EXPECT_THAT(at("CALL_INVITE_TIME"), testing::StartsWith("2023-11-14T22:13:20."));
    EXPECT_EQ(at("CALL_CANCEL_TIME"), "");
    ASSERT_EQ(files("-stream.csv").size(), 1U);
    const std::string streams = text(files("-stream.csv")[0]);
    EXPECT_EQ(std::count(streams.begin(), streams.end(), '\n'), 3);
    EXPECT_EQ(files("-flow.csv").size(), 1U);
}

TEST_F(Dump, jsonLinesParse) {
    run(probe::DumpStyle::json);
    std::istringstream in(text(files("-stream.jsonl").at(0)));
    int n = 0;
    for (std::string line; std::getline(in, line); ++n) {
        const auto row = nlohmann::json::parse(line);
        EXPECT_TRUE(row["STREAM_PACKETS"].is_number());
        EXPECT_TRUE(row["STREAM_CODEC"].is_string());
        EXPECT_FALSE(row.contains("STREAM_REPORTED_MOS_LQ"));  // nobody reported one
    }
    EXPECT_EQ(n, 2);
}

TEST_F(Dump, textIsNprobes) {
    run(probe::DumpStyle::text);
    std::istringstream in(text(files("-flow.flows").at(0)));
    std::string header, row;
    std::getline(in, header);
    std::getline(in, row);
    EXPECT_THAT(header, testing::HasSubstr("|IN_BYTES|"));
    EXPECT_EQ(std::count(header.begin(), header.end(), '|'), std::count(row.begin(), row.end(), '|'));
}

TEST_F(Dump, filesTurnByPacketTimeAndAreNeverOverwritten) {
    run(probe::DumpStyle::csv, wire::kSecond);
    const std::size_t first = files(".csv").size();
    run(probe::DumpStyle::csv, wire::kSecond);
    EXPECT_EQ(files(".csv").size(), 2 * first);
}

TEST_F(Dump, aFolderThatCannotBeWrittenIsNamed) {
    std::ofstream(folder_.string()) << "a file";
    const auto opened = RecordDump::open({folder_.string(), probe::DumpStyle::csv, wire::kSecond, {}}, plan_);
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, testing::HasSubstr(folder_.string()));
}

probe::FieldText field(wire::FieldType type, const Octets& octets, templates::Absent absent = templates::Absent::never) {
    templates::Element e = templates::element(ElementId::SIP_CALL_ID);
    e.absent = absent;
    wire::FieldLayout f;
    f.type = type;
    return probe::field_text(e, f, octets);
}

TEST(FieldText, everyType) {
    using enum wire::FieldType;
    EXPECT_EQ(field(ipv4, {192, 0, 2, 1}).text, "192.0.2.1");
    EXPECT_EQ(field(mac, {1, 2, 3, 4, 5, 0xff}).text, "01:02:03:04:05:ff");
    EXPECT_EQ(field(wire::FieldType::octets, {0xde, 0xad}).text, "dead");
    EXPECT_EQ(field(unsigned_int, {7}).text, "7");
    EXPECT_EQ(field(unsigned_int, {1, 1}).text, "257");
    EXPECT_EQ(field(string, {'a', '=', 0, 0}).text, "a=");
    EXPECT_TRUE(field(string, {'=', '1'}).foreign);
    Octets o(8);
    const double v = 1.5, nan = std::nan("");
    std::memcpy(o.data(), &v, 8);
    EXPECT_EQ(field(float64, o).text, "1.500000");
    std::memcpy(o.data(), &nan, 8);
    EXPECT_EQ(field(float64, o).text, "");
    const std::uint64_t us = 1'700'000'000'123'456;
    std::memcpy(o.data(), &us, 8);
    EXPECT_EQ(field(microseconds, o).text, "2023-11-14T22:13:20.123456Z");
    EXPECT_EQ(field(microseconds, Octets(8, 0xfe)).text, "");
    EXPECT_EQ(field(unsigned_int, {0xff, 0xff}, templates::Absent::ones).text, "");
    EXPECT_EQ(field(unsigned_int, {0, 0}, templates::Absent::zero).text, "");
    EXPECT_EQ(field(unsigned_int, {0, 0}).text, "0");
    EXPECT_EQ(field(ipv6, {}).text, "");
}

}  // namespace
