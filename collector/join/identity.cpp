#include "collector/join/identity.hpp"

#include <algorithm>

#include "wire/siphash.hpp"

namespace voipprobe::collector {
namespace {

// Not a secret: the id must come out the same everywhere.
constexpr wire::SipKey kFixedKey{0x766f697070726f62ULL, 0x65636f6c6c656374ULL};

class Hasher {
  public:
    explicit Hasher(std::string_view kind) : out_(octets_) { out_.text(kind), out_.u8(0); }
    Hasher& endpoint(const wire::Endpoint& e) {
        out_.bytes(e.address.octets);
        out_.u16(e.port);
        return *this;
    }
    Hasher& number(std::uint64_t v) {
        out_.u64(v);
        return *this;
    }
    Hasher& octets(wire::Bytes b) {
        out_.bytes(b);
        return *this;
    }
    RecordId id() const { return wire::siphash24_128(kFixedKey, octets_); }

  private:
    std::vector<std::uint8_t> octets_;
    wire::ByteWriter out_;
};

}  // namespace

RecordId id_of_call_id(const std::string& call_id) {
    return Hasher("call").octets(wire::as_bytes(call_id)).id();
}

RecordId id_of_stream(const StreamFacts& s, bool with_time) {
    Hasher h("stream");
    h.endpoint(s.src).endpoint(s.dst).number(s.ssrc.value_or(UINT64_MAX)).number(s.vlan.value_or(0));
    if (with_time) h.number(s.first_time.value_or(0));
    return h.id();
}

RecordId id_of_pair(const StreamFacts& s) {
    return Hasher("pair").endpoint(std::min(s.src, s.dst)).endpoint(std::max(s.src, s.dst)).id();
}

RecordId row_id(const ProbeId& probe, std::string_view kind, const RecordId& subject,
                std::uint64_t first_time) {
    return Hasher(kind).number(probe.domain).octets(subject).number(first_time).id();
}

}  // namespace voipprobe::collector
