// What an exporter tells about itself, as options data records:
//   IPFIX, observation domain 0: exporting process statistics (RFC 7011 §4.1, §4.3), metering process reliability (§4.2),
//   and the names and types of the enterprise elements in use (RFC 5610 §3). Their scope is observationDomainId, the
//   domain that the records come from, because the messages themselves are of domain 0 (docs/interop.md, "Deviations").
//   NetFlow v9, source id 0: octets, messages and records exported, scope System (RFC 3954 §6.1).
// Thread rule: values and pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "templates/template_plan.hpp"
#include "wire/layout.hpp"
#include "wire/time.hpp"

namespace voipprobe::probe {

enum class ServiceTemplate : std::uint8_t { statistics, reliability, types };

// Packets that capture could not take.
struct Ignored {
    std::uint64_t packets = 0;
    wire::TimeNs first = 0;
    wire::TimeNs last = 0;
};

struct ServiceCounts {
    std::uint32_t domain = 0;  // that the counts are of
    std::uint64_t messages = 0, octets = 0, records = 0;
    std::uint64_t not_sent = 0;  // records
};

using PackedRecord = std::vector<std::uint8_t>;

// Templates of a version, with their ids.
std::vector<wire::TemplateLayout> service_layouts(std::uint8_t version);
std::uint16_t service_id(ServiceTemplate t);

PackedRecord statistics_record(std::uint8_t version, const ServiceCounts& counts);
PackedRecord reliability_record(std::uint32_t domain, const Ignored& ignored);
// One record for each enterprise element of the plan.
std::vector<PackedRecord> type_records(const std::vector<templates::PlannedTemplate>& plan);

}  // namespace voipprobe::probe
