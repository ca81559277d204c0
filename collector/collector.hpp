// The collector without its inputs: messages go in, rows go to every sink. Wires decoder, joiner and sinks
// and keeps the account of a run. Thread rule: one thread. Errors: open() and finish() report; the rest is
// counted.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/intake.hpp"
#include "collector/join/joiner.hpp"
#include "collector/session/decoder.hpp"
#include "collector/sink/sink.hpp"
#include "config/collector_config.hpp"

namespace voipprobe::collector {

// What receivers counted before a message reached the decoder.
struct InputCounters {
    std::uint64_t datagrams = 0;
    std::uint64_t not_allowed = 0;    // --allow
    std::uint64_t kernel_drops = 0;   // SO_RXQ_OVFL: the socket's queue was full
    std::uint64_t cut_datagrams = 0;  // longer than a message may be
    std::uint64_t connections = 0;
    std::uint64_t bad_connections = 0;  // closed because their octets were no IPFIX
    std::uint64_t files = 0;
    std::uint64_t other_packets = 0;  // of a capture: no export message
    std::uint64_t damaged_files = 0;
};

class Collector final : private RowConsumer {
  public:
    explicit Collector(const config::CollectorConfig& config);

    Result<void> open();
    // True when something in the message could be used.
    bool message(const Peer& peer, wire::Bytes octets);
    void session_ended(const Peer& peer) { decoder_.forget(peer); }
    void flush();
    void rotate(std::chrono::system_clock::time_point now);
    // SIGHUP: see config::take_over(); returns the options that need a restart.
    std::vector<std::string> reconfigure(const config::CollectorConfig& next);
    const config::CollectorConfig& config() const { return config_; }
    // Writes what is open, renames the files.
    Result<void> finish();
    // --state: writes the templates when they have changed.
    Result<void> save_state();

    bool enough() const { return config_.once > 0 && calls_written_ >= config_.once; }
    bool records_were_lost() const;
    bool mos_was_missed() const { return mos_missed_; }
    InputCounters& input() { return input_; }
    const std::vector<std::string>& warnings() const { return warnings_; }
    std::vector<Peer> take_newly_unstable() { return decoder_.take_newly_unstable(); }
    const JoinCounters& join_counters() const { return joiner_.counters(); }
    SessionCounters session_counters() const { return decoder_.counters(); }
    std::uint64_t dropped_rows() const;
    std::string stats(config::StatsFormat format) const;
    // What --explain asked for, one line per side; says so when no such call was written.
    std::string explanation() const;

  private:
    void call(const CallRow& row) override;
    void stream(const StreamRow& row) override;
    void message(const MessageRow& row) override;
    void interval(const IntervalRow& row) override;
    void detail(const DetailRow& row) override;
    void user(const UserRow& row) override;
    void flow(const Record& record) override;
    void options(const Record& record);
    void check_mos(const CallRow& row);
    void explain(const CallRow& row);

    config::CollectorConfig config_;
    std::vector<std::unique_ptr<Sink>> sinks_;
    Decoder decoder_;
    Joiner joiner_;
    Intake intake_;
    std::uint64_t saved_changes_ = 0;
    InputCounters input_;
    std::uint64_t calls_written_ = 0;
    bool mos_missed_ = false;
    std::string explanation_;
    std::vector<std::string> warnings_;
};

}  // namespace voipprobe::collector
