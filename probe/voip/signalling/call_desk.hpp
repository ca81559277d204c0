// Where every signalling protocol but SIP makes its calls: parties, event times, where media goes, what endpoints report.
// It fills the same Call and the same MediaTable as SIP does, so that records, media tying, timeouts and scores are one.
// A protocol keeps a CallRef; it goes stale by itself when the call ends. No I/O, no clock. Thread rule: one owner.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probe/voip/media_table.hpp"
#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/sip/call_table.hpp"
#include "probe/voip/sip/dialog.hpp"

namespace voipprobe::probe {

// Where and when a message was seen: the same for every protocol.
using SignalContext = SipContext;

struct CallRef {
    CallIndex index = 0;
    std::uint32_t serial = 0;
    explicit operator bool() const { return index != 0; }
    friend bool operator==(const CallRef&, const CallRef&) = default;
};

// Where one party receives one medium, and what it may receive there.
struct MediaEnd {
    wire::Endpoint at;
    MediaKind kind = MediaKind::audio;
    std::size_t line = 0;  // as the index of an m= line: both parties describe a medium on the same line
    bool encrypted = false;
    std::span<const CallFormat> formats;
};

// Agreed are the codecs that both parties named; those of one party while the other named none.
void agree_codecs(Call& call);

class CallDesk {
  public:
    // What the owner of the tables does: a new call (0: no room), and what follows when one has ended.
    struct Host {
        std::function<CallIndex(std::string_view call_id, wire::TimeNs)> add;
        std::function<void(CallIndex)> ended;
        std::function<void(FlowIndex, std::string_view user, const wire::IpAddress& client)> registered;
    };
    static constexpr std::size_t kMaxLines = 8;
    struct Begun {
        CallRef call;
        std::string conversation;
    };

    CallDesk(CallTable& calls, MediaTable& media, MediaTracker& tracker, Host host)
        : calls_(calls), media_(media), tracker_(tracker), host_(std::move(host)) {}

    // A call that begins now: ctx.src is the caller's hop, ctx.dst the callee's.
    CallRef begin(Signalling signalling, std::string_view call_id, const SignalContext& ctx);
    // What other legs of the same conversation have too, by the protocol's own word; before the message that began the call
    // is done with.
    void conversation(CallRef ref, std::string_view name);
    // The call is a leg of what `with` is a leg of.
    void correlate(CallRef ref, CallRef with);
    bool any_begun() const { return !begun_.empty(); }
    // Calls that began since the last time; some may be gone.
    std::vector<Begun> take_begun() { return std::exchange(begun_, {}); }
    Call* get(CallRef ref) { return ref.index == 0 ? nullptr : calls_.get(ref.index, ref.serial); }

    // One more message of the call.
    void touch(CallRef ref, wire::TimeNs time);
    // The first time of an event counts.
    void happened(CallRef ref, CallEvent event, wire::TimeNs time);
    // Hung up: before the answer a cancelled call (by the caller or nobody knows) or a failed one (by the callee).
    void hang_up(CallRef ref, Side by, wire::TimeNs time);
    void fail(CallRef ref, wire::TimeNs time, std::optional<std::uint32_t> q850_cause = {});
    void cause(CallRef ref, std::uint32_t q850_cause);
    void hold(CallRef ref, Side by, bool held, wire::TimeNs time);
    // Number, URI or name of a party; what is empty changes nothing, what is known stays.
    void name(CallRef ref, Side side, std::string_view number, std::string_view display);
    void media(CallRef ref, Side owner, const MediaEnd& end, const SignalContext& ctx);
    // Media of the call that no party hears (a copy for a recorder): tied to the call, to no side.
    void media_copy(CallRef ref, const wire::Endpoint& at, const SignalContext& ctx);
    void sdp(CallRef ref, Side from, std::string_view text, bool is_request, std::uint32_t transaction,
             const SignalContext& ctx);
    // What `hears` says about what it received.
    void report(CallRef ref, Side hears, const SessionReport& report);
    // Two legs turn out to be one call: `from`, of which nothing was sent yet, becomes part of `into`. False: it has media
    // or records of its own and stays.
    bool merge(CallRef into, CallRef from);

    // A user is known to be at `client`: a line of a phone, a registration.
    void registered(FlowIndex flow, std::string_view user, const wire::IpAddress& client) { host_.registered(flow, user, client); }

    MediaTable& media_table() { return media_; }
    MediaTracker& tracker() { return tracker_; }
    std::uint64_t merged() const { return merged_; }

  private:
    CallTable& calls_;
    MediaTable& media_;
    MediaTracker& tracker_;
    Host host_;
    std::vector<Begun> begun_;
    std::uint64_t merged_ = 0;
};

}  // namespace voipprobe::probe
