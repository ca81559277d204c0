#include "templates/template_plan.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace voipprobe::templates {
namespace {

using enum ElementId;
using Elements = std::vector<ElementId>;

bool is_counter(ElementId id) {
    return id == IN_BYTES || id == IN_PKTS || id == OUT_BYTES || id == OUT_PKTS || id == OCTET_TOTAL ||
           id == PACKET_TOTAL;
}
bool carries_counters(RecordKind kind) {
    return kind == RecordKind::flow || kind == RecordKind::rtp || kind == RecordKind::sip;
}
bool name_starts(ElementId id, std::string_view prefix) { return element(id).name.starts_with(prefix); }

// ---- kinds of a template without sections --------------------------------------------------------------------

enum class Part : std::uint8_t { base, sip, call, rtp_in, rtp_out, rtp, stream, message, call_link };

Part part_of(ElementId id) {
    if (id == CALL_UID || id == CALL_RECORD_ID) return Part::call_link;
    switch (element(id).group) {
        case Group::sip: return Part::sip;
        case Group::call: return Part::call;
        case Group::stream:
        case Group::detail: return Part::stream;
        case Group::message: return Part::message;
        case Group::rtp:
            if (name_starts(id, "RTP_IN_")) return Part::rtp_in;
            if (name_starts(id, "RTP_OUT_")) return Part::rtp_out;
            return Part::rtp;
        case Group::cisco: return Part::rtp;
        default: return Part::base;
    }
}

class Splitter {
  public:
    explicit Splitter(const Elements& named) : named_(named) {
        for (const ElementId id : named) {
            count_[index(part_of(id))] += 1;
            counters_ = counters_ || is_counter(id);
        }
    }

    std::vector<TemplateSection> split() const {
        const bool stream = has(Part::stream);
        const bool message = has(Part::message);
        const bool rtp = has(Part::rtp_out) || (!stream && (has(Part::rtp_in) || has(Part::rtp)));
        const bool sip = counters_ && only_of_call_kind(Part::sip, stream, message);
        const bool call = !sip && (only_of_call_kind(Part::sip, stream, message) ||
                                   only_of_call_kind(Part::call, stream, message) ||
                                   (has(Part::call_link) && !stream && !message && !rtp));
        std::vector<TemplateSection> out;
        if ((counters_ && has_base()) || !(stream || message || rtp || sip || call))
            out.push_back({RecordKind::flow, pick([](ElementId id) { return part_of(id) == Part::base; })});
        if (call) out.push_back({RecordKind::call, pick(in_call)});
        if (stream) out.push_back({RecordKind::stream, pick(in_stream)});
        if (sip) out.push_back({RecordKind::sip, pick(in_call)});
        if (rtp) out.push_back({RecordKind::rtp, pick(in_rtp)});
        if (message) out.push_back({RecordKind::message, pick(in_message)});
        std::erase_if(out, [](const TemplateSection& s) { return s.elements.empty(); });
        for (TemplateSection& s : out)
            if (!carries_counters(*s.kind)) std::erase_if(s.elements, is_counter);
        // nProbe's order of ids: base, SIP, RTP
        std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return rank(*a.kind) < rank(*b.kind); });
        return out;
    }

  private:
    static constexpr std::size_t index(Part p) { return static_cast<std::size_t>(p); }
    static int rank(RecordKind k) { return k == RecordKind::flow ? 0 : k == RecordKind::sip ? 1 : k == RecordKind::rtp ? 2 : 3; }
    bool has(Part p) const { return count_[index(p)] > 0; }
    bool has_base() const { return has(Part::base); }

    // SIP_CALL_ID also joins streams and messages, CALL_TRANSPORT is also a message's: alone beside those elements
    // they do not ask for calls.
    bool only_of_call_kind(Part part, bool stream, bool message) const {
        return std::any_of(named_.begin(), named_.end(), [&](ElementId id) {
            if (part_of(id) != part) return false;
            if (id == SIP_CALL_ID && (stream || message)) return false;
            return !(id == CALL_TRANSPORT && message);
        });
    }

    static bool in_base(ElementId id) { return part_of(id) == Part::base || part_of(id) == Part::call_link; }
    static bool in_call(ElementId id) { return in_base(id) || part_of(id) == Part::sip || part_of(id) == Part::call; }
    static bool in_rtp(ElementId id) {
        const Part p = part_of(id);
        return in_base(id) || p == Part::rtp || p == Part::rtp_in || p == Part::rtp_out;
    }
    static bool in_stream(ElementId id) {
        const Part p = part_of(id);
        return in_base(id) || p == Part::stream || p == Part::rtp || p == Part::rtp_in || id == SIP_CALL_ID;
    }
    static bool in_message(ElementId id) {
        return in_base(id) || part_of(id) == Part::message || id == SIP_CALL_ID || id == CALL_TRANSPORT;
    }

    template <typename Predicate>
    Elements pick(Predicate wanted) const {
        Elements out;
        std::copy_if(named_.begin(), named_.end(), std::back_inserter(out), wanted);
        return out;
    }

    const Elements& named_;
    std::array<std::size_t, 9> count_{};
    bool counters_ = false;
};

// ---- families and versions -----------------------------------------------------------------------------------

constexpr std::array<std::pair<ElementId, ElementId>, 5> kFamilies{{{IPV4_SRC_ADDR, IPV6_SRC_ADDR},
                                                                     {IPV4_DST_ADDR, IPV6_DST_ADDR},
                                                                     {IPV4_SRC_MASK, IPV6_SRC_MASK},
                                                                     {IPV4_DST_MASK, IPV6_DST_MASK},
                                                                     {IPV4_NEXT_HOP, IPV6_NEXT_HOP}}};

bool names_family(const Elements& elements) {
    return std::any_of(elements.begin(), elements.end(), [](ElementId id) {
        return std::any_of(kFamilies.begin(), kFamilies.end(), [&](auto f) { return f.first == id || f.second == id; });
    });
}

ElementId in_family(ElementId id, std::uint8_t ip_version) {
    for (const auto& [v4, v6] : kFamilies)
        if (id == v4 || id == v6) return ip_version == 6 ? v6 : v4;
    return id;
}

ElementId in_version(ElementId id, std::uint8_t version) {
    if (version == 10 && id == FIRST_SWITCHED) return FLOW_START_MILLISECONDS;
    if (version == 10 && id == LAST_SWITCHED) return FLOW_END_MILLISECONDS;
    return id;
}

template <typename Change>
Elements changed(const Elements& elements, Change change) {
    Elements out;
    for (const ElementId id : elements) {
        const ElementId now = change(id);
        if (std::find(out.begin(), out.end(), now) == out.end()) out.push_back(now);
    }
    return out;
}

// ---- presence ------------------------------------------------------------------------------------------------

std::vector<std::uint8_t> presence_classes(const TemplateSection& section) {
    std::uint8_t used = 0;
    for (const ElementId id : section.elements) used |= presence_group(*section.kind, id);
    std::vector<std::uint8_t> classes;
    // Streams either have an RTP header or not: nothing is in both, and one template of both would be too large.
    const bool two_shapes = section.kind == RecordKind::stream && (used & presence::kPlain) != 0;
    const auto shape = static_cast<std::uint8_t>(two_shapes ? presence::kRtp : used & presence::kRtp);
    const auto whole = static_cast<std::uint8_t>(two_shapes ? (used & ~presence::kPlain) | presence::kRtp : used);
    for (std::uint8_t bits = 0; bits < 4; ++bits) {
        if ((bits & ~used) != 0) continue;
        if (section.kind == RecordKind::call && bits == 0 && used != 0) continue;  // three classes are enough
        const auto carried = static_cast<std::uint8_t>(bits | shape);
        classes.push_back(carried == whole && !two_shapes ? kEverything : carried);
    }
    if (two_shapes) classes.push_back(presence::kPlain);
    return classes;
}

// What RFC 5103 calls the reverse of an element; 0: none of ours.
std::uint16_t reverse_of(ElementId id) {
    switch (id) {
        case OUT_BYTES: return element(IN_BYTES).number;
        case OUT_PKTS: return element(IN_PKTS).number;
        case DST_TOS: return element(SRC_TOS).number;
        case DST_VLAN: return element(SRC_VLAN).number;
        default: return 0;
    }
}

void apply_biflow(TemplateSection& section, const PlanOptions& options) {
    std::vector<ElementId>& e = section.elements;
    if (options.biflow == Biflow::off) std::erase_if(e, [](ElementId id) { return id == OUT_BYTES || id == OUT_PKTS; });
    if (options.biflow != Biflow::rfc5103 || std::none_of(e.begin(), e.end(), reverse_of)) return;
    if (std::find(e.begin(), e.end(), BIFLOW_DIRECTION) == e.end()) e.push_back(BIFLOW_DIRECTION);
}

std::string sentence_about(const TemplateSpec& spec, RecordKind kind, std::string_view what) {
    return spec.origin + ": " + std::string(record_kind_name(kind)) + " template: " + std::string(what);
}

}  // namespace

std::uint8_t presence_group(RecordKind kind, ElementId id) {
    if (kind == RecordKind::stream) {
        switch (id) {
            case STREAM_RTT:
            case STREAM_REPORTED_LOSS:
            case STREAM_REPORTED_JITTER:
            case STREAM_REPORTED_MOS_LQ:
            case STREAM_REPORTED_MOS_CQ: return presence::kRtcp;
            case STREAM_APPLICATION:
            case STREAM_SIZE_MIN:
            case STREAM_SIZE_MAX:
            case STREAM_SIZE_STD_DEV:
            case STREAM_GAP_STD_DEV: return presence::kPlain;
            case RTP_SSRC:
            case RTP_IN_PAYLOAD_TYPE:
            case RTP_FIRST_TS:
            case RTP_LAST_TS:
            case STREAM_CODEC_MODE:
            case STREAM_PTIME:
            case STREAM_MAX_DELTA:
            case STREAM_BURSTS:
            case STREAM_BURST_DENSITY:
            case STREAM_GAP_DENSITY:
            case STREAM_BURST_LENGTH:
            case STREAM_GAP_LENGTH:
            case STREAM_BURST_RATIO:
            case STREAM_DTMF_EVENTS: return presence::kRtp;
            case STREAM_CLOCK_RATE:
            case STREAM_CLOCK_SKEW:
            case STREAM_MOS_MIN_10S: return presence::kClock;
            default:
                return name_starts(id, "STREAM_JITTER_") || name_starts(id, "STREAM_DISCARD_") ? presence::kClock : 0;
        }
    }
    if (kind == RecordKind::flow)
        return name_starts(id, "TUNNEL_") ? presence::kTunnel : name_starts(id, "SIP_REGISTER_") ? presence::kRegister : 0;
    if (kind == RecordKind::call) {
        switch (id) {
            case CALL_OK_TIME:
            case CALL_ACK_TIME:
            case CALL_BYE_TIME:
            case CALL_BYE_OK_TIME:
            case CALL_HOLD_TIME: return presence::kAnswered;
            case CALL_CANCEL_TIME:
            case CALL_CANCEL_OK_TIME:
            case CALL_FAILURE_TIME: return presence::kEnded;
            default: return 0;
        }
    }
    return 0;
}

wire::FieldLayout field_layout(const Element& e, const PlanOptions& options) {
    wire::FieldLayout f;
    f.pen = e.pen == kOwnPen ? options.own_pen : e.pen;
    f.number = e.number;
    f.v9 = e.v9();
    f.type = e.type;
    f.length = options.version == 10 && e.type == wire::FieldType::string ? wire::kVariable : e.length;
    f.name = std::string(e.name);
    if (const std::uint16_t forward = options.biflow == Biflow::rfc5103 ? reverse_of(e.id) : 0; forward != 0) {
        f.pen = kReversePen;
        f.number = forward;
    }
    return f;
}

Result<TemplatePlan> plan_templates(const TemplateSpec& spec, const PlanOptions& options) {
    const bool sectioned = spec.sections.front().kind.has_value();
    std::vector<TemplateSection> sections = sectioned ? spec.sections : Splitter(spec.sections.front().elements).split();
    TemplatePlan plan;
    plan.warnings = spec.warnings;
    if (options.biflow == Biflow::rfc5103 && options.version != 10)
        return fail(ExitCode::usage, "--biflow rfc5103 needs IPFIX, -V 10: NetFlow v9 has no enterprise elements");
    if (options.first_id < 256) return fail(ExitCode::usage, "-U: template ids start at 256");
    std::uint32_t next_id = options.first_id;

    for (TemplateSection& section : sections) {
        const RecordKind kind = *section.kind;
        if (!carries_counters(kind) && std::erase_if(section.elements, is_counter) > 0)
            plan.warnings.push_back(sentence_about(
                spec, kind, "IN_/OUT_ octets and packets left out, flow tools would count them twice"));
        section.elements = changed(section.elements, [&](ElementId id) { return in_version(id, options.version); });
        if (carries_counters(kind)) apply_biflow(section, options);
        if (section.elements.empty())
            return fail(ExitCode::usage, sentence_about(spec, kind, "nothing left to send"));
        const std::vector<std::uint8_t> families =
            names_family(section.elements) ? std::vector<std::uint8_t>{4, 6} : std::vector<std::uint8_t>{0};
        const std::vector<std::uint8_t> classes =
            sectioned ? presence_classes(section) : std::vector<std::uint8_t>{kEverything};
        std::size_t most = 0;
        for (const std::uint8_t carried : classes) {
            for (const std::uint8_t family : families) {
                PlannedTemplate t;
                t.kind = kind;
                t.ip_version = family;
                t.presence = carried;
                t.elements = changed(section.elements, [&](ElementId id) { return in_family(id, family); });
                std::erase_if(t.elements, [&](ElementId id) { return (presence_group(kind, id) & ~carried) != 0; });
                most = std::max(most, t.elements.size());
                for (const ElementId id : t.elements) t.layout.fields.push_back(field_layout(element(id), options));
                if (next_id > 65535) return fail(ExitCode::usage, "-U: no template ids left, choose a lower one");
                t.layout.id = static_cast<std::uint16_t>(next_id++);
                plan.templates.push_back(std::move(t));
            }
        }
        if (most > kMostFields)
            plan.warnings.push_back(sentence_about(
                spec, kind, std::to_string(most) + " fields; some tools ignore templates of more than 60"));
    }
    return plan;
}

std::optional<std::size_t> pick_template(std::span<const PlannedTemplate> plan, RecordKind kind,
                                         std::uint8_t ip_version, std::uint8_t present) {
    if (kind == RecordKind::stream && present == kEverything &&
        std::none_of(plan.begin(), plan.end(), [](const auto& t) { return t.kind == RecordKind::stream && t.presence == kEverything; }))
        present = presence::kRtp | presence::kClock | presence::kRtcp;
    std::optional<std::size_t> best;
    const auto used = [&](const PlannedTemplate& t) {
        return t.kind == kind && (t.ip_version == 0 || t.ip_version == ip_version);
    };
    for (std::size_t i = 0; i < plan.size(); ++i) {
        const PlannedTemplate& t = plan[i];
        if (!used(t)) continue;
        const bool carries_all = t.presence == kEverything || (present & ~t.presence) == 0;
        if (!carries_all) continue;
        if (!best || t.elements.size() < plan[*best].elements.size()) best = i;
    }
    return best;
}

}  // namespace voipprobe::templates
