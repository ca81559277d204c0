// When sender reports (and XR receiver reference times) passed the probe, by their ends' addresses, SSRC and middle
// NTP: what a later report quotes as LSR or LRR is found again, whatever ports it uses, and the round trip between
// probe and quoting end follows (RFC 3550 §6.4.1): arrival of the quoting report - arrival of the quoted one - DLSR.
// Bounded: a newer report may overwrite an older one of the same slot. Times: ns of packet time. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <optional>

#include "probe/flow/reserved_array.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

// Which media flow and direction a report went along with; flow tells that `session` is still the same one.
struct ReportPath {
    std::uint32_t session = 0;  // 0: of no known RTP flow
    std::uint32_t flow = 0;
    std::uint8_t direction = 0;
};

class ReportTimes {
  public:
    static constexpr std::size_t kSlots = std::size_t{1} << 18;  // 10 MB of address space, touched on demand

    struct Trip {
        std::int64_t ns = 0;  // between the probe and the end that quotes
        ReportPath path;      // of the quoted report
    };

    ReportTimes() : slots_(kSlots) {}

    // `ends`: hash of what the answer is found by: the report's source and destination address, in this order, or its flow
    // and direction.
    void remember(std::uint32_t ends, std::uint32_t ssrc, std::uint32_t middle, ReportPath path, wire::TimeNs t) {
        Slot& s = slots_[slot_of(ends, ssrc, middle)];
        const bool copy = s.ends == ends && s.ssrc == ssrc && s.middle == middle && t - s.time < wire::kSecond;
        if (!copy) s = {t, ends, ssrc, middle, path};
    }
    // nullopt: the quoted report was not seen, or the figures contradict each other.
    std::optional<Trip> round_trip(std::uint32_t ends, std::uint32_t ssrc, std::uint32_t middle, std::uint32_t delay,
                                   wire::TimeNs t) const {
        const Slot& s = slots_[slot_of(ends, ssrc, middle)];
        if (middle == 0 || s.ends != ends || s.ssrc != ssrc || s.middle != middle) return std::nullopt;
        const std::int64_t held = static_cast<std::int64_t>((static_cast<std::uint64_t>(delay) * 1'000'000'000) >> 16);
        const std::int64_t trip = t - s.time - held;
        if (trip < -kSlack || trip > kMostTrip) return std::nullopt;
        return Trip{trip < 0 ? 0 : trip, s.path};
    }

  private:
    static constexpr std::int64_t kSlack = wire::kMillisecond;      // DLSR is often rounded
    static constexpr std::int64_t kMostTrip = 60 * wire::kSecond;
    struct Slot {
        wire::TimeNs time;
        std::uint32_t ends, ssrc, middle;
        ReportPath path;
    };
    static std::size_t slot_of(std::uint32_t ends, std::uint32_t ssrc, std::uint32_t middle) {
        std::uint64_t h = (std::uint64_t{ssrc} << 32 | middle) + std::uint64_t{ends} * 0x9e3779b97f4a7c15;
        h = (h ^ h >> 31) * 0xbf58476d1ce4e5b9;
        return (h ^ h >> 29) & (kSlots - 1);
    }
    ReservedArray<Slot> slots_;
};

// Round trips between the probe and one end.
struct RoundTrips {
    double sum = 0;  // ns
    std::uint32_t count = 0;
    void add(std::int64_t ns) {
        sum += static_cast<double>(ns);
        ++count;
    }
    double mean() const { return count == 0 ? 0 : sum / count; }
};

}  // namespace voipprobe::probe
