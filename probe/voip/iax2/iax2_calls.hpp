// IAX2 frames into calls and streams (RFC 5456). A call is what a NEW begins; its media passes on the same ports, so a
// stream is known by the source call number of its sender. IAX2 media has no sequence numbers: they are made from its
// timestamps (ms) and the time that a packet lasts, so that loss, jitter and reordering are measured as RTP's are. Gaps of
// more than 1 s, or after a comfort noise frame, are pauses; others are loss where the sender's timestamps go in whole steps.
// Bounded: kMaxLegs, the one used longest ago is forgotten. Thread rule: one owner.
#pragma once

#include "probe/voip/iax2/iax2_frame.hpp"
#include "probe/voip/signalling/bounded_map.hpp"
#include "probe/voip/signalling/call_desk.hpp"

namespace voipprobe::probe {

struct Iax2Counters {
    std::uint64_t full_frames = 0;
    std::uint64_t media_frames = 0;   // measured
    std::uint64_t outside_calls = 0;  // of call numbers that were not seen to begin
    std::uint64_t unread_meta = 0;    // video
};

class Iax2Calls {
  public:
    static constexpr std::size_t kMaxLegs = 65'536;

    Iax2Calls(CallDesk& desk, wire::SipKey key);
    // A datagram of a flow; false: it is no IAX2, as far as this flow has shown.
    bool on_datagram(FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx, bool known_flow);

    const Iax2Counters& counters() const { return counters_; }
    std::uint64_t evicted() const { return legs_.evicted(); }

  private:
    struct Key {  // one party of a call: who sends with this number
        wire::Endpoint src, dst;
        std::uint16_t number = 0, zone = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Hash {
        wire::SipKey key;
        std::size_t operator()(const Key& k) const;
    };
    struct Leg {
        CallRef call;
        Side side = Side::none;
        std::uint64_t format = 0;
        bool will_encrypt = false, encrypted = false;
        // media
        std::uint32_t stream = 0;
        std::uint32_t last_ms = 0;      // timestamp of the newest packet
        std::uint32_t rtp_timestamp = 0;
        std::uint16_t sequence = 0;
        std::uint32_t step_ms = 0;      // shortest seen, where the format does not say
        std::uint32_t whole_steps = 0, odd_steps = 0;
        bool paused = false;
        wire::TimeNs last_time = 0;
    };

    Key key_of(const SignalContext& ctx, std::uint16_t number) const { return {ctx.src, ctx.dst, number, ctx.zone}; }
    Leg* leg_of(const Iax2Full& f, const SignalContext& ctx);
    void on_full(const Iax2Full& f, FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx);
    void on_new(const Iax2Full& f, const Iax2Elements& e, const SignalContext& ctx);
    void on_iax(Leg& leg, const Iax2Full& f, const Iax2Elements& e, const SignalContext& ctx);
    void on_control(Leg& leg, const Iax2Full& f, const SignalContext& ctx);
    void on_media(Leg& leg, std::uint32_t ms, wire::Bytes data, std::uint16_t number, FlowIndex flow, std::uint8_t direction,
                  const PacketView& p);
    void on_mini(const Iax2Mini& m, bool own_clock, FlowIndex flow, std::uint8_t direction, const PacketView& p, const SignalContext& ctx);
    void set_format(Leg& leg, std::uint64_t format, const SignalContext& ctx);
    void report(const Leg& leg, const Iax2Report& r);

    CallDesk& desk_;
    BoundedMap<Key, Leg, Hash> legs_;
    Iax2Counters counters_;
};

}  // namespace voipprobe::probe
