// MGCP: datagrams between a gateway and its call agent (flags: 1 from the gateway), and every payload for the parser.
#include "probe/voip/mgcp/mgcp_message.hpp"
#include "tests/fuzz/signalling_bench.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::SignallingBench bench;
    test::for_each_payload({data, size}, [&](std::uint8_t flags, std::uint8_t step, wire::Bytes payload) {
        std::string_view text = wire::as_text(payload);
        probe::MgcpMessage m;
        while (!text.empty()) {
            const std::size_t before = text.size();
            if (!probe::next_mgcp(text, m)) break;
            if (text.size() >= before || m.sdp.size() > before) std::abort();
            char digits[4];
            if (probe::mgcp_digits(m.observed, digits, sizeof digits) > sizeof digits) std::abort();
            probe::mgcp_lists(m.signals, "rg");
        }
        bench.datagram((flags & 1) != 0, 2427, payload, step);
    });
    bench.finish();
    if (bench.pipeline().calls().size() != 0) std::abort();
    return 0;
}
