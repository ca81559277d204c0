#include "wire/flow_record.hpp"

#include "wire/layout.hpp"

namespace voipprobe::wire {
namespace {

// RFC 7011 §7: one octet, or 255 and two octets; the long form is legal for short values too.
Bytes take_variable(ByteReader& in) {
    std::size_t length = in.u8();
    if (length == 255) length = in.u16();
    return in.take(length);
}

}  // namespace

bool RecordReader::next(std::vector<Bytes>& fields) {
    fields.clear();
    if (damaged_ || over_budget_ || reader_.remaining() < spec_->shortest) return false;
    if (budget_->records == 0 || budget_->fields < spec_->fields.size()) {
        over_budget_ = true;
        return false;
    }
    for (const FieldSpec& f : spec_->fields) {
        const bool variable = spec_->variable && f.length == kVariable;
        fields.push_back(variable ? take_variable(reader_) : reader_.take(f.length));
    }
    if (reader_.failed()) {
        damaged_ = true;
        fields.clear();
        return false;
    }
    budget_->records -= 1;
    budget_->fields -= spec_->fields.size();
    return true;
}

}  // namespace voipprobe::wire
