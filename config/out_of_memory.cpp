#include "config/out_of_memory.hpp"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include "wire/result.hpp"

namespace voipprobe::config {
namespace {

const char* g_program = "";

void say(const char* s) { (void)!write(STDERR_FILENO, s, std::strlen(s)); }

// Neither allocates nor unwinds: other threads may hold any lock.
[[noreturn]] void leave() {
    say(g_program);
    say(": out of memory\n");
    _exit(static_cast<int>(ExitCode::failure));
}

}  // namespace

void leave_when_out_of_memory(const char* program) {
    g_program = program;
    std::set_new_handler(leave);
}

}  // namespace voipprobe::config
