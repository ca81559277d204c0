#include "collector/collector.hpp"

#include <algorithm>
#include <random>

#include "collector/template_store.hpp"

namespace voipprobe::collector {
namespace {

wire::SipKey random_key() {
    std::random_device device;
    const auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
    return {word(), word()};
}

JoinOptions join_options(const config::CollectorConfig& config) {
    JoinOptions o;
    o.scoring.g711_concealment = config.g711_plc;
    o.scoring.explain_rows = config.explain_column;
    for (const auto& [name, value] : config.verdict)
        if (double* limit = find_limit(o.verdict, name)) *limit = value;
    return o;
}

}  // namespace

Collector::Collector(const config::CollectorConfig& config)
    : config_(config),
      decoder_(config.pen, SessionLimits{}, random_key()),
      joiner_(join_options(config), *this),
      intake_(joiner_, config.sinks.empty() ? std::function<void(const Record&)>() : [this](const Record& record) {
          for (auto& sink : sinks_) sink->record(record);
      }, [this](const Record& record) { options(record); }) {}

// Type information (RFC 5610) is for the decoder only.
void Collector::options(const Record& record) {
    for (const Column& c : record.layout().columns)
        if (c.spec.pen == 0 && c.spec.number == 346) return;  // privateEnterpriseNumber
    for (auto& sink : sinks_) sink->options(record);
}

Result<void> Collector::save_state() {
    if (config_.state.empty() || decoder_.template_changes() == saved_changes_) return {};
    saved_changes_ = decoder_.template_changes();
    return write_templates(config_.state, decoder_.stored_templates());
}

Result<void> Collector::open() {
    if (!config_.state.empty()) {
        std::string warning;
        for (const StoredTemplate& t : read_templates(config_.state, warning)) decoder_.restore(t);
        if (!warning.empty()) warnings_.push_back(warning);
        if (auto writable = write_templates(config_.state, decoder_.stored_templates()); !writable) return writable;
    }
    const bool streams = std::any_of(config_.listen.begin(), config_.listen.end(),
                                     [](const config::ListenAddress& a) { return a.protocol != config::ListenProtocol::udp; });
    if (streams) {
        const WrittenIds written = read_written_ids(config_.output);
        for (const CallKey& key : written.joined) joiner_.already_written(key);
        for (const CallKey& key : written.stream_rows) joiner_.stream_row_written(key);
        for (const RecordId& id : written.others) intake_.remember_earlier(id);
    }
    SinkOptions options;
    options.formula_guard = config_.csv_formula_guard;
    options.explain_column = config_.explain_column;
    options.own_pen = config_.pen;
    options.rotation = {config_.rotate_size, config_.rotate_time};
    std::vector<std::string> specs{"csv:" + config_.output};
    specs.insert(specs.end(), config_.sinks.begin(), config_.sinks.end());
    for (const std::string& spec : specs) {
        auto sink = make_sink(spec, options);
        if (!sink) return tl::unexpected(sink.error());
        sinks_.push_back(std::move(*sink));
    }
    for (auto& sink : sinks_)
        if (auto opened = sink->open(); !opened) return opened;
    return {};
}

bool Collector::message(const Peer& peer, wire::Bytes octets) {
    ++input_.datagrams;
    const auto& allow = config_.allow;
    const auto allowed = [&](const config::Cidr& c) { return c.contains(peer.endpoint.address); };
    if (peer.transport != Transport::file && !allow.empty() &&
        std::none_of(allow.begin(), allow.end(), allowed)) {
        ++input_.not_allowed;
        return false;
    }
    intake_.set_stream(peer.transport == Transport::tcp);
    return decoder_.message(peer, octets, intake_);
}

void Collector::flush() {
    for (auto& sink : sinks_) sink->flush();
}

void Collector::rotate(std::chrono::system_clock::time_point now) {
    for (auto& sink : sinks_) sink->rotate(now);
}

std::vector<std::string> Collector::reconfigure(const config::CollectorConfig& next) {
    std::vector<std::string> restart = config::take_over(config_, next);
    const JoinOptions options = join_options(config_);
    joiner_.reconfigure(options.scoring, options.verdict);
    for (auto& sink : sinks_) sink->set_rotation({config_.rotate_size, config_.rotate_time});
    return restart;
}

Result<void> Collector::finish() {
    joiner_.finish();
    Result<void> out = save_state();
    for (auto& sink : sinks_)
        if (auto closed = sink->close(); !closed) out = closed;
    return out;
}

std::uint64_t Collector::dropped_rows() const {
    std::uint64_t n = 0;
    for (const auto& sink : sinks_) n += sink->dropped_rows();
    return n;
}

bool Collector::records_were_lost() const {
    const SessionCounters s = decoder_.counters();
    return s.sequence.lost > 0 || s.sets_dropped > 0 || s.damaged_sets > 0 || s.sets_over_budget > 0 ||
           s.bad_message_total() > 0 || input_.kernel_drops > 0 || input_.cut_datagrams > 0 ||
           joiner_.counters().too_many_streams > 0 || dropped_rows() > 0;
}

// The lower listening MOS of the two sides, each on its own scale.
void Collector::check_mos(const CallRow& row) {
    if (!config_.fail_if_mos_below) return;
    for (const auto& mos : {row.caller.score.mos_lq, row.callee.score.mos_lq})
        if (mos && *mos < *config_.fail_if_mos_below) mos_missed_ = true;
}

void Collector::explain(const CallRow& row) {
    if (!config_.explain || row.facts.call_id != *config_.explain) return;
    const ScoringOptions options{config_.g711_plc};
    for (const auto& [name, heard] : {std::pair("caller", &row.caller), std::pair("callee", &row.callee)})
        explanation_ += std::string("what the ") + name + " hears: " + explain_stream(heard->main, options) + "\n";
    explanation_ += "verdict: " + row.verdict + (row.evidence.empty() ? "" : " (" + row.evidence + ")") + "\n";
}

std::string Collector::explanation() const {
    if (!config_.explain) return {};
    return explanation_.empty() ? "no call " + *config_.explain + " was written\n" : explanation_;
}

void Collector::call(const CallRow& row) {
    ++calls_written_;
    check_mos(row);
    explain(row);
    for (auto& sink : sinks_) sink->call(row);
}

void Collector::stream(const StreamRow& row) {
    for (auto& sink : sinks_) sink->stream(row);
}

void Collector::message(const MessageRow& row) {
    for (auto& sink : sinks_) sink->message(row);
}

void Collector::interval(const IntervalRow& row) {
    for (auto& sink : sinks_) sink->interval(row);
}

void Collector::user(const UserRow& row) {
    for (auto& sink : sinks_) sink->user(row);
}

void Collector::detail(const DetailRow& row) {
    for (auto& sink : sinks_) sink->detail(row);
}

void Collector::flow(const Record& record) {
    for (auto& sink : sinks_) sink->flow(record);
}

}  // namespace voipprobe::collector
