// From what the user asked for (TemplateSpec) to the templates that go on the wire.
//
// Record kinds. A section names its kind. A template without sections is split as nProbe splits it: the elements
// that every record has (addresses, counters, times ...) form the base, and
//   flow     base alone, when it has a counter or when nothing else was named
//   sip      base + SIP_/CALL_ elements, when base has IN_/OUT_ counters and a SIP_ element was named
//   call     base without counters + SIP_/CALL_ elements otherwise
//   rtp      base + RTP_ elements, when RTP_OUT_ or, without STREAM_, any RTP_ element was named
//   stream   base without counters + STREAM_ (those of [stream-detail] too) + one-way RTP_ elements (+ SIP_CALL_ID)
//   message  base without counters + MESSAGE_ elements (+ SIP_CALL_ID, CALL_TRANSPORT)
// Nothing is ever added to what was named. Call, stream, message and interval records never carry IANA 1, 2, 23,
// 24, 85, 86 (flow tools would add the octets up twice): removed with a warning when a section names them.
//
// Address families. IPV4_x and IPV6_x are one name in two families: a template with either becomes a pair.
//
// Presence. Sections of kind flow, call and stream become a few templates, each without some group of elements that is
// often absent (presence_group), so that foreign tools see few absent codes.
//
// Time. Under IPFIX FIRST_/LAST_SWITCHED become FLOW_START_/END_MILLISECONDS (RFC 7011 has no uptime).
// Thread rule: pure functions, constant results.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "templates/template_spec.hpp"
#include "wire/layout.hpp"

namespace voipprobe::templates {

inline constexpr std::size_t kMostFields = 60;     // more: tshark ignores the template
inline constexpr std::uint16_t kFirstTemplateId = 257;  // nProbe's -U
inline constexpr std::uint8_t kEverything = 0xff;  // PlannedTemplate::presence of a complete template

// How flows of two directions are told (--biflow).
enum class Biflow : std::uint8_t {
    ntop,     // one record, OUT_ counters in IANA 23 and 24 as nProbe has them
    rfc5103,  // one record, OUT_ counters as reverse elements (PEN 29305), and biflowDirection in every record; IPFIX
    off       // two records, each with its own direction in IN_; no OUT_BYTES and OUT_PKTS
};
inline constexpr std::uint32_t kReversePen = 29305;  // RFC 5103 §6.1

struct PlanOptions {
    std::uint8_t version = 10;  // 9 = NetFlow v9, 10 = IPFIX
    std::uint16_t first_id = kFirstTemplateId;
    std::uint32_t own_pen = kOwnPen;
    Biflow biflow = Biflow::ntop;
};

struct PlannedTemplate {
    RecordKind kind = RecordKind::flow;
    std::uint8_t ip_version = 0;         // 4, 6; 0: names no address, for both
    std::uint8_t presence = kEverything;  // groups of optional elements that it carries
    wire::TemplateLayout layout;         // id and fields as an encoder needs them
    std::vector<ElementId> elements;     // same order as layout.fields
};

struct TemplatePlan {
    std::vector<PlannedTemplate> templates;
    std::vector<std::string> warnings;
};

// Errors (exit code 2): -U below 256 or too high, a section that is empty after the removals.
Result<TemplatePlan> plan_templates(const TemplateSpec& spec, const PlanOptions& options);

// Groups of elements that are often absent together. An element of no group (0) is in every template.
namespace presence {
inline constexpr std::uint8_t kClock = 1;     // stream: needs the RTP clock rate (jitter, discards, skew, MOS)
inline constexpr std::uint8_t kRtcp = 2;      // stream: needs RTCP (RTT, what receivers reported)
inline constexpr std::uint8_t kPlain = 4;     // stream: media without an RTP header (its sizes, its application)
inline constexpr std::uint8_t kRtp = 8;       // stream: media with one
inline constexpr std::uint8_t kAnswered = 1;  // call: OK, ACK, BYE times, hold
inline constexpr std::uint8_t kEnded = 2;     // call: CANCEL and failure times
inline constexpr std::uint8_t kTunnel = 1;    // flow: came out of a tunnel
inline constexpr std::uint8_t kRegister = 2;  // flow: a user registered on it
}  // namespace presence
std::uint8_t presence_group(RecordKind kind, ElementId id);

// Index of the smallest template for a record of which `present` are the groups with at least one value; it
// carries all of them; with kEverything the largest. None when the kind is not in the plan.
std::optional<std::size_t> pick_template(std::span<const PlannedTemplate> plan, RecordKind kind,
                                         std::uint8_t ip_version, std::uint8_t present = kEverything);

// The wire form of one element: IPFIX strings kVariable, v9 strings their table length; own PEN replaced.
wire::FieldLayout field_layout(const Element& e, const PlanOptions& options);

}  // namespace voipprobe::templates
