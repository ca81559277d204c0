#include "probe/export/output.hpp"

#include <algorithm>
#include <thread>

#include "probe/export/packed_record.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::chrono::minutes kSameErrorAgain{1};

}  // namespace

Output::Output(const ExportConfig& config, const Destination& destination,
               const std::vector<templates::PlannedTemplate>& plan, std::unique_ptr<Sender> sender, ExportStats& stats)
    : config_(config), destination_(destination), plan_(plan), sender_(std::move(sender)), stats_(stats) {
    const bool paced = destination.transport == Transport::udp;
    if (paced) pacer_ = Pacer(config.messages_per_second, config.burst, config.delay);
}

Result<std::unique_ptr<Output>> Output::make(const ExportConfig& config, const Destination& destination,
                                             const std::vector<templates::PlannedTemplate>& plan,
                                             std::unique_ptr<Sender> sender, ExportStats& stats) {
    if (config.version == 9 && (destination.transport == Transport::tcp || destination.transport == Transport::file))
        return fail(ExitCode::usage, "-n " + destination.text() + ": NetFlow v9 goes over UDP only; use -V 10");
    std::unique_ptr<Output> output(new Output(config, destination, plan, std::move(sender), stats));
    for (const bool options : {false, true})
        if (auto built = output->build(options ? output->options_ : output->data_, options); !built)
            return tl::unexpected<Error>(built.error());
    return output;
}

Result<void> Output::build(Channel& channel, bool options) {
    channel = Channel{};
    channel.announced.resize(plan_.size());
    channel.pending.resize(templates::kRecordKinds + 1);
    wire::EncoderConfig c;
    c.domain = options ? 0 : config_.domain;
    c.max_message = config_.max_message;
    c.boot_time = boot_time_;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
        const bool is_options = plan_[i].kind == templates::RecordKind::stats;
        if (is_options != options || !destination_.wants(plan_[i].kind)) continue;
        if (!channel.encoder) {
            auto made = config_.version == 9 ? wire::make_netflow9_encoder(c) : wire::make_ipfix_encoder(c);
            if (!made) return tl::unexpected<Error>(made.error());
            channel.encoder = std::move(*made);
        }
        if (auto added = channel.encoder->add_template(plan_[i].layout); !added) return added;
    }
    return {};
}

Output::Channel& Output::channel_of(std::size_t template_index) {
    return plan_[template_index].kind == templates::RecordKind::stats ? options_ : data_;
}

void Output::set_boot_time(wire::TimeNs boot_time) {
    boot_time_ = boot_time;
    for (Channel* c : {&data_, &options_})
        if (c->encoder) c->encoder->set_boot_time(boot_time);
}

void Output::announce(Channel& channel, std::size_t template_index) {
    const std::uint16_t id = plan_[template_index].layout.id;
    if (channel.encoder->append_template(id) == wire::Append::full) {
        send(channel);
        channel.encoder->append_template(id);
    }
    channel.announced[template_index] = true;
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
    for (std::size_t i = 0; i < plan_.size(); ++i) {
        if (!channel.announced[i]) continue;
        if (channel.encoder->append_template(plan_[i].layout.id) != wire::Append::full) continue;
        send(channel);
        channel.encoder->append_template(plan_[i].layout.id);
    }
    channel.refreshed = channel.latest;
    channel.since_refresh = 0;
}

void Output::record(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time) {
    const templates::PlannedTemplate& t = plan_[template_index];
    if (!destination_.wants(t.kind)) return;
    Channel& channel = channel_of(template_index);
    channel.latest = std::max(channel.latest, export_time);
    const bool by_count = config_.template_every > 0 && channel.since_refresh >= config_.template_every;
    if (refresh_overdue(channel) || (by_count && refreshes(channel))) refresh(channel);
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
    if (done == wire::Append::full) {
        send(channel);
        // Sending may have begun a new connection, which knows no template.
        if (!channel.announced[template_index]) announce(channel, template_index);
        done = channel.encoder->append(t.layout.id, packed);
        if (done == wire::Append::full) {  // templates were in the way (IPFIX keeps them apart)
            send(channel);
            if (!channel.announced[template_index]) announce(channel, template_index);
            done = channel.encoder->append(t.layout.id, packed);
        }
    }
    if (done != wire::Append::added) {
        ++stats_.records_lost;
        return;
    }
    if (channel.opened == wire::kNever) channel.opened = export_time;
    ++channel.pending[static_cast<std::size_t>(t.kind)];
}

void Output::send(Channel& channel) {
    const wire::Bytes message = channel.encoder->finish(std::max<wire::TimeNs>(channel.latest, 0));
    channel.opened = wire::kNever;
    if (message.empty()) return;
    if (const auto wait = pacer_.reserve(Pacer::Clock::now()); wait.count() > 0) std::this_thread::sleep_for(wait);
    const std::error_code error = sender_->send(message);
    std::uint64_t records = 0;
    for (const std::uint64_t n : channel.pending) records += n;
    if (error) {
        ++stats_.send_errors;
        stats_.records_lost += records;
        report(error);
    } else {
        ++stats_.messages;
        stats_.octets += message.size();
        stats_.records_sent += records;
        if (records == 0) ++stats_.template_messages;
        for (std::size_t k = 0; k < channel.pending.size(); ++k) stats_.records[k] += channel.pending[k];
    }
    std::fill(channel.pending.begin(), channel.pending.end(), std::uint64_t{0});
    if (records > 0) ++channel.since_refresh;
    if (sender_->take_reconnected()) {
        // A new session (RFC 7011 §10.4): its sequence and its templates begin again.
        for (const bool options : {false, true}) {
            Channel& c = options ? options_ : data_;
            const wire::TimeNs latest = c.latest;
            static_cast<void>(build(c, options));  // succeeded with the same arguments before
            c.latest = latest;
        }
    }
}

void Output::report(const std::error_code& error) {
    stats_.last_error = destination_.text() + ": " + error.message();
    const auto now = std::chrono::steady_clock::now();
    if (!config_.warn || (error == reported_ && now - reported_at_ < kSameErrorAgain)) return;
    reported_ = error;
    reported_at_ = now;
    const bool too_big = error == std::errc::message_size;
    config_.warn("sending to " + stats_.last_error + (too_big ? " (choose a smaller -m)" : ""));
}

void Output::tick(wire::TimeNs now) {
    for (Channel* c : {&data_, &options_}) {
        if (!c->encoder) continue;
        c->latest = std::max(c->latest, now);
        if (c->opened != wire::kNever && now - c->opened >= config_.queue_wait) send(*c);
        if (refresh_overdue(*c)) {
            refresh(*c);
            send(*c);
        }
    }
}

void Output::close() {
    for (Channel* c : {&data_, &options_})
        if (c->encoder && !c->encoder->empty()) send(*c);
    if (const std::error_code error = sender_->close()) {
        ++stats_.send_errors;
        report(error);
    }
}

}  // namespace voipprobe::probe
