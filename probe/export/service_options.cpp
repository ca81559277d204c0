#include "probe/export/service_options.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>

#include "wire/text.hpp"

namespace voipprobe::probe {
namespace {

using wire::FieldLayout;
using wire::FieldType;

constexpr std::uint16_t kFirstId = 256;
constexpr std::size_t kLongestDescription = 120;

FieldLayout number(std::uint16_t id, std::uint16_t length, const char* name) {
    return {0, id, id, FieldType::unsigned_int, length, name};
}

class Packer {
  public:
    Packer& put(std::uint64_t v, std::size_t octets) {
        const auto* p = reinterpret_cast<const std::uint8_t*>(&v);
        out_.insert(out_.end(), p, p + octets);
        return *this;
    }
    Packer& text(std::string_view s) {
        put(s.size(), 2);
        out_.insert(out_.end(), s.begin(), s.end());
        return *this;
    }
    PackedRecord take() { return std::move(out_); }

  private:
    PackedRecord out_;
};

// RFC 5610 §3.1: "IPFIX Information Element Data Types".
std::uint8_t data_type(const FieldLayout& f) {
    switch (f.type) {
        case FieldType::octets: return 0;
        case FieldType::unsigned_int: return f.length == 1 ? 1 : f.length == 2 ? 2 : f.length == 4 ? 3 : 4;
        case FieldType::float64: return 10;
        case FieldType::boolean: return 11;
        case FieldType::mac: return 12;
        case FieldType::string: return 13;
        case FieldType::seconds: return 14;
        case FieldType::milliseconds: return 15;
        case FieldType::microseconds: return 16;
        case FieldType::ipv4: return 18;
        case FieldType::ipv6: return 19;
    }
    return 0;
}

// §3.6: "IPFIX Information Element Units".
std::uint16_t unit(std::string_view u) {
    constexpr std::array<std::pair<std::string_view, std::uint16_t>, 9> known{
        {{"bits", 1}, {"octets", 2}, {"packets", 3}, {"flows", 4}, {"s", 5}, {"ms", 6}, {"us", 7}, {"ns", 8}, {"messages", 11}}};
    for (const auto& [name, value] : known)
        if (u == name) return value;
    return 0;
}

// §3.8: the range of a number; 0 to 0 says nothing about other types.
std::uint64_t largest(const FieldLayout& f) {
    if (f.type != FieldType::unsigned_int) return 0;
    return f.length >= 8 ? UINT64_MAX : (std::uint64_t{1} << (8 * f.length)) - 1;
}

// §3.5: "IPFIX Information Element Semantics"; only what the unit proves.
std::uint8_t semantics(const templates::Element& e) { return e.type == FieldType::unsigned_int && unit(e.unit) != 0 ? 1 : 0; }

}  // namespace

std::uint16_t service_id(ServiceTemplate t) { return static_cast<std::uint16_t>(kFirstId + static_cast<std::uint16_t>(t)); }

std::vector<wire::TemplateLayout> service_layouts(std::uint8_t version) {
    if (version == 9)
        return {{service_id(ServiceTemplate::statistics), 1,
                 {number(1, 4, "SCOPE_SYSTEM"), number(40, 4, "TOTAL_BYTES_EXP"), number(41, 4, "TOTAL_PKTS_EXP"), number(42, 4, "TOTAL_FLOWS_EXP")}}};
    return {{service_id(ServiceTemplate::statistics), 2,
             {number(149, 4, "observationDomainId"), number(144, 4, "exportingProcessId"), number(41, 8, "exportedMessageTotalCount"),
              number(40, 8, "exportedOctetTotalCount"), number(42, 8, "exportedFlowRecordTotalCount"), number(166, 8, "notSentFlowTotalCount")}},
            {service_id(ServiceTemplate::reliability), 2,
             {number(149, 4, "observationDomainId"), number(143, 4, "meteringProcessId"), number(164, 8, "ignoredPacketTotalCount"),
              {0, 323, 323, FieldType::milliseconds, 8, "observationTimeMilliseconds"},
              {0, 323, 323, FieldType::milliseconds, 8, "observationTimeMilliseconds"}}},
            {service_id(ServiceTemplate::types), 2,
             {number(346, 4, "privateEnterpriseNumber"), number(303, 2, "informationElementId"), number(339, 1, "informationElementDataType"),
              number(344, 1, "informationElementSemantics"), number(345, 2, "informationElementUnits"),
              number(342, 8, "informationElementRangeBegin"), number(343, 8, "informationElementRangeEnd"),
              {0, 341, 341, FieldType::string, wire::kVariable, "informationElementName"},
              {0, 340, 340, FieldType::string, wire::kVariable, "informationElementDescription"}}}};
}

PackedRecord statistics_record(std::uint8_t version, const ServiceCounts& c) {
    const auto low = [](std::uint64_t v) { return v & 0xffffffffU; };
    if (version == 9) return Packer().put(0, 4).put(low(c.octets), 4).put(low(c.messages), 4).put(low(c.records), 4).take();
    return Packer().put(c.domain, 4).put(static_cast<std::uint64_t>(getpid()), 4).put(c.messages, 8).put(c.octets, 8).put(c.records, 8).put(c.not_sent, 8).take();
}

PackedRecord reliability_record(std::uint32_t domain, const Ignored& i) {
    const auto ms = [](wire::TimeNs t) { return static_cast<std::uint64_t>(std::max<wire::TimeNs>(t, 0) / wire::kMillisecond); };
    return Packer().put(domain, 4).put(static_cast<std::uint64_t>(getpid()), 4).put(i.packets, 8).put(ms(i.first), 8).put(ms(i.last), 8).take();
}

std::vector<PackedRecord> type_records(const std::vector<templates::PlannedTemplate>& plan) {
    std::vector<PackedRecord> out;
    std::set<std::pair<std::uint32_t, std::uint16_t>> told;
    for (const templates::PlannedTemplate& t : plan)
        for (std::size_t i = 0; i < t.elements.size(); ++i) {
            const FieldLayout& f = t.layout.fields[i];
            const templates::Element& e = templates::element(t.elements[i]);
            if (f.pen == 0 || f.pen == templates::kReversePen || !told.insert({f.pen, f.number}).second) continue;
            out.push_back(Packer().put(f.pen, 4).put(f.number, 2).put(data_type(f), 1).put(semantics(e), 1).put(unit(e.unit), 2).put(0, 8).put(largest(f), 8)
                              .text(e.ipfix_name).text(wire::cap_text(e.description, kLongestDescription)).take());
        }
    return out;
}

}  // namespace voipprobe::probe
