// One correlation id for the legs of a conversation: what a B2BUA, a transfer or a fork makes of one call.
// The surest rule wins: Replaces (RFC 3891) and REFER (RFC 3515) → Session-ID (RFC 7989) → a configured header that
// carries another leg's Call-ID or a common value → parties, path, time and description with a score, where the best
// candidate must be the only one. Calls of other signalling protocols are legs by the last rule, or by what their own
// protocol says (a conference identifier, the transfer key of a phone). Bounded: the oldest names are forgotten. Thread rule: one owner.
#pragma once

#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "probe/voip/sip/call_table.hpp"
#include "probe/voip/sip/dialog.hpp"

namespace voipprobe::probe {

struct LegOptions {
    std::vector<std::string> headers{"X-Call-ID", "X-CID", "X-Correlation-ID"};  // --correlation-header
    std::int64_t window = 2 * wire::kSecond;   // between the INVITEs of two legs, for the score
    std::size_t max_names = 600'000;
};

class LegTable {
  public:
    LegTable(LegOptions options, wire::SipKey key) : options_(std::move(options)), key_(key) {}

    // Gives the call its correlation id; `m` is its first INVITE and has been applied.
    void assign(CallTable& calls, CallIndex index, const SipMessage& m, const SipContext& ctx);
    // The same of a call that another protocol signals. `conversation`: what its legs have in common by that protocol, empty
    // when nothing. An id that the call already has stays.
    void assign_other(CallTable& calls, CallIndex index, std::string_view conversation, wire::TimeNs now);
    // A REFER within `call`: who is asked to call whom.
    void note_refer(const Call& call, const SipMessage& m, const SipContext& ctx);

    std::size_t size() const { return names_.size(); }
    std::size_t most() const { return most_; }  // names at a time
    std::size_t memory_octets() const;          // with that many; calls of the last seconds as they are now

  private:
    struct Name {
        std::string id;
        wire::TimeNs time;
    };
    struct Recent {
        wire::TimeNs time;
        CallIndex call;
        std::uint32_t serial;
        std::uint64_t path, origin;  // keys
    };
    // Calls of the window that have one key. More than kMaxLookAlikes cannot be told apart: then nothing is said until
    // those that found no room have left the window, and a flood of one key costs no more than this per call.
    struct LookAlikes {
        std::vector<std::pair<CallIndex, std::uint32_t>> calls;
        std::uint32_t total = 0;
        wire::TimeNs crowded_until = wire::kNever;
    };
    static constexpr std::size_t kMaxLookAlikes = 64;

    std::uint64_t key_of(std::string_view kind, std::string_view name) const;
    const Name* find(std::string_view kind, std::string_view name) const;
    void remember(std::string_view kind, std::string_view name, const std::string& id, wire::TimeNs time);
    std::string by_name(CallTable& calls, const SipMessage& m, const SipContext& ctx) const;
    std::string by_score(CallTable& calls, CallIndex index, wire::TimeNs now, std::uint64_t path, std::uint64_t origin);
    // By score or, without a leg, of its own; from now on other calls may be legs of it.
    void settle(CallTable& calls, CallIndex index, wire::TimeNs now);
    void forget_old(wire::TimeNs now);
    void add_look_alike(std::uint64_t key, const Recent& r);

    std::size_t most_ = 0;
    const LegOptions options_;
    const wire::SipKey key_;
    std::unordered_map<std::uint64_t, Name> names_;
    std::deque<std::uint64_t> order_;  // of names_, oldest first
    std::deque<Recent> recent_;
    std::unordered_map<std::uint64_t, LookAlikes> by_key_;  // of recent_
};

}  // namespace voipprobe::probe
