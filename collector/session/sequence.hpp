// Sequence numbers of one observation domain: loss, late arrivals, duplicates and restarts, exact as long as
// the open gaps fit a bounded list. Unit of the numbers: messages in NetFlow v9 (RFC 3954 §5.1), data records
// including those of options templates in IPFIX (RFC 7011 §3.1). Thread rule: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace voipprobe::collector {

struct SequenceCounters {
    std::uint64_t lost = 0;        // units that never came (a late arrival takes its units back)
    std::uint64_t late = 0;        // units that came after later ones
    std::uint64_t duplicates = 0;  // units that had come before
    std::uint64_t resets = 0;      // restarts of the numbering

    SequenceCounters& operator+=(const SequenceCounters& o) {
        lost += o.lost, late += o.late, duplicates += o.duplicates, resets += o.resets;
        return *this;
    }
};

class SequenceTracker {
  public:
    // A message that starts at `sequence` and holds `units`. `units_known` is false when a set could not be
    // decoded: the next message then sets the pace instead of being compared. Times in seconds since the
    // epoch.
    void message(std::uint32_t sequence, std::uint32_t units, std::uint32_t export_seconds,
                 bool units_known = true);

    const SequenceCounters& counters() const { return counters_; }

  private:
    struct Gap {
        std::uint32_t start;
        std::uint32_t length;
    };

    void forward(std::uint32_t sequence, std::uint32_t distance);
    bool fill_gap(std::uint32_t sequence, std::uint32_t units);
    void restart();

    SequenceCounters counters_;
    std::vector<Gap> gaps_;
    std::uint32_t expected_ = 0;
    std::uint32_t latest_export_ = 0;
    std::uint32_t behind_next_ = 0;  // where a run of messages from the past would go on
    std::uint32_t behind_run_ = 0;
    std::uint64_t behind_units_ = 0;
    bool started_ = false;
    bool paced_ = true;  // expected_ can be trusted
};

}  // namespace voipprobe::collector
