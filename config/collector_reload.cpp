// What SIGHUP changes in a running collector, and what needs a new process.
#include "config/collector_config.hpp"

namespace voipprobe::config {

std::vector<std::string> take_over(CollectorConfig& running, const CollectorConfig& next) {
    std::vector<std::string> restart;
    const auto fixed = [&](const char* name, bool same) {
        if (!same) restart.emplace_back(name);
    };
    fixed("listen", running.listen == next.listen);
    fixed("output", running.output == next.output);
    fixed("sink", running.sinks == next.sinks);
    fixed("state", running.state == next.state);
    fixed("tls-ca", running.tls_ca == next.tls_ca);
    fixed("tls-cert", running.tls_cert == next.tls_cert);
    fixed("tls-key", running.tls_key == next.tls_key);
    fixed("csv-formula-guard", running.csv_formula_guard == next.csv_formula_guard);
    fixed("pen", running.pen == next.pen);
    fixed("explain", running.explain == next.explain);
    fixed("explain-column", running.explain_column == next.explain_column);
    fixed("user", running.user == next.user);
    fixed("sandbox", running.sandbox == next.sandbox);
    running.allow = next.allow;
    running.verdict = next.verdict;
    running.g711_plc = next.g711_plc;
    running.rotate_time = next.rotate_time;
    running.rotate_size = next.rotate_size;
    running.idle_exit = next.idle_exit;
    running.once = next.once;
    running.fail_if_mos_below = next.fail_if_mos_below;
    running.strict = next.strict;
    running.stats = next.stats;
    running.verbosity = next.verbosity;
    return restart;
}

}  // namespace voipprobe::config
