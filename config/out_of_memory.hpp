// What happens when there is no memory left: one line on stderr and exit code 1. Files keep the whole lines
// they have, the service manager starts the program again. Thread rule: once, before threads.
#pragma once

namespace voipprobe::config {

void leave_when_out_of_memory(const char* program);

}  // namespace voipprobe::config
