#include "probe/record/record_writer.hpp"

#include <algorithm>

namespace voipprobe::probe {

RecordWriter::RecordWriter(std::vector<templates::PlannedTemplate> plan, Submit submit, RecordOptions options)
    : plan_(std::move(plan)), options_(std::move(options)), submit_(std::move(submit)) {
    for (auto& by_version : picked_)
        for (auto& by_presence : by_version) by_presence.fill(kNotAsked);
    for (const templates::PlannedTemplate& t : plan_) {
        projections_.emplace_back(t, &options_.privacy);
        kinds_ |= 1U << static_cast<unsigned>(t.kind);
        if (std::find(t.elements.begin(), t.elements.end(), templates::ElementId::RECORD_ID) != t.elements.end())
            identified_ |= 1U << static_cast<unsigned>(t.kind);
    }
}

void RecordWriter::emit(const RecordSource& source) {
    using templates::RecordKind;
    const bool flow = source.kind == RecordKind::flow || source.kind == RecordKind::rtp || source.kind == RecordKind::sip;
    if (options_.one_way && flow) write_each_way(source);
    else write(source);
}

void RecordWriter::write_each_way(const RecordSource& source) {
    const auto write_half = [this](RecordSource half) {
        half.one_way = true;
        half.octets[1] = half.packets[1] = 0;
        write(half);
    };
    if (source.packets[0] != 0 || source.packets[1] == 0) write_half(source);
    if (source.packets[1] != 0) write_half(source.turn());
}

// -1: none. The plan never changes, so each answer is looked for once.
int RecordWriter::template_of(const RecordSource& source) {
    const std::uint8_t present = source.present();
    std::int16_t& known = picked_[static_cast<std::size_t>(source.kind)][source.ip_version == 4 ? 0 : source.ip_version == 6 ? 1 : 2][present];
    if (known == kNotAsked) {
        const auto index = templates::pick_template(plan_, source.kind, source.ip_version, present);
        known = static_cast<std::int16_t>(index ? static_cast<int>(*index) : -1);
    }
    return known;
}

void RecordWriter::write(const RecordSource& source) {
    const int index = template_of(source);
    if (index < 0) return;
    ++records_[static_cast<std::size_t>(source.kind)];
    const auto i = static_cast<std::size_t>(index);
    submit_(i, projections_[i].pack(source), source.now);
}

std::uint64_t RecordWriter::shortened_strings() const {
    std::uint64_t n = 0;
    for (const Projection& p : projections_) n += p.shortened();
    return n;
}

}  // namespace voipprobe::probe
