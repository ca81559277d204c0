// Data records as views: the octets of each field, in the order of the template. The reader stops at the
// padding (fewer octets than the shortest record, RFC 7011 §3.3.1), at a record that runs past its set, and
// at the caller's cap. Thread rule: a reader belongs to one thread; views live as long as the message.
#pragma once

#include <cstddef>
#include <vector>

#include "wire/flow_template.hpp"

namespace voipprobe::wire {

// What one message may cost: a set of tiny records must not become a flood (fields include v9's empty ones).
inline constexpr std::size_t kMaxRecordsPerMessage = 65535;
inline constexpr std::size_t kMaxFieldsPerMessage = 262144;

struct RecordBudget {
    std::size_t records = kMaxRecordsPerMessage;
    std::size_t fields = kMaxFieldsPerMessage;
};

class RecordReader {
  public:
    RecordReader(const TemplateSpec& spec, Bytes set_body, RecordBudget& budget)
        : spec_(&spec), reader_(set_body), budget_(&budget) {}

    // Fills `fields` with one view per template field. False at the end; then damaged() and over_budget()
    // tell why.
    bool next(std::vector<Bytes>& fields);
    bool damaged() const { return damaged_; }          // a record ran past the set
    bool over_budget() const { return over_budget_; }  // records were left unread

  private:
    const TemplateSpec* spec_;
    ByteReader reader_;
    RecordBudget* budget_;
    bool damaged_ = false;
    bool over_budget_ = false;
};

}  // namespace voipprobe::wire
