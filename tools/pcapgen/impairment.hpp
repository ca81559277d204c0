// What the network does to the packets of one stream before the capture point sees them.
#pragma once

#include "tools/pcapgen/options.hpp"
#include "tools/pcapgen/rng.hpp"

namespace voipprobe::pcapgen {

struct Fate {
    bool lost = false;
    bool held_back = false;  // arrives one and a half packet times late: out of order
    bool duplicated = false;
    Nanos delay = 0;  // on top of the path's constant delay
    Nanos duplicate_after = 0;
};

class Impairment {
  public:
    Impairment(const Options& options, Rng rng) noexcept : options_(&options), rng_(rng) {}

    // True when packets keep their order, so that a stream needs one event at a time.
    bool keeps_order() const noexcept { return !options_->jitter_reorders; }

    Fate next() noexcept {
        Fate fate;
        fate.lost = lose();
        if (options_->jitter_ms > 0)
            fate.delay =
                static_cast<Nanos>(rng_.unit() * options_->jitter_ms * static_cast<double>(kMillisecond));
        if (fate.lost) return fate;
        fate.held_back = rng_.chance(options_->reorder);
        fate.duplicated = rng_.chance(options_->duplicate);
        if (fate.duplicated) fate.duplicate_after = rng_.between(20'000, 2 * kMillisecond);
        return fate;
    }

  private:
    // Gilbert (1960), simplified: every packet of the bad state is lost.
    bool lose() noexcept {
        if (!options_->gilbert) return rng_.chance(options_->loss);
        bad_ = bad_ ? !rng_.chance(options_->gilbert->second) : rng_.chance(options_->gilbert->first);
        return bad_;
    }

    const Options* options_;
    Rng rng_;
    bool bad_ = false;
};

}  // namespace voipprobe::pcapgen
