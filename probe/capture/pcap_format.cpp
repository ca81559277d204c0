#include "probe/capture/capture_format.hpp"

namespace voipprobe::probe {
std::optional<PcapFormat> PcapFormat::parse_header(wire::Bytes header) {
    if (header.size() < kHeader) return std::nullopt;
    PcapFormat f;
    switch (f.u32(header.data())) {
        case 0xa1b2c3d4: break;
        case 0xa1b23c4d: f.unit_ = 1; break;
        case 0xd4c3b2a1: f.swapped_ = true; break;
        case 0x4d3cb2a1: f.swapped_ = true, f.unit_ = 1; break;
        default: return std::nullopt;
    }
    f.minor_ = static_cast<std::uint16_t>(f.swapped_ ? header[6] << 8 | header[7] : header[6] | header[7] << 8);
    f.link_type_ = static_cast<std::uint16_t>(f.u32(header.data() + 20));  // upper half: FCS length and flags
    return f;
}

}  // namespace voipprobe::probe
