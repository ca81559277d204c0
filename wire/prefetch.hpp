// Asks for the cache line at an address, for writing. A hint: any address will do. Any thread.
#pragma once

namespace voipprobe::wire {

// gcc takes a function that does nothing but prefetch for one without effect and leaves out the calls to it (seen with
// gcc 12): the empty assembly is an effect.
[[gnu::always_inline]] inline void prefetch(const void* p) {
    __builtin_prefetch(p, 1);
    asm volatile("");
}

// The same of a line that another core wrote or read last.
[[gnu::always_inline]] inline void prefetch_of_another(const void* p) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(p)));  // gcc's own asks for it to be read
#else
    prefetch(p);
#endif
}

}  // namespace voipprobe::wire
