// Packet times that jump must cost neither time nor records.
#include <gtest/gtest.h>

#include "tests/unit/probe/test_call.hpp"

using namespace voipprobe;
using namespace voipprobe::test;

namespace {

class SnapshotCounter : public CollectingSink {
  public:
    SnapshotCounter() { snapshots = true; }
    void emit(const probe::RecordSource& s) override {
        ++emitted;
        CollectingSink::emit(s);
    }
    std::uint64_t emitted = 0;
};

Octets rtp(std::uint32_t ssrc, int seq) {
    Octets o = hex({0x80, 0, 0, seq, 0, 0, seq, 0});
    put32(o, ssrc);
    return ip4_packet(ip("192.0.2.1"), ip("192.0.2.2"), 17, udp(4000, 4002, o + Octets(160)));
}

// Found by fuzzing: a stream that begins after the clock went back 90 years was owed a snapshot for every two minutes.
TEST(PacketTime, aClockThatWentBackOwesNoSnapshots) {
    SnapshotCounter sink;
    probe::PipelineConfig config;
    config.dedup = false;
    probe::Pipeline pipeline(config, sink);
    const wire::TimeNs far = kCallStart + 90 * 365 * 86'400LL * wire::kSecond;
    int seq = 0;
    for (const wire::TimeNs base : {kCallStart, far, kCallStart}) {
        for (int i = 0; i < 8; ++i, ++seq)
            pipeline.process(raw(base + i * 20 * wire::kMillisecond, rtp(base == far ? 1U : 2U, seq), probe::kLinkRaw));
    }
    const Octets other = ip4_packet(ip("192.0.2.8"), ip("192.0.2.9"), 17, udp(7, 8, Octets(9)));
    pipeline.process(raw(far + 60 * wire::kSecond, other, probe::kLinkRaw));  // now the flow is due
    pipeline.finish();
    EXPECT_LT(sink.emitted, 100U);
    EXPECT_EQ(pipeline.counters().packets, 25U);
    expect_conserved(pipeline.counters());
}

// Found by tools/corrupted: a packet of an open call that came 60 years late. The call holds its streams, so the flow
// does not end, and every two minutes of the years between had a snapshot.
TEST(PacketTime, P14_aClockThatJumpsAheadWithinACallOwesOneSnapshot) {
    SnapshotCounter sink;
    probe::PipelineConfig config;
    config.dedup = false;
    probe::Pipeline pipeline(config, sink);
    const std::string sdp = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 4002 RTP/AVP 0\r\n";
    const std::string invite = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:b@h>\r\nCall-ID: jump\r\nCSeq: 1 INVITE\r\n"
                               "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(sdp.size()) + "\r\n\r\n" + sdp;
    const wire::TimeNs far = kCallStart + 60 * 365 * 86'400LL * wire::kSecond;
    const Octets other = ip4_packet(ip("192.0.2.8"), ip("192.0.2.9"), 17, udp(7, 8, Octets(9)));
    pipeline.process(raw(far + 86'400 * wire::kSecond, other, probe::kLinkRaw));
    pipeline.process(raw(kCallStart, ip4_packet(ip("192.0.2.2"), ip("192.0.2.1"), 17, udp(5060, 5060, octets_of(invite))), probe::kLinkRaw));
    int seq = 0;
    for (const wire::TimeNs base : {kCallStart, far, kCallStart})
        for (int i = 0; i < 8; ++i, ++seq) pipeline.process(raw(base + wire::kSecond + i * 20 * wire::kMillisecond, rtp(2U, seq), probe::kLinkRaw));
    pipeline.process(raw(far + 86'410 * wire::kSecond, other, probe::kLinkRaw));  // now the flow is due
    pipeline.finish();
    EXPECT_LT(sink.emitted, 100U);
    EXPECT_EQ(pipeline.counters().packets, 27U);
    expect_conserved(pipeline.counters());
}

TEST(PacketTime, boundariesAfterAJumpAreOneStep) {
    EXPECT_EQ(wire::boundary_after(5, 10, 10), 10);
    EXPECT_EQ(wire::boundary_after(10, 10, 10), 20);
    EXPECT_EQ(wire::boundary_after(39, 10, 10), 40);
    EXPECT_EQ(wire::boundary_after(INT64_MAX / 2, 1, 1), INT64_MAX / 2 + 1);
}

}  // namespace
