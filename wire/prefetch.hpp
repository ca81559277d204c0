// Asks for the cache line at an address, for writing. A hint: any address will do. Any thread.
#pragma once

namespace voipprobe::wire {

// gcc takes a function that does nothing but prefetch for one without effect and leaves out the calls to it (seen with
// gcc 12): the empty assembly is an effect.
[[gnu::always_inline]] inline void prefetch(const void* p) {
    __builtin_prefetch(p, 1);
    asm volatile("");
}

}  // namespace voipprobe::wire
