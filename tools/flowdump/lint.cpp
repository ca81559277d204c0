#include "tools/flowdump/lint.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "templates/element.hpp"
#include "wire/flow_record.hpp"
#include "wire/public_elements.hpp"
#include "wire/text.hpp"

namespace voipprobe::lint {
namespace {

using wire::FieldType;
using wire::FlowProtocol;

constexpr std::array<RuleText, static_cast<std::size_t>(Rule::kCount)> kRules{{
    {"RFC 7011 §3.1", "the version is 10 (RFC 3954 §5.1: 9)"},
    {"RFC 7011 §3.1", "the length in the header is that of the message"},
    {"RFC 7011 §3", "a message has at least one set"},
    {"RFC 7011 §3.1", "the sequence number is that of the data records sent before in this session and domain"},
    {"RFC 7011 §3.3.2", "sets have a length of at least 4 and fill the message"},
    {"RFC 7011 §3.3.2", "set ids are 2, 3 or above 255"},
    {"RFC 7011 §3.3.1", "a set has at least one record"},
    {"RFC 7011 §3.3.1", "padding is zero and shorter than any record"},
    {"RFC 7011 §3.4.3", "data records end within their set"},
    {"RFC 7011 §3.4.1", "template ids are 256 to 65535"},
    {"RFC 7011 §3.4.1", "templates end within their set and have fields"},
    {"RFC 7011 §3.2", "fields have a length"},
    {"RFC 7011 §3.2", "element ids are not 0, and an enterprise bit has an enterprise number"},
    {"RFC 7011 §3.4.2.2", "options templates have scope fields, and others too"},
    {"RFC 7011 §6.2", "lengths fit the type: only numbers may be sent in fewer octets"},
    {"RFC 7011 §6.1.6", "strings are well-formed UTF-8"},
    {"RFC 7011 §6.1.5", "booleans are 1 or 2"},
    {"RFC 7011 §8", "data comes after its template"},
    {"RFC 7011 §8", "a template id keeps its meaning until it is withdrawn"},
    {"RFC 7011 §8.4", "templates are not withdrawn over UDP"},
    {"RFC 7011 §8.1", "only templates that were sent are withdrawn"},
    {"RFC 7011 §8.4", "over UDP templates in use are sent again regularly"},
    {"RFC 7011 §10.3.3", "messages over UDP fit the path"},
    {"RFC 7011 §4", "statistics of processes are options data whose scope names a process or an observation domain"},
    {"RFC 5103 §6.3", "biflowDirection is 0 to 3"},
    {"RFC 5103 §6.1", "reverse elements are reverses of an element, and not of one that describes the whole biflow"},
    {"RFC 5610 §3", "type information names an element and has a data type of the registry"},
    {"RFC 3954 §5.1", "the count is that of all records"},
    {"RFC 3954 §5.1", "the sequence number grows by one with every message"},
    {"RFC 3954 §5.2", "FlowSet ids are 0, 1 or above 255"},
    {"RFC 3954 §5.3", "FlowSets end at multiples of 4 octets"},
    {"RFC 3954 §6.1", "scope and option lengths are multiples of 4 and not 0"},
    {"RFC 3954 §7", "data comes after its template"},
}};

struct Natural {
    FieldType type;
    std::uint16_t length;  // 0: not known
};

std::optional<Natural> natural(std::uint32_t pen, std::uint16_t number) {
    if (const templates::Element* e = templates::find_by_ipfix(pen, number)) return Natural{e->type, e->length};
    if (const auto e = wire::find_public_element(pen, number); e && e->typed) return Natural{e->type, 0};
    return std::nullopt;
}

bool length_fits(const Natural& n, std::uint16_t length) {
    switch (n.type) {
        case FieldType::unsigned_int: return length >= 1 && length <= 8;
        case FieldType::float64: return length == 4 || length == 8;
        case FieldType::boolean: return length == 1;
        case FieldType::mac: return length == 6;
        case FieldType::seconds:
        case FieldType::ipv4: return length == 4;
        case FieldType::milliseconds:
        case FieldType::microseconds: return length == 8;
        case FieldType::ipv6: return length == 16;
        case FieldType::string:
        case FieldType::octets: return true;
    }
    return true;
}

// RFC 5103 §6.1: identifiers of and statements about the flow as a whole have no reverse.
bool has_no_reverse(std::uint16_t number) {
    constexpr std::array<std::uint16_t, 12> whole{4, 7, 8, 11, 12, 27, 28, 137, 145, 148, 210, 239};
    return std::find(whole.begin(), whole.end(), number) != whole.end();
}

bool is_statistic(const wire::FieldSpec& f) {
    return f.pen == 0 && (f.number == 40 || f.number == 41 || f.number == 42 || (f.number >= 164 && f.number <= 168));
}
bool is_process_scope(const wire::FieldSpec& f) { return f.pen == 0 && (f.number == 143 || f.number == 144 || f.number == 149); }

// Control characters are well-formed.
bool is_utf8(wire::Bytes octets) {
    std::string s(wire::as_text(octets));
    for (std::size_t i = 0; i < s.size(); ++i) {
        const auto o = static_cast<std::uint8_t>(s[i]);
        const auto next = i + 1 < s.size() ? static_cast<std::uint8_t>(s[i + 1]) : 0;
        if (o < 0x20 || o == 0x7f) s[i] = ' ';
        if (o == 0xc2 && next >= 0x80 && next < 0xa0) s[i] = s[i + 1] = ' ';
    }
    return wire::is_clean_text(s);
}

std::string named(const wire::FieldSpec& f) {
    return "element " + std::to_string(f.pen) + "/" + std::to_string(f.number) + " of " + std::to_string(f.length) + " octets";
}

}  // namespace

RuleText rule_text(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

std::string Finding::line() const {
    const RuleText t = rule_text(rule);
    return "message " + std::to_string(message) + ": " + std::string(t.section) + ": " + std::string(t.text) + (detail.empty() ? "" : ": " + detail);
}

struct Lint::Reading {
    const wire::MessageHeader& header;
    Domain& domain;
    bool udp;
    std::uint32_t data_records = 0;
    std::uint32_t all_records = 0;
    bool all_known = true;
    bool v9() const { return header.protocol == FlowProtocol::netflow9; }
};

void Lint::found(Rule rule, std::string detail) { findings_.push_back({rule, messages_, std::move(detail)}); }

// What parse() refuses, by its reason.
void Lint::check_raw(wire::Bytes octets) {
    const auto parsed = wire::FlowMessage::parse(octets);
    if (parsed) return;
    switch (parsed.error()) {
        case wire::MessageError::not_flow_export: return found(Rule::version);
        case wire::MessageError::short_header:
        case wire::MessageError::length_mismatch: return found(Rule::length, std::to_string(octets.size()) + " octets");
        default: return found(Rule::set_length, std::string(wire::message_error_name(parsed.error())));
    }
}

void Lint::message(const std::string& session, bool udp, wire::Bytes octets) {
    ++messages_;
    check_raw(octets);
    auto parsed = wire::FlowMessage::parse(octets);
    if (!parsed) return;
    Reading r{parsed->header(), domains_[{session, parsed->header().domain}], udp};
    if (udp && octets.size() > options_.path_mtu) found(Rule::path_mtu, std::to_string(octets.size()) + " octets");
    std::size_t sets = 0;
    for (wire::SetView set; parsed->next(set); ++sets) {
        const bool reserved = set.kind == wire::SetKind::reserved;
        if (reserved) found(r.v9() ? Rule::v9_set_id : Rule::set_id, std::to_string(set.id));
        if (r.v9() && (set.body.size() % 4) != 0) found(Rule::v9_alignment, "FlowSet " + std::to_string(set.id));
        if (set.kind == wire::SetKind::data) read_data(r, set);
        else if (!reserved) read_templates(r, set);
    }
    if (sets == 0) found(Rule::no_set);

    Domain& d = r.domain;
    if (d.started && r.header.sequence != d.next)
        found(r.v9() ? Rule::v9_sequence : Rule::sequence, std::to_string(r.header.sequence) + " instead of " + std::to_string(d.next));
    if (r.v9() && r.all_known && r.header.count != r.all_records)
        found(Rule::v9_count, std::to_string(r.header.count) + " instead of " + std::to_string(r.all_records));
    d.started = r.v9() || r.all_known;
    d.next = r.header.sequence + (r.v9() ? 1 : r.data_records);
}

void Lint::check_padding(wire::Bytes rest, std::size_t shortest) {
    if (rest.empty()) return;
    if (rest.size() >= shortest) found(Rule::padding, std::to_string(rest.size()) + " octets");
    else if (std::any_of(rest.begin(), rest.end(), [](std::uint8_t o) { return o != 0; })) found(Rule::padding, "it is not zero");
}

void Lint::read_templates(Reading& r, const wire::SetView& set) {
    wire::TemplateReader reader(r.header.protocol, set);
    wire::TemplateSpec spec;
    wire::TemplateEvent event{};
    std::size_t n = 0;
    for (; reader.next(spec, event); ++n) {
        ++r.all_records;
        const std::string which = "template " + std::to_string(spec.id);
        switch (event) {
            case wire::TemplateEvent::defined: break;
            case wire::TemplateEvent::withdrawn:
                if (r.udp) found(Rule::withdrawn_udp, which);
                else if (spec.id != set.id && r.domain.templates.erase(spec.id) == 0) found(Rule::withdrawn_unknown, which);
                else if (spec.id == set.id)
                    std::erase_if(r.domain.templates, [&](const auto& t) { return t.second.spec.is_options() == (set.kind == wire::SetKind::options_templates); });
                continue;
            case wire::TemplateEvent::bad_id: found(Rule::template_id, which); continue;
            case wire::TemplateEvent::bad_length: found(Rule::field_length, which); continue;
            case wire::TemplateEvent::bad_count:
                found(set.kind == wire::SetKind::options_templates ? (r.v9() ? Rule::v9_options : Rule::scope) : Rule::template_cut, which);
                continue;
            default: found(Rule::template_cut, which); continue;
        }
        check_template(r, spec);
        const auto known = r.domain.templates.find(spec.id);
        if (known != r.domain.templates.end() && known->second.spec != spec) found(Rule::redefined, which);
        r.domain.templates[spec.id] = {spec, r.header.export_seconds};
    }
    if (n == 0) found(Rule::set_empty, "template set");
}

void Lint::check_template(const Reading& r, const wire::TemplateSpec& t) {
    if (t.is_options() && t.scope_count == t.fields.size()) found(Rule::scope, "template " + std::to_string(t.id) + " has nothing else");
    const auto scope_end = t.fields.begin() + t.scope_count;
    if (!r.v9()) {
        const bool statistics = std::any_of(scope_end, t.fields.end(), is_statistic);
        if (statistics && std::none_of(t.fields.begin(), scope_end, is_process_scope)) found(Rule::statistics_scope, "template " + std::to_string(t.id));
    }
    for (const wire::FieldSpec& f : t.fields) check_field(r, f);
}

void Lint::check_field(const Reading& r, const wire::FieldSpec& f) {
    if (f.number == 0) found(Rule::field_id, named(f));
    if (r.v9()) {
        if (f.length == 0) found(Rule::field_length, named(f));
        return;
    }
    if (f.pen == templates::kOwnPen && f.number == 0) return;
    if (f.pen == 29305) {
        if (f.number >= 0x4000 || has_no_reverse(f.number) || !natural(0, f.number)) found(Rule::biflow_element, named(f));
        return;
    }
    const auto n = natural(f.pen, f.number);
    if (!n) return;
    if (f.length == wire::kVariable) {
        if (n->type != FieldType::string && n->type != FieldType::octets) found(Rule::reduced_size, named(f));
        return;
    }
    if (!length_fits(*n, f.length)) found(Rule::reduced_size, named(f));
}

void Lint::read_data(Reading& r, const wire::SetView& set) {
    const auto known = r.domain.templates.find(set.id);
    if (known == r.domain.templates.end()) {
        r.all_known = false;
        return found(r.v9() ? Rule::v9_no_template : Rule::no_template, "set " + std::to_string(set.id));
    }
    const wire::TemplateSpec& spec = known->second.spec;
    if (r.udp && r.header.export_seconds > known->second.sent && r.header.export_seconds - known->second.sent > options_.refresh_seconds)
        found(Rule::refresh, "template " + std::to_string(set.id));
    wire::RecordBudget budget;
    wire::RecordReader reader(spec, set.body, budget);
    std::vector<wire::Bytes> fields;
    std::size_t used = 0, n = 0;
    while (reader.next(fields)) {
        ++n;
        for (std::size_t i = 0; i < fields.size(); ++i) check_value(r, spec.fields[i], fields[i]);
        if (!fields.empty()) used = static_cast<std::size_t>(fields.back().data() + fields.back().size() - set.body.data());
    }
    records_ += n;
    r.data_records += static_cast<std::uint32_t>(n);
    r.all_records += static_cast<std::uint32_t>(n);
    if (reader.damaged()) return found(Rule::record_cut, "set " + std::to_string(set.id));
    if (n == 0) return found(Rule::set_empty, "set " + std::to_string(set.id));
    check_padding(set.body.subspan(used), spec.shortest);
}

void Lint::check_value(const Reading& r, const wire::FieldSpec& f, wire::Bytes value) {
    if (r.v9()) return;
    if (f.pen == 0 && f.number == 239 && value.size() == 1 && value[0] > 3) found(Rule::biflow_direction, std::to_string(value[0]));
    if (f.pen == 0 && f.number == 339 && value.size() == 1 && value[0] > 22) found(Rule::type_information, "data type " + std::to_string(value[0]));
    if (f.pen == 0 && f.number == 341 && value.empty()) found(Rule::type_information, "no name");
    const auto n = natural(f.pen, f.number);
    if (!n) return;
    if (n->type == FieldType::string && !is_utf8(value)) found(Rule::utf8, named(f));
    if (n->type == FieldType::boolean && value.size() == 1 && value[0] != 1 && value[0] != 2) found(Rule::boolean, std::to_string(value[0]));
}

}  // namespace voipprobe::lint
