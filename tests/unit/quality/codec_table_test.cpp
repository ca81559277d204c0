#include "quality/codec_table.hpp"

#include <set>

namespace {

using namespace voipprobe::quality;

CodecImpairment find(std::string_view name, std::uint32_t clock = 0, CodecVariant variant = {}) {
    return find_impairment(name, clock, variant);
}

TEST(CodecTable, EveryRowIsSaneAndSaysWhereItComesFrom) {
    for (const auto& row : codec_table()) {
        const auto& i = row.impairment;
        SCOPED_TRACE(std::string(row.name) + " " + std::string(row.mode));
        EXPECT_FALSE(i.source.empty());
        EXPECT_GT(row.clock, 0U);
        if (!i.usable()) continue;
        EXPECT_GE(i.ie, 0);
        EXPECT_GE(i.ie_lossy, i.ie) << "a loss must never improve the score";
        EXPECT_LT(i.ie, i.scale == Scale::kFullband ? 132 : 95);
        EXPECT_GT(i.bpl, 0);
        EXPECT_LE(i.bpl_bursty, i.bpl) << "bursts must never improve the score";
    }
}

TEST(CodecTable, RowsOfOneCodecStandTogether) {
    std::set<std::string_view> closed;
    std::string_view current;
    for (const auto& row : codec_table()) {
        if (row.name == current) continue;
        EXPECT_TRUE(closed.insert(row.name).second) << row.name;
        current = row.name;
    }
}

TEST(CodecTable, NamesMatchWithoutCase) {
    EXPECT_EQ(find("pcmu").basis, Basis::kStandard);
    EXPECT_EQ(find("PcMa", 8000).bpl, 25.1);
    EXPECT_EQ(find("OPUS", 48000).basis, Basis::kCalibrated);
    EXPECT_EQ(find("g729a").ie, 11);
    EXPECT_EQ(find("").basis, Basis::kNone);
    EXPECT_EQ(find("EVRC").basis, Basis::kNone);
    EXPECT_EQ(find("EVRC").basis_text, "none");
}

TEST(CodecTable, G711SaysWhetherLossesAreHidden) {
    const auto with = find("PCMU", 8000);
    EXPECT_EQ(with.bpl, 25.1);
    EXPECT_EQ(with.basis_text, "standard plc");
    const auto without = find("PCMU", 8000, {.concealment = false});
    EXPECT_EQ(without.bpl, 4.3);
    EXPECT_EQ(without.bpl_bursty, 4.3);
    EXPECT_EQ(without.basis_text, "standard no-plc");
}

TEST(CodecTable, VariantsChooseRows) {
    EXPECT_EQ(find("G729", 8000).ie, 11);
    EXPECT_EQ(find("G729", 8000, {.silence_suppression = false}).ie, 10);
    EXPECT_EQ(find("G729", 8000).basis, Basis::kStandard);
    EXPECT_EQ(find("G723", 8000, {.bitrate = 5300}).ie, 19);
    EXPECT_EQ(find("G723", 8000, {.bitrate = 6300}).ie, 15);
    EXPECT_EQ(find("AMR-WB", 16000, {.bitrate = 23850}).ie, 8);
    EXPECT_EQ(find("AMR-WB", 16000, {.bitrate = 23850}).ie_lossy, 10);
    EXPECT_EQ(find("EVS", 16000, {.bitrate = 24400}).ie, 7.2);
    EXPECT_EQ(find("G726-24", 8000).ie, 25);
}

TEST(CodecTable, GuessedModeIsOnlyAProxy) {
    EXPECT_EQ(find("AMR-WB", 16000).basis, Basis::kProxy);
    EXPECT_EQ(find("AMR-WB", 16000, {.bitrate = 12650}).basis, Basis::kStandard);
    EXPECT_EQ(find("EVS", 16000).basis_text, "proxy");
}

TEST(CodecTable, AmrHasFiguresAtItsHighestModeOnly) {
    EXPECT_EQ(find("AMR", 8000, {.bitrate = 12200}).basis, Basis::kProxy);
    EXPECT_EQ(find("AMR", 8000, {.bitrate = 4750}).basis, Basis::kNone);
}

TEST(CodecTable, OpusBandwidthChoosesTheScaleAndBitRateAloneNeverDoes) {
    EXPECT_EQ(find("opus", 48000).scale, Scale::kNarrowband);
    EXPECT_EQ(find("opus", 48000).ie, 6.4);
    EXPECT_EQ(find("opus", 48000, {.bitrate = 40000}).scale, Scale::kNarrowband);
    EXPECT_EQ(find("opus", 48000, {.bandwidth = Bandwidth::kWide}).scale, Scale::kWideband);
    const auto full = find("opus", 48000, {.bitrate = 40000, .bandwidth = Bandwidth::kFull});
    EXPECT_EQ(full.scale, Scale::kFullband);
    EXPECT_EQ(full.ie, 10.7);
}

TEST(CodecTable, ContradictingClockGivesNoFigures) {
    EXPECT_EQ(find("speex", 8000).basis, Basis::kCalibrated);
    EXPECT_EQ(find("speex", 16000).basis, Basis::kNone);
}

TEST(CodecTable, AuxiliaryFormats) {
    EXPECT_TRUE(is_auxiliary_format("Telephone-Event"));
    EXPECT_TRUE(is_auxiliary_format("cn"));
    EXPECT_FALSE(is_auxiliary_format("PCMU"));
}

TEST(StaticPayloadTypes, ExactClocksOfRfc3551) {
    const auto clock = [](std::uint8_t pt) { return find_static_payload_type(pt)->clock; };
    EXPECT_EQ(clock(0), 8000U);
    EXPECT_EQ(clock(5), 8000U);
    EXPECT_EQ(clock(6), 16000U);
    EXPECT_EQ(clock(9), 8000U);  // G722: sampled at 16000
    EXPECT_EQ(clock(10), 44100U);
    EXPECT_EQ(clock(16), 11025U);
    EXPECT_EQ(clock(17), 22050U);
    EXPECT_EQ(clock(34), 90000U);
    EXPECT_EQ(find_static_payload_type(9)->name, "G722");
    EXPECT_EQ(find_static_payload_type(10)->channels, 2);
    EXPECT_EQ(find_static_payload_type(31)->kind, MediaKind::kVideo);
    EXPECT_EQ(find_static_payload_type(33)->kind, MediaKind::kAudioVideo);
}

TEST(StaticPayloadTypes, UnassignedAndDynamicHaveNone) {
    for (const int pt : {1, 2, 20, 24, 27, 29, 30, 35, 71, 72, 76, 96, 127, 255})
        EXPECT_EQ(find_static_payload_type(static_cast<std::uint8_t>(pt)), nullptr) << pt;
    int last = -1;
    for (const auto& row : static_payload_types()) {
        EXPECT_GT(row.payload_type, last);
        last = row.payload_type;
    }
}

}  // namespace
