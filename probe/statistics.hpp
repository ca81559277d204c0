// --stats: what came in, what it became, what was lost and why. The conservation law is printed with both its sides.
#pragma once

#include "config/probe_config.hpp"
#include "probe/capture/source.hpp"
#include "probe/export/export_config.hpp"
#include "probe/pipeline.hpp"
#include "probe/record/record_writer.hpp"

namespace voipprobe::probe {

struct CaptureTotals {
    std::uint64_t packets = 0;
    std::uint64_t kernel_drops = 0;
    std::uint64_t interface_drops = 0;
    std::optional<HepStats> hep;
    std::uint64_t reopened = 0;
    CaptureTotals& operator+=(const CaptureStats& s) {
        packets += s.packets;
        kernel_drops += s.kernel_drops;
        interface_drops += s.interface_drops;
        if (s.hep) hep = s.hep;
        reopened += s.reopened;
        return *this;
    }
};

// To stdout (json) or stderr (text); nothing for Report::none.
void print_statistics(config::Report report, const Pipeline& pipeline, const RecordWriter& writer,
                      const ExportStats& exported, const CaptureTotals& capture);

}  // namespace voipprobe::probe
