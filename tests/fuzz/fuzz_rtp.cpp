// A sequence of RTP packets on one stream: records of [length, arrival step (3 octets, us), packet octets].
// Counters must stay consistent whatever arrives.
#include <cstdlib>

#include "probe/voip/rtp/rtp_stream.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static probe::MediaPools pools(1 << 20, 1 << 16);
    wire::ByteReader in(wire::Bytes(data, size));
    probe::RtpStream stream;
    wire::TimeNs t = 1'000'000'000;
    bool started = false;
    while (in.remaining() >= 4) {
        const std::size_t length = in.u8();
        t += wire::TimeNs{in.u24()} * 1000 - 1'000'000'000;  // time may go back
        const wire::Bytes packet = in.take(std::min(length, in.remaining()));
        probe::is_rtcp(packet);
        const auto h = probe::parse_rtp(packet, static_cast<std::uint32_t>(packet.size()));
        if (!h) continue;
        if (h->header_octets + h->payload_octets > packet.size()) std::abort();
        if (!started) stream.start(*h, t);
        started = true;
        stream.set_payload(h->payload_type, {h->payload_type % 3 == 0 ? 8000U : 0U,
                                             h->payload_type == 101 ? probe::PayloadClass::telephone_event
                                                                    : probe::PayloadClass::media,
                                             true});
        stream.on_packet(*h, t, pools);
        const auto& s = stream.sequence;
        if (s.unique() + s.duplicates() + s.stray() != stream.packets || s.lost() > s.expected()) std::abort();
    }
    const probe::JitterSummary j = stream.jitter_summary(pools);
    if (!(j.mean >= 0) || !(j.std_dev >= 0) || j.median > j.max + 1 || j.mean > j.max + 1) std::abort();
    stream.release(pools);
    return 0;
}
