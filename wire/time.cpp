#include "wire/time.hpp"

namespace voipprobe::wire {
namespace {

constexpr std::uint64_t kEpochOffset = 2'208'988'800;  // 1900-01-01 to 1970-01-01, RFC 5905 §6

void digits(char* out, std::uint64_t v, int n) {
    for (int i = n; i-- > 0; v /= 10) out[i] = static_cast<char>('0' + v % 10);
}

}  // namespace

// Civil date from days: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
void write_iso_time(TimeNs t, char* out) {
    std::int64_t seconds = t / kSecond;
    std::int64_t ns = t % kSecond;
    if (ns < 0) ns += kSecond, --seconds;
    std::int64_t days = seconds / 86400;
    std::int64_t rest = seconds % 86400;
    if (rest < 0) rest += 86400, --days;
    days += 719468;
    const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const auto doe = static_cast<std::uint64_t>(days - era * 146097);
    const std::uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const std::uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const std::uint64_t mp = (5 * doy + 2) / 153;
    const std::uint64_t day = doy - (153 * mp + 2) / 5 + 1;
    const std::uint64_t month = mp < 10 ? mp + 3 : mp - 9;
    const std::int64_t year = static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0);
    const auto r = static_cast<std::uint64_t>(rest);
    digits(out, static_cast<std::uint64_t>(year < 0 ? 0 : year) % 10000, 4);
    out[4] = out[7] = '-';
    digits(out + 5, month, 2);
    digits(out + 8, day, 2);
    out[10] = 'T';
    digits(out + 11, r / 3600, 2);
    out[13] = out[16] = ':';
    digits(out + 14, r / 60 % 60, 2);
    digits(out + 17, r % 60, 2);
    out[19] = '.';
    digits(out + 20, static_cast<std::uint64_t>(ns) / 1000, 6);
    out[26] = 'Z';
}

std::string iso_time(TimeNs t) {
    std::string s(kIsoTimeLength, ' ');
    write_iso_time(t, s.data());
    return s;
}

std::uint64_t microseconds_to_ntp(std::uint64_t us) {
    const std::uint64_t seconds = us / 1'000'000 + kEpochOffset;
    const std::uint64_t fraction = ((us % 1'000'000 << 32) + 999'999) / 1'000'000;
    return seconds << 32 | fraction;
}

std::uint64_t ntp_to_microseconds(std::uint64_t ntp) {
    const std::uint64_t seconds = ntp >> 32;
    const std::uint64_t us = ((ntp & 0xffffffffU) * 1'000'000) >> 32;
    return seconds < kEpochOffset ? 0 : (seconds - kEpochOffset) * 1'000'000 + us;
}

}  // namespace voipprobe::wire
