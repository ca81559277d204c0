// The file of --state: whatever stands in it, what is taken from it is a template that the decoder can use, and writing it
// again gives the same.
#include <cstdlib>

#include "collector/session/decoder.hpp"
#include "collector/template_store.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace voipprobe;
    std::string warning;
    const auto templates = collector::templates_from_json({reinterpret_cast<const char*>(data), size}, warning);
    collector::Decoder decoder;
    for (const collector::StoredTemplate& t : templates) {
        if (t.spec.id < 256 || t.spec.fields.empty() || t.spec.shortest == 0) std::abort();
        decoder.restore(t);
    }
    const std::string once = collector::templates_to_json(templates);
    if (collector::templates_to_json(collector::templates_from_json(once, warning)) != once) std::abort();
    return 0;
}
