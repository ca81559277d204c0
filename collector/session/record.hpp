// One received data record: typed values, where it came from, and the export time of its message. A Record
// only views its decoder's memory: use it within on_record(). Thread rule: as its decoder.
#pragma once

#include <span>

#include "collector/session/column.hpp"
#include "collector/session/peer.hpp"
#include "collector/session/value.hpp"
#include "wire/time.hpp"

namespace voipprobe::collector {

class Record {
  public:
    Record(const CompiledTemplate& layout, std::span<const Value> values, ProbeId probe, MessageTime time)
        : layout_(&layout), values_(values), probe_(probe), time_(time) {}

    const Value& operator[](templates::ElementId id) const {
        const int at = layout_->find(id);
        return at < 0 ? kAbsent : values_[static_cast<std::size_t>(at)];
    }
    bool has(templates::ElementId id) const {
        return layout_->find(id) >= 0;
    }  // in the template, present or not
    const CompiledTemplate& layout() const { return *layout_; }
    std::span<const Value> values() const { return values_; }  // one per column
    ProbeId probe() const { return probe_; }
    wire::TimeNs export_time() const { return wire::kSecond * time_.export_seconds; }
    // FIRST_SWITCHED and LAST_SWITCHED are the exporter's uptime: the moment they mean, in microseconds since
    // the epoch. Only NetFlow v9 messages say when the exporter started.
    std::optional<std::uint64_t> time_of_uptime(std::uint64_t uptime_ms) const {
        return time_.of_uptime(uptime_ms);
    }

  private:
    static inline const Value kAbsent{};
    const CompiledTemplate* layout_;
    std::span<const Value> values_;
    ProbeId probe_;
    MessageTime time_;
};

RecordKind classify(const Record& record);

}  // namespace voipprobe::collector
