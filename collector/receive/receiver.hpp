// The ways into the collector. All are driven by one thread and feed one Collector.
#pragma once

#include <functional>
#include <string>

#include "collector/collector.hpp"

namespace voipprobe::collector {

using Say = std::function<void(const std::string&)>;  // one line for a person, on stderr

struct LiveHooks {
    std::function<Result<void>()> opened;  // every address is listened on; an error ends the run
    std::function<void()> reload;          // SIGHUP
    std::function<void()> report;          // SIGUSR1
};

// Listens on every address of the configuration until a signal, --idle-exit or --once. SIGTERM and SIGINT end
// it; what the sockets hold by then is still taken.
Result<void> receive_live(Collector& collector, const Say& say, const LiveHooks& hooks = {});

// Everything of one file (message_file.hpp). ExitCode::damaged_input also for malformed messages in it; what
// could be read was processed.
Result<void> read_file(const std::string& path, Collector& collector);

}  // namespace voipprobe::collector
