// A capture file of any content: read, decoded, analysed, exported to nowhere; packets are conserved.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "probe/capture/file_source.hpp"
#include "probe/pipeline.hpp"
#include "probe/record/record_writer.hpp"
#include "templates/template_spec.hpp"

using namespace voipprobe;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto plan = templates::plan_templates(*templates::parse_template_spec("voip-full"), {})->templates;
    const int fd = memfd_create("capture", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
    lseek(fd, 0, SEEK_SET);
    auto source = probe::FileSource::from_descriptor(fd, "fuzz");
    if (!source) return 0;
    std::uint64_t records = 0;
    probe::RecordWriter writer(plan, [&](std::size_t, wire::Bytes packed, wire::TimeNs) { records += packed.size() != 0; });
    probe::PipelineConfig config;
    config.max_flows = 64;
    config.max_calls = 16;
    config.max_endpoints = 64;
    config.media.max_streams = 64;
    config.media.series_octets = 1 << 16;
    config.media.histogram_octets = 1 << 16;
    probe::Pipeline pipeline(config, writer);
    std::array<probe::RawPacket, 16> batch;
    while ((*source)->state() == probe::SourceState::more) {
        const std::size_t n = (*source)->read_batch(batch);
        pipeline.process(std::span(batch).first(n));
    }
    pipeline.finish();
    const auto& c = pipeline.counters();
    std::uint64_t dropped = 0;
    for (const std::uint64_t d : c.dropped) dropped += d;
    if (c.packets != c.decoded + dropped) std::abort();
    if (c.decoded != c.flow_packets + c.unsent_packets + c.duplicates + c.joined) std::abort();
    if (c.decoded_octets != c.flow_octets + c.unsent_octets + c.duplicate_octets) std::abort();
    return 0;
}
