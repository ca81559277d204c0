// RtpStream as the packet path drives it (packets wait and are measured eight at a time), with everything on: sequence, jitter, series, three jitter buffers, burst and gap, skew.
//   rtp_bench            ns per packet, for one stream (in cache) and for many in turn
#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <vector>

#include "probe/voip/rtp/rtp_stream.hpp"

using namespace voipprobe;
using namespace voipprobe::probe;

namespace {

constexpr std::size_t kPattern = 4096;

std::vector<std::int64_t> delays(double mean_ms) {
    std::mt19937 random(5);
    std::vector<std::int64_t> out(kPattern);
    for (auto& d : out) d = static_cast<std::int64_t>(std::exponential_distribution<>(1 / mean_ms)(random) * 1e6);
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
    for (std::size_t i = 0; i < n; ++i) streams[i].start(h, 0);
    for (std::size_t i = 0; i < n; ++i) streams[i].set_payload(0, {8000, PayloadClass::media, true});
    for (auto _ : state) {
        h.sequence = static_cast<std::uint16_t>(round);
        h.timestamp = static_cast<std::uint32_t>(160 * round);
        h.payload_octets = 160;
        const auto sent = static_cast<wire::TimeNs>(round) * 20 * wire::kMillisecond;
        for (std::size_t i = 0; i < n; ++i) {
            const wire::TimeNs t = sent + delay[(round + i * 37) % kPattern];
            if (streams[i].wait(h, t)) {
                if (streams[i].full()) streams[i].catch_up(pools);
                continue;
            }
            streams[i].catch_up(pools);
            streams[i].begin_interval(t, pools);
            streams[i].on_packet(h, t, pools);
        }
        ++round;
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
    state.counters["ns_per_packet"] = benchmark::Counter(
        static_cast<double>(state.iterations()) * static_cast<double>(n) * 1e-9,
        benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["octets_per_stream"] = static_cast<double>(sizeof(RtpStream) + JitterBufferPool::octets_each());
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
