// Skinny: a connection to port 2000 in segments. Flags: 1 from the call manager, 2 a hole before the segment, 4 the
// segment repeats the one before, 8 one octet of it first. And every payload as one message for the parser.
#include "probe/voip/sccp/sccp_message.hpp"
#include "tests/fuzz/signalling_bench.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::SignallingBench bench;
    std::uint32_t next[2] = {1000, 2000};
    test::for_each_payload({data, size}, [&](std::uint8_t flags, std::uint8_t step, wire::Bytes payload) {
        probe::SccpMessage m;
        if (probe::parse_sccp(payload, m) && !probe::looks_like_sccp(payload)) std::abort();
        std::uint32_t& at = next[flags & 1];
        if ((flags & 2) != 0) at += 100;
        if ((flags & 8) != 0 && payload.size() > 1) {
            bench.tcp_segment((flags & 1) != 0, 2000, at, payload.first(1), 0);
            at += 1;
            payload = payload.subspan(1);
        }
        bench.tcp_segment((flags & 1) != 0, 2000, at, payload, step);
        if ((flags & 4) == 0) at += static_cast<std::uint32_t>(payload.size());
    });
    bench.finish();
    if (bench.pipeline().others().streams().connections() != 0 || bench.pipeline().calls().size() != 0) std::abort();
    return 0;
}
