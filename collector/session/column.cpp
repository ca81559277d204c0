#include "collector/session/column.hpp"

#include <algorithm>
#include <array>
#include <atomic>

#include "wire/public_elements.hpp"

namespace voipprobe::collector {
namespace {

using templates::Element;
using templates::ElementId;
using templates::Group;

constexpr std::uint32_t kReversePen = 29305;  // RFC 5103 §6.1
constexpr std::uint16_t kNtopV9Base = 57472;  // templates::Element::v9()
constexpr std::uint16_t kOwnV9Base = 61440;
constexpr std::uint16_t kCiscoV9Base = 32768;  // below: IANA's elements and v9's are the same

// The reverse counters of an RFC 5103 biflow are what ntop's names call OUT_.
const Element* find_reverse(std::uint16_t number) {
    if (number == 1) return &templates::element(ElementId::OUT_BYTES);
    if (number == 2) return &templates::element(ElementId::OUT_PKTS);
    if (number == 5) return &templates::element(ElementId::DST_TOS);
    if (number == 58) return &templates::element(ElementId::DST_VLAN);
    return nullptr;
}

const Element* find_element(const wire::FieldSpec& f, wire::FlowProtocol protocol, std::uint32_t own_pen) {
    if (protocol == wire::FlowProtocol::netflow9) return templates::find_by_v9(f.number);
    if (f.pen == kReversePen) return find_reverse(f.number);
    return templates::find_by_ipfix(f.pen, f.number, own_pen);
}

std::string number_name(const wire::FieldSpec& f, wire::FlowProtocol protocol) {
    if (protocol == wire::FlowProtocol::ipfix)
        return "pen" + std::to_string(f.pen) + ".id" + std::to_string(f.number);
    if (f.number > kNtopV9Base && f.number < kOwnV9Base)
        return "pen" + std::to_string(templates::kNtopPen) + ".id" + std::to_string(f.number - kNtopV9Base);
    return "v9.id" + std::to_string(f.number);
}

// RFC 3954 §6.1: a v9 scope field carries the type of its scope.
void name_scope(Column& c) {
    constexpr std::array<const char*, 6> names{"", "SCOPE_SYSTEM", "SCOPE_INTERFACE", "SCOPE_LINE_CARD", "SCOPE_CACHE", "SCOPE_TEMPLATE"};
    if (c.spec.number == 0 || c.spec.number >= names.size()) return;
    c.given_name = names[c.spec.number];
    c.type = wire::FieldType::unsigned_int;
    c.typed = true;
}

// RECORD_ID and its group say nothing about the kind; the most telling group wins.
void infer_kind(CompiledTemplate& t) {
    std::array<bool, 16> seen{};
    for (const Column& c : t.columns)
        if (c.element != nullptr) seen[static_cast<std::size_t>(c.element->group)] = true;
    const auto has = [&](Group g) { return seen[static_cast<std::size_t>(g)]; };
    t.sip_and_rtp = has(Group::rtp) && has(Group::sip);
    t.kind = has(Group::interval)  ? RecordKind::interval
             : has(Group::stream)  ? RecordKind::stream
             : has(Group::detail)  ? RecordKind::detail
             : has(Group::message) ? RecordKind::message
             : has(Group::call)    ? RecordKind::call
             : has(Group::rtp) || has(Group::cisco) ? RecordKind::rtp
             : has(Group::sip)     ? RecordKind::sip
                                   : RecordKind::flow;
    if (t.spec.is_options()) t.kind = RecordKind::options;
}

FieldRead::How how_to_read(const Column& c, bool variable) {
    using How = FieldRead::How;
    if (variable) return How::variable;
    if (!c.typed) return How::convert;
    if (c.type == wire::FieldType::ipv4 && c.spec.length == 4) return How::address;
    if (c.type == wire::FieldType::ipv6 && c.spec.length == 16) return How::address;
    if (c.type != wire::FieldType::unsigned_int) return How::convert;
    switch (c.spec.length) {
        case 1: return How::number1;
        case 2: return How::number2;
        case 4: return How::number4;
        case 8: return How::number8;
        default: return How::convert;
    }
}

void plan_reads(CompiledTemplate& t) {
    if (t.spec.is_options()) return;
    for (const Column& c : t.columns) {
        const bool variable = t.spec.variable && c.spec.length == wire::kVariable;
        t.reads.push_back({how_to_read(c, variable), c.absent, variable ? std::uint16_t{0} : c.spec.length});
    }
}

}  // namespace

std::string Column::name(wire::FlowProtocol protocol) const {
    if (element != nullptr) return std::string(element->name);
    return given_name.empty() ? number_name(spec, protocol) : given_name;
}

int CompiledTemplate::find(ElementId id) const {
    const auto it = std::lower_bound(index.begin(), index.end(), id, [](const auto& entry, ElementId wanted) {
        return entry.first < wanted;
    });
    return it != index.end() && it->first == id ? it->second : -1;
}

std::size_t CompiledTemplate::memory() const {
    std::size_t n = sizeof(*this) + spec.fields.capacity() * sizeof(wire::FieldSpec) +
                    columns.capacity() * sizeof(Column) + reads.capacity() * sizeof(FieldRead) + index.capacity() * sizeof(index[0]);
    for (const Column& c : columns) n += c.given_name.capacity();
    return n;
}

std::vector<std::string> CompiledTemplate::names() const {
    std::vector<std::string> out;
    out.reserve(columns.size());
    for (const Column& c : columns) {
        std::string name = c.name(protocol);
        const auto same = std::count(out.begin(), out.end(), name);
        if (same > 0) name += "." + std::to_string(same + 1);  // RFC 7011 §8: an element may repeat
        out.push_back(std::move(name));
    }
    return out;
}

CompiledTemplate compile(wire::TemplateSpec spec, wire::FlowProtocol protocol, std::uint32_t own_pen,
                         const TypeRegistry& types) {
    static std::atomic<std::uint64_t> serial{0};
    CompiledTemplate t;
    t.serial = ++serial;
    t.protocol = protocol;
    t.types_generation = types.generation();
    t.columns.reserve(spec.fields.size());
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
        const wire::FieldSpec& f = spec.fields[i];
        Column c;
        c.spec = f;
        const bool v9_scope = protocol == wire::FlowProtocol::netflow9 && i < spec.scope_count;
        const TypeInformation* learnt = nullptr;
        if (!v9_scope) {
            c.element = find_element(f, protocol, own_pen);
            if (c.element == nullptr) learnt = types.find(f.pen, f.number);
            if (learnt != nullptr) c.element = learnt->element;
        }
        if (v9_scope) name_scope(c);
        if (c.element != nullptr) {
            c.type = c.element->type;
            c.absent = c.element->absent;
            c.typed = true;
            t.index.emplace_back(c.element->id, static_cast<std::uint16_t>(i));
        } else {
            t.has_unknown = true;
            if (learnt == nullptr && !v9_scope && (protocol == wire::FlowProtocol::ipfix || f.number < kCiscoV9Base)) {
                if (const auto known = wire::find_public_element(f.pen, f.number)) {
                    c.type = known->type;
                    c.typed = known->typed;
                    c.given_name = std::string(known->name);
                }
            }
            if (learnt != nullptr) {
                c.type = learnt->type;
                c.typed = learnt->typed;
                c.given_name = learnt->name;
            }
        }
        t.columns.push_back(std::move(c));
    }
    std::stable_sort(t.index.begin(), t.index.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    t.index.erase(std::unique(t.index.begin(), t.index.end(),
                              [](const auto& a, const auto& b) { return a.first == b.first; }),
                  t.index.end());
    t.spec = std::move(spec);
    plan_reads(t);
    t.kind_column = t.find(ElementId::RECORD_KIND);
    infer_kind(t);
    return t;
}

}  // namespace voipprobe::collector
