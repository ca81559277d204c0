#include "collector/receive/message_file.hpp"
#include "collector/receive/receiver.hpp"

namespace voipprobe::collector {

Result<void> read_file(const std::string& path, Collector& collector) {
    ++collector.input().files;
    const std::uint64_t bad_before = collector.session_counters().bad_message_total();
    auto done =
        read_message_file(path, collector.input().other_packets, [&](const Peer& from, wire::Bytes message) {
            collector.message(from, message);
            return !collector.enough();
        });
    const std::uint64_t bad = collector.session_counters().bad_message_total() - bad_before;
    if (done && bad > 0)
        done = fail(ExitCode::damaged_input,
                    path + ": " + std::to_string(bad) + " malformed messages were left out");
    if (!done && done.error().code == ExitCode::damaged_input) ++collector.input().damaged_files;
    return done;
}

}  // namespace voipprobe::collector
