// Templates and options templates of IPFIX (RFC 7011 §3.4) and NetFlow v9 (RFC 3954 §5.2, §6.1), read from
// the body of a template set. A template that could not be used safely is refused and named in the result,
// the next one is still read when the length of the refused one is known. Limits: kMaxTemplateFields fields,
// a record of 1..65535 octets. Thread rule: pure functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "wire/flow_message.hpp"

namespace voipprobe::wire {

inline constexpr std::size_t kMaxTemplateFields = 512;

// One field of a template. IPFIX: enterprise number and element id without the enterprise bit; v9: pen 0 and
// the v9 field type; a v9 scope field carries the scope type (1 system, 2 interface, ...).
struct FieldSpec {
    std::uint32_t pen = 0;
    std::uint16_t number = 0;
    std::uint16_t length = 0;  // octets, or kVariable (IPFIX)

    friend bool operator==(const FieldSpec&, const FieldSpec&) = default;
};

struct TemplateSpec {
    std::uint16_t id = 0;
    std::uint16_t scope_count = 0;  // > 0: options template
    std::uint32_t shortest = 0;     // octets of the shortest possible record, at least 1
    bool variable = false;          // has a field of variable length
    std::vector<FieldSpec> fields;

    bool is_options() const { return scope_count > 0; }
    friend bool operator==(const TemplateSpec&, const TemplateSpec&) = default;
};

enum class TemplateEvent : std::uint8_t {
    defined,     // `spec` is complete
    withdrawn,   // field count 0: id of one template, or the set id (2, 3) for all of them (RFC 7011 §8.1)
    bad_id,      // below 256
    bad_count,   // no field, too many fields, or a scope that does not fit
    bad_length,  // a field length that cannot be, or a record that would be empty or too long
    truncated,   // the set ends inside the template; the rest of the set is lost
    kCount
};
std::string_view template_event_name(TemplateEvent e);

// Reads the templates of one set, one per call; false at the end of the set (padding is skipped).
class TemplateReader {
  public:
    TemplateReader(FlowProtocol protocol, const SetView& set)
        : protocol_(protocol), options_(set.kind == SetKind::options_templates), reader_(set.body) {}

    // `spec.id` is set for every event.
    bool next(TemplateSpec& spec, TemplateEvent& event);

  private:
    TemplateEvent read_ipfix(TemplateSpec& spec);
    TemplateEvent read_netflow9(TemplateSpec& spec);
    TemplateEvent read_fields(TemplateSpec& spec, std::size_t count);
    bool only_padding() const;

    FlowProtocol protocol_;
    bool options_;
    ByteReader reader_;
};

}  // namespace voipprobe::wire
