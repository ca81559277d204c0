#include "probe/signals.hpp"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <ctime>

#include "wire/result.hpp"

namespace voipprobe::probe {
namespace {

std::atomic<int> g_stop{0};
std::atomic<bool> g_report{false}, g_reload{false};
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "handlers take no lock");

// A second signal leaves at once, but not within the same second: `timeout` and terminals send one to the
// process and again to its group.
std::atomic<std::int64_t> g_first_stop{0};
void on_stop(int) {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    if (g_stop.fetch_add(1) == 0)
        g_first_stop = t.tv_sec;
    else if (t.tv_sec - g_first_stop > 1)
        _exit(static_cast<int>(ExitCode::failure));
}
void on_report(int) { g_report = true; }
void on_reload(int) { g_reload = true; }

void handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(signal, &action, nullptr);
}

}  // namespace

void install_signals() {
    handle(SIGINT, on_stop);
    handle(SIGTERM, on_stop);
    handle(SIGUSR1, on_report);
    handle(SIGHUP, on_reload);
    handle(SIGPIPE, SIG_IGN);
}

bool stop_wanted() { return g_stop != 0; }
bool take_report_request() { return g_report.load(std::memory_order_relaxed) && g_report.exchange(false); }
bool take_reload_request() { return g_reload.load(std::memory_order_relaxed) && g_reload.exchange(false); }

}  // namespace voipprobe::probe
