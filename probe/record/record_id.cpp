#include "probe/record/record_id.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace voipprobe::probe {
namespace {

// A fixed-size buffer is enough: a Call-ID longer than kCallId octets is identified by its hash.
class IdBuilder {
  public:
    void add(std::uint64_t v) {
        std::uint8_t octets[8];
        for (int i = 0; i < 8; ++i) octets[i] = static_cast<std::uint8_t>(v >> (8 * i));
        put(octets);
    }
    void add(const wire::Endpoint& e) {
        put(e.address.octets);
        add(std::uint64_t{e.port});
    }
    void add(std::string_view s) { put(wire::siphash24_128({}, wire::as_bytes(s))); }
    RecordId finish(wire::SipKey key) const { return wire::siphash24_128(key, wire::Bytes(buffer_.data(), size_)); }

  private:
    void put(std::span<const std::uint8_t> octets) {
        std::copy_n(octets.begin(), octets.size(), buffer_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += octets.size();
    }
    std::array<std::uint8_t, 160> buffer_;
    std::size_t size_ = 0;
};

std::uint64_t kind_word(templates::RecordKind kind) { return static_cast<std::uint64_t>(kind); }
std::uint64_t us(wire::TimeNs t) { return static_cast<std::uint64_t>(t / wire::kMicrosecond); }

}  // namespace

RecordId flow_id(const RecordSource& s) {
    IdBuilder b;
    b.add(std::uint64_t{s.context->domain});
    b.add(kind_word(s.kind));
    b.add(s.src);
    b.add(s.dst);
    b.add(std::uint64_t{s.protocol});
    b.add(static_cast<std::uint64_t>(s.cold == nullptr ? s.start_us : s.cold->start_us));
    b.add(static_cast<std::uint64_t>(s.start_us));
    if (s.zone_key != 0) b.add(s.zone_key);
    return b.finish(s.context->id_key);
}

RecordId call_record_id(const RecordContext& context, const Call& call) {
    IdBuilder b;
    b.add(std::uint64_t{context.domain});
    b.add(kind_word(templates::RecordKind::call));
    b.add(std::string_view(call.call_id));
    b.add(us(call.at(CallEvent::invite)));
    if (call.dialog != 0 && !call.callee.tags.empty()) b.add(std::string_view(call.callee.tags.front()));
    return b.finish(context.id_key);
}

RecordId call_uid(const RecordContext& context, const Call& call) {
    // Two probes see the first INVITE at slightly different times: only the Call-ID names the call.
    IdBuilder b;
    b.add(kind_word(templates::RecordKind::call));
    b.add(std::string_view(call.call_id));
    if (call.dialog != 0 && !call.callee.tags.empty()) b.add(std::string_view(call.callee.tags.front()));
    return b.finish(context.id_key);
}

RecordId stream_id(const RecordContext& context, const wire::Endpoint& src, const wire::Endpoint& dst,
                   const RtpStream& stream, std::uint64_t zone_key) {
    IdBuilder b;
    b.add(std::uint64_t{context.domain});
    b.add(kind_word(templates::RecordKind::stream));
    b.add(src);
    b.add(dst);
    b.add(std::uint64_t{stream.ssrc});
    b.add(us(stream.first_time));
    if (zone_key != 0) b.add(zone_key);
    return b.finish(context.id_key);
}

RecordId plain_stream_id(const RecordSource& s) {
    IdBuilder b;
    b.add(std::uint64_t{s.context->domain});
    b.add(kind_word(templates::RecordKind::stream));
    b.add(s.src);
    b.add(s.dst);
    b.add(us(s.plain->first_time));
    if (s.zone_key != 0) b.add(s.zone_key);
    return b.finish(s.context->id_key);
}

std::optional<RecordId> pair_record_id(const RecordSource& s) {
    if (s.stream == nullptr || s.tracker == nullptr) return std::nullopt;
    std::array<wire::Endpoint, 2> other = s.tracker->partner_of(*s.stream);
    if (other[0].address.is_none()) return std::nullopt;
    std::array<wire::Endpoint, 2> own{s.src, s.dst};
    std::sort(own.begin(), own.end());
    std::sort(other.begin(), other.end());
    IdBuilder b;
    b.add(std::uint64_t{s.context->domain});
    b.add(kind_word(templates::RecordKind::call));
    for (const auto& ends : {std::min(own, other), std::max(own, other)})
        for (const wire::Endpoint& e : ends) b.add(e);
    return b.finish(s.context->id_key);
}

RecordId interval_id(const RecordSource& s) {
    IdBuilder b;
    b.add(std::uint64_t{s.context->domain});
    b.add(kind_word(templates::RecordKind::interval));
    b.add(s.src);
    b.add(s.dst);
    b.add(std::uint64_t{s.stream->ssrc});
    b.add(us(s.stream->first_time));
    b.add(us(s.interval->start));
    if (s.zone_key != 0) b.add(s.zone_key);
    return b.finish(s.context->id_key);
}

RecordId message_id(const RecordSource& s) {
    IdBuilder b;
    b.add(std::uint64_t{s.context->domain});
    b.add(kind_word(templates::RecordKind::message));
    b.add(s.src);
    b.add(s.dst);
    b.add(s.message->call_id);
    b.add(us(s.message_context->time));
    b.add(std::uint64_t{s.message->cseq} << 32 | std::uint64_t{s.message->status} << 8 |
          static_cast<std::uint64_t>(s.message->method));
    return b.finish(s.context->id_key);
}

}  // namespace voipprobe::probe
