// From the options to what Exporter::open needs: destinations, template plan, settings. Reads a template file when
// -T names one, opens nothing: --check-config ends here. Thread rule: start-up.
#pragma once

#include "config/probe_config.hpp"
#include "probe/export/export_config.hpp"
#include "templates/template_plan.hpp"
#include "wire/result.hpp"

namespace voipprobe::probe {

struct ExportSetup {
    ExportConfig config;
    templates::TemplatePlan plan;  // with its warnings
};

// `live`: packets come from an interface. The token bucket is for files only; -e replaces it.
Result<ExportSetup> make_export_setup(const config::ProbeConfig& options, bool live);

}  // namespace voipprobe::probe
