// Tables stop at their caps, and cost what the budget says (design: 160 octets for a plain flow, 3 KiB for a call).
#include "probe/memory_use.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include "tests/unit/probe/dialog_scene.hpp"
#include "tests/unit/support/sanitized.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

probe::TableMemory of(const probe::Pipeline& p, std::string_view table) {
    for (const probe::TableMemory& t : probe::memory_of(p))
        if (t.table == table) return t;
    ADD_FAILURE() << table;
    return {};
}

TEST(MemoryUse, flowsAtTheirCap) {
    probe::PipelineConfig config;
    config.max_flows = 20'000;
    Scene s(config);
    for (int i = 0; i < 60'000; ++i)
        s.udp_text(i / 100, {"198.51.100." + std::to_string(1 + i % 250), static_cast<std::uint16_t>(1024 + i / 250)}, {"192.0.2.1", 9}, "x");
    s.end();
    const probe::TableMemory flows = of(s.pipeline(), "flows");
    EXPECT_LE(flows.most, config.max_flows);
    EXPECT_GE(flows.most, config.max_flows * 95 / 100) << "the cap is used";
    EXPECT_LE(flows.octets, flows.most * 160 * 105 / 100);
    EXPECT_GT(s.pipeline().counters().flows_evicted, 0U);
}

TEST(MemoryUse, callsAndWhatTheyPromisedAtTheirCaps) {
    probe::PipelineConfig config;
    config.max_calls = 2'000;
    config.max_endpoints = 1'000;
    config.legs.max_names = 1'500;
    Scene s(config);
    for (int i = 0; i < 8'000; ++i)
        s.sip(i / 10, {"198.51.100.66", static_cast<std::uint16_t>(1024 + i)}, {"192.0.2.20"},
              {.line = "INVITE", .cseq = "1 INVITE", .branch = "f", .body = audio_sdp("203.0.113." + std::to_string(i % 250), static_cast<std::uint16_t>(2000 + i)), .call_id = "c" + std::to_string(i)});
    s.end();
    const probe::TableMemory calls = of(s.pipeline(), "calls");
    EXPECT_EQ(calls.most, config.max_calls);
    EXPECT_LE(calls.octets, calls.most * 3 * 1024 * 105 / 100);
    EXPECT_LE(of(s.pipeline(), "media_endpoints").most, config.max_endpoints);
    EXPECT_LE(of(s.pipeline(), "legs").most, config.legs.max_names);
}

// What the calls' estimate leaves out would show here: the heap that 2,000 calls really take.
TEST(MemoryUse, callsCostWhatIsSaid) {
    probe::CallTable table(10'000, {1, 2});
    const auto of_heap = [] { return mallinfo2().uordblks; };
    const std::size_t before = of_heap();
    if (kSanitized) GTEST_SKIP() << "a sanitizer's heap";
    for (int i = 0; i < 2'000; ++i) {
        const probe::CallIndex c = table.add("a-call-id-of-usual-length-" + std::to_string(i) + "@192.0.2.1");
        table[c].caller.name_address = "\"Somebody\" <sip:somebody@example.org>";
        table[c].callee.name_address = "<sip:+4915112345678@example.org;user=phone>";
        table[c].seen.resize(12);
        table[c].branches.resize(2);
    }
    const std::size_t real = of_heap() - before;
    EXPECT_NEAR(static_cast<double>(table.memory_octets()), static_cast<double>(real), 0.15 * static_cast<double>(real));
}

}  // namespace
