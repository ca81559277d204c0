// The account of a run (--stats): every record received is in exactly one line below "records received".
#include <cmath>
#include <nlohmann/json.hpp>

#include "collector/collector.hpp"

namespace voipprobe::collector {
namespace {

using Json = nlohmann::ordered_json;

Json messages_json(const SessionCounters& s, const InputCounters& in) {
    Json refused = Json::object();
    for (std::size_t i = 0; i < s.bad_messages.size(); ++i)
        refused[std::string(wire::message_error_name(static_cast<wire::MessageError>(i)))] =
            s.bad_messages[i];
    refused["not_allowed"] = in.not_allowed;
    return {{"received", in.datagrams},
            {"decoded", s.messages},
            {"octets", s.octets},
            {"refused", refused},
            {"kernel_drops", in.kernel_drops},
            {"cut_datagrams", in.cut_datagrams},
            {"files", in.files},
            {"damaged_files", in.damaged_files},
            {"other_packets", in.other_packets},
            {"connections", in.connections},
            {"bad_connections", in.bad_connections}};
}

constexpr std::size_t kUnstableNamed = 16;

Json templates_json(const SessionCounters& s, const std::vector<Decoder::Unstable>& flapping) {
    Json unstable = Json::array();
    for (const Decoder::Unstable& u : flapping) unstable.push_back({{"exporter", u.peer.endpoint.text()}, {"replaced", u.replaced}});
    Json refused = Json::object();
    for (const auto e : {wire::TemplateEvent::bad_id, wire::TemplateEvent::bad_count,
                         wire::TemplateEvent::bad_length, wire::TemplateEvent::truncated})
        refused[std::string(wire::template_event_name(e))] = s.template_events[static_cast<std::size_t>(e)];
    refused["over_budget"] = s.templates_over_budget;
    return {{"defined", s.template_events[static_cast<std::size_t>(wire::TemplateEvent::defined)]},
            {"refreshed", s.templates_refreshed},
            {"replaced", s.templates_replaced},
            {"exporters_unstable", s.exporters_unstable},
            {"unstable", unstable},
            {"restored", s.templates_restored},
            {"withdrawals_ignored", s.withdrawals_ignored},
            {"evicted", s.templates_evicted},
            {"expired", s.templates_expired},
            {"exporters_evicted", s.exporters_evicted},
            {"domains_evicted", s.domains_evicted},
            {"refused", refused},
            {"types_learnt", s.types_learnt}};
}

Json sets_json(const SessionCounters& s) {
    return {{"reserved", s.reserved_sets},
            {"waited_for_template", s.sets_waiting},
            {"decoded_late", s.sets_decoded_late},
            {"dropped", s.sets_dropped},
            {"octets_dropped", s.set_octets_dropped},
            {"damaged", s.damaged_sets},
            {"over_budget", s.sets_over_budget}};
}

Json performance_json(const SipPerformance& p) {
    const auto figure = [](const std::optional<double>& v) { return v ? Json(std::round(*v * 1000) / 1000) : Json(nullptr); };
    return {{"registrations", p.registered},
            {"registrations_refused", p.refused},
            {"rrd_mean_ms", figure(p.registration_delay())},
            {"ira_pct", figure(p.ineffective_registrations_pct())},
            {"session_requests", p.attempts},
            {"redirected", p.redirected},
            {"srd_mean_ms", figure(p.setup.value())},
            {"srd_failed_mean_ms", figure(p.failed_setup.value())},
            {"sdd_mean_ms", figure(p.disconnect.value())},
            {"disconnects_unanswered", p.disconnect_unanswered},
            {"sdt_mean_ms", figure(p.duration.value())},
            {"ser_pct", figure(p.establishment_pct())},
            {"seer_pct", figure(p.effectiveness_pct())},
            {"isa_pct", figure(p.ineffective_pct())},
            {"scr_pct", figure(p.completion_pct())}};
}

}  // namespace

std::string Collector::stats(config::StatsFormat format) const {
    const SessionCounters s = decoder_.counters();
    const JoinCounters& j = joiner_.counters();
    const Json json{
        {"messages", messages_json(s, input_)},
        {"templates", templates_json(s, decoder_.unstable(kUnstableNamed))},
        {"sets", sets_json(s)},
        {"sequence",
         {{"lost", s.sequence.lost},
          {"late", s.sequence.late},
          {"duplicates", s.sequence.duplicates},
          {"resets", s.sequence.resets}}},
        {"records",
         {{"received", j.records + intake_.copies()},
          {"rows",
           {{"calls", j.call_rows},
            {"streams", j.stream_rows},
            {"messages", j.message_rows},
            {"intervals", j.interval_rows},
            {"stream_details", j.detail_rows},
            {"flows", j.flow_rows}}},
          {"superseded", j.superseded},
          {"copies", intake_.copies()},
          {"options", j.options},
          {"stats", j.stats},
          {"rejected", {{"no_identity", j.no_identity}, {"too_many_streams", j.too_many_streams}}}}},
        {"derived_rows", {{"calls", j.derived_call_rows}, {"streams", j.derived_stream_rows}, {"users", joiner_.users().written()}}},
        {"rfc6076", performance_json(joiner_.performance())},
        {"unreadable_fields", s.unreadable_fields},
        {"late_streams", j.late_streams},
        {"evicted_calls", j.evicted_calls},
        {"dropped_rows", dropped_rows()}};
    if (format == config::StatsFormat::json) return json.dump() + "\n";
    std::string out;
    const Json flat = json.flatten();
    for (const auto& [path, value] : flat.items()) {
        std::string name = path.substr(1);
        for (char& c : name) c = c == '/' ? ' ' : c == '_' ? ' ' : c;
        out += name + ": " + value.dump() + "\n";
    }
    return out;
}

}  // namespace voipprobe::collector
