// MGCP transactions into calls (RFC 3435): a call is what a call agent gives one CallId. The first connection that it
// creates is the caller's, the second on another endpoint the callee's; further ones are not read.
// Bounded: kMaxEntries calls, endpoints and open transactions each; the one used longest ago is forgotten.
// Thread rule: one owner.
#pragma once

#include <array>
#include <string>

#include "probe/voip/mgcp/mgcp_message.hpp"
#include "probe/voip/signalling/bounded_map.hpp"
#include "probe/voip/signalling/call_desk.hpp"

namespace voipprobe::probe {

struct MgcpCounters {
    std::uint64_t messages = 0;
    std::uint64_t refused = 0;        // looked like one and is none
    std::uint64_t outside_calls = 0;  // of connections that were not seen to begin
};

class MgcpCalls {
  public:
    static constexpr std::size_t kMaxEntries = 65'536;

    MgcpCalls(CallDesk& desk, wire::SipKey key);
    // A datagram; false: none of it was MGCP.
    bool on_datagram(std::string_view text, const SignalContext& ctx);

    const MgcpCounters& counters() const { return counters_; }
    std::uint64_t evicted() const { return calls_.evicted() + endpoints_.evicted(); }

  private:
    using Key = std::uint64_t;  // keyed hash of what names the entry
    struct Hash {
        std::size_t operator()(Key k) const { return k; }
    };
    struct Connection {
        Key endpoint = 0;
        bool sends_and_receives = false;
        bool described = false;
        bool refused = false;
    };
    struct MgcpCall {
        CallRef call;
        std::array<Connection, 2> connections;  // caller's, callee's
    };
    struct Endpoint {
        Key call = 0;  // the one it was last connected in
        std::string name, digits;
    };
    struct Transaction {
        MgcpVerb verb = MgcpVerb::response;
        Key call = 0;
        Side side = Side::none;
    };

    Key key_of(std::string_view what, const wire::IpAddress& a, const wire::IpAddress& b, std::uint64_t n) const;
    Key endpoint_key(const MgcpMessage& m, const SignalContext& ctx) const;
    void on_command(const MgcpMessage& m, const SignalContext& ctx);
    void on_response(const MgcpMessage& m, const SignalContext& ctx);
    void on_event(const MgcpMessage& m, const SignalContext& ctx);
    void on_connection(const MgcpMessage& m, const SignalContext& ctx);
    Side connect(MgcpCall& call, Key endpoint, const MgcpMessage& m, const SignalContext& ctx);
    void take_mode(MgcpCall& call, Side side, std::string_view mode, wire::TimeNs time);
    void answer_when_open(MgcpCall& call, wire::TimeNs time);
    void report(const MgcpCall& call, Side side, const MgcpParameters& p);
    static Side side_of(const MgcpCall& call, Key endpoint);

    CallDesk& desk_;
    wire::SipKey hash_key_;
    BoundedMap<Key, MgcpCall, Hash> calls_;
    BoundedMap<Key, Endpoint, Hash> endpoints_;
    BoundedMap<Key, Transaction, Hash> transactions_;
    MgcpCounters counters_;
};

}  // namespace voipprobe::probe
