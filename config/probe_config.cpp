#include "config/probe_config.hpp"

namespace voipprobe::config {
namespace {

tl::unexpected<Error> usage(std::string message) { return fail(ExitCode::usage, std::move(message)); }

}  // namespace

std::vector<std::string> ProbeConfig::effective_collectors() const {
    if (!collectors.empty()) return collectors;
    return {dump_dir.empty() ? "127.0.0.1:2055" : "none"};
}

Result<void> validate(const ProbeConfig& c) {
    if (c.quiet && c.verbose > 0) return usage("--quiet and --verbose exclude each other");
    if (c.privacy == Privacy::hash && c.privacy_key.empty()) return usage("--privacy hash needs --privacy-key FILE");
    if (c.privacy_daily && c.privacy != Privacy::hash) return usage("--privacy-daily needs --privacy hash");
    if (c.privacy == Privacy::off && !c.privacy_key.empty()) return usage("--privacy-key needs --privacy hash or drop");
    if (c.biflow == Biflow::rfc5103 && c.export_version != 10) return usage("--biflow rfc5103 needs IPFIX, -V 10");
    return {};
}

}  // namespace voipprobe::config
