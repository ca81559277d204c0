#include "quality/what_if.hpp"

#include <gtest/gtest.h>

using namespace voipprobe;
using namespace voipprobe::quality;

namespace {

StreamFigures call() {
    StreamFigures f;
    f.codec = "PCMU";
    f.clock = 8000;
    f.packets = f.expected = 1000;
    f.lost = 10;
    f.discarded = 5;
    f.discarded_f60 = 30;
    f.rtt_ms = 100;
    return f;
}

Score with(std::string_view text) {
    const auto what_if = parse_what_if(text);
    EXPECT_TRUE(what_if) << text;
    StreamFigures f = call();
    EXPECT_TRUE(what_if->apply(f)) << text;
    return score_stream(f);
}

TEST(WhatIf, NothingChangesNothing) {
    EXPECT_TRUE(parse_what_if("")->changes_nothing());
    EXPECT_EQ(with("").mos_lq, score_stream(call()).mos_lq);
    EXPECT_EQ(with("jb=adaptive").r_factor, score_stream(call()).r_factor);
}

TEST(WhatIf, EachKeyDoesWhatItSays) {
    const Score now = score_stream(call());
    EXPECT_LT(*with("jb=60").mos_lq, *now.mos_lq);
    EXPECT_GT(*with("jb=none").mos_lq, *now.mos_lq);
    EXPECT_LT(*with("plc=off").mos_lq, *now.mos_lq);
    EXPECT_EQ(with("plc=off").mos_basis, "standard no-plc");
    EXPECT_LT(*with("codec=G729").mos_lq, *now.mos_lq);
    EXPECT_GT(*with("loss=0").mos_lq, *now.mos_lq);
    EXPECT_LT(*with("rtt=600").mos_cq, *now.mos_cq);
    EXPECT_EQ(with("rtt=600").mos_lq, now.mos_lq);
    EXPECT_NEAR(*with("loss=0,jb=none").r_factor, 93.355, 1e-3);
}

TEST(WhatIf, ABufferThatWasNotSimulatedGivesNoScore) {
    StreamFigures f = call();
    EXPECT_FALSE(parse_what_if("jb=200")->apply(f));
}

TEST(WhatIf, RefusesWithAReason) {
    for (const char* text : {"jb=70", "plc=maybe", "codec=nonsense", "loss=1", "rtt=-1", "rtt=x", "depth=60", "jb", "jb=60,jb=60"})
        EXPECT_FALSE(parse_what_if(text)) << text;
}

}  // namespace
