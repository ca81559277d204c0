#include "collector/join/verdict.hpp"

namespace voipprobe::collector {
namespace {

CallRow answered() {
    CallRow r;
    r.facts.from_exporter = true;
    r.facts.state = "CALL_COMPLETED";
    r.facts.response_code = 200;
    r.facts.ok = 1'000'000'000;
    r.facts.bye = 1'060'000'000;
    r.facts.media_flags = kCallerHears | kCalleeHears;
    for (HeardRow* h : {&r.caller, &r.callee}) {
        h->streams = 1;
        h->packets = h->main.packets = 1000;
        h->expected = h->main.expected = 1000;
        h->lost = h->main.lost = 0;
        h->main.discard_adaptive = 0;
        h->main.codec = "PCMU";
        h->main.last_time = 1'059'900'000;
        h->post_answer_delay_ms = 40;
        h->score.mos_scale = "NB";
        h->score.clean_mos_lq = 4.41;
    }
    return r;
}

CallRow failed(std::uint64_t code) {
    CallRow r;
    r.facts.from_exporter = true;
    r.facts.state = "CALL_ERROR";
    r.facts.response_code = code;
    return r;
}

std::string verdict(CallRow r) {
    judge(r, {});
    return r.verdict;
}

TEST(Verdict, Signalling) {
    EXPECT_EQ(verdict(failed(486)), "busy");
    EXPECT_EQ(verdict(failed(600)), "busy");
    EXPECT_EQ(verdict(failed(408)), "no_answer");
    EXPECT_EQ(verdict(failed(480)), "no_answer");
    EXPECT_EQ(verdict(failed(603)), "rejected");
    EXPECT_EQ(verdict(failed(403)), "rejected");
    EXPECT_EQ(verdict(failed(404)), "failed");
    EXPECT_EQ(verdict(failed(503)), "failed");
    CallRow busy = failed(503);
    busy.facts.reason_cause = 17;
    EXPECT_EQ(verdict(busy), "busy");
    CallRow cancelled = failed(487);
    cancelled.facts.state = "CALL_CANCELED";
    cancelled.facts.cancel = 5;
    EXPECT_EQ(verdict(cancelled), "cancelled");
    cancelled.facts.ringing = 3;
    EXPECT_EQ(verdict(cancelled), "no_answer");
    CallRow open = failed(0);
    open.facts.state = "CALL_STARTED";
    open.facts.response_code.reset();
    EXPECT_EQ(verdict(open), "");
}

TEST(Verdict, Media) {
    EXPECT_EQ(verdict(answered()), "ok");
    CallRow r = answered();
    r.caller = r.callee = HeardRow{};
    EXPECT_EQ(verdict(r), "no_audio");
    r.facts.media_flags.reset();  // nothing says that media would have been reported
    EXPECT_EQ(verdict(r), "ok");
    r = answered();
    r.callee = HeardRow{};
    EXPECT_EQ(verdict(r), "one_way");
    r = answered();
    r.caller.post_answer_delay_ms = 2001;
    EXPECT_EQ(verdict(r), "late_media");
    r = answered();
    r.caller.main.last_time = *r.facts.bye - 5'000'001;
    EXPECT_EQ(verdict(r), "early_stop");
    r.facts.hold_ns = 1'000'000;
    EXPECT_EQ(verdict(r), "ok") << "it may have been the silence of a hold";
    r.facts.hold_ns = 999;
    EXPECT_EQ(verdict(r), "early_stop");
    r.facts.media_flags = kCallerHears | kCalleeHears | kOnHoldAtEnd;
    EXPECT_EQ(verdict(r), "ok");
    r.facts.media_flags = kImage;  // the audio ended where the fax began
    EXPECT_EQ(verdict(r), "ok");
    r = answered();
    r.facts.media_flags = kCallerHears | kCalleeHears | kSharedMedia;
    r.callee = HeardRow{};
    EXPECT_EQ(verdict(r), "one_way") << "it has the media";
    r.caller = HeardRow{};
    judge(r, {});
    EXPECT_EQ(r.verdict, "ok") << "another call has it";
    EXPECT_EQ(r.evidence, "media endpoints shared with another call");
}

TEST(Verdict, QualityInItsOrder) {
    CallRow r = answered();
    r.callee.score.clean_mos_lq = 3.59;
    EXPECT_EQ(verdict(r), "codec");
    r.callee.main.jitter_p95_ns = 50'000'000;
    EXPECT_EQ(verdict(r), "jitter");
    r.callee.lost = 30;
    EXPECT_EQ(verdict(r), "loss");
    r.callee.main.burst_ratio = 2;
    EXPECT_EQ(verdict(r), "burst_loss");
    judge(r, {});
    EXPECT_EQ(r.evidence, "callee loss and discard 3.0 %, BurstR 2.0");
    r = answered();
    r.caller.main.discard_adaptive = 10;
    EXPECT_EQ(verdict(r), "jitter");
}

}  // namespace
}  // namespace voipprobe::collector
