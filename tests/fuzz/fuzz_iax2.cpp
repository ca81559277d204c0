// IAX2: datagrams between two servers (flags: 1 from the other one), and every payload for the parsers.
#include "probe/voip/iax2/iax2_frame.hpp"
#include "tests/fuzz/signalling_bench.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    test::SignallingBench bench;
    test::for_each_payload({data, size}, [&](std::uint8_t flags, std::uint8_t step, wire::Bytes payload) {
        if (const auto full = probe::parse_iax2_full(payload)) {
            if (full->source == 0 || full->data.size() + 12 != payload.size()) std::abort();
            probe::parse_iax2_elements(full->data);
            probe::iax2_codec(full->subclass);
        }
        if (auto trunk = probe::Iax2Trunk::open(payload)) {
            probe::Iax2Mini m;
            std::size_t octets = 0;
            while (trunk->next(m)) octets += m.data.size();
            if (octets > payload.size()) std::abort();
        }
        bench.datagram((flags & 1) != 0, 4569, payload, step);
    });
    bench.finish();
    if (bench.pipeline().calls().size() != 0 || bench.pipeline().media().open_streams() != 0) std::abort();
    return 0;
}
