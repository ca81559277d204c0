#include "probe/memory_use.hpp"

#include "probe/pipeline.hpp"

namespace voipprobe::probe {

std::vector<TableMemory> memory_of(const Pipeline& p) {
    const MediaTracker& media = p.media();
    return {
        {"flows", p.flows().most(), p.flows().memory_octets()},
        {"streams", media.most_streams(), media.memory_octets()},
        {"calls", p.calls().most(), p.calls().memory_octets()},
        {"media_endpoints", p.promises().most(), p.promises().memory_octets()},
        {"legs", p.legs().most(), p.legs().memory_octets()},
        {"duplicates", DuplicateFilter::kEntries, DuplicateFilter::kOctets},
    };
}

}  // namespace voipprobe::probe
