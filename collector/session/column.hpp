// What a template's fields mean: each field number of the wire matched with the table of elements, once per
// template. A field the table does not know keeps its number as its name (`pen12345.id17`), or the name and
// type that the exporter gave for it (RFC 5610). Thread rule: immutable once compiled.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "collector/session/type_information.hpp"
#include "templates/element.hpp"
#include "wire/flow_template.hpp"

namespace voipprobe::collector {

// What a record is about: RECORD_KIND when the exporter says so, else what its elements say.
enum class RecordKind : std::uint8_t {
    flow = 1,
    call = 2,
    stream = 3,
    rtp = 4,  // nProbe's media biflow
    sip = 5,  // nProbe's dialog
    message = 6,
    interval = 7,
    stats = 8,
    detail = 9,
    options = 100
};

struct Column {
    const templates::Element* element = nullptr;  // nullptr: not in the table
    wire::FieldType type = wire::FieldType::octets;
    templates::Absent absent = templates::Absent::never;
    bool typed = false;  // false: unknown element, shown as hexadecimal octets
    wire::FieldSpec spec;
    std::string given_name;  // by RFC 5610 or a public registry, else empty

    std::string name(wire::FlowProtocol protocol) const;
};

// How the fields of data records are read, one after the other; the common types need no look at the column.
struct FieldRead {
    enum class How : std::uint8_t { convert, variable, number1, number2, number4, number8, address };
    How how = How::convert;
    templates::Absent absent = templates::Absent::never;
    std::uint16_t length = 0;  // 0: variable, its length comes first
};

struct CompiledTemplate {
    std::uint64_t serial = 0;  // never used twice: a key for what others derive from a template
    wire::TemplateSpec spec;
    wire::FlowProtocol protocol = wire::FlowProtocol::ipfix;
    std::vector<Column> columns;  // one per field, in wire order
    // Field index by element, sorted by element; the first field wins when an element repeats.
    std::vector<std::pair<templates::ElementId, std::uint16_t>> index;
    std::vector<FieldRead> reads;  // one per field; empty for options
    int kind_column = -1;          // of RECORD_KIND
    bool has_unknown = false;
    RecordKind kind = RecordKind::flow;  // inferred from the groups of its elements
    bool sip_and_rtp = false;            // one nProbe template for both: the values tell
    std::uint32_t types_generation = 0;  // of the TypeRegistry it was compiled with

    int find(templates::ElementId id) const;  // field index or -1
    std::size_t memory() const;               // octets held, for the template budget
    std::vector<std::string> names() const;   // of all columns, for headers
};

CompiledTemplate compile(wire::TemplateSpec spec, wire::FlowProtocol protocol, std::uint32_t own_pen,
                         const TypeRegistry& types);

}  // namespace voipprobe::collector
