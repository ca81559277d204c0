// 128-bit identities of what records are about (docs/dictionary.md, record_id): stable across transports,
// re-delivery and re-processing; sinks de-duplicate by them. Under --privacy the hash is keyed.
#pragma once

#include <optional>
#include <array>
#include <cstdint>

#include "probe/record/record_source.hpp"
#include "wire/siphash.hpp"

namespace voipprobe::probe {

using RecordId = std::array<std::uint8_t, 16>;

RecordId flow_id(const RecordSource& s);
RecordId call_record_id(const RecordContext& context, const Call& call);
RecordId call_uid(const RecordContext& context, const Call& call);  // two probes that see one call agree on it
RecordId stream_id(const RecordContext& context, const wire::Endpoint& src, const wire::Endpoint& dst,
                   const RtpStream& stream, std::uint64_t zone_key = 0);
// Of media without an RTP header.
RecordId plain_stream_id(const RecordSource& s);
// Of the MEDIA_ONLY call of a stream without signalling whose other direction has a flow of its own, as RTCP showed: the same for both.
std::optional<RecordId> pair_record_id(const RecordSource& s);
RecordId interval_id(const RecordSource& s);
RecordId message_id(const RecordSource& s);

}  // namespace voipprobe::probe
