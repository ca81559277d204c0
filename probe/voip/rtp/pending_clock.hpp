// Packets of a stream whose clock is not known yet, kept until SDP names it or it is learned, then replayed, so that
// a late SDP gives the same jitter as an early one. Pages come from the series pool and go back at once.
// Unit: nanoseconds and RTP ticks. Thread rule: one owner.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "probe/voip/rtp/jitter_series.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

struct PendingPacket {
    wire::TimeNs time = 0;
    std::int64_t number = 0;  // extended sequence number
    std::uint32_t timestamp = 0;
};

class PendingPackets {
  public:
    static constexpr std::size_t kMost = 126;  // packets kept; later ones are measured only once the clock is known

    bool empty() const { return count_ == 0; }
    std::uint8_t size() const { return count_; }
    bool full() const { return count_ == kMost; }
    void add(const PendingPacket& p, SeriesPool& pool) {
        if (count_ == kMost) return;
        const std::size_t page = count_ / kPerPage;
        if (count_ % kPerPage == 0 && (pages_[page] = pool.take()) == 0) return;
        write(pool[pages_[page]], count_ % kPerPage, p);
        ++count_;
    }
    PendingPacket at(std::size_t i, const SeriesPool& pool) const {
        PendingPacket p;
        const SeriesPool::Page& page = pool[pages_[i / kPerPage]];
        std::memcpy(&p.time, &page.values[i % kPerPage * kWords], sizeof p.time);
        std::memcpy(&p.number, &page.values[i % kPerPage * kWords + 2], sizeof p.number);
        std::memcpy(&p.timestamp, &page.values[i % kPerPage * kWords + 4], sizeof p.timestamp);
        return p;
    }
    void clear(SeriesPool& pool) {
        for (std::uint32_t& page : pages_) {
            pool.give_back(page);
            page = 0;
        }
        count_ = 0;
    }

  private:
    static constexpr std::size_t kWords = 5;  // of 4 octets for each packet
    static constexpr std::size_t kPerPage = 42;
    static_assert(kPerPage * kWords <= SeriesPool::kValues && kMost % kPerPage == 0);
    static void write(SeriesPool::Page& page, std::size_t i, const PendingPacket& p) {
        std::memcpy(&page.values[i * kWords], &p.time, sizeof p.time);
        std::memcpy(&page.values[i * kWords + 2], &p.number, sizeof p.number);
        std::memcpy(&page.values[i * kWords + 4], &p.timestamp, sizeof p.timestamp);
    }
    std::array<std::uint32_t, kMost / kPerPage> pages_{};
    std::uint8_t count_ = 0;
};

// The clock rate that the packets' timestamps follow: slope of RTP time over arrival time (least squares), snapped to
// a usual rate within 3 %. 0: fewer than 25 packets, less than 1 s, too much jitter to tell, or no usual rate.
std::uint32_t learn_clock_rate(const PendingPackets& packets, const SeriesPool& pool);

}  // namespace voipprobe::probe
