// A few packets through the whole pipeline: tunnels, fragments, TCP, copies together. First octet: options. Then per
// packet: time step (0.1 ms), link type, length (2 octets), octets. The conservation equations must hold exactly.
#include <cstdlib>

#include "probe/pipeline.hpp"

using namespace voipprobe;

namespace {
class Sink : public probe::RecordSink {
  public:
    explicit Sink(bool all) : all_(all) {}
    bool wants(templates::RecordKind kind) const override {
        using enum templates::RecordKind;
        return kind == flow || kind == call || kind == stream || (all_ && (kind == sip || kind == message || kind == rtp));
    }
    bool wants_snapshots(templates::RecordKind) const override { return true; }
    void emit(const probe::RecordSource& s) override { octets += s.octets[0] + s.octets[1]; }
    std::uint64_t octets = 0;

  private:
    bool all_;
};
constexpr std::uint16_t kLinks[] = {1, 101, 113, 276, 0, 108, 9, 50, 51, 104, 204, 12};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    Sink sink((data[0] & 1) != 0);
    probe::PipelineConfig config;
    config.dedup = (data[0] & 2) == 0;
    config.flow_key = static_cast<probe::FlowKey>(data[0] >> 2 & 3);
    config.max_flows = 64;
    config.max_calls = 8;
    config.max_endpoints = 64;
    config.max_tunnels = 4;
    config.media.max_streams = 32;
    config.media.series_octets = 64 << 10;
    config.media.histogram_octets = 1 << 20;
    config.fragments = {4, 32 * 256, 30 * wire::kSecond};
    config.sip_tcp = {4, 2};
    probe::Pipeline pipeline(config, sink);
    wire::TimeNs now = 1'700'000'000 * wire::kSecond;
    for (std::size_t at = 1; at + 4 <= size;) {
        const std::size_t length = std::min<std::size_t>(wire::load_be16(data + at + 2), size - at - 4);
        now += wire::TimeNs{data[at]} * data[at] * 100'000;
        const wire::Bytes octets(data + at + 4, length);
        pipeline.process({now, octets, static_cast<std::uint32_t>(length), kLinks[data[at + 1] % std::size(kLinks)]});
        at += 4 + length;
        if (pipeline.fragments().octets_in_use() > config.fragments.octets || pipeline.sip_tcp().buffers() > 2) std::abort();
    }
    pipeline.finish();
    const probe::PipelineCounters& c = pipeline.counters();
    std::uint64_t dropped = 0;
    for (const std::uint64_t n : c.dropped) dropped += n;
    if (c.packets != c.decoded + dropped) std::abort();
    if (c.decoded != c.flow_packets + c.unsent_packets + c.duplicates + c.joined) std::abort();
    if (c.decoded_octets != c.flow_octets + c.unsent_octets + c.duplicate_octets || sink.octets != c.flow_octets) std::abort();
    if (pipeline.tunnels().size() != 0 || pipeline.zones().size() != 0) std::abort();
    if (pipeline.sip_tcp().streams() != 0 || pipeline.fragments().datagrams() != 0) std::abort();
    return 0;
}
