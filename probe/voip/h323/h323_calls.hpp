// H.323 messages into calls. A call is what a Setup begins, known by its call identifier on every hop (a gatekeeper that
// routes makes several), else by its connection and call reference. Media comes from fast starts and from H.245, tunnelled
// or on the connection that call signalling names. RAS says who is registered, and names the parties of a Setup without names.
// Bounded: kMaxEntries calls, channels, addresses and admissions each, the one used longest ago is forgotten.
// Thread rule: one owner.
#pragma once

#include "probe/voip/h323/h323_message.hpp"
#include "probe/voip/signalling/bounded_map.hpp"
#include "probe/voip/signalling/call_desk.hpp"

namespace voipprobe::probe {

struct H323Counters {
    std::uint64_t q931_messages = 0;
    std::uint64_t h245_messages = 0;
    std::uint64_t ras_messages = 0;
    std::uint64_t not_understood = 0;  // user-user elements, H.245 or RAS messages that could not be read
    std::uint64_t outside_calls = 0;   // of calls whose Setup was not seen
};

// The H.245 connection of a call: who listens.
struct H245Link {
    CallRef call;
    Side listener = Side::none;
    wire::Endpoint at;
};

class H323Calls {
  public:
    static constexpr std::size_t kMaxEntries = 65'536;

    H323Calls(CallDesk& desk, wire::SipKey key);
    // One TPKT without its header.
    void on_q931(wire::Bytes payload, const SignalContext& ctx);
    void on_h245(wire::Bytes payload, const H245Link& link, const SignalContext& ctx);
    // A datagram on RAS' ports; false: none that is read.
    bool on_ras(FlowIndex flow, wire::Bytes datagram, const SignalContext& ctx);

    // The H.245 connection that call signalling announced at one of these ends.
    std::optional<H245Link> expects(const wire::Endpoint& a, const wire::Endpoint& b, std::uint16_t zone);
    bool expects_any() const { return !links_.empty(); }

    const H323Counters& counters() const { return counters_; }
    std::uint64_t evicted() const { return calls_.evicted() + links_.evicted(); }

  private:
    using Key = std::uint64_t;  // keyed hash
    struct Hash {
        std::size_t operator()(Key k) const { return k; }
    };
    struct Parties {
        std::string caller, callee;
    };

    Key connection_key(const Q931Message& m, const SignalContext& ctx) const;
    Key identifier_key(const H323Id& id, std::uint64_t kind) const;
    Key channel_key(CallRef call, Side sender, std::uint16_t number) const;
    CallRef find(const Q931Message& m, const SignalContext& ctx);
    CallRef begin(const Q931Message& m, const SignalContext& ctx);
    void on_event(CallRef call, const Q931Message& m, Side sender, const SignalContext& ctx);
    void on_channel(CallRef call, const H245Message& m, Side sender, const SignalContext& ctx);
    void media(CallRef call, Side owner, const H245Channel& c, const SignalContext& ctx);

    CallDesk& desk_;
    wire::SipKey hash_key_;
    BoundedMap<Key, CallRef, Hash> calls_;         // by identifier and by connection
    BoundedMap<Key, H245Link, Hash> links_;        // by the listener's address
    BoundedMap<Key, H245Channel, Hash> channels_;  // asked for, not acknowledged yet
    BoundedMap<Key, Parties, Hash> admissions_;    // by conference
    BoundedMap<Key, std::string, Hash> registering_;
    H323Counters counters_;
};

}  // namespace voipprobe::probe
