// All reference vectors of tests/vectors/emodel_vectors.csv, to 1e-4.
#include <cmath>
#include <fstream>
#include <map>
#include <optional>

#include "quality/emodel.hpp"

namespace {

using namespace voipprobe::quality;
using Row = std::map<std::string, std::string>;

std::vector<std::string> split_csv(const std::string& line) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
        if (c == '"')
            quoted = !quoted;
        else if (c == ',' && !quoted)
            cells.emplace_back();
        else if (c != '\r')
            cells.back() += c;
    }
    return cells;
}

std::vector<Row> read_vectors() {
    std::ifstream file(std::string(VOIPPROBE_SOURCE_DIR) + "/tests/vectors/emodel_vectors.csv");
    std::string line;
    std::getline(file, line);
    const auto header = split_csv(line);
    std::vector<Row> rows;
    while (std::getline(file, line)) {
        const auto cells = split_csv(line);
        Row row;
        for (std::size_t i = 0; i < header.size() && i < cells.size(); ++i) row[header[i]] = cells[i];
        rows.push_back(row);
    }
    return rows;
}

double number(const Row& row, const char* column, double otherwise = 0) {
    const auto& text = row.at(column);
    return text.empty() ? otherwise : std::stod(text);
}

double largest_error = 0;

void expect_near(double expected, double got, const Row& row, const char* what) {
    largest_error = std::max(largest_error, std::abs(expected - got));
    EXPECT_NEAR(expected, got, 1e-4) << row.at("model") << ": " << row.at("case") << ": " << what;
}

// The vectors hold the unclamped cubic below R = 6.5; the product clamps to 1.
double vector_mos(double r) { return r > 0 && r <= 6.5 ? detail::mos_unclamped(r) : mos_from_r(r); }

TEST(EmodelVectors, AllWithinTolerance) {
    const auto rows = read_vectors();
    ASSERT_EQ(rows.size(), 215U);
    for (const auto& row : rows) {
        const auto& model = row.at("model");
        const double r = number(row, "R");
        const double mos = number(row, "MOS");
        if (model == "R->MOS") {
            expect_near(mos, vector_mos(r), row, "MOS");
        } else if (model == "MOS->R") {
            expect_near(r, r_from_mos(mos), row, "R");
        } else if (model == "NB G.107") {
            NarrowbandInput in;
            in.set_one_way_delay(number(row, "T_ms"));
            in.telr = number(row, "TELR"), in.ie = number(row, "Ie"), in.bpl = number(row, "Bpl");
            in.ppl = number(row, "Ppl_pct"), in.burst_r = number(row, "BurstR"), in.s_t = number(row, "sT");
            in.m_t_ms = number(row, "mT"), in.qdu = number(row, "qdu");
            const auto out = rate_narrowband(in);
            expect_near(number(row, "Id"), out.id, row, "Id");
            expect_near(number(row, "Ie_eff"), out.ie_eff, row, "Ie,eff");
            expect_near(r, out.r, row, "R");
            expect_near(mos, vector_mos(out.r), row, "MOS");
            EXPECT_NEAR(number(row, "GoB_pct"), good_or_better_percent(out.r), 0.006) << row.at("case");
            EXPECT_NEAR(number(row, "PoW_pct"), poor_or_worse_percent(out.r), 0.006) << row.at("case");
        } else {
            const auto rate = model == "WB G.107.1" ? rate_wideband : rate_fullband;
            const auto out =
                rate(number(row, "Ie"), number(row, "Bpl", 1), number(row, "Ppl_pct"), number(row, "T_ms"));
            expect_near(number(row, "Id"), out.id, row, "Id");
            expect_near(number(row, "Ie_eff"), out.ie_eff, row, "Ie,eff");
            expect_near(r, out.r, row, "R");
            expect_near(mos, out.mos, row, "MOS");
        }
    }
    RecordProperty("largest_error", std::to_string(largest_error));
}

TEST(Emodel, AnchorsOfTheDefaultPlan) {
    const auto out = rate_narrowband({});
    EXPECT_NEAR(out.ro, 94.7688, 1e-4);
    EXPECT_NEAR(out.is, 1.4136, 1e-4);
    EXPECT_NEAR(out.id_le, 0.1490, 1e-4);
    EXPECT_NEAR(out.r, 93.2062, 1e-4);
    EXPECT_NEAR(out.ro - out.is, kNarrowbandListeningR, 5e-4);
}

TEST(Emodel, MosStaysWithinItsRangeAndIsMonotone) {
    for (const auto scale : {Scale::kNarrowband, Scale::kWideband, Scale::kFullband}) {
        double last = 0;
        for (double r = -50; r < 200; r += 0.05) {
            const double mos = mos_from_r(r, scale);
            EXPECT_GE(mos, 1);
            EXPECT_LE(mos, 4.5);
            EXPECT_GE(mos, last);
            last = mos;
        }
    }
}

TEST(Emodel, InverseRoundTrip) {
    for (double r = 6.6; r < 100; r += 0.1) EXPECT_NEAR(r_from_mos(mos_from_r(r)), r, 1e-6);
    EXPECT_EQ(r_from_mos(0.5), 0);
    EXPECT_EQ(r_from_mos(5), 100);
    EXPECT_NEAR(r_from_mos(mos_from_r(111, Scale::kFullband), Scale::kFullband), 111, 1e-6);
}

TEST(Emodel, BridgesMeetTheScales) {
    EXPECT_NEAR(bridge_to_fullband(Scale::kNarrowband, 0), 93.2, 1e-9);
    EXPECT_NEAR(bridge_to_fullband(Scale::kWideband, 20), 109, 1e-9);
    EXPECT_NEAR(bridge_to_fullband(Scale::kFullband, 10.2), 137.8, 1e-9);
}

TEST(Emodel, NotANumberNeverLeavesTheRange) {
    const double nan = std::nan("");
    EXPECT_EQ(mos_from_r(nan), 1);
    EXPECT_EQ(r_from_mos(nan), 0);
    EXPECT_EQ(effective_impairment(Scale::kNarrowband, 11, 19, nan, 1), 11);
}

}  // namespace
