// Which application a flow belongs to, by nDPI where the build found it (VP_NDPI): the first packets of a flow only.
// nDPI is a C library that parses untrusted octets; it is asked only with --dpi on.
// Bounded: kMostFlows being looked at, the one looked at longest ago is given up. Thread rule: one owner.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "probe/decode/packet_view.hpp"
#include "probe/flow/flow.hpp"

namespace voipprobe::probe {

struct ClassifierCounters {
    std::uint64_t packets = 0;     // looked at
    std::uint64_t classified = 0;  // flows
    std::uint64_t unknown = 0;     // flows, after kFirstPackets
    std::uint64_t evicted = 0;
};

class Classifier {
  public:
    static constexpr std::uint32_t kFirstPackets = 12;  // of a flow, both ways
    static constexpr std::size_t kMostFlows = 16'384;

    // nullptr: built without nDPI, or it cannot be set up.
    static std::unique_ptr<Classifier> make();
    static bool built_in();
    virtual ~Classifier() = default;

    // A packet of a flow that is not settled. True when it now is: `protocol` is nDPI's number, 0 unknown.
    virtual bool look(FlowIndex flow, const PacketView& p, std::uint16_t& protocol) = 0;
    // The flow is gone.
    virtual void forget(FlowIndex flow) = 0;
    // Is it an application that makes calls: are its UDP flows that behave like media a call's?
    virtual bool makes_calls(std::uint16_t protocol) const = 0;
    // "" for 0.
    virtual std::string_view name(std::uint16_t protocol) const = 0;
    virtual const ClassifierCounters& counters() const = 0;
};

}  // namespace voipprobe::probe
