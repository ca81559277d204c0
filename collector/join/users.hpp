// Who uses which address: one row for each probe, address, user and day at most. A user is a party of a call, at the
// address of its hop (calls.csv, caller_ip and callee_ip), or somebody who registered from the address.
// A row is written 24 h of export time after its first call or registration, when the table is full (the oldest), and at
// finish(); it never changes once written. Bounded. Thread rule: one thread.
#pragma once

#include <list>
#include <unordered_map>

#include "collector/join/rows.hpp"
#include "wire/time.hpp"

namespace voipprobe::collector {

class UserTable {
  public:
    UserTable(std::size_t capacity, RowConsumer& rows) : capacity_(capacity), rows_(rows) {}

    void on_call(const CallRow& row, wire::TimeNs now);
    // `record`: a flow record that may say who registered.
    void on_flow(const Record& record, wire::TimeNs now);
    void on_time(wire::TimeNs now);
    void finish();

    std::uint64_t written() const { return written_; }
    std::uint64_t evicted() const { return evicted_; }

  private:
    struct Entry {
        UserRow row;
        wire::TimeNs created = 0;
        double mos_sum = 0, common_sum = 0;
        std::uint64_t mos_count = 0, common_count = 0;
        bool mixed_scales = false;
    };
    using Entries = std::list<Entry>;

    Entry& entry(const ProbeId& probe, const wire::IpAddress& address, const std::string& user, wire::TimeNs now);
    void party(const CallRow& row, bool caller, wire::TimeNs now);
    void write_oldest();

    std::size_t capacity_;
    RowConsumer& rows_;
    Entries entries_;  // the oldest first
    std::unordered_map<std::string, Entries::iterator> index_;
    std::uint64_t written_ = 0, evicted_ = 0;
};

}  // namespace voipprobe::collector
