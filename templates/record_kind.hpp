// What a record is about. The numbers go on the wire in RECORD_KIND and are frozen.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace voipprobe::templates {

enum class RecordKind : std::uint8_t { flow = 1, call, stream, rtp, sip, message, interval, stats, detail };
inline constexpr std::uint8_t kRecordKinds = 9;

constexpr std::string_view record_kind_name(RecordKind kind) {
    constexpr std::string_view names[] = {"flow", "call", "stream", "rtp", "sip", "message", "interval", "stats", "stream-detail"};
    const auto i = static_cast<std::size_t>(kind) - 1;
    return i < kRecordKinds ? names[i] : std::string_view("?");
}

constexpr std::optional<RecordKind> record_kind_by_name(std::string_view name) {
    for (std::uint8_t k = 1; k <= kRecordKinds; ++k)
        if (record_kind_name(static_cast<RecordKind>(k)) == name) return static_cast<RecordKind>(k);
    return std::nullopt;
}

}  // namespace voipprobe::templates
