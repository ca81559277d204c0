// messages, intervals and flows.
#include "collector/sink/columns.hpp"

namespace voipprobe::collector {

const Columns<MessageRow>& message_columns() {
    using Row = MessageRow;
    static const Columns<Row> table{
        {"record_id", [](const Row& r) { return id_cell(r.facts.record_id); }},
        {"call_record_id", [](const Row& r) { return id_cell(r.facts.call_record_id); }},
        {"time", [](const Row& r) { return time_cell(r.facts.time); }},
        {"src_ip", [](const Row& r) { return address_cell(r.facts.src); }},
        {"src_port", [](const Row& r) { return port_cell(r.facts.src); }},
        {"dst_ip", [](const Row& r) { return address_cell(r.facts.dst); }},
        {"dst_port", [](const Row& r) { return port_cell(r.facts.dst); }},
        {"transport", [](const Row& r) { return text_cell(r.facts.transport); }},
        {"kind",
         [](const Row& r) {
             return text_cell(r.facts.kind == 1 ? "request" : r.facts.kind == 2 ? "response" : "");
         }},
        {"method", [](const Row& r) { return text_cell(r.facts.method); }},
        {"status", [](const Row& r) { return count_cell(r.facts.status); }},
        {"cseq", [](const Row& r) { return count_cell(r.facts.cseq); }},
        {"has_sdp", [](const Row& r) { return count_cell(r.facts.has_sdp); }},
        {"call_id", [](const Row& r) { return text_cell(r.facts.call_id); }},
    };
    return table;
}

const Columns<IntervalRow>& interval_columns() {
    using Row = IntervalRow;
    static const Columns<Row> table{
        {"record_id", [](const Row& r) { return id_cell(r.facts.record_id); }},
        {"stream_record_id", [](const Row& r) { return id_cell(r.facts.stream_record_id); }},
        {"start", [](const Row& r) { return time_cell(r.facts.figures.first_time); }},
        {"packets", [](const Row& r) { return count_cell(r.facts.figures.packets); }},
        {"lost", [](const Row& r) { return count_cell(r.facts.figures.lost); }},
        {"discard_adaptive", [](const Row& r) { return count_cell(r.facts.figures.discard_adaptive); }},
        {"jitter_mean", [](const Row& r) { return scaled_cell(r.facts.figures.jitter_mean_ns, 1e-6, 6); }},
        {"jitter_max", [](const Row& r) { return scaled_cell(r.facts.figures.jitter_max_ns, 1e-6, 6); }},
        {"mos_lq", [](const Row& r) { return decimal_cell(r.score.mos_lq, 2); }},
        {"mos_scale", [](const Row& r) { return text_cell(r.score.mos_scale); }},
    };
    return table;
}

const Columns<UserRow>& user_columns() {
    using Row = UserRow;
    static const Columns<Row> table{
        {"record_id", [](const Row& r) { return id_cell(r.record_id); }},
        {"probe", [](const Row& r) { return Cell{Literal{r.probe.text()}}; }},
        {"address", [](const Row& r) { return Cell{Literal{r.address.text()}}; }},
        {"user", [](const Row& r) { return text_cell(r.user); }},
        {"name", [](const Row& r) { return text_cell(r.name); }},
        {"user_agent", [](const Row& r) { return text_cell(r.user_agent); }},
        {"signalling", [](const Row& r) { return text_cell(r.signalling); }},
        {"first_seen", [](const Row& r) { return time_cell(r.first_seen); }},
        {"last_seen", [](const Row& r) { return time_cell(r.last_seen); }},
        {"registrations", [](const Row& r) { return count_cell(r.registrations); }},
        {"calls", [](const Row& r) { return count_cell(r.calls); }},
        {"calls_from", [](const Row& r) { return count_cell(r.calls_from); }},
        {"calls_to", [](const Row& r) { return count_cell(r.calls_to); }},
        {"answered", [](const Row& r) { return count_cell(r.answered); }},
        {"mos_mean", [](const Row& r) { return decimal_cell(r.mos_mean, 2); }},
        {"mos_worst", [](const Row& r) { return decimal_cell(r.mos_worst, 2); }},
        {"mos_scale", [](const Row& r) { return text_cell(r.mos_scale); }},
        {"mos_common_mean", [](const Row& r) { return decimal_cell(r.mos_common_mean, 2); }},
        {"mos_common_worst", [](const Row& r) { return decimal_cell(r.mos_common_worst, 2); }},
    };
    return table;
}

namespace {

std::string mac_text(wire::Bytes octets) {
    std::string out;
    for (const std::uint8_t o : octets) {
        if (!out.empty()) out += ':';
        out += wire::hex(wire::Bytes(&o, 1));
    }
    return out;
}

bool is_uptime(const Column& c) {
    using templates::ElementId;
    return c.element != nullptr &&
           (c.element->id == ElementId::FIRST_SWITCHED || c.element->id == ElementId::LAST_SWITCHED);
}

}  // namespace

Cell flow_cell(const Record& record, std::size_t index) {
    const Column& column = record.layout().columns[index];
    const Value& value = record.values()[index];
    if (const auto uptime = value.as_number(); uptime && is_uptime(column))
        if (const auto moment = record.time_of_uptime(*uptime)) return Micros{*moment};
    switch (value.kind()) {
        case ValueKind::absent:
            return {};
        case ValueKind::number:
            return *value.as_number();
        case ValueKind::real:
            return Decimal{*value.as_real(), 6};
        case ValueKind::text:
            return value.as_text();
        case ValueKind::time:
            return Micros{*value.as_time()};
        case ValueKind::address:
            return Literal{value.as_address()->text()};
        case ValueKind::octets:
            return Literal{column.type == wire::FieldType::mac && column.typed ? mac_text(value.as_octets())
                                                                               : wire::hex(value.as_octets())};
    }
    return {};
}

}  // namespace voipprobe::collector
