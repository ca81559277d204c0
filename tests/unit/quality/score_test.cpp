#include "quality/score.hpp"

#include "quality/explain.hpp"

namespace {

using namespace voipprobe::quality;

StreamFigures stream(std::string_view codec, std::uint64_t lost = 0, std::uint64_t discarded = 0) {
    StreamFigures f;
    f.codec = codec;
    f.expected = 10000;
    f.packets = f.expected - lost;
    f.lost = lost;
    f.discarded = discarded;
    return f;
}

constexpr std::string_view kScoredCodecs[] = {"PCMU", "G729",  "G723", "GSM-EFR", "G726-32", "GSM", "iLBC",
                                              "AMR",  "speex", "opus", "G722",    "AMR-WB",  "EVS"};

TEST(Score, PerfectG711) {
    const auto s = score_stream(stream("PCMU"));
    EXPECT_NEAR(*s.r_factor, 93.355, 1e-9);
    EXPECT_NEAR(*s.mos_lq, 4.4123, 1e-4);
    EXPECT_FALSE(s.mos_cq) << "no delay source, no conversational score";
    EXPECT_EQ(s.mos_scale, "NB");
    EXPECT_EQ(s.mos_basis, "standard plc");
    EXPECT_NEAR(*s.mos_common, 3.2526, 1e-4);  // narrowband on the fullband scale
}

TEST(Score, PublishedWorkedCall) {
    // G.729A + VAD, 2 % loss, 150 ms: R 70.5, MOS 3.62 (VSB lecture 05).
    auto f = stream("G729", 200);
    f.rtt_ms = 2 * (150 - 20 - 5 - 40);  // packet time, look-ahead and buffer make up the rest
    const auto s = score_stream(f);
    EXPECT_NEAR(*s.r_factor_cq, 70.54, 0.01);
    EXPECT_NEAR(*s.mos_cq, 3.62, 0.005);
    EXPECT_NEAR(*s.r_factor, 93.355 - 19.0, 1e-9);
}

TEST(Score, DirectionNotSeenHasNoScore) {
    StreamFigures nothing = stream("PCMU");
    nothing.packets = 0;
    EXPECT_FALSE(score_stream(nothing).scored());
    EXPECT_TRUE(score_stream(nothing).mos_basis.empty());
    StreamFigures none_expected = stream("PCMU");
    none_expected.expected = 0;
    EXPECT_FALSE(score_stream(none_expected).scored());
}

TEST(Score, CodecWithoutBasisHasNoScore) {
    const auto s = score_stream(stream("SILK", 10));
    EXPECT_FALSE(s.mos_lq || s.mos_cq || s.r_factor || s.mos_common || s.mos_lqo_est || s.scale);
    EXPECT_EQ(s.mos_basis, "none");
    EXPECT_TRUE(s.mos_scale.empty());
}

TEST(Score, DiscardsCountLikeLosses) {
    EXPECT_EQ(*score_stream(stream("PCMA", 300)).mos_lq, *score_stream(stream("PCMA", 100, 200)).mos_lq);
    EXPECT_EQ(packet_loss_percent(stream("PCMA", 100, 200)), 3);
    EXPECT_EQ(packet_loss_percent(stream("PCMA", 9000, 9000)), 100);
}

TEST(Score, FallsWithLossBurstsAndDelay) {
    for (const auto codec : kScoredCodecs) {
        SCOPED_TRACE(codec);
        double last = 5;
        for (std::uint64_t lost = 0; lost < 10000; lost += 25) {
            const double mos = *score_stream(stream(codec, lost)).mos_lq;
            EXPECT_LE(mos, last);
            EXPECT_GE(mos, 1);
            EXPECT_LE(mos, 4.5);
            last = mos;
        }
        for (const std::uint64_t lost : {50U, 300U, 2000U}) {
            last = 5;
            for (double burst = 0.5; burst < 20; burst += 0.1) {
                auto f = stream(codec, lost);
                f.burst_r = burst;
                EXPECT_LE(*score_stream(f).mos_lq, last);
                last = *score_stream(f).mos_lq;
            }
        }
        last = 5;
        for (double rtt = 0; rtt < 3000; rtt += 7) {
            auto f = stream(codec, 100);
            f.rtt_ms = rtt;
            const auto s = score_stream(f);
            EXPECT_LE(*s.mos_cq, last + 1e-12);
            EXPECT_LE(*s.mos_cq, *s.mos_lq);
            EXPECT_GE(*s.mos_cq, 1);
            last = *s.mos_cq;
        }
    }
}

TEST(Score, WidebandUsesTheDioticPairOnceThereIsLoss) {
    auto f = stream("AMR-WB");
    f.clock = 16000;
    f.variant.bitrate = 12650;
    EXPECT_NEAR(*score_stream(f).mos_lq, 4.3371, 1e-4);
    f = stream("AMR-WB", 200);
    f.variant.bitrate = 12650;
    EXPECT_NEAR(*score_stream(f).mos_lq, 3.4062, 1e-4);
    EXPECT_EQ(score_stream(f).mos_scale, "WB");
}

TEST(Score, NprobeScale) {
    EXPECT_NEAR(nprobe_scaled_r(129, Scale::kWideband), 100, 1e-9);
    EXPECT_NEAR(nprobe_scaled_r(74, Scale::kFullband), 50, 1e-9);
    EXPECT_NEAR(nprobe_scaled_r(93.2, Scale::kNarrowband), 93.2, 1e-9);
    EXPECT_EQ(nprobe_scaled_r(-3, Scale::kNarrowband), 0);
}

TEST(CallScore, LowerOfTwoOnOneScale) {
    const auto good = score_stream(stream("PCMU"));
    const auto bad = score_stream(stream("PCMU", 500));
    const auto call = combine(good, bad);
    EXPECT_EQ(call.mos, bad.mos_lq);
    EXPECT_EQ(call.mos_scale, "NB");
    EXPECT_EQ(call.mos_common, bad.mos_common);
    EXPECT_NEAR(*call.mos_of_mean_r, mos_from_r((*good.r_factor + *bad.r_factor) / 2), 1e-12);
}

TEST(CallScore, UnseenDirectionIsNeverAveragedIn) {
    const auto seen = score_stream(stream("PCMU", 100));
    const auto call = combine(seen, Score{});
    EXPECT_EQ(call.mos, seen.mos_lq);
    EXPECT_NEAR(*call.mos_of_mean_r, *seen.mos_lq, 1e-12);
    EXPECT_FALSE(combine(Score{}, Score{}).mos);
}

TEST(CallScore, ScalesAreNeverMixed) {
    const auto call = combine(score_stream(stream("PCMU")), score_stream(stream("G722")));
    EXPECT_FALSE(call.mos || call.mos_of_mean_r);
    EXPECT_TRUE(call.mos_scale.empty());
    EXPECT_NEAR(*call.mos_common, 3.2526, 1e-4);
}

TEST(Explain, PointsAddUpToTheRating) {
    auto f = stream("G729", 200, 150);
    f.burst_r = 1.7;
    f.rtt_ms = 240;
    const auto cost = explain(f);
    const auto s = score_stream(f);
    EXPECT_NEAR(kNarrowbandListeningR - cost.total(), *s.r_factor_cq, 1e-9);
    EXPECT_NEAR(cost.codec, 11, 1e-12);
    for (const double points : {cost.loss, cost.discard, cost.bursts, cost.delay}) EXPECT_GT(points, 0);
}

TEST(Explain, SentenceNamesTheWorstCauseFirst) {
    EXPECT_EQ(explain_text(stream("G729", 200)),
              "MOS 3.79 NB (fair): the codec G729 costs 11.0 R points and 2.00 % packet loss 8.0.");
    EXPECT_EQ(explain_text(stream("PCMU")), "MOS 4.41 NB (excellent): nothing costs a noticeable amount.");
    EXPECT_EQ(explain_text(stream("SILK")), "No score: no impairment figures exist for the codec SILK.");
    EXPECT_EQ(explain_text({}), "No score: no packets were seen in this direction.");
}

}  // namespace
