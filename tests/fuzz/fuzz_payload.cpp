// One UDP payload of any content as UDPTL (T.38), and as RTP whose payload is RED (RFC 2198). The first octet says how much of the
// payload the capture has.
#include <cstdlib>

#include "probe/voip/rtp/redundant_payload.hpp"
#include "probe/voip/udptl.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    const wire::Bytes whole(data + 1, size - 1);
    const wire::Bytes captured = whole.first(whole.size() - std::min<std::size_t>(data[0], whole.size()));
    const auto length = static_cast<std::uint32_t>(whole.size());
    if (const auto p = probe::parse_udptl(captured, length); p && p->primary_octets > length) std::abort();
    if (auto h = probe::parse_rtp(captured, length)) {
        const probe::RtpHeader before = *h;
        const bool opened = probe::open_red(captured, *h);
        if (!opened && (h->payload_type != before.payload_type || h->header_octets != before.header_octets)) std::abort();
        if (opened && (h->payload_type > 127 || h->header_octets > before.header_octets + before.payload_octets ||
                       h->header_octets <= before.header_octets || h->payload_octets != before.payload_octets))
            std::abort();
    }
    return 0;
}
