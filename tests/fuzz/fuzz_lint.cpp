// flowdump --lint on hostile messages: a conversation, each message preceded by its length (2 octets) and a control octet
// (bit 0: over UDP). Every finding is of a rule with words.
#include <cstdlib>

#include "tools/flowdump/lint.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace voipprobe;
    lint::Lint lint;
    wire::ByteReader in(wire::Bytes(data, size));
    for (int n = 0; n < 64 && in.remaining() > 3; ++n) {
        const bool udp = (in.u8() & 1) != 0;
        const std::size_t length = in.u16();
        lint.message("a", udp, in.take(std::min<std::size_t>(length, in.remaining())));
    }
    for (const lint::Finding& f : lint.findings())
        if (f.line().find("RFC ") == std::string::npos) std::abort();
    return 0;
}
