// What the XR blocks of one RTCP compound say together about each stream: a block of the monitoring framework (RFC 6792)
// counts only beside the Measurement Information Block (RFC 6776) of the same stream, which also has the numbers that
// counts are a share of. Bounded: 8 streams of a compound. Thread rule: value types, pure.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <optional>
#include <span>

#include "probe/voip/rtcp/rtcp_metrics.hpp"

namespace voipprobe::probe {

struct StreamBlocks {
    // What may be said of the last interval [0] and of the whole stream [1].
    struct OverTime {
        std::optional<RtcpBursts> losses;              // type 20
        std::optional<RtcpBurstSummary> loss_summary;  // type 17
        std::uint64_t discarded = 0;                   // type 24, early and late; copies are no discards (RFC 3611 §4.7.1)
        bool discards_counted = false, discards_unknown = false;
        bool discards_in_bursts = false;               // type 21 came
    };
    static constexpr std::size_t kMostScores = 4;

    std::uint32_t ssrc = 0;
    bool voip_metrics = false;        // RFC 3611 §4.7 came along: the same figures, as they are defined
    std::uint32_t relying = 0;        // blocks that are void without a period
    std::optional<RtcpPeriod> period;
    std::optional<std::int32_t> lost;  // cumulative, of the report block (RFC 3550 §6.4.1)
    std::optional<RtcpDelay> delay;
    std::array<OverTime, 2> over;
    boost::container::static_vector<RtcpMos, kMostScores> scores;
};

class CompoundBlocks {
  public:
    static constexpr std::size_t kMostStreams = 8;

    void report(std::uint32_t ssrc, std::int32_t lost) {
        if (StreamBlocks* s = of(ssrc)) s->lost = lost;
    }
    void voip_metrics(std::uint32_t ssrc) {
        if (StreamBlocks* s = of(ssrc)) s->voip_metrics = true;
    }
    void add(const RtcpPeriod& p) {
        if (StreamBlocks* s = of(p.ssrc)) s->period = p;
    }
    void add(const RtcpDelay& d) {
        if (StreamBlocks* s = relying(d.ssrc)) s->delay = d;
    }
    void add(const RtcpBursts& b);
    void add(const RtcpBurstSummary& b);
    void add(const RtcpDiscardCount& d);
    void add(const RtcpMos& m);
    // Of a block that is read and of which no figure is made.
    void note(std::uint32_t ssrc) { relying(ssrc); }

    std::span<const StreamBlocks> streams() const { return {streams_.data(), streams_.size()}; }
    std::uint32_t beyond() const { return beyond_; }  // relying blocks about more streams than kept

  private:
    StreamBlocks* of(std::uint32_t ssrc);
    StreamBlocks* relying(std::uint32_t ssrc) {
        StreamBlocks* s = of(ssrc);
        ++(s != nullptr ? s->relying : beyond_);
        return s;
    }
    boost::container::static_vector<StreamBlocks, kMostStreams> streams_;
    std::uint32_t beyond_ = 0;
};

struct SpannedFigure {
    float value = 0;
    bool of_interval = false;  // else of the whole stream
};

struct BlockFigures {
    std::optional<SpannedFigure> discard_pct, burst_density, gap_density;
    std::optional<float> round_trip_ms, end_system_ms;
};

// Of the whole stream where that was sent, else of the last interval. Nothing without a period; a share of which one part
// is not known, or is larger than the whole, is absent.
BlockFigures figures_of(const StreamBlocks& blocks);

}  // namespace voipprobe::probe
