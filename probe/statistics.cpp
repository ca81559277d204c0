#include "probe/statistics.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

#include "probe/memory_use.hpp"
#include "probe/voip/hep/hep_message.hpp"

namespace voipprobe::probe {
namespace {

using nlohmann::ordered_json;

ordered_json dpi(const Pipeline& p) {
    if (p.classifier() == nullptr) return ordered_json::object();
    const ClassifierCounters& c = p.classifier()->counters();
    return {{"packets", c.packets}, {"classified", c.classified}, {"unknown", c.unknown}, {"evicted", c.evicted}};
}

ordered_json plain(const Pipeline& p) {
    const PlainCounters& c = p.plain().counters();
    return {{"t38_packets", c.image_packets}, {"application_packets", c.application_packets}, {"streams", c.streams}, {"not_counted_flows", c.full}};
}

// Of each table, when it was fullest.
ordered_json memory(const Pipeline& p) {
    ordered_json tables = ordered_json::object();
    std::size_t all = 0;
    for (const TableMemory& t : memory_of(p)) {
        tables[std::string(t.table)] = {{"most", t.most}, {"octets", t.octets}};
        all += t.octets;
    }
    tables["octets"] = all;
    return tables;
}

ordered_json collect(const Pipeline& p, const RecordWriter& w, const ExportStats& e, const CaptureTotals& capture) {
    const PipelineCounters& c = p.counters();
    ordered_json dropped = ordered_json::object();
    std::uint64_t sum = 0;
    for (std::size_t i = 1; i < kDropReasons; ++i) {
        sum += c.dropped[i];
        if (c.dropped[i] != 0) dropped[std::string(drop_name(static_cast<DropReason>(i)))] = c.dropped[i];
    }
    ordered_json malformed = ordered_json::object();
    for (std::size_t i = 1; i < c.sip_malformed.size(); ++i)
        if (c.sip_malformed[i] != 0) malformed[std::string(defect_name(static_cast<SipDefect>(i)))] = c.sip_malformed[i];
    ordered_json records = ordered_json::object();
    for (std::uint8_t k = 1; k <= templates::kRecordKinds; ++k) {
        const auto kind = static_cast<templates::RecordKind>(k);
        if (w.records(kind) != 0) records[std::string(templates::record_kind_name(kind))] = w.records(kind);
    }
    const MediaCounters& m = p.media().counters();
    const SipTcpCounters& t = p.sip_tcp().counters();
    const InnerCounters& inner = p.sip_tcp().inner().counters();
    ordered_json hep = ordered_json::object();
    if (const auto& h = capture.hep) {
        hep = {{"messages", h->messages}, {"rtcp_json", h->rtcp_json}, {"rtcp_json_refused", h->rtcp_json_refused},
               {"compressed", h->compressed}, {"other_kinds", h->other_kinds}, {"too_long", h->too_long},
               {"times_replaced", h->times_replaced}, {"connections", h->connections},
               {"connections_refused", h->connections_refused}, {"connections_dropped", h->connections_dropped},
               {"streams_forgotten", h->streams_forgotten}};
        for (std::size_t i = 1; i < h->refused.size(); ++i)
            hep["refused_" + std::string(hep_defect_name(static_cast<HepDefect>(i)))] = h->refused[i];
    }
    return {
        {"hep", hep},
        {"capture", {{"packets", capture.packets}, {"kernel_drops", capture.kernel_drops}, {"interface_drops", capture.interface_drops}, {"reopened", capture.reopened}}},
        {"packets",
         {{"in", c.packets}, {"decoded", c.decoded}, {"dropped", sum}, {"dropped_by_reason", dropped},
          {"truncated", c.truncated}, {"fragments", c.fragments}, {"octets", c.decoded_octets},
          {"in_flow_records", c.flow_packets}, {"in_unsent_flows", c.unsent_packets},
          {"duplicates", c.duplicates}, {"joined", c.joined},
          {"conserved", c.packets == c.decoded + sum && c.decoded == c.flow_packets + c.unsent_packets + c.duplicates + c.joined}}},
        {"flows", {{"seen", c.flows}, {"open", p.flows().size()}, {"evicted", c.flows_evicted}}},
        {"calls",
         {{"seen", c.calls}, {"open", p.calls().size()}, {"evicted", c.calls_evicted}, {"sip_messages", c.sip_messages},
          {"sip_outside_calls", c.sip_outside_calls}, {"sip_malformed", malformed},
          {"media_endpoints", p.promises().size()}, {"media_endpoints_refused", p.promises().refused()}}},
        {"sip_over_tcp",
         {{"connections", t.opened}, {"messages", t.messages}, {"cut_messages", t.cut_messages}, {"holes", t.holes},
          {"skipped_octets", t.skipped_octets}, {"evicted", t.evicted_streams + t.evicted_buffers},
          {"websocket",
           {{"connections", inner.ws_connections}, {"frames", inner.ws_frames}, {"garbage_octets", inner.ws_garbage_octets},
            {"compressed_messages", inner.ws_compressed}, {"cut_messages", inner.cut_messages}, {"evicted", inner.evicted_buffers}}},
          {"tls",
           {{"connections", inner.tls_connections}, {"opened", inner.tls_with_keys}, {"without_keys", inner.tls_without_keys},
            {"not_sip", inner.tls_not_sip}, {"records", inner.tls_records}, {"records_unopened", inner.tls_unopened},
            {"garbage_octets", inner.tls_garbage_octets}, {"secrets", p.sip_tcp().inner().keys().size()},
            {"secrets_evicted", p.sip_tcp().inner().keys().evicted()}, {"secrets_ignored", p.sip_tcp().inner().keys().ignored_lines()}}}}},
        {"sccp",
         {{"messages", p.others().sccp().counters().messages}, {"not_understood", p.others().sccp().counters().not_understood},
          {"outside_calls", p.others().sccp().counters().outside_calls}, {"legs_joined", p.others().desk().merged()},
          {"legs_forgotten", p.others().sccp().evicted()}}},
        {"mgcp",
         {{"messages", p.others().mgcp().counters().messages}, {"refused", p.others().mgcp().counters().refused},
          {"outside_calls", p.others().mgcp().counters().outside_calls}, {"forgotten", p.others().mgcp().evicted()}}},
        {"iax2",
         {{"full_frames", p.others().iax2().counters().full_frames}, {"media_frames", p.others().iax2().counters().media_frames},
          {"outside_calls", p.others().iax2().counters().outside_calls}, {"unread_meta", p.others().iax2().counters().unread_meta},
          {"forgotten", p.others().iax2().evicted()}}},
        {"h323",
         {{"q931_messages", p.others().h323().counters().q931_messages}, {"h245_messages", p.others().h323().counters().h245_messages},
          {"ras_messages", p.others().h323().counters().ras_messages}, {"not_understood", p.others().h323().counters().not_understood},
          {"outside_calls", p.others().h323().counters().outside_calls}, {"forgotten", p.others().h323().evicted()}}},
        {"dpi", dpi(p)},
        {"media_without_rtp", plain(p)},
        {"framed_tcp",
         {{"connections", p.others().streams().counters().opened}, {"messages", p.others().streams().counters().messages},
          {"holes", p.others().streams().counters().holes}, {"skipped_octets", p.others().streams().counters().skipped_octets},
          {"evicted", p.others().streams().counters().evicted_connections + p.others().streams().counters().evicted_buffers}}},
        {"rtcp",
         {{"packets", m.rtcp_packets}, {"sender_reports", m.rtcp.sender_reports}, {"receiver_reports", m.rtcp.receiver_reports},
          {"extended_reports", m.rtcp.extended_reports}, {"byes", m.rtcp.byes}, {"source_descriptions", m.rtcp.source_descriptions},
          {"names_shortened", m.rtcp.names_shortened}, {"other", m.rtcp.other_packets},
          {"extended_blocks", m.rtcp.extended_blocks}, {"extended_blocks_refused", m.rtcp.refused_blocks},
          {"extended_blocks_without_period", m.rtcp.blocks_without_period}, {"extended_blocks_beyond_limit", m.rtcp.blocks_beyond_limit},
          {"scores_of_unknown_algorithm", m.rtcp.scores_of_unknown_algorithm},
          {"refused", m.rtcp_refused}, {"of_no_known_stream", m.rtcp_orphans}, {"round_trips", m.rtcp.round_trips},
          {"quotes_unmatched", m.rtcp.unmatched_quotes}, {"session_reports", m.rtcp.session_reports},
          {"session_reports_refused", m.rtcp.session_reports_refused}, {"session_reports_without_stream", m.rtcp.session_report_orphans}}},
        {"rtp",
         {{"packets", m.rtp_packets}, {"rtcp_packets", m.rtcp_packets}, {"streams", m.streams}, {"open", p.media().open_streams()},
          {"unconfirmed", m.unconfirmed}, {"without_call", m.orphans}, {"digits_without_stream", m.digits_without_stream}, {"ssrc_overflow", m.ssrc_overflow},
          {"stream_table_full", m.streams_full}}},
        {"memory", memory(p)},
        {"records", {{"made", records}, {"shortened_strings", w.shortened_strings() + e.shortened}}},
        {"export",
         {{"records_submitted", e.submitted}, {"records_sent", e.records_sent}, {"records_dropped", e.dropped},
          {"records_lost", e.records_lost}, {"messages", e.messages}, {"template_messages", e.template_messages},
          {"octets", e.octets}, {"send_errors", e.send_errors}, {"refusals", e.refusals}, {"records_resent", e.records_resent},
          {"connections", e.connections}, {"options_records", e.options_records}}},
    };
}

void print_text(const ordered_json& value, const std::string& indent) {
    for (const auto& [key, v] : value.items()) {
        if (v.is_object()) {
            if (v.empty()) continue;
            std::fprintf(stderr, "%s%s\n", indent.c_str(), key.c_str());
            print_text(v, indent + "  ");
        } else {
            std::fprintf(stderr, "%s%-24s %s\n", indent.c_str(), key.c_str(), v.dump().c_str());
        }
    }
}

}  // namespace

void print_statistics(config::Report report, const Pipeline& pipeline, const RecordWriter& writer,
                      const ExportStats& exported, const CaptureTotals& capture) {
    if (report == config::Report::none) return;
    const ordered_json all = collect(pipeline, writer, exported, capture);
    if (report == config::Report::json) std::printf("%s\n", all.dump(2).c_str());
    else print_text(all, "");
    std::fflush(stdout);
}

}  // namespace voipprobe::probe
