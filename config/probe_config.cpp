#include "config/probe_config.hpp"

namespace voipprobe::config {
namespace {

tl::unexpected<Error> usage(std::string message) { return fail(ExitCode::usage, std::move(message)); }

// Options of the contract that are not there yet. Whoever implements one removes its line.
Result<void> refuse_what_is_not_there_yet(const ProbeConfig& c) {
    const auto not_yet = [](const char* option) { return usage(std::string(option) + " is not implemented yet"); };
    if (c.workers != 1) return not_yet("--workers above 1");
    if (c.privacy != Privacy::off) return not_yet("--privacy");
    return {};
}

}  // namespace

std::vector<std::string> ProbeConfig::effective_collectors() const {
    if (!collectors.empty()) return collectors;
    return {dump_dir.empty() ? "127.0.0.1:2055" : "none"};
}

Result<void> validate(const ProbeConfig& c) {
    if (c.quiet && c.verbose > 0) return usage("--quiet and --verbose exclude each other");
    if (c.privacy != Privacy::off && c.privacy_key.empty()) return usage("--privacy needs --privacy-key FILE");
    if (c.privacy == Privacy::off && !c.privacy_key.empty()) return usage("--privacy-key needs --privacy hash or drop");
    if (c.biflow == Biflow::rfc5103 && c.export_version != 10) return usage("--biflow rfc5103 needs IPFIX, -V 10");
    return refuse_what_is_not_there_yet(c);
}

}  // namespace voipprobe::config
