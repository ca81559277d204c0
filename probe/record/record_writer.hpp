// A record sink that writes packed records: picks the template by kind, address family and presence, projects, and
// hands the octets on. Thread rule: one owner.
#pragma once

#include <functional>
#include <vector>

#include "probe/record/projection.hpp"
#include "probe/record/record_sink.hpp"

namespace voipprobe::probe {

struct RecordOptions {
    Privacy privacy;
    bool one_way = false;  // a flow of two directions becomes two records (--biflow off)
};

class RecordWriter : public RecordSink {
  public:
    RecordWriter(const RecordWriter&) = delete;
    RecordWriter& operator=(const RecordWriter&) = delete;
    // `submit` gets the index of the template in the plan and a packed record, valid during the call.
    using Submit = std::function<void(std::size_t index, wire::Bytes packed, wire::TimeNs export_time)>;

    RecordWriter(std::vector<templates::PlannedTemplate> plan, Submit submit, RecordOptions options = {});

    bool wants(templates::RecordKind kind) const override { return (kinds_ >> static_cast<unsigned>(kind) & 1U) != 0; }
    bool wants_snapshots(templates::RecordKind kind) const override {
        return (identified_ >> static_cast<unsigned>(kind) & 1U) != 0;
    }
    void emit(const RecordSource& source) override;

    std::uint64_t records(templates::RecordKind kind) const { return records_[static_cast<std::size_t>(kind)]; }
    std::uint64_t shortened_strings() const;

  private:
    int template_of(const RecordSource& source);
    void write(const RecordSource& source);
    void write_each_way(const RecordSource& source);
    std::vector<templates::PlannedTemplate> plan_;
    RecordOptions options_;
    std::vector<Projection> projections_;
    Submit submit_;
    unsigned kinds_ = 0;
    unsigned identified_ = 0;
    std::array<std::uint64_t, templates::kRecordKinds + 1> records_{};
    static constexpr std::int16_t kNotAsked = -2;
    // By kind, IP version (4, 6, other) and what is present.
    std::array<std::array<std::array<std::int16_t, 256>, 3>, templates::kRecordKinds + 1> picked_;
};

}  // namespace voipprobe::probe
