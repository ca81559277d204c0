#include "probe/export/output.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "probe/export/packed_record.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::chrono::minutes kSameErrorAgain{1};
constexpr std::size_t kMostBatch = 64;

std::uint64_t sum(const std::vector<std::uint64_t>& pending) {
    std::uint64_t n = 0;
    for (const std::uint64_t p : pending) n += p;
    return n;
}

}  // namespace

Output::Output(const ExportConfig& config, const Destination& destination,
               const std::vector<templates::PlannedTemplate>& plan, ExportStats& stats)
    : config_(config),
      destination_(destination),
      plan_(plan),
      stats_(stats),
      max_message_(config.max_message),
      spool_(config.spool_octets, destination.resend ? config.resend_octets : std::min(config.resend_octets, std::size_t{4} << 20)) {
    if (destination.transport == Transport::udp)
        pacer_ = Pacer(config.messages_per_second, config.burst, config.delay, config.delay_every);
    counts_.domain = config.domain;
    for (const templates::PlannedTemplate& t : plan)
        identified_.push_back(std::find(t.elements.begin(), t.elements.end(), templates::ElementId::RECORD_ID) != t.elements.end());
}

void Output::capture_ended() {
    if (destination_.transport == Transport::udp && config_.delay.count() == 0) pacer_ = Pacer(kFilePace, config_.burst, config_.delay);
}

Result<std::unique_ptr<Output>> Output::make(const ExportConfig& config, const Destination& destination,
                                             const std::vector<templates::PlannedTemplate>& plan, ExportStats& stats) {
    if (config.version == 9 && (destination.is_stream() || destination.transport == Transport::file))
        return fail(ExitCode::usage, "-n " + destination.text() + ": NetFlow v9 goes over UDP only; use -V 10");
    std::unique_ptr<Output> output(new Output(config, destination, plan, stats));
    for (const bool options : {false, true})
        if (auto built = output->build(options ? output->options_ : output->data_, options); !built)
            return tl::unexpected<Error>(built.error());
    if (auto opened = output->open(); !opened) return tl::unexpected<Error>(opened.error());
    return output;
}

Result<void> Output::open() {
    if (!destination_.is_stream()) {
        auto sender = open_sender(destination_, {config_.source_address, config_.live});
        if (!sender) return tl::unexpected<Error>(sender.error());
        sender_ = std::move(*sender);
        if (!sender_->healthy()) say(destination_.text() + ": the name does not resolve yet; it is looked up again");
        batch_.resize(std::min(sender_->batch(), kMostBatch));
        return {};
    }
    StreamOptions options;
    options.source_address = config_.source_address;
    options.reconnect = config_.reconnect;
    if (destination_.transport == Transport::tls) {
        auto context = config::tls_client_context(config_.tls);
        if (!context) return tl::unexpected<Error>(context.error());
        options.tls = *context;
    }
    link_ = std::make_unique<StreamLink>(destination_, options);
    auto opened = link_->open();
    if (!opened && !config_.live) return opened;
    if (!opened) say(opened.error().message + "; records wait for it");
    return {};
}

std::optional<LocalEndpoint> Output::local() const { return link_ ? link_->local() : sender_->local(); }

Result<void> Output::build(Channel& channel, bool options) {
    channel = Channel{};
    channel.pending.resize(templates::kRecordKinds + 1);
    wire::EncoderConfig c;
    c.domain = options ? 0 : config_.domain;
    c.max_message = config_.max_message;
    c.boot_time = boot_time_;
    std::vector<wire::TemplateLayout> layouts;
    if (options) {
        if (config_.options) layouts = service_layouts(config_.version);
    } else {
        for (const templates::PlannedTemplate& t : plan_) layouts.push_back(t.layout);
    }
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        channel.ids.push_back(layouts[i].id);
        if (!options && !destination_.wants(plan_[i].kind)) continue;
        if (!channel.encoder) {
            auto made = config_.version == 9 ? wire::make_netflow9_encoder(c) : wire::make_ipfix_encoder(c);
            if (!made) return tl::unexpected<Error>(made.error());
            channel.encoder = std::move(*made);
        }
        if (auto added = channel.encoder->add_template(layouts[i]); !added) return added;
    }
    channel.announced.resize(layouts.size());
    if (channel.encoder && max_message_ != config_.max_message) channel.encoder->set_max_message(max_message_);
    return {};
}

// A new session (RFC 7011 §10.4): its sequence and its templates begin again.
void Output::rebuild() {
    for (const bool options : {false, true}) {
        Channel& c = options ? options_ : data_;
        const wire::TimeNs latest = c.latest;
        static_cast<void>(build(c, options));  // succeeded with the same arguments before
        c.latest = latest;
    }
    types_sent_ = wire::kNever;
}

void Output::set_boot_time(wire::TimeNs boot_time) {
    boot_time_ = boot_time;
    for (Channel* c : {&data_, &options_})
        if (c->encoder) c->encoder->set_boot_time(boot_time);
}

void Output::set_ignored(const Ignored& ignored) {
    ignored_changed_ |= ignored.packets != ignored_.packets;
    ignored_ = ignored;
}

void Output::announce(Channel& channel, std::size_t index) {
    const std::uint16_t id = channel.ids[index];
    if (channel.encoder->append_template(id) == wire::Append::full) {
        send(channel);
        channel.encoder->append_template(id);
    }
    channel.announced[index] = true;
    if (channel.refreshed == wire::kNever) channel.refreshed = channel.latest;
}

bool Output::refreshes(const Channel& channel) const {
    return destination_.transport == Transport::udp && channel.refreshed != wire::kNever;
}

bool Output::refresh_overdue(const Channel& channel) const {
    return refreshes(channel) && channel.latest - channel.refreshed >= config_.template_interval;
}

void Output::refresh(Channel& channel) {
    if (!channel.encoder->empty()) send(channel);
    for (std::size_t i = 0; i < channel.ids.size(); ++i) {
        if (!channel.announced[i]) continue;
        if (channel.encoder->append_template(channel.ids[i]) != wire::Append::full) continue;
        send(channel);
        channel.encoder->append_template(channel.ids[i]);
    }
    channel.refreshed = channel.latest;
    channel.since_refresh = 0;
    channel.refused = false;
}

void Output::record(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time) {
    if (!destination_.wants(plan_[template_index].kind)) return;
    if (link_) return spool(template_index, packed, export_time);
    encode(template_index, packed, export_time, false);
}

void Output::encode(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time, bool again) {
    const templates::PlannedTemplate& t = plan_[template_index];
    Channel& channel = data_;
    channel.latest = std::max(channel.latest, export_time);
    if (types_sent_ == wire::kNever) send_types();
    const bool by_count = config_.template_every > 0 && channel.since_refresh >= config_.template_every;
    if (refresh_overdue(channel) || ((by_count || channel.refused) && refreshes(channel))) refresh(channel);
    if (!channel.announced[template_index]) announce(channel, template_index);

    wire::Append done = channel.encoder->append(t.layout.id, packed);
    if (done == wire::Append::too_large) {
        shortened_.assign(packed.begin(), packed.end());
        while (done == wire::Append::too_large && shorten_longest_string(t.layout, shortened_)) {
            ++stats_.shortened;
            done = channel.encoder->append(t.layout.id, shortened_);
        }
        packed = shortened_;
    }
    // Templates may be in the way (IPFIX keeps them apart), and sending may have begun a session that knows none.
    for (int tries = 0; tries < 2 && done == wire::Append::full; ++tries) {
        send(channel);
        if (!channel.announced[template_index]) announce(channel, template_index);
        done = channel.encoder->append(t.layout.id, packed);
    }
    if (done != wire::Append::added) {
        if (!again) ++stats_.records_lost;
        return;
    }
    if (channel.opened == wire::kNever) channel.opened = export_time;
    if (again) ++channel.again;
    else ++channel.pending[static_cast<std::size_t>(t.kind)];
}

void Output::option(ServiceTemplate t, wire::Bytes packed) {
    Channel& channel = options_;
    const auto index = static_cast<std::size_t>(t);
    channel.latest = std::max(channel.latest, data_.latest);
    if (refresh_overdue(channel) || (channel.refused && refreshes(channel))) refresh(channel);
    if (!channel.announced[index]) announce(channel, index);
    for (int tries = 0; tries < 3; ++tries) {
        if (channel.encoder->append(channel.ids[index], packed) == wire::Append::added) {
            ++channel.pending[0];
            if (channel.opened == wire::kNever) channel.opened = channel.latest;
            return;
        }
        send(channel);
        if (!channel.announced[index]) announce(channel, index);
    }
}

void Output::send_types() {
    types_sent_ = data_.latest;
    if (!options_.encoder || config_.version == 9) return;
    for (const PackedRecord& r : type_records(plan_)) option(ServiceTemplate::types, r);
    send(options_);
}

void Output::send_statistics() {
    statistics_sent_ = std::max(data_.latest, options_.latest);
    if (!options_.encoder) return;
    option(ServiceTemplate::statistics, statistics_record(config_.version, counts_));
    if (config_.version == 10 && ignored_changed_) option(ServiceTemplate::reliability, reliability_record(config_.domain, ignored_));
    send(options_);
}

void Output::send(Channel& channel) {
    const wire::Bytes message = channel.encoder->finish(std::max<wire::TimeNs>(channel.latest, 0));
    channel.opened = wire::kNever;
    if (message.empty()) return;
    const bool options = &channel == &options_;
    const std::uint64_t records = sum(channel.pending);
    if (records > 0 || channel.again > 0) ++channel.since_refresh;
    if (link_) {
        queued_records_.push_back(options ? 0 : static_cast<std::uint32_t>(records) + channel.again);
        stats_.records_resent += channel.again;
        account(channel.pending, options, message.size(), {});
        link_->queue(message);
        while (queued_records_.size() > link_->unsent_messages()) queued_records_.pop_front();
    } else {
        if (const auto wait = pacer_.reserve(Pacer::Clock::now()); wait.count() > 0) {
            flush();
            std::this_thread::sleep_for(wait);
        }
        Waiting& w = batch_[batched_++];
        w.octets.assign(message.begin(), message.end());
        w.pending = channel.pending;
        w.options = options;
    }
    std::fill(channel.pending.begin(), channel.pending.end(), std::uint64_t{0});
    channel.again = 0;
    if (!link_ && batched_ == batch_.size()) flush();
}

void Output::flush() {
    if (batched_ == 0) return;
    std::array<wire::Bytes, kMostBatch> messages;
    std::array<std::error_code, kMostBatch> errors;
    for (std::size_t i = 0; i < batched_; ++i) messages[i] = batch_[i].octets;
    sender_->send(std::span(messages).first(batched_), std::span(errors).first(batched_));
    for (std::size_t i = 0; i < batched_; ++i) account(batch_[i].pending, batch_[i].options, batch_[i].octets.size(), errors[i]);
    batched_ = 0;
    if (const auto limit = sender_->take_path_limit(); limit && *limit < max_message_) {
        max_message_ = *limit;
        for (Channel* c : {&data_, &options_})
            if (c->encoder) c->encoder->set_max_message(max_message_);
        say(destination_.text() + ": the path takes messages of at most " + std::to_string(max_message_) + " octets; they are made smaller");
    }
}

void Output::account(const std::vector<std::uint64_t>& pending, bool options, std::size_t octets, const std::error_code& error) {
    const std::uint64_t records = sum(pending);
    if (error) {
        ++stats_.send_errors;
        if (!options) stats_.records_lost += records, counts_.not_sent += records;
        report(error);
        return;
    }
    ++stats_.messages;
    ++counts_.messages;
    stats_.octets += octets;
    counts_.octets += octets;
    if (options) {
        stats_.options_records += records;
        return;
    }
    stats_.records_sent += records;
    counts_.records += records;
    if (records == 0) ++stats_.template_messages;
    for (std::size_t k = 0; k < pending.size(); ++k) stats_.records[k] += pending[k];
}

void Output::report(const std::error_code& error) {
    stats_.last_error = destination_.text() + ": " + error.message();
    const auto now = std::chrono::steady_clock::now();
    if (error == reported_ && now - reported_at_ < kSameErrorAgain) return;
    reported_ = error;
    reported_at_ = now;
    say("sending to " + stats_.last_error + (error == std::errc::message_size ? " (choose a smaller -m)" : ""));
}

void Output::say(const std::string& line) {
    if (config_.warn) config_.warn(line);
}

void Output::tick(wire::TimeNs now) {
    for (Channel* c : {&data_, &options_})
        if (c->encoder) c->latest = std::max(c->latest, now);
    if (link_) {
        pump();
        if (!link_->up()) return;
    }
    if (statistics_sent_ == wire::kNever) statistics_sent_ = now;
    if (now - statistics_sent_ >= config_.statistics_interval) send_statistics();
    if (destination_.transport == Transport::udp && types_sent_ != wire::kNever && now - types_sent_ >= config_.types_interval) send_types();
    for (Channel* c : {&data_, &options_}) {
        if (!c->encoder) continue;
        if (c->opened != wire::kNever && now - c->opened >= config_.queue_wait) send(*c);
        if (refresh_overdue(*c)) {
            refresh(*c);
            send(*c);
        }
    }
    if (!link_) flush();
}

void Output::poll() {
    if (link_) return pump();
    flush();
    sender_->poll();
    if (const std::uint64_t refusals = sender_->take_refusals(); refusals > 0) {  // who listens next knows no template
        stats_.refusals += refusals;
        data_.refused = options_.refused = true;
    }
    if (!sender_->take_new_peer()) return;
    for (Channel* c : {&data_, &options_})
        if (c->encoder && !c->encoder->empty()) {
            stats_.records_lost += c == &data_ ? sum(c->pending) : 0;  // their templates are not known there
            c->encoder->finish(std::max<wire::TimeNs>(c->latest, 0));
        }
    rebuild();
}

void Output::close() {
    if (config_.options && data_.latest != wire::kNever && (!link_ || link_->up())) send_statistics();
    if (link_) {
        linger();
        link_->close();
        return;
    }
    for (Channel* c : {&data_, &options_})
        if (c->encoder && !c->encoder->empty()) send(*c);
    flush();
    stats_.refusals += sender_->take_refusals();
    if (const std::error_code error = sender_->close()) {
        ++stats_.send_errors;
        report(error);
    }
}

}  // namespace voipprobe::probe
