// Sides and verdicts: what X hears is the stream that X receives, by whatever way the side is known; and seeded calls of
// every verdict come out as that verdict.
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "collector/join/call_row.hpp"
#include "collector/join/verdict.hpp"
#include "config/collector_config.hpp"

namespace voipprobe::collector {
namespace {

wire::Endpoint at(const char* address, std::uint16_t port) { return {*wire::IpAddress::parse(address), port}; }
const wire::Endpoint kCallerMedia = at("192.0.2.10", 40000), kCalleeMedia = at("192.0.2.20", 50000);

StreamFacts stream(const wire::Endpoint& src, const wire::Endpoint& dst, std::uint64_t ssrc, std::uint64_t lost, std::uint64_t first) {
    StreamFacts s;
    s.src = src, s.dst = dst, s.ssrc = ssrc;
    s.packets = 1000 - lost, s.expected = 1000, s.lost = lost;
    s.first_time = first, s.last_time = first + 20'000'000;
    s.codec = "PCMU", s.payload_type = 0, s.clock_rate = 8000;
    s.final = true;
    return s;
}

// What the caller hears lost 40, what the callee hears lost 7. Nothing else tells the directions apart.
CallRow row(std::function<void(CallFacts&, StreamFacts& to_caller, StreamFacts& to_callee)> known) {
    CallFacts c;
    c.from_exporter = true;
    c.state = "CALL_COMPLETED";
    c.invite = 1'000'000, c.ok = 2'000'000, c.bye = 23'000'000;
    StreamFacts to_caller = stream(kCalleeMedia, kCallerMedia, 1, 40, 2'100'000);
    StreamFacts to_callee = stream(kCallerMedia, kCalleeMedia, 2, 7, 2'050'000);
    known(c, to_caller, to_callee);
    const std::vector<StreamFacts> streams{to_callee, to_caller};
    return make_call_row({}, c, streams, {}, {});
}
void expect_sides(const CallRow& r) {
    EXPECT_EQ(r.caller.lost, 40U);
    EXPECT_EQ(r.caller.main.ssrc, 1U);
    EXPECT_EQ(r.caller.media, kCallerMedia);
    EXPECT_EQ(r.callee.lost, 7U);
    EXPECT_EQ(r.callee.main.ssrc, 2U);
    EXPECT_EQ(r.callee.media, kCalleeMedia);
    EXPECT_LT(*r.caller.score.mos_lq, *r.callee.score.mos_lq);
}

TEST(Sides, byTheRecord) {
    expect_sides(row([](CallFacts&, StreamFacts& a, StreamFacts& b) { a.side = Side::caller, b.side = Side::callee; }));
}
TEST(Sides, byTheDescription) {
    expect_sides(row([](CallFacts& c, StreamFacts&, StreamFacts&) { c.caller_media = kCallerMedia, c.callee_media = kCalleeMedia; }));
}
TEST(Sides, byOneDescriptionAlone) {
    expect_sides(row([](CallFacts& c, StreamFacts&, StreamFacts&) { c.callee_media = kCalleeMedia; }));
}
TEST(Sides, bySignalling) {
    expect_sides(row([](CallFacts& c, StreamFacts&, StreamFacts&) { c.caller_hop = at("192.0.2.10", 5060), c.callee_hop = at("192.0.2.20", 5060); }));
}
TEST(Sides, byWhoSpokeFirst) {
    CallFacts c;  // no signalling: the caller is who sent the first packet
    const std::vector<StreamFacts> streams{stream(kCalleeMedia, kCallerMedia, 1, 40, 2'100'000), stream(kCallerMedia, kCalleeMedia, 2, 7, 2'050'000)};
    const CallRow r = make_call_row({}, c, streams, {}, {});
    expect_sides(r);
    EXPECT_EQ(r.facts.state, "MEDIA_ONLY");
    EXPECT_EQ(r.facts.caller_hop, kCallerMedia);
}
// The mutants: a swap must show.
TEST(Sides, aSwapShows) {
    const CallRow swapped = row([](CallFacts&, StreamFacts& a, StreamFacts& b) { a.side = Side::callee, b.side = Side::caller; });
    EXPECT_EQ(swapped.caller.lost, 7U);
    EXPECT_EQ(swapped.callee.lost, 40U);
    EXPECT_GT(*swapped.caller.score.mos_lq, *swapped.callee.score.mos_lq);
}

// ---- verdicts --------------------------------------------------------------------------------------------------

struct Kind {
    const char* verdict;
    std::function<void(CallRow&, HeardRow& bad, std::mt19937&)> make;
};

double between(std::mt19937& r, double low, double high) { return std::uniform_real_distribution<double>(low, high)(r); }
std::uint64_t whole(std::mt19937& r, std::uint64_t low, std::uint64_t high) { return std::uniform_int_distribution<std::uint64_t>(low, high)(r); }

// An answered call with every figure on the good side of its threshold.
CallRow good(std::mt19937& r) {
    CallRow row;
    CallFacts& c = row.facts;
    c.from_exporter = true;
    c.state = "CALL_COMPLETED";
    c.response_code = 200;
    c.ok = 1'000'000'000;
    c.bye = *c.ok + whole(r, 20'000'000, 600'000'000);
    c.ringing = *c.ok - 2'000'000;
    c.media_flags = kCallerHears | kCalleeHears;
    for (HeardRow* h : {&row.caller, &row.callee}) {
        h->streams = 1;
        h->packets = h->main.packets = 10000;
        h->expected = h->main.expected = 10000;
        h->lost = h->main.lost = whole(r, 0, 50);
        h->main.discard_adaptive = whole(r, 0, 40);
        h->main.burst_ratio = between(r, 0.9, 1.9);
        h->main.jitter_p95_ns = whole(r, 0, 49'000'000);
        h->main.codec = "PCMU";
        h->main.last_time = *c.bye - whole(r, 0, 4'900'000);
        h->post_answer_delay_ms = between(r, -500, 1990);
        h->score.mos_scale = "NB";
        h->score.clean_mos_lq = between(r, 3.61, 4.4);
    }
    return row;
}
CallRow unanswered(std::uint64_t code) {
    CallRow row;
    row.facts.from_exporter = true;
    row.facts.state = "CALL_ERROR";
    row.facts.response_code = code;
    row.facts.failure = 2'000'000;
    return row;
}

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all{
        {"busy", [](CallRow& row, HeardRow&, std::mt19937& r) {
             const std::uint64_t codes[] = {486, 600, 503};
             row = unanswered(codes[r() % 3]);
             if (row.facts.response_code == 503U) row.facts.reason_cause = 17;
         }},
        {"no_answer", [](CallRow& row, HeardRow&, std::mt19937& r) {
             const std::uint64_t codes[] = {408, 480, 487, 500};
             row = unanswered(codes[r() % 4]);
             if (row.facts.response_code == 487U) row.facts.state = "CALL_CANCELED", row.facts.cancel = 2'000'000, row.facts.ringing = 1'000'000;
             if (row.facts.response_code == 500U) row.facts.reason_cause = r() % 2 == 0 ? 18 : 19;
         }},
        {"rejected", [](CallRow& row, HeardRow&, std::mt19937& r) {
             const std::uint64_t codes[] = {403, 603};
             row = unanswered(codes[r() % 2]);
         }},
        {"cancelled", [](CallRow& row, HeardRow&, std::mt19937&) {
             row = unanswered(487);
             row.facts.state = "CALL_CANCELED", row.facts.cancel = 2'000'000;
         }},
        {"failed", [](CallRow& row, HeardRow&, std::mt19937& r) {
             const std::uint64_t codes[] = {400, 404, 488, 500, 502, 504, 604};
             row = unanswered(codes[r() % 7]);
         }},
        {"no_audio", [](CallRow& row, HeardRow&, std::mt19937&) { row.caller = row.callee = HeardRow{}; }},
        {"one_way", [](CallRow&, HeardRow& bad, std::mt19937&) { bad = HeardRow{}; }},
        {"late_media", [](CallRow&, HeardRow& bad, std::mt19937& r) { bad.post_answer_delay_ms = between(r, 2000.1, 9000); }},
        {"early_stop", [](CallRow& row, HeardRow& bad, std::mt19937& r) { bad.main.last_time = *row.facts.bye - whole(r, 5'000'001, 15'000'000); }},
        {"burst_loss", [](CallRow&, HeardRow& bad, std::mt19937& r) { bad.lost = bad.main.lost = whole(r, 100, 2000), bad.main.burst_ratio = between(r, 2, 9); }},
        {"loss", [](CallRow&, HeardRow& bad, std::mt19937& r) { bad.lost = bad.main.lost = whole(r, 300, 2000); }},
        {"jitter", [](CallRow&, HeardRow& bad, std::mt19937& r) {
             if (r() % 2 == 0) bad.main.jitter_p95_ns = whole(r, 50'000'000, 300'000'000);
             else bad.main.discard_adaptive = whole(r, 100, 900);
         }},
        {"codec", [](CallRow&, HeardRow& bad, std::mt19937& r) {
             bad.score.clean_mos_lq = between(r, 2, 3.59);
             if (r() % 2 == 0) bad.score.mos_scale = "WB", bad.score.clean_mos_common = between(r, 1.5, 2.79);
         }},
        {"ok", [](CallRow&, HeardRow&, std::mt19937&) {}},
    };
    return all;
}

TEST(Verdict, confusionMatrix) {
    constexpr int kEach = 40;
    std::mt19937 random(20261122);
    for (const Kind& k : kinds()) {
        std::map<std::string, int> got;
        for (int i = 0; i < kEach; ++i) {
            CallRow row = good(random);
            k.make(row, random() % 2 == 0 ? row.caller : row.callee, random);
            judge(row, {});
            ++got[row.verdict];
            if (std::string_view(k.verdict) != "ok") EXPECT_FALSE(row.evidence.empty()) << k.verdict;
        }
        EXPECT_EQ(got[k.verdict], kEach) << k.verdict;
    }
}

TEST(Verdict, thresholdsAreConfigured) {
    for (const std::string_view name : config::kVerdictLimits) {
        VerdictLimits limits;
        double* limit = find_limit(limits, name);
        ASSERT_NE(limit, nullptr) << name;
        *limit = 12345;
    }
    VerdictLimits limits;
    EXPECT_EQ(find_limit(limits, "loss"), nullptr);
    std::mt19937 random(1);
    CallRow row = good(random);
    row.callee.lost = row.callee.main.lost = 150;
    judge(row, limits);
    EXPECT_EQ(row.verdict, "ok");
    *find_limit(limits, "loss_pct") = 1.5;
    judge(row, limits);
    EXPECT_EQ(row.verdict, "loss");
}

}  // namespace
}  // namespace voipprobe::collector
