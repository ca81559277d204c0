// What signals ask for: SIGINT and SIGTERM to end, SIGUSR1 for the statistics, SIGHUP to read the
// configuration again. Thread rule: install_signals() once; the questions from any thread, each request is
// answered once.
#pragma once

namespace voipprobe::probe {

void install_signals();
bool stop_wanted();
bool take_report_request();
bool take_reload_request();

}  // namespace voipprobe::probe
