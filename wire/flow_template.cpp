#include "wire/flow_template.hpp"

#include <algorithm>

#include "wire/layout.hpp"

namespace voipprobe::wire {
namespace {

constexpr std::uint16_t kEnterpriseBit = 0x8000;  // RFC 7011 §3.2
constexpr std::uint32_t kMaxRecordLength = 65535;

}  // namespace

std::string_view template_event_name(TemplateEvent e) {
    switch (e) {
        case TemplateEvent::defined:
            return "defined";
        case TemplateEvent::withdrawn:
            return "withdrawn";
        case TemplateEvent::bad_id:
            return "bad_id";
        case TemplateEvent::bad_count:
            return "bad_count";
        case TemplateEvent::bad_length:
            return "bad_length";
        case TemplateEvent::truncated:
            return "truncated";
        case TemplateEvent::kCount:
            break;
    }
    return "unknown";
}

// Padding is all zero and shorter than a template record; some NetFlow v9 exporters pad with whole zero
// words.
bool TemplateReader::only_padding() const {
    const Bytes rest = reader_.rest();
    if (rest.size() < 4) return true;
    return std::all_of(rest.begin(), rest.end(), [](std::uint8_t o) { return o == 0; });
}

bool TemplateReader::next(TemplateSpec& spec, TemplateEvent& event) {
    if (only_padding()) return false;
    spec = TemplateSpec{};
    event = protocol_ == FlowProtocol::ipfix ? read_ipfix(spec) : read_netflow9(spec);
    if (event == TemplateEvent::truncated || reader_.failed()) {
        event = TemplateEvent::truncated;
        reader_ = ByteReader();
    }
    return true;
}

TemplateEvent TemplateReader::read_ipfix(TemplateSpec& spec) {
    spec.id = reader_.u16();
    const std::uint16_t count = reader_.u16();
    if (count == 0) return TemplateEvent::withdrawn;  // no scope count follows, RFC 7011 §8.1 figure T
    if (options_) {
        spec.scope_count = reader_.u16();
        if (reader_.failed()) return TemplateEvent::truncated;
    }
    const TemplateEvent event = read_fields(spec, count);
    if (event == TemplateEvent::defined && options_ && (spec.scope_count == 0 || spec.scope_count > count))
        return TemplateEvent::bad_count;
    return event;
}

TemplateEvent TemplateReader::read_netflow9(TemplateSpec& spec) {
    spec.id = reader_.u16();
    std::size_t count = 0;
    bool whole = true;
    if (options_) {  // RFC 3954 §6.1: both lengths in octets
        const std::uint16_t scope_octets = reader_.u16();
        const std::uint16_t option_octets = reader_.u16();
        whole = scope_octets % 4 == 0 && option_octets % 4 == 0 && scope_octets > 0;
        spec.scope_count = static_cast<std::uint16_t>(scope_octets / 4);
        count = (std::size_t{scope_octets} + option_octets) / 4;
    } else {
        count = reader_.u16();
    }
    if (reader_.failed()) return TemplateEvent::truncated;
    const TemplateEvent event = read_fields(spec, count);
    return event == TemplateEvent::defined && !whole ? TemplateEvent::bad_count : event;
}

// Reads all fields even of a template that is refused, so that the next template of the set is found.
TemplateEvent TemplateReader::read_fields(TemplateSpec& spec, std::size_t count) {
    const bool ipfix = protocol_ == FlowProtocol::ipfix;
    if (reader_.remaining() < count * 4) return TemplateEvent::truncated;
    const bool fits = count > 0 && count <= kMaxTemplateFields;
    if (fits) spec.fields.reserve(count);
    bool lengths_ok = true;
    for (std::size_t i = 0; i < count; ++i) {
        FieldSpec f;
        f.number = reader_.u16();
        f.length = reader_.u16();
        if (ipfix && (f.number & kEnterpriseBit) != 0) {
            f.number = static_cast<std::uint16_t>(f.number & ~kEnterpriseBit);
            f.pen = reader_.u32();
        }
        if (reader_.failed()) return TemplateEvent::truncated;
        if (ipfix && f.length == kVariable) {
            spec.variable = true;
            spec.shortest += 1;
        } else {
            if (ipfix && f.length == 0) lengths_ok = false;
            spec.shortest += f.length;
        }
        if (fits) spec.fields.push_back(f);
    }
    if (spec.id < 256) return TemplateEvent::bad_id;
    if (!fits) return TemplateEvent::bad_count;
    if (!lengths_ok || spec.shortest == 0 || spec.shortest > kMaxRecordLength)
        return TemplateEvent::bad_length;
    return TemplateEvent::defined;
}

}  // namespace voipprobe::wire
