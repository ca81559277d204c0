#include "probe/record/record_id.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace voipprobe::probe {
namespace {

// SipHash-1-3-128 over words; a string is two of them, its own hash.
class IdBuilder {
  public:
    explicit IdBuilder(wire::SipKey key) : hash_(key) {}
    void add(std::uint64_t v) { hash_.add(v); }
    void add(const wire::IpAddress& a) {
        add(wire::load_le64(a.octets.data()));
        add(wire::load_le64(a.octets.data() + 8));
    }
    // Two words between IPv4 ends, five otherwise: no other part of an id may be left out by as much, or two could be one.
    void add_ends(const wire::Endpoint& src, const wire::Endpoint& dst, std::uint8_t protocol = 0) {
        if (src.address.is_v4() && dst.address.is_v4()) {
            add(std::uint64_t{src.address.v4_host_order()} << 32 | dst.address.v4_host_order());
        } else {
            add(src.address);
            add(dst.address);
        }
        add(std::uint64_t{protocol} << 32 | std::uint64_t{src.port} << 16 | dst.port);
    }
    void add(std::string_view s) {
        const RecordId hash = wire::siphash24_128({}, wire::as_bytes(s));
        add(wire::load_le64(hash.data()));
        add(wire::load_le64(hash.data() + 8));
    }
    RecordId finish() { return hash_.finish(); }

  private:
    wire::SipWords128 hash_;
};

std::uint64_t kind_word(templates::RecordKind kind) { return static_cast<std::uint64_t>(kind) << 32; }  // beside a domain
std::uint64_t us(wire::TimeNs t) { return static_cast<std::uint64_t>(t / wire::kMicrosecond); }

}  // namespace

RecordId flow_id(const RecordSource& s) {
    IdBuilder b(s.context->id_key);
    const bool later = s.cold != nullptr && s.cold->start_us != s.start_us;  // not the flow's first record
    b.add(s.context->domain | kind_word(s.kind) | std::uint64_t{later} << 40);
    b.add_ends(s.src, s.dst, s.protocol);
    b.add(static_cast<std::uint64_t>(s.start_us));
    if (later) b.add(static_cast<std::uint64_t>(s.cold->start_us));
    if (s.zone_key != 0) b.add(s.zone_key);
    return b.finish();
}

RecordId call_record_id(const RecordContext& context, const Call& call) {
    IdBuilder b(context.id_key);
    b.add(context.domain | kind_word(templates::RecordKind::call));
    b.add(std::string_view(call.call_id));
    b.add(us(call.at(CallEvent::invite)));
    if (call.dialog != 0 && !call.callee.tags.empty()) b.add(std::string_view(call.callee.tags.front()));
    return b.finish();
}

RecordId call_uid(const RecordContext& context, const Call& call) {
    // Two probes see the first INVITE at slightly different times: only the Call-ID names the call.
    IdBuilder b(context.id_key);
    b.add(kind_word(templates::RecordKind::call));
    b.add(std::string_view(call.call_id));
    if (call.dialog != 0 && !call.callee.tags.empty()) b.add(std::string_view(call.callee.tags.front()));
    return b.finish();
}

RecordId stream_id(const RecordContext& context, const wire::Endpoint& src, const wire::Endpoint& dst,
                   const RtpStream& stream, std::uint64_t zone_key) {
    IdBuilder b(context.id_key);
    b.add(context.domain | kind_word(templates::RecordKind::stream));
    b.add_ends(src, dst);
    b.add(std::uint64_t{stream.ssrc});
    b.add(us(stream.first_time));
    if (zone_key != 0) b.add(zone_key);
    return b.finish();
}

RecordId plain_stream_id(const RecordSource& s) {
    IdBuilder b(s.context->id_key);
    b.add(s.context->domain | kind_word(templates::RecordKind::stream));
    b.add_ends(s.src, s.dst);
    b.add(us(s.plain->first_time));
    if (s.zone_key != 0) b.add(s.zone_key);
    return b.finish();
}

std::optional<RecordId> pair_record_id(const RecordSource& s) {
    if (s.stream == nullptr || s.tracker == nullptr) return std::nullopt;
    std::array<wire::Endpoint, 2> other = s.tracker->partner_of(*s.stream);
    if (other[0].address.is_none()) return std::nullopt;
    std::array<wire::Endpoint, 2> own{s.src, s.dst};
    std::sort(own.begin(), own.end());
    std::sort(other.begin(), other.end());
    IdBuilder b(s.context->id_key);
    b.add(s.context->domain | kind_word(templates::RecordKind::call));
    for (const auto& ends : {std::min(own, other), std::max(own, other)})
        b.add_ends(ends[0], ends[1]);
    return b.finish();
}

RecordId interval_id(const RecordSource& s) {
    IdBuilder b(s.context->id_key);
    b.add(s.context->domain | kind_word(templates::RecordKind::interval));
    b.add_ends(s.src, s.dst);
    b.add(std::uint64_t{s.stream->ssrc});
    b.add(us(s.stream->first_time));
    b.add(us(s.interval->start));
    if (s.zone_key != 0) b.add(s.zone_key);
    return b.finish();
}

RecordId message_id(const RecordSource& s) {
    IdBuilder b(s.context->id_key);
    b.add(s.context->domain | kind_word(templates::RecordKind::message));
    b.add_ends(s.src, s.dst);
    b.add(s.message->call_id);
    b.add(us(s.message_context->time));
    b.add(std::uint64_t{s.message->cseq} << 32 | std::uint64_t{s.message->status} << 8 |
          static_cast<std::uint64_t>(s.message->method));
    return b.finish();
}

}  // namespace voipprobe::probe
