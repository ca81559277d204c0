// Time as carried through both programs: nanoseconds since the Unix epoch, from packets, never from a clock.
#pragma once

#include <cstdint>
#include <string>

namespace voipprobe::wire {

using TimeNs = std::int64_t;
inline constexpr TimeNs kNever = INT64_MIN;  // "not seen"
inline constexpr TimeNs kSecond = 1'000'000'000;
inline constexpr TimeNs kMillisecond = 1'000'000;
inline constexpr TimeNs kMicrosecond = 1'000;

// The first of the times due, due + step, ... after `now`; step > 0. However long `now` has jumped, this is one step.
inline TimeNs boundary_after(TimeNs now, TimeNs due, TimeNs step) {
    return now < due ? due : due + ((now - due) / step + 1) * step;
}

// `2026-11-22T04:22:10.123456Z`, truncated to the microsecond.
std::string iso_time(TimeNs t);
// The same, written to `out` (27 octets, no terminator).
inline constexpr std::size_t kIsoTimeLength = 27;
void write_iso_time(TimeNs t, char* out);

// NTP timestamp format of dateTimeMicroseconds (RFC 7011 §6.1.9): seconds since 1900 and a binary fraction.
// The conversion rounds up in the fraction so that to_ntp and from_ntp are exact for whole microseconds.
std::uint64_t microseconds_to_ntp(std::uint64_t us_since_1970);
std::uint64_t ntp_to_microseconds(std::uint64_t ntp);

}  // namespace voipprobe::wire
