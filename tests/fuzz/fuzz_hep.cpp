// Any octets as HEP: what is read lies within them; written again it reads the same; RTCP in JSON gives whole packets.
#include <cstdlib>
#include <vector>

#include "probe/capture/rtcp_json.hpp"
#include "probe/decode/decode.hpp"
#include "probe/decode/link.hpp"
#include "probe/voip/hep/hep_message.hpp"
#include "probe/voip/rtcp/rtcp_parser.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const wire::Bytes bytes(data, size);
    std::vector<std::uint8_t> rtcp;
    if (probe::rtcp_from_json(bytes, rtcp)) {
        if (rtcp.size() < 8 || rtcp.size() % 4 != 0) std::abort();
        if ((wire::load_be16(rtcp.data() + 2) + 1U) * 4 != rtcp.size()) std::abort();
    }
    (void)probe::hep_length(bytes);
    probe::HepMessage m;
    if (probe::parse_hep(bytes, m) != probe::HepDefect::none || m.compressed) return 0;
    if (m.payload.data() < data || m.payload.data() + m.payload.size() > data + size) std::abort();
    rtcp.clear();
    (void)probe::rtcp_from_json(m.payload, rtcp);
    std::vector<std::uint8_t> again;
    probe::write_hep(m, again);
    probe::HepMessage back;
    if (probe::parse_hep(again, back) != probe::HepDefect::none) std::abort();
    if (back.src != m.src || back.dst != m.dst || back.time != m.time || back.type != m.type || back.protocol != m.protocol) std::abort();
    if (size < 60'000 && back.payload.size() != m.payload.size()) std::abort();
    std::vector<std::uint8_t> packet;
    if (!probe::write_packet(m, m.payload, {7, (size & 1) != 0}, packet)) return 0;
    probe::PacketView view;
    const probe::RawPacket raw{m.time, packet, static_cast<std::uint32_t>(packet.size()), probe::kLinkRaw};
    if (probe::decode(raw, view) == probe::DropReason::none && view.tunnel.depth == 0 && view.payload.size() != m.payload.size()) std::abort();
    return 0;
}
