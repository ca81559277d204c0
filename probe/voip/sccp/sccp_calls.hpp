// Skinny messages into calls. A call manager gives every leg (one phone's part of a call) a reference; two phones that
// call each other are two legs. Legs whose call info names the same parties, one inbound and one outbound, at the same
// call manager within 10 s, are one call: its caller is the phone of the outbound leg, its callee that of the inbound one.
// A leg towards a gateway or another call manager is a call with the call manager as the other hop.
// A phone that presses Transfer or Confrn and calls somebody makes another leg of the same conversation. When it presses the
// key again, its own legs end, and both calls go on with their other parties.
// Bounded: kMaxLegs, the one used longest ago is forgotten. Thread rule: one owner.
#pragma once

#include <string>

#include "probe/voip/sccp/sccp_message.hpp"
#include "probe/voip/signalling/bounded_map.hpp"
#include "probe/voip/signalling/call_desk.hpp"

namespace voipprobe::probe {

struct SccpCounters {
    std::uint64_t messages = 0;
    std::uint64_t not_understood = 0;  // of a kind or length that is not read; counted, left out
    std::uint64_t outside_calls = 0;   // call messages of legs that were not seen to begin
};

class SccpCalls {
  public:
    static constexpr std::size_t kMaxLegs = 65'536;

    SccpCalls(CallDesk& desk, wire::SipKey key);
    // ctx: of the segment that completed the message.
    void on_message(const SccpMessage& m, const SignalContext& ctx);

    const SccpCounters& counters() const { return counters_; }
    std::uint64_t evicted() const { return legs_.evicted(); }

  private:
    struct Key {
        wire::IpAddress manager;
        std::uint32_t reference = 0;
        std::uint16_t zone = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct TokenKey {  // a channel that a phone was asked to open
        wire::IpAddress manager, phone;
        std::uint32_t token = 0;
        friend bool operator==(const TokenKey&, const TokenKey&) = default;
    };
    struct Hash {
        wire::SipKey key;
        std::size_t operator()(const Key& k) const;
        std::size_t operator()(const TokenKey& k) const;
        std::size_t operator()(std::uint64_t parties) const { return parties; }  // keyed already
    };
    struct Leg {
        CallRef call;
        Side side = Side::none;  // of the leg's phone
        wire::Endpoint phone, manager;
        std::string calling, called, calling_name, called_name;
        bool joined = false;
        bool hung_up = false;  // by the phone
        bool given_away = false;  // transferred, or joined to a conference: its end is not the call's
    };
    struct Consultation {  // the phone pressed Transfer or Confrn
        Key first, second;  // the leg it pressed it on; the one that it began then, reference 0: none yet
        wire::TimeNs since = 0;
    };
    struct Waiting {  // a leg that looks for its other half
        Key leg;
        Side side = Side::none;
        wire::TimeNs since = 0;
    };

    Leg* leg_of(const Key& key, const SccpMessage& m);
    void begin(const Key& key, Leg& leg, Side side, const SignalContext& ctx);
    void join(const Key& key, Leg& leg, wire::TimeNs time);
    void on_consult_key(const Key& key, const SccpMessage& m, const SignalContext& ctx);
    void on_state(const Key& key, const SccpMessage& m, const SignalContext& ctx);
    void on_info(const Key& key, const SccpMessage& m, const SignalContext& ctx);
    void on_channel(const Key& key, const SccpMessage& m, const SignalContext& ctx);
    void on_receiving(Key key, const SccpMessage& m, const SignalContext& ctx);
    void on_statistics(const Key& key, const SccpMessage& m);
    void take_formats(Leg& leg, Side owner, const wire::Endpoint& at, const SccpMessage& m, const SignalContext& ctx);

    CallDesk& desk_;
    wire::SipKey hash_key_;
    BoundedMap<Key, Leg, Hash> legs_;
    BoundedMap<TokenKey, Key, Hash> tokens_;
    BoundedMap<std::uint64_t, Waiting, Hash> waiting_;
    BoundedMap<TokenKey, Consultation, Hash> consultations_;  // of a phone, token 0
    SccpCounters counters_;
};

}  // namespace voipprobe::probe
