#include "probe/record/record_writer.hpp"

#include <algorithm>

namespace voipprobe::probe {

RecordWriter::RecordWriter(std::vector<templates::PlannedTemplate> plan, Submit submit, Privacy privacy)
    : plan_(std::move(plan)), privacy_(std::move(privacy)), submit_(std::move(submit)) {
    for (const templates::PlannedTemplate& t : plan_) {
        projections_.emplace_back(t, &privacy_);
        kinds_ |= 1U << static_cast<unsigned>(t.kind);
        if (std::find(t.elements.begin(), t.elements.end(), templates::ElementId::RECORD_ID) != t.elements.end())
            identified_ |= 1U << static_cast<unsigned>(t.kind);
    }
}

void RecordWriter::emit(const RecordSource& source) {
    const auto index = templates::pick_template(plan_, source.kind, source.ip_version, source.present());
    if (!index) return;
    ++records_[static_cast<std::size_t>(source.kind)];
    submit_(*index, projections_[*index].pack(source), source.now);
}

std::uint64_t RecordWriter::shortened_strings() const {
    std::uint64_t n = 0;
    for (const Projection& p : projections_) n += p.shortened();
    return n;
}

}  // namespace voipprobe::probe
