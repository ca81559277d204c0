#include "probe/voip/udptl.hpp"

namespace voipprobe::probe {
namespace {

// Octets, and whether the packet was cut where more were expected: then there is nothing to object to.
class Reader {
  public:
    Reader(wire::Bytes bytes, bool cut) : bytes_(bytes), cut_(cut) {}

    // Length determinant of aligned PER (X.691 §10.9), without fragments: 0..16383.
    std::optional<std::uint32_t> length() {
        const auto first = octet();
        if (!first) return std::nullopt;
        if (*first < 0x80) return *first;
        if (*first >= 0xc0) return std::nullopt;
        const auto second = octet();
        return second ? std::optional<std::uint32_t>((*first & 0x3fU) << 8 | *second) : std::nullopt;
    }
    std::optional<std::uint8_t> octet() {
        if (at_ >= bytes_.size()) return std::nullopt;
        return bytes_[at_++];
    }
    bool skip(std::size_t n) {
        if (n > bytes_.size() - at_) return false;
        at_ += n;
        return true;
    }
    bool at_end() const { return at_ == bytes_.size(); }
    bool cut() const { return cut_; }

  private:
    wire::Bytes bytes_;
    bool cut_;
    std::size_t at_ = 0;
};

// SEQUENCE OF open types or OCTET STRINGs. nullopt: they do not fit.
std::optional<std::uint16_t> list(Reader& r) {
    const auto count = r.length();
    if (!count) return std::nullopt;
    for (std::uint32_t i = 0; i < *count; ++i) {
        const auto n = r.length();
        if (!n || !r.skip(*n)) return std::nullopt;
    }
    return static_cast<std::uint16_t>(*count);
}

}  // namespace

std::optional<UdptlPacket> parse_udptl(wire::Bytes payload, std::uint32_t length) {
    if (payload.size() < 5) return std::nullopt;  // sequence, length, one octet of IFP, choice, count
    UdptlPacket out;
    out.sequence = wire::load_be16(payload.data());
    Reader r(payload.subspan(2), payload.size() < length);
    const auto primary = r.length();
    if (!primary || *primary == 0 || *primary > length) return std::nullopt;
    out.primary_octets = static_cast<std::uint16_t>(*primary);
    if (!r.skip(*primary)) return r.cut() ? std::optional(out) : std::nullopt;
    const auto choice = r.octet();
    if (!choice) return r.cut() ? std::optional(out) : std::nullopt;
    if ((*choice & 0x7f) != 0) return std::nullopt;  // one bit, then alignment
    out.fec = (*choice & 0x80) != 0;
    if (out.fec) {  // fec-npackets INTEGER: a length and that many octets
        const auto n = r.length();
        if (!n || *n == 0 || *n > 4 || !r.skip(*n)) return r.cut() ? std::optional(out) : std::nullopt;
    }
    const auto fields = list(r);
    if (fields) out.recovery_fields = *fields;
    if (!r.cut() && (!fields || !r.at_end())) return std::nullopt;
    return out;
}

}  // namespace voipprobe::probe
