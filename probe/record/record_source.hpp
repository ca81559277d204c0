// Everything a record may be made from: what the extractors read. Pointers that do not apply to a kind are null.
// Lives on the stack while one record is written; expensive summaries are computed once, when first asked for.
#pragma once

#include <array>
#include <optional>

#include "probe/record/capture_loss.hpp"
#include "probe/flow/flow.hpp"
#include "probe/voip/dpi/classifier.hpp"
#include "probe/voip/plain_media.hpp"
#include "probe/voip/rtp/media_tracker.hpp"
#include "probe/voip/sip/call.hpp"
#include "probe/voip/sip/dialog.hpp"
#include "probe/voip/sip/registers.hpp"
#include "quality/score.hpp"
#include "templates/record_kind.hpp"

namespace voipprobe::probe {

// What is the same for every record of a run.
struct RecordContext {
    const CaptureLoss* losses = nullptr;  // of the live capture
    std::uint32_t domain = 1;       // observation domain
    wire::TimeNs boot_time = 0;     // what sysUptime counts from: the first packet
    std::uint16_t active_s = 120;
    std::uint16_t idle_s = 30;
    bool g711_plc = true;
    wire::SipKey id_key;            // of record ids; all zero unless --privacy keys them
    std::uint32_t in_interface = 0;   // ifIndex
    std::uint32_t out_interface = 0;
};

struct RecordSource {
    const RecordContext* context = nullptr;
    const MediaTracker* tracker = nullptr;
    const CallTable* calls = nullptr;
    templates::RecordKind kind = templates::RecordKind::flow;
    wire::TimeNs now = 0;  // export time
    bool final = true;
    EndReason end_reason = EndReason::forced;
    std::uint32_t revision = 1;

    // The record's own ends; IN is src -> dst.
    wire::Endpoint src;
    wire::Endpoint dst;
    std::uint8_t protocol = 0;
    std::uint8_t ip_version = 4;
    std::array<std::uint64_t, 2> octets{};
    std::array<std::uint64_t, 2> packets{};
    std::int64_t start_us = 0;
    std::int64_t end_us = 0;

    // --biflow off: one of the two records of a flow, and whether it is the one of the flow's second direction.
    bool one_way = false;
    bool turned = false;

    TunnelInfo tunnel;           // around it; type none: not tunnelled
    bool tls = false;                // flow: a TLS connection
    std::string_view server_name;    // of its ClientHello
    std::uint64_t zone_key = 0;  // --flow-key: part of its identity, 0 = none

    const Classifier* classifier = nullptr;  // --dpi
    const FlowHot* hot = nullptr;
    const FlowCold* cold = nullptr;
    const Call* call = nullptr;
    const RtpStream* stream = nullptr;           // stream, interval
    const PlainStream* plain = nullptr;          // stream: media without an RTP header
    std::array<const RtpStream*, 2> media{};     // rtp: the main stream of each direction
    const IntervalFigures* interval = nullptr;   // interval
    const RegisterFigures* registers = nullptr;  // flow, sip: REGISTER transactions of the flow
    const SipMessage* message = nullptr;         // message
    const SipContext* message_context = nullptr;

    const JitterSummary& jitter() const;                       // of `stream`
    const JitterSummary& jitter(std::size_t direction) const;  // of `media[direction]`
    const BurstGapFigures& burst_gap() const;                  // of `stream`
    const quality::Score& score(std::size_t direction) const;  // of `media[direction]`
    // Encoding name of a stream's main payload type; empty when unknown.
    std::string_view codec(const RtpStream& s) const;
    const Call* call_of(const RtpStream& s) const;
    // Room for an identity that an extractor returns a view of.
    std::array<std::uint8_t, 16>& id_room(std::size_t i) const { return ids_[i]; }
    // Groups of optional elements with a value (templates::presence).
    std::uint8_t present() const;
    // The same seen from the other end: source and destination, IN and OUT change places.
    RecordSource turn() const;

  private:
    mutable std::array<std::optional<JitterSummary>, 3> jitter_;
    mutable std::optional<BurstGapFigures> burst_gap_;
    mutable std::array<std::optional<quality::Score>, 2> score_;
    mutable std::array<std::array<std::uint8_t, 16>, 3> ids_;  // written before they are read
};

}  // namespace voipprobe::probe
