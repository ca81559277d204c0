// A pipeline for packets of one UDP or TCP conversation made of fuzzed payloads: what the fuzz targets of the signalling
// protocols drive their state machines with. Its tables are small, so that they fill.
#pragma once

#include <cstdlib>

#include "probe/pipeline.hpp"
#include "tests/unit/probe/wrap.hpp"

namespace voipprobe::test {

class NoSink : public probe::RecordSink {
  public:
    bool wants(templates::RecordKind) const override { return true; }
    bool wants_snapshots(templates::RecordKind) const override { return true; }
    void emit(const probe::RecordSource&) override {}
};

class SignallingBench {
  public:
    SignallingBench() : pipeline_(config(), sink_) {}

    // direction 0 is a to b. Steps of time up to 12 s: timeouts and holes come by.
    void tcp_segment(bool back, std::uint16_t port, std::uint32_t sequence, wire::Bytes payload, std::uint8_t step) {
        const Octets data(payload.begin(), payload.end());
        play(back ? ip4_packet(b_, a_, 6, tcp(port, 40000, sequence, 0x18, data))
                  : ip4_packet(a_, b_, 6, tcp(40000, port, sequence, 0x18, data)), step);
    }
    void datagram(bool back, std::uint16_t port, wire::Bytes payload, std::uint8_t step) {
        const Octets data(payload.begin(), payload.end());
        play(back ? ip4_packet(b_, a_, 17, udp(port, port, data)) : ip4_packet(a_, b_, 17, udp(port, port, data)), step);
    }
    void finish() { pipeline_.finish(); }
    const probe::Pipeline& pipeline() const { return pipeline_; }

  private:
    static probe::PipelineConfig config() {
        probe::PipelineConfig c;
        c.max_flows = 64;
        c.max_calls = 8;
        c.max_endpoints = 16;
        c.media.max_streams = 16;
        c.media.series_octets = 1 << 16;
        c.media.histogram_octets = 1 << 20;
        c.dedup = false;
        c.sip_tcp = {4, 2};
        return c;
    }
    void play(const Octets& packet, std::uint8_t step) {
        now_ += wire::TimeNs{step} * 50 * wire::kMillisecond;
        pipeline_.process(raw(now_, packet, probe::kLinkRaw));
    }

    const wire::IpAddress a_ = ip("192.0.2.1"), b_ = ip("192.0.2.2");
    NoSink sink_;
    probe::Pipeline pipeline_;
    wire::TimeNs now_ = 1'700'000'000 * wire::kSecond;
};

// The input as records of one octet flags, one octet time step, two octets length and a payload.
template <typename Take>
void for_each_payload(wire::Bytes data, Take&& take) {
    wire::ByteReader in(data);
    while (in.remaining() >= 4) {
        const std::uint8_t flags = in.u8(), step = in.u8();
        const std::size_t length = std::min<std::size_t>(in.u16(), in.remaining());
        take(flags, step, in.take(length));
    }
}

}  // namespace voipprobe::test
