// One destination: its encoders (one for the records' observation domain, one for options data in domain 0), its
// sender and its template rules:
//   a template is announced before its first record, so only templates in use are sent; over UDP all announced ones
//   are repeated every N messages and every 60 s of export time; never over TCP and in files (RFC 7011 §8.1).
// Thread rule: the exporter's thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "probe/export/export_config.hpp"
#include "probe/export/pacer.hpp"
#include "probe/export/sender.hpp"
#include "templates/template_plan.hpp"
#include "wire/message_encoder.hpp"

namespace voipprobe::probe {

class Output {
  public:
    // Errors: a template that does not fit a message, a version that the transport cannot carry.
    static Result<std::unique_ptr<Output>> make(const ExportConfig& config, const Destination& destination,
                                                const std::vector<templates::PlannedTemplate>& plan,
                                                std::unique_ptr<Sender> sender, ExportStats& stats);

    const Destination& destination() const { return destination_; }
    void set_boot_time(wire::TimeNs boot_time);
    void record(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time);
    // Sends what has waited for `queue_wait`, and templates that are due.
    void tick(wire::TimeNs now);
    void close();

  private:
    struct Channel {
        std::unique_ptr<wire::MessageEncoder> encoder;
        std::vector<bool> announced;         // by template index
        std::vector<std::uint64_t> pending;  // records of the open message, by RecordKind
        std::uint32_t since_refresh = 0;     // messages
        wire::TimeNs refreshed = wire::kNever;
        wire::TimeNs opened = wire::kNever;  // export time of the open message's first record
        wire::TimeNs latest = wire::kNever;
    };

    Output(const ExportConfig& config, const Destination& destination,
           const std::vector<templates::PlannedTemplate>& plan, std::unique_ptr<Sender> sender, ExportStats& stats);
    Result<void> build(Channel& channel, bool options);
    Channel& channel_of(std::size_t template_index);
    void announce(Channel& channel, std::size_t template_index);
    void refresh(Channel& channel);
    bool refreshes(const Channel& channel) const;  // templates are repeated at all
    bool refresh_overdue(const Channel& channel) const;  // by time
    void send(Channel& channel);
    void report(const std::error_code& error);

    const ExportConfig& config_;
    Destination destination_;
    const std::vector<templates::PlannedTemplate>& plan_;
    std::unique_ptr<Sender> sender_;
    ExportStats& stats_;
    Pacer pacer_;
    Channel data_;
    Channel options_;
    wire::TimeNs boot_time_ = 0;
    std::vector<std::uint8_t> shortened_;
    std::error_code reported_;
    std::chrono::steady_clock::time_point reported_at_;
};

}  // namespace voipprobe::probe
