// One packet of any link type: the first two octets choose it.
#include <cstdlib>

#include "probe/decode/decode.hpp"
#include "probe/decode/plain_udp.hpp"
#include "tests/unit/probe/same_view.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    probe::RawPacket raw;
    raw.link_type = static_cast<std::uint16_t>(data[0] << 8 | data[1]) % 300;
    raw.data = wire::Bytes(data + 2, size - 2);
    raw.wire_length = static_cast<std::uint32_t>(size - 2);
    probe::PacketView view;
    const probe::DropReason reason = probe::decode(raw, view);
    probe::PacketView quick;
    if (probe::decode_plain_udp(raw, quick) && (reason != probe::DropReason::none || !test::same_view(quick, view)))
        std::abort();
    if (reason != probe::DropReason::none) return 0;
    if (!view.payload.empty()) {
        const bool inside = view.payload.data() >= raw.data.data() &&
                            view.payload.data() + view.payload.size() <= raw.data.data() + raw.data.size();
        if (!inside || view.payload.size() > view.payload_length) std::abort();
    }
    if (view.tunnel.depth > probe::kMaxNesting || view.nesting > probe::kMaxNesting) std::abort();
    // What a reassembled datagram goes through, fragments within fragments too.
    for (int i = 0; i < probe::kMaxNesting && view.fragment; ++i) {
        const wire::Bytes part = view.part.data;
        if (part.size() > view.part.length || probe::decode_datagram(part, view) != probe::DropReason::none) break;
    }
    return 0;
}
