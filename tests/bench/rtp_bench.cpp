// RtpStream as the packet path drives it (packets wait and are measured together), with everything on:
// sequence, jitter, series, three jitter buffers, burst and gap, skew.
//   rtp_bench            ns per packet, for one stream (in cache) and for many in turn
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "probe/voip/rtp/rtp_stream.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

constexpr std::size_t kPattern = 4096;

std::vector<std::int64_t> delays(double mean_ms) {
    std::mt19937 random(5);
    std::vector<std::int64_t> out(kPattern);
    for (auto& d : out)
        d = static_cast<std::int64_t>(std::exponential_distribution<>(1 / mean_ms)(random) * 1e6);
    return out;
}

// Arguments: streams, mean delay (tenths of ms; 300 = 30 ms makes the adaptive buffer work).
void packet(benchmark::State& state) {
    const auto n = static_cast<std::size_t>(state.range(0));
    const auto delay = delays(static_cast<double>(state.range(1)) / 10);
    MediaPools pools(std::size_t{256} << 20, std::size_t{256} << 20, n);
    auto streams = std::make_unique<RtpStream[]>(n);
    RtpHeader h;
    std::uint64_t round = 0;
    auto lanes = std::make_unique<WaitingLane[]>(n);
    std::array<std::uint8_t, 12> octets{0x80};
    for (std::size_t i = 0; i < n; ++i) streams[i].start(h, 0);
    for (std::size_t i = 0; i < n; ++i) streams[i].set_payload(0, {8000, PayloadClass::media, true});
    for (auto _ : state) {
        const auto timestamp = static_cast<std::uint32_t>(160 * round);
        octets[2] = static_cast<std::uint8_t>(round >> 8);
        octets[3] = static_cast<std::uint8_t>(round);
        for (int k = 0; k < 4; ++k) octets[4 + k] = static_cast<std::uint8_t>(timestamp >> (24 - 8 * k));
        const auto sent = static_cast<wire::TimeNs>(round) * 20 * wire::kMillisecond;
        for (std::size_t i = 0; i < n; ++i) {
            const wire::TimeNs t = sent + delay[(round + i * 37) % kPattern];
            if (t >= streams[i].interval_end) {
                streams[i].measure_batch(std::span(lanes[i].packets).first(std::exchange(lanes[i].count, 0)),
                                         pools);
                streams[i].begin_interval(t, pools);
            }
            if (lanes[i].add(octets.data(), 172, t))
                streams[i].measure_batch(std::span(lanes[i].packets).first(std::exchange(lanes[i].count, 0)),
                                         pools);
        }
        ++round;
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["ns_per_packet"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(n) * 1e-9,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["octets_per_stream"] =
        static_cast<double>(sizeof(RtpStream) + sizeof(WaitingLane) + JitterBufferPool::octets_each());
}
BENCHMARK(packet)->Args({1, 10})->Args({1, 300})->Args({1000, 10})->Args({1000, 300});

void jitter_buffers(benchmark::State& state) {
    const auto delay = delays(static_cast<double>(state.range(0)) / 10);
    JitterBuffers b;
    std::uint64_t i = 0;
    for (auto _ : state) {
        benchmark::DoNotOptimize(b.add(static_cast<wire::TimeNs>(i) * 20 * wire::kMillisecond,
                                       static_cast<double>(delay[i % kPattern])));
        ++i;
    }
}
BENCHMARK(jitter_buffers)->Arg(10)->Arg(300);

}  // namespace

BENCHMARK_MAIN();
