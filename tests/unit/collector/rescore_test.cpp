#include "collector/rescore.hpp"

#include <gtest/gtest.h>

#include "collector/sink/columns.hpp"
#include "wire/csv_text.hpp"

using namespace voipprobe;
using namespace voipprobe::collector;

namespace {

StreamRow row_of(const char* codec, std::uint64_t lost, std::uint64_t late) {
    StreamRow r;
    r.facts.codec = codec;
    r.facts.clock_rate = 8000;
    r.facts.media = 1;
    r.facts.ptime_us = 20000;
    r.facts.packets = 1000 - lost;
    r.facts.expected = 1000;
    r.facts.lost = lost;
    r.facts.discard_adaptive = late;
    r.facts.discard_f60 = late + 20;
    r.facts.discard_f200 = late;
    r.facts.burst_ratio = 1.5;
    r.facts.rtt_ns = 100'000'000;
    r.facts.jitter_mean_ns = r.facts.jitter_std_dev_ns = 3'000'000;
    r.facts.mos_min_10s = 3.5;
    r.facts.call_id = "a,\"b\"@example.org";
    r.score = score_stream(r.facts, {});
    return r;
}

std::string csv_of(const std::vector<StreamRow>& rows) {
    std::string out;
    for (const auto& c : stream_columns()) out += (out.empty() ? "" : ",") + c.name;
    for (const StreamRow& r : rows) {
        out += '\n';
        bool first = true;
        for (const auto& c : stream_columns()) {
            if (!first) out += ',';
            first = false;
            std::string cell;
            append_plain(cell, c.cell(r));
            wire::append_csv_cell(out, cell);
        }
    }
    return out + "\n";
}

std::string cell(std::string_view csv, std::size_t row, std::string_view column) {
    std::vector<std::string> header, cells;
    wire::next_csv_record(csv, header);
    for (std::size_t i = 0; i <= row; ++i) wire::next_csv_record(csv, cells);
    return cells.at(static_cast<std::size_t>(std::find(header.begin(), header.end(), column) - header.begin()));
}

Rescored rescored(const std::string& csv, std::string_view what_if) {
    auto out = rescore_streams(csv, *quality::parse_what_if(what_if), {});
    EXPECT_TRUE(out);
    return out ? *out : Rescored{};
}

TEST(Rescore, WithoutWhatIfTheRowsStayAsTheyAre) {
    const std::string csv = csv_of({row_of("PCMU", 10, 5), row_of("GSM", 0, 0), row_of("unheard-of", 3, 0), row_of("G722", 7, 1)});
    const Rescored out = rescored(csv, "");
    EXPECT_EQ(out.rows, 4U);
    EXPECT_EQ(out.csv, csv);
}

TEST(Rescore, WhatIf) {
    const std::string csv = csv_of({row_of("PCMU", 10, 5)});
    const std::string out = rescored(csv, "jb=60,plc=off").csv;
    StreamRow expected = row_of("PCMU", 10, 5);
    expected.facts.discard_adaptive = 25;
    const Score score = score_stream(expected.facts, {.g711_concealment = false});
    std::string mos;
    append_plain(mos, decimal_cell(score.mos_lq, 2));
    EXPECT_EQ(cell(out, 0, "mos_lq"), mos);
    EXPECT_EQ(cell(out, 0, "mos_basis"), "standard no-plc");
    EXPECT_EQ(cell(out, 0, "mos_min_10s"), "");
    EXPECT_EQ(cell(out, 0, "call_id"), "a,\"b\"@example.org");
    EXPECT_EQ(cell(out, 0, "discard_adaptive"), "5") << "what was measured stays";
    EXPECT_EQ(cell(rescored(csv, "codec=G729").csv, 0, "codec"), "G729");
}

TEST(Rescore, WhatIsNoStreamsFile) {
    EXPECT_FALSE(rescore_streams("call_id,mos\n", {}, {}));
    EXPECT_FALSE(rescore_streams("", {}, {}));
    std::string csv = csv_of({row_of("PCMU", 0, 0)}) + "half,a,line\n";
    const auto out = rescore_streams(csv, {}, {});
    ASSERT_TRUE(out);
    EXPECT_EQ(out->rows, 1U);
    EXPECT_EQ(out->damaged, 1U);
}

TEST(Explain, OneSentenceForEachDirection) {
    StreamRow r = row_of("G729", 20, 0);
    r.facts.burst_ratio = 1;
    r.facts.rtt_ns.reset();
    EXPECT_EQ(explain_stream(r.facts, {}), "MOS 3.79 NB (fair): the codec G729 costs 11.0 R points and 2.00 % packet loss 8.0.");
    EXPECT_EQ(explain_stream(StreamFacts{}, {}), "No score: no packets were seen in this direction.");
}

}  // namespace
