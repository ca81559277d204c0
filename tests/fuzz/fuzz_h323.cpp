// H.323. Flags: 1 from the other end, 2 H.245's connection, 4 a datagram of RAS, 8 a hole before it. Call signalling and
// H.245 go as TPKTs over TCP. And every payload for each of the parsers.
#include "probe/voip/h323/h323_message.hpp"
#include "tests/fuzz/signalling_bench.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::SignallingBench bench;
    std::uint32_t next[2][2] = {{1000, 2000}, {3000, 4000}};
    test::for_each_payload({data, size}, [&](std::uint8_t flags, std::uint8_t step, wire::Bytes payload) {
        if (payload.empty()) return;
        probe::Q931Message q;
        if (probe::parse_q931(payload, q) &&
            (q.fast_start.size() > q.kMost || q.h245.size() > q.kMost || q.source_aliases.size() > 32)) std::abort();
        probe::H245Message h;
        probe::parse_h245(payload, h);
        probe::H245Channel c;
        probe::parse_h245_channel(payload, c);
        probe::RasMessage r;
        if (probe::parse_ras(payload, r) && r.aliases.size() > 32) std::abort();
        const bool back = (flags & 1) != 0, h245 = (flags & 2) != 0;
        if ((flags & 4) != 0) return bench.datagram(back, 1719, payload, step);
        test::Octets framed = test::hex({3, 0});
        test::put16(framed, payload.size() + 4);
        framed.insert(framed.end(), payload.begin(), payload.end());
        std::uint32_t& at = next[h245 ? 1 : 0][back ? 1 : 0];
        if ((flags & 8) != 0) at += 500;
        bench.tcp_segment(back, h245 ? 1232 : 1720, at, framed, step);
        at += static_cast<std::uint32_t>(framed.size());
    });
    bench.finish();
    if (bench.pipeline().others().streams().connections() != 0 || bench.pipeline().calls().size() != 0) std::abort();
    return 0;
}
