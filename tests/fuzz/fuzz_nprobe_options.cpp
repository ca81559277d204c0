// nProbe's configuration files and command lines: read_nprobe_file and translate_nprobe_options never fail but by an error
// of one line, and what they give is no more than what they got, in other words.
#include <cstdlib>

#include "config/nprobe_options.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace voipprobe;
    const auto arguments = config::read_nprobe_file({reinterpret_cast<const char*>(data), size});
    if (!arguments) return 0;
    const auto translated = config::translate_nprobe_options(*arguments);
    if (!translated) {
        if (translated.error().code != ExitCode::usage || translated.error().message.find('\n') != std::string::npos) std::abort();
        return 0;
    }
    if (translated->arguments.size() > 3 * arguments->size()) std::abort();
    return 0;
}
