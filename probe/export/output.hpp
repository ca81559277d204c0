// One destination: its encoders (one for the records' observation domain, one for options data in domain 0), its sender
// or stream, and its template rules:
//   a template is announced before its first record, so only templates in use are sent; over UDP all announced ones are
//   repeated every N messages and every 60 s of export time; never over streams and in files (RFC 7011 §8.1). Templates
//   never change and are never withdrawn.
// Streams keep records, not messages, until they are sent: a new connection is a new session (§8), with its own sequence
// numbers and templates. Thread rule: the exporter's thread.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "probe/export/export_config.hpp"
#include "probe/export/pacer.hpp"
#include "probe/export/record_spool.hpp"
#include "probe/export/sender.hpp"
#include "probe/export/service_options.hpp"
#include "probe/export/stream_link.hpp"
#include "templates/template_plan.hpp"
#include "wire/message_encoder.hpp"

namespace voipprobe::probe {

class Output {
  public:
    // Opens the destination. Errors: a name that does not resolve or a collector that is not there (live: only a
    // warning), a template that does not fit a message, a version that the transport cannot carry.
    static Result<std::unique_ptr<Output>> make(const ExportConfig& config, const Destination& destination,
                                                const std::vector<templates::PlannedTemplate>& plan, ExportStats& stats);

    const Destination& destination() const { return destination_; }
    std::optional<LocalEndpoint> local() const;
    bool healthy() const { return link_ ? link_->up() : sender_->healthy(); }
    void set_boot_time(wire::TimeNs boot_time);
    void set_ignored(const Ignored& ignored);
    void capture_ended();  // from now on at the pace of files
    void record(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time);
    // Sends what has waited for `queue_wait`, templates and options data that are due.
    void tick(wire::TimeNs now);
    // What depends on the clock: connections, names, messages of an unfinished batch. Some ten times a second.
    void poll();
    void close();

  private:
    struct Channel {
        std::unique_ptr<wire::MessageEncoder> encoder;
        std::vector<std::uint16_t> ids;      // of templates, by index
        std::vector<bool> announced;         // by index
        std::vector<std::uint64_t> pending;  // records of the open message, by RecordKind; options_: [0]
        std::uint32_t again = 0;             // records of the open message that were sent before
        std::uint32_t since_refresh = 0;     // messages
        bool refused = false;                // nobody listened; templates come first again
        wire::TimeNs refreshed = wire::kNever;
        wire::TimeNs opened = wire::kNever;  // export time of the open message's first record
        wire::TimeNs latest = wire::kNever;
    };
    struct Waiting {  // a message of the batch
        std::vector<std::uint8_t> octets;
        std::vector<std::uint64_t> pending;
        bool options = false;
    };

    Output(const ExportConfig& config, const Destination& destination,
           const std::vector<templates::PlannedTemplate>& plan, ExportStats& stats);
    Result<void> open();
    Result<void> build(Channel& channel, bool options);
    void rebuild();
    void encode(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time, bool again);
    void announce(Channel& channel, std::size_t index);
    void refresh(Channel& channel);
    bool refreshes(const Channel& channel) const;        // templates are repeated at all
    bool refresh_overdue(const Channel& channel) const;  // by time
    void send(Channel& channel);
    void flush();
    void account(const std::vector<std::uint64_t>& pending, bool options, std::size_t octets, const std::error_code& error);
    void option(ServiceTemplate t, wire::Bytes packed);
    void send_types();
    void send_statistics();
    // streams
    void spool(std::size_t template_index, wire::Bytes packed, wire::TimeNs export_time);
    void pump();
    void begin_session();
    void linger();
    void report(const std::error_code& error);
    void say(const std::string& line);

    const ExportConfig& config_;
    Destination destination_;
    const std::vector<templates::PlannedTemplate>& plan_;
    std::vector<bool> identified_;  // templates with RECORD_ID
    ExportStats& stats_;
    std::unique_ptr<Sender> sender_;    // UDP, files
    std::unique_ptr<StreamLink> link_;  // streams
    Pacer pacer_;
    Channel data_;
    Channel options_;
    ServiceCounts counts_;
    Ignored ignored_;
    bool ignored_changed_ = false;
    wire::TimeNs statistics_sent_ = wire::kNever;
    wire::TimeNs types_sent_ = wire::kNever;
    wire::TimeNs boot_time_ = 0;
    std::size_t max_message_ = 0;  // less than configured once the path took no more
    std::vector<std::uint8_t> shortened_;
    std::vector<Waiting> batch_;  // reused
    std::size_t batched_ = 0;
    RecordSpool spool_;
    std::deque<std::uint32_t> queued_records_;  // of the messages that the link holds
    std::size_t maybe_delivered_ = 0;           // next records of the spool that an earlier connection may have delivered
    bool was_up_ = false;
    bool gave_up_ = false;  // a file waited in vain; until the next connection it does not wait again
    std::error_code reported_;
    std::chrono::steady_clock::time_point reported_at_;
};

}  // namespace voipprobe::probe
