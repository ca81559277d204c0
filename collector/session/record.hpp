// One received data record: typed values, where it came from, and the export time of its message. A Record only
// views its decoder's memory: use it within on_record(). Thread rule: as its decoder.
#pragma once

#include <span>

#include "collector/session/column.hpp"
#include "collector/session/peer.hpp"
#include "collector/session/value.hpp"
#include "wire/time.hpp"

namespace voipprobe::collector {

class Record {
  public:
    Record(const CompiledTemplate& layout, std::span<const Value> values, ProbeId probe, std::uint32_t export_seconds)
        : layout_(&layout), values_(values), probe_(probe), export_seconds_(export_seconds) {}

    const Value& operator[](templates::ElementId id) const {
        const int at = layout_->find(id);
        return at < 0 ? kAbsent : values_[static_cast<std::size_t>(at)];
    }
    bool has(templates::ElementId id) const { return layout_->find(id) >= 0; }  // in the template, present or not
    const CompiledTemplate& layout() const { return *layout_; }
    std::span<const Value> values() const { return values_; }  // one per column
    ProbeId probe() const { return probe_; }
    wire::TimeNs export_time() const { return wire::kSecond * export_seconds_; }

  private:
    static inline const Value kAbsent{};
    const CompiledTemplate* layout_;
    std::span<const Value> values_;
    ProbeId probe_;
    std::uint32_t export_seconds_;
};

RecordKind classify(const Record& record);

}  // namespace voipprobe::collector
