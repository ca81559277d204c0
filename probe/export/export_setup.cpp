#include "probe/export/export_setup.hpp"

#include "config/text_file.hpp"

namespace voipprobe::probe {
namespace {

constexpr std::size_t kMostDestinations = 8;  // as nProbe

Dispatch dispatch_of(config::Dispatch d) {
    switch (d) {
        case config::Dispatch::all: return Dispatch::all;
        case config::Dispatch::round_robin: return Dispatch::round_robin;
        case config::Dispatch::hash_call: break;
    }
    return Dispatch::hash_call;
}

}  // namespace

Result<ExportSetup> make_export_setup(const config::ProbeConfig& options, bool live) {
    ExportSetup out;
    const auto spec = templates::parse_template_spec(options.template_spec, config::read_text_file);
    if (!spec) return tl::unexpected<Error>(spec.error());
    auto plan = templates::plan_templates(
        *spec, {.version = options.export_version, .first_id = options.template_id, .own_pen = options.pen,
                .biflow = static_cast<templates::Biflow>(options.biflow)});
    if (!plan) return tl::unexpected<Error>(plan.error());
    out.plan = std::move(*plan);
    out.plan.warnings.insert(out.plan.warnings.begin(), spec->warnings.begin(), spec->warnings.end());

    ExportConfig& c = out.config;
    for (const std::string& argument : options.effective_collectors()) {
        auto parsed = parse_destinations(argument);
        if (!parsed) return tl::unexpected<Error>(parsed.error());
        c.destinations.insert(c.destinations.end(), parsed->begin(), parsed->end());
    }
    if (c.destinations.size() > kMostDestinations)
        return fail(ExitCode::usage, "-n: " + std::to_string(c.destinations.size()) + " collectors; 8 are the most");
    for (const Destination& d : c.destinations)
        if (options.export_version == 9 && (d.is_stream() || d.transport == Transport::file))
            return fail(ExitCode::usage, "-n " + d.text() + ": NetFlow v9 goes over UDP only; use -V 10");
    c.dispatch = dispatch_of(options.dispatch);
    c.version = options.export_version;
    c.domain = options.domain;
    c.max_message = options.message_size;
    c.template_every = options.template_every;
    c.queue_wait = options.effective_queue_wait(live) * wire::kSecond;
    c.live = live;
    c.messages_per_second = live || options.pacing > 0 ? 0 : kFilePace;
    c.delay = std::chrono::milliseconds(options.pacing);
    c.delay_every = options.pacing_burst;
    c.options = options.export_options;
    c.source_address = options.source_address;
    c.reconnect = std::chrono::seconds(options.reconnect);
    c.linger = live ? std::chrono::seconds(3) : c.reconnect + std::chrono::seconds(30);
    c.spool_octets = std::size_t{options.spool} << 20;
    c.tls = {options.tls_ca, options.tls_cert, options.tls_key};
    return out;
}

}  // namespace voipprobe::probe
