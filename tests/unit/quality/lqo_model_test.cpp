#include "quality/lqo_model.hpp"

#include <cmath>

namespace {

using namespace voipprobe::quality;

StreamFigures stream(std::string_view codec, double mean_ms = 0, double std_dev_ms = 0,
                     std::uint64_t lost = 0, std::uint64_t discarded = 0) {
    StreamFigures f;
    f.codec = codec;
    f.expected = 1000;
    f.packets = f.expected - lost;
    f.lost = lost;
    f.discarded = discarded;
    f.jitter.emplace();
    f.jitter->mean_ms = mean_ms;
    f.jitter->std_dev_ms = std_dev_ms;
    return f;
}

constexpr std::string_view kCodecs[] = {"PCMU", "PCMA", "GSM", "opus", "speex"};

TEST(LqoModel, InaudibleJitterCostsNothing) {
    for (const auto codec : kCodecs)
        EXPECT_DOUBLE_EQ(*estimate_mos_lqo(stream(codec, 5, 1)), *clean_mos_lqo(codec)) << codec;
}

TEST(LqoModel, NeverRisesAndStaysInRange) {
    for (const auto codec : kCodecs) {
        SCOPED_TRACE(codec);
        for (const std::uint64_t step : {0U, 10U, 200U}) {
            double last[4] = {5, 5, 5, 5};
            for (int i = 0; i < 200; ++i) {
                const auto count = static_cast<std::uint64_t>(4 * i);
                const double now[4] = {*estimate_mos_lqo(stream(codec, 0.3 * i, 3, step, step)),
                                       *estimate_mos_lqo(stream(codec, 9, 0.3 * i, step, step)),
                                       *estimate_mos_lqo(stream(codec, 9, 3, count, step)),
                                       *estimate_mos_lqo(stream(codec, 9, 3, step, count))};
                for (int k = 0; k < 4; ++k) {
                    EXPECT_LE(now[k], last[k] + 1e-12) << "axis " << k << " step " << i;
                    EXPECT_GE(now[k], 1);
                    EXPECT_LE(now[k], 4.5);
                    last[k] = now[k];
                }
            }
        }
    }
}

TEST(LqoModel, OnlyCodecsOfTheStudy) {
    for (const auto codec : {"G729", "AMR", "G722", "iLBC", ""})
        EXPECT_FALSE(estimate_mos_lqo(stream(codec))) << codec;
    EXPECT_TRUE(estimate_mos_lqo(stream("Opus")));
    auto wide = stream("speex");
    wide.clock = 16000;
    EXPECT_FALSE(estimate_mos_lqo(wide));
}

TEST(LqoModel, UnknownJitterOrNothingSeenGivesNone) {
    auto f = stream("PCMU");
    f.jitter.reset();
    EXPECT_FALSE(estimate_mos_lqo(f));
    f = stream("PCMU");
    f.packets = 0;
    EXPECT_FALSE(estimate_mos_lqo(f));
}

// Same numbers as model() of tools/fit_mos/fit.py with its printed constants.
TEST(LqoModel, AgreesWithTheFitScript) {
    EXPECT_NEAR(*estimate_mos_lqo(stream("PCMU", 26.8, 5.72, 0, 27)), 2.6491, 1e-4);
    EXPECT_NEAR(*estimate_mos_lqo(stream("opus", 31.05, 9.46, 5, 40)), 2.6649, 1e-4);
    EXPECT_NEAR(*estimate_mos_lqo(stream("GSM", 0.4, 0.4, 20, 0)), 2.3310, 1e-4);
}

}  // namespace
